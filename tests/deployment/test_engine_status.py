"""What is assumed of engines is said on the deployment, once for each, and what cannot be read with it."""

from typing import Any

import pytest

from tests.support.deployments import cluster, composed, deployment, engine, member, messages
from tests.support.observe import reasons

FLEET = [cluster("a")]
IMAGE = "vllm/vllm-openai:v0.23.0"


def pod(*args: str, image: str = IMAGE) -> dict[str, Any]:
    """A template whose container has an image and arguments."""
    return {"spec": {"containers": [{"name": "engine", "image": image, "args": list(args)}]}}


def one(name: str, *args: str, image: str = IMAGE, **fields: Any) -> dict[str, Any]:
    """An engine of one pod whose container has an image and arguments."""
    return engine(name, member(template=pod(*args, image=image)), **fields)


def said(*engines: dict[str, Any], **spec: Any) -> tuple[str, str]:
    """Reason and message of the condition."""
    answered = composed(deployment(1, *engines, **spec), FLEET)
    return reasons(answered)["EnginesRecognized"], messages(answered)["EnginesRecognized"]


def test_nothing_is_said_where_flags_or_fields_say_the_port() -> None:
    assert said(one("a", "--port=8100"), one("b", serving={"port": 8200})) == ("True/Recognized", "")


def test_what_is_assumed_is_said_for_each_engine() -> None:
    reason, message = said(one("a"), one("b", image="lmsysorg/sglang:v0.5.6"), one("c", "--port=8100"))
    assert reason == "True/DefaultsAssumed"
    field = "engines[].serving.port says another"
    assert message == (
        f"engine a: port 8000 is assumed, where vLLM listens when nothing is said; {field}; "
        f"engine b: port 30000 is assumed, where SGLang listens when nothing is said; {field}; "
        "engine b: it is taken to listen on its pod's address; when nothing is said SGLang listens on 127.0.0.1 "
        "alone, --host=0.0.0.0 says otherwise"
    )


def test_an_engine_that_nobody_reaches_is_said_before_all_else() -> None:
    reason, message = said(one("a", "--port=x"), one("b", "--host=127.0.0.1", "--port=8000"))
    assert reason == "False/Unreachable"
    assert message.startswith("engine b: vLLM listens on 127.0.0.1 alone, as --host says, and ")
    assert "engine a: --port x is no port" in message


def test_what_cannot_be_read_is_said_first() -> None:
    reason, message = said(one("a"), one("b", "--port=x"))
    assert reason == "False/CommandUnclear"
    assert message.startswith("engine b: --port x is no port, 8000 is assumed; ")
    assert "engine a: port 8000 is assumed" in message


def test_a_size_of_blocks_that_cannot_be_read_matters_to_a_picker_alone() -> None:
    args = ("--port=8000", "--block-size=auto")
    assert said(one("a", *args)) == ("True/Recognized", "")
    assert said(one("a", *args, copies=2))[0] == "False/CommandUnclear"


def test_a_decode_engine_is_not_taken_to_listen_where_its_side_car_does() -> None:
    engines = (one("p", "--port=8000", phase="Prefill"), one("d", phase="Decode"))
    _, message = said(*engines, serving={"mode": "PrefillDecode"})
    assert message.startswith("engine d: port 8001 is assumed")


HYBRID = ("--port=8000", "--data-parallel-hybrid-lb")
SHORT = ("--port=8000", "-dph", "-dp", "16", "-dpl=8")


def two_nodes(leader: tuple[str, ...], worker: tuple[str, ...], **fields: Any) -> dict[str, Any]:
    """A gang whose two containers have arguments."""
    pods = {"Leader": leader, "Worker": worker}
    return engine("a", *(member(role=role, template=pod(*args)) for role, args in pods.items()), **fields)


def test_a_gang_whose_commands_start_a_server_on_every_node_is_said_to_be_asked_everywhere() -> None:
    for args, flag in ((HYBRID, "--data-parallel-hybrid-lb"), (SHORT, "-dph")):
        reason, message = said(two_nodes(args, args))
        assert reason == "True/DefaultsAssumed"
        assert message == (
            f"engine a: AllPods are asked, since {flag} starts a server in each; engines[].serving.from says otherwise"
        )


