"""A Router alone is asked, and finds the engines that it passes requests on to by their Services."""

from time import process_time
from typing import Any

import pytest

from function.composition import Manifest, names
from tests.support.observe import reasons
from tests.support.replicas import composed, container, engine, gang, member, observed, remotes, replica

ROUTER = engine("router", member(deviceRequests=None), role="Router")


def name_of(behind: str) -> str:
    return names.name(f"chat-1-{behind}", 63, "EngineService", "ml-team", "chat-1", behind)


def routed(*engines: Manifest, **spec: Any) -> Manifest:
    return replica(ROUTER, *(engines or (engine("worker"),)), **spec)


def labels_of(made: Manifest, kind: str = "template") -> Manifest:
    labels: Manifest = made["spec"][kind]["metadata"]["labels"]
    return labels


def test_only_the_routers_pods_are_asked() -> None:
    made = remotes(composed(routed()))
    assert labels_of(made["model-serving-router"])["modelplane.ai/serving"] == "chat-1"
    assert labels_of(made["model-serving-worker"])["modelplane.ai/serving"] == name_of("worker")
    assert made["engine-service"]["spec"]["selector"] == {"modelplane.ai/serving": "chat-1"}


def test_each_other_engine_has_a_service_that_names_its_ready_pods() -> None:
    template = {"spec": {"containers": [container(args=["--port=30000"])]}}
    made = remotes(composed(routed(engine("worker", member(template=template), copies=2))))
    assert made["engine-service-worker"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name_of("worker"), "namespace": "ml-team"},
        "spec": {
            "clusterIP": "None",
            "selector": {"modelplane.ai/serving": name_of("worker")},
            "ports": [{"name": "engine", "port": 30000, "protocol": "TCP", "targetPort": 30000}],
        },
    }
    assert "engine-service-router" not in made


def test_the_service_of_a_gang_is_not_the_one_that_its_controller_makes() -> None:
    made = remotes(composed(routed(gang("worker"))))
    taken = {made["model-serving-worker"]["metadata"]["name"], made["engine-service"]["metadata"]["name"]}
    assert made["engine-service-worker"]["metadata"]["name"] not in taken
    both = made["model-serving-worker"]["spec"]["leaderWorkerTemplate"]
    assert labels_of({"spec": both}, "leaderTemplate")["modelplane.ai/serving"] == name_of("worker")
    assert "modelplane.ai/serving" not in labels_of({"spec": both}, "workerTemplate")


def test_a_router_is_told_where_the_others_are_before_its_own_variables() -> None:
    own = [
        {"name": "MODELPLANE_ENGINE_B_4_PORT", "value": "1"},
        {"name": "URL", "value": "http://$(MODELPLANE_ENGINE_A_ADDRESS)"},
    ]
    template = {"spec": {"containers": [container(env=own)]}}
    router = engine("router", member(deviceRequests=None, template=template), role="Router")
    workers = (engine("a"), engine("b-4", serving={"port": 9000}))
    made = remotes(composed(replica(workers[0], router, workers[1])))
    (built,) = made["model-serving-router"]["spec"]["template"]["spec"]["containers"]
    a, b = f"{name_of('a')}.ml-team.svc", f"{name_of('b-4')}.ml-team.svc"
    assert built["env"] == [
        {"name": "MODELPLANE_ENGINE_A_ADDRESS", "value": f"{a}:8000"},
        {"name": "MODELPLANE_ENGINE_A_HOST", "value": a},
        {"name": "MODELPLANE_ENGINE_A_PORT", "value": "8000"},
        {"name": "MODELPLANE_ENGINE_B_4_ADDRESS", "value": f"{b}:9000"},
        {"name": "MODELPLANE_ENGINE_B_4_HOST", "value": b},
        *own,
    ]
    (worker,) = made["model-serving-a"]["spec"]["template"]["spec"]["containers"]
    assert "env" not in worker