def test_nothing_is_assumed_of_a_gang_whose_field_says_who_is_asked_or_whose_workers_only_follow() -> None:
    for who in ("Leader", "AllPods"):
        assert said(two_nodes(HYBRID, HYBRID, serving={"from": who})) == ("True/Recognized", "")
    assert said(two_nodes(HYBRID, ("--headless",))) == ("True/Recognized", "")


def queued(name: str) -> dict[str, Any]:
    """Metadata with the label of a queue."""
    return {"labels": {"kueue.x-k8s.io/queue-name": name}}


def test_a_queue_that_only_the_pods_of_a_gang_name_is_said() -> None:
    engines = two_nodes(("--port=8000",), ("--headless",))
    for each in engines["members"]:
        each["template"]["metadata"] = queued("models")
    reason, message = said(engines)
    assert reason == "True/DefaultsAssumed"
    assert message == (
        "engine a: label kueue.x-k8s.io/queue-name models is of its pods, and Kueue reads that of a gang's "
        "LeaderWorkerSet: write it in engines[].workload.metadata.labels"
    )
    assert said({**engines, "workload": {"metadata": queued("others")}})[0] == "True/DefaultsAssumed"
    assert said({**engines, "workload": {"metadata": queued("models")}}) == ("True/Recognized", "")


def test_a_pod_of_its_own_may_name_its_queue() -> None:
    template = {**pod("--port=8000"), "metadata": queued("models")}
    assert said(engine("a", member(template=template))) == ("True/Recognized", "")


def beside(*containers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A template whose engine listens on port 8000 by a flag, with more fields of it and more containers."""
    template = pod("--port=8000")
    template["spec"]["containers"] = [{**template["spec"]["containers"][0], **fields}, *containers]
    return template


def with_pod(template: dict[str, Any], **fields: Any) -> tuple[str, str]:
    """What is said of an engine that has a template."""
    return said(engine("a", member(template=template), **fields))


PORT_9000: dict[str, Any] = {"serving": {"port": 9000}}
ELSEWHERE = "engine a: requests go to port 9000, as engines[].serving.port says, and its command says port 8000"
LOG = {"name": "log", "image": "fluent-bit:4.1"}
FRONT = {"name": "front", "image": "nginx:1", "ports": [{"containerPort": 9000}]}


def test_a_command_that_says_another_port_than_the_field_is_named() -> None:
    assert said(one("a", "--port=8000", **PORT_9000)) == ("True/DefaultsAssumed", ELSEWHERE)
    assert with_pod(beside(LOG), **PORT_9000) == ("True/DefaultsAssumed", ELSEWHERE)
    script = pod("-c", "exec vllm serve m --port 8000")
    script["spec"]["containers"][0]["command"] = ["bash"]
    assert with_pod(script, **PORT_9000) == ("True/DefaultsAssumed", ELSEWHERE)


def test_nothing_is_said_where_the_field_may_be_right() -> None:
    assert with_pod(beside(FRONT), **PORT_9000) == ("True/Recognized", "")
    front = {**beside(), "spec": {**beside()["spec"], "initContainers": [{**FRONT, "restartPolicy": "Always"}]}}
    assert with_pod(front, **PORT_9000) == ("True/Recognized", "")
    assert said(one("a", **PORT_9000)) == ("True/Recognized", "")
    assert said(one("a", "--port=9000", **PORT_9000)) == ("True/Recognized", "")
    assert said(one("a", "--port=$(PORT)", **PORT_9000)) == ("True/Recognized", "")
    own = one("a", "--port=8000", image="registry.example.com/own:1", serving={"port": 9000, "healthPath": "/up"})
    assert said(own) == ("True/Recognized", "")
    for script in ("./start --port 8000", "if x; then vllm serve m --port 8000; else vllm serve m; fi"):
        unclear = pod("-c", script)
        unclear["spec"]["containers"][0]["command"] = ["bash"]
        assert with_pod(unclear, **PORT_9000) == ("True/Recognized", "")


def asking(port: int | str, **action: Any) -> dict[str, Any]:
    """A probe by HTTP."""
    return {"httpGet": {"port": port, **action}}


def test_a_probe_of_a_port_on_which_nothing_is_known_to_listen_is_named() -> None:
    reason, message = with_pod(beside(LOG, startupProbe=asking(8080), livenessProbe={"tcpSocket": {"port": 8080}}))
    assert reason == "True/DefaultsAssumed"
    assert message == "engine a: nothing is known to listen on port 8080, which its startupProbe, livenessProbe ask"
    assert with_pod(beside(readinessProbe=asking(8001)))[1] == (
        "engine a: nothing is known to listen on port 8001, which its readinessProbe asks"
    )


def test_nothing_is_said_of_a_probe_whose_port_something_may_listen_on() -> None:
    fine = [
        beside(startupProbe=asking(8000)),
        beside(startupProbe=asking("engine")),
        beside(startupProbe=asking(9000), ports=[{"containerPort": 9000}]),
        beside(FRONT, startupProbe=asking(9000)),
        beside(startupProbe=asking(9000, host="192.0.2.1")),
        beside(startupProbe={"grpc": {"port": 9000}}),
        beside(startupProbe={"exec": {"command": ["true"]}}),
        beside(startupProbe=asking(9000), args=["--port=8000", "--metrics-port=9000"]),
        beside(startupProbe=asking(9000), env=[{"name": "HEALTH", "value": "0.0.0.0:9000"}]),
        beside(LOG | {"readinessProbe": asking(2020)}),
    ]
    for template in fine:
        assert with_pod(template) == ("True/Recognized", "")
    assert with_pod(beside(startupProbe=asking(9000)), serving={"ports": [8000, 9000]}) == ("True/Recognized", "")
    assert with_pod(beside(startupProbe=asking(8000)), **PORT_9000) == ("True/DefaultsAssumed", ELSEWHERE)


def test_a_decode_engine_may_be_probed_through_its_side_car() -> None:
    prefill, decode = one("p", "--port=8000", phase="Prefill"), beside(startupProbe=asking(8000), args=["--port=8200"])
    pair = (prefill, engine("d", member(template=decode), phase="Decode"))
    assert said(*pair, serving={"mode": "PrefillDecode"}) == ("True/Recognized", "")


def test_ranks_that_may_have_ports_of_their_own_are_named_until_a_field_lists_their_ports() -> None:
    for flag in ("--data-parallel-external-lb", "-dpe"):
        _, message = said(one("a", "--port=8000", flag))
        assert message.startswith("engine a: only port 8000 is asked; ")
    assert said(one("a", "--data-parallel-external-lb", serving={"ports": [8000, 8001]})) == ("True/Recognized", "")


@pytest.mark.parametrize(
    ("image", "command", "name"),
    [
        ("lmsysorg/sglang-router:v0.3.0", (), "SGLang's router"),
        ("ghcr.io/vllm-project/production-stack/router:v0.1", ("vllm-router",), "the production stack's router"),
        ("registry.example.com/router:1", ("vllm-router",), "vLLM's router"),
        ("ghcr.io/berriai/litellm:main", (), "LiteLLM"),
        ("registry.example.com/proxy:1", ("litellm",), "LiteLLM"),
    ],
)
def test_a_router_without_its_role_is_named_where_there_are_engines_behind_it(
    image: str, command: tuple[str, ...], name: str
) -> None:
    template = pod("--port=30000", "--host=0.0.0.0", image=image)
    template["spec"]["containers"][0]["command"] = list(command)
    router, worker = engine("r", member(template=template)), one("w", "--port=8000")
    _, message = said(router, worker)
    assert message == f"engine r: {name} is asked like the other engines; with role Router only it is"
    assert said({**router, "role": "Router"}, worker) == ("True/Recognized", "")
    assert said(router) == ("True/Recognized", "")