def test_engines_behind_a_router_are_probed_and_drained_like_any_other() -> None:
    (behind,) = remotes(composed(routed()))["model-serving-worker"]["spec"]["template"]["spec"]["containers"]
    (alone,) = remotes(composed(replica(engine("worker"))))["model-serving-worker"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert behind == alone


def test_there_is_no_picker_unless_it_is_asked_for_and_then_it_chooses_among_routers() -> None:
    many = engine("router", member(deviceRequests=None), role="Router", copies=2)
    workers = engine("worker", copies=3, serving={"port": 9000})
    assert "engine-service" in composed(replica(many, workers)).children
    made = remotes(composed(replica(many, workers, serving={"picker": "Enabled"})))
    assert made["inference-pool"]["spec"]["targetPorts"] == [{"number": 8000}]


def test_a_router_that_claims_nothing_runs_in_its_pool_without_a_claim() -> None:
    answered = composed(routed())
    assert "resource-claim-router-standalone" not in answered.children
    spec = remotes(answered)["model-serving-router"]["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"modelplane.ai/pool": "l4"}
    assert "resourceClaims" not in spec


def test_the_replica_serves_once_router_and_engines_do() -> None:
    answered = composed(routed())
    assert composed(routed(), observed(answered)).ready
    waiting = composed(routed(), observed(answered, model_serving_worker="False"))
    assert not waiting.ready
    assert reasons(waiting)["ModelReady"] == "False/ModelStarting"


def referring(*args: str, **fields: Any) -> Manifest:
    """A replica of two engines behind a Router whose container has arguments and more."""
    template = {"spec": {"containers": [container(args=list(args), **fields)]}}
    router = engine("router", member(deviceRequests=None, template=template), role="Router")
    return replica(engine("w1"), router, engine("w-2"))


def said(obj: Manifest, children: Any = None) -> tuple[str, str]:
    """Reason and message of whether a replica can be made."""
    answered = composed(obj, children)
    (message,) = (c.message for c in answered.conditions if c.type == "ModelAccepted")
    return reasons(answered)["ModelAccepted"], message


W3 = "MODELPLANE_ENGINE_W3_ADDRESS"
MISSED = (
    "engine router, Standalone: container engine refers to {}, and is told ADDRESS, HOST and PORT of engines w1, w-2 "
    "alone"
)
MISTAKEN: dict[str, tuple[Manifest, str]] = {
    "no such engine": (referring("--urls", f"http://$({W3})"), W3),
    "in a variable": (referring(env=[{"name": "URL", "value": f"http://$({W3})"}]), W3),
    "as a shell writes it": (referring(command=["sh", "-c", f"exec vllm-router --urls http://${{{W3}}}"]), W3),
    "in short": (referring(command=["sh", "-c", f"exec vllm-router --urls http://${W3}"]), W3),
    "the router itself": (referring("$(MODELPLANE_ENGINE_ROUTER_PORT)"), "MODELPLANE_ENGINE_ROUTER_PORT"),
    "a dash": (referring("$(MODELPLANE_ENGINE_W-2_HOST)"), "MODELPLANE_ENGINE_W-2_HOST"),
    "no such thing": (referring("$(MODELPLANE_ENGINE_W1_URL)"), "MODELPLANE_ENGINE_W1_URL"),
}


@pytest.mark.parametrize("name", MISTAKEN)
def test_a_router_that_refers_to_what_no_engine_has_is_refused_and_one_that_runs_goes_on(name: str) -> None:
    obj, missing = MISTAKEN[name]
    assert said(obj) == ("False/PodConflict", MISSED.format(missing))
    children = observed(composed(referring("--x")))
    assert set(composed(obj, children).children) == set(children)
    assert said(obj, children)[0] == "True/Accepted"


@pytest.mark.parametrize(
    "obj",
    [
        referring("$(MODELPLANE_ENGINE_W1_ADDRESS)", "${MODELPLANE_ENGINE_W_2_HOST}"),
        referring(f"$$({W3})"),
        referring(f"$({W3})", env=[{"name": W3, "value": "x:1"}]),
        referring(f"$({W3})", envFrom=[{"configMapRef": {"name": "workers"}}]),
        referring(command=["sh", "-c", f"{W3}=x:1; exec vllm-router http://${{{W3}}}"]),
        referring(command=["sh", "-c", f": ${{{W3}:=x:1}}; exec vllm-router http://${{{W3}}}"]),
        referring(command=["sh", "-c", f'if test -n "${W3}"; then exec vllm-router http://${W3}; fi']),
        referring(command=["sh", "-c", f'[ "${{{W3}}}" ] && exec vllm-router http://${W3}']),
        referring(command=["sh", "-c", f"export $(cat workers); exec vllm-router http://${W3}"]),
        referring(command=["sh", "-c", f". ./workers; exec vllm-router http://${W3}"]),
    ],
)
def test_what_a_router_may_have_from_elsewhere_or_asks_for_is_no_mistake(obj: Manifest) -> None:
    assert said(obj)[0] == "False/Deploying"


def test_what_other_engines_refer_to_is_their_own() -> None:
    template = {"spec": {"containers": [container(args=[f"$({W3})"])]}}
    assert said(routed(engine("worker", member(template=template))))[0] == "False/Deploying"


def test_a_long_argument_of_a_router_is_looked_through_at_once() -> None:
    obj = referring("export" + " " * 60_000 + "x", f"${W3}")
    start = process_time()
    composed(obj)
    assert process_time() - start < 2
