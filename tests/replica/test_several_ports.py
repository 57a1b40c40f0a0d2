"""Pods that answer on several ports get an even share of the requests on each."""

import pytest

from function.composition import Manifest
from tests.support.observe import reasons
from tests.support.replicas import composed, container, engine, member, remotes, replica

RANKS = {"ports": [8000, 8001, 8002]}
PICKED = "an endpoint picker chooses among pods that have one port, and these have several"
UNEQUAL = "the pods of a replica take requests on equally many ports, and these do not"


def test_a_pod_lists_all_its_ports_and_is_probed_on_the_first() -> None:
    made = remotes(composed(replica(engine(serving=RANKS))))["model-serving-vllm"]
    (built,) = made["spec"]["template"]["spec"]["containers"]
    assert built["ports"] == [
        {"name": "engine", "containerPort": 8000},
        {"name": "engine-1", "containerPort": 8001},
        {"name": "engine-2", "containerPort": 8002},
    ]
    assert built["readinessProbe"]["httpGet"]["port"] == "engine"


@pytest.mark.parametrize("copies", [1, 4])
def test_the_route_leads_to_every_port_of_the_service(copies: int) -> None:
    made = remotes(composed(replica(engine(copies=copies, serving=RANKS))))
    assert "inference-pool" not in made
    assert made["engine-service"]["spec"]["ports"] == [
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "engine"},
        {"name": "http-1", "port": 81, "protocol": "TCP", "targetPort": "engine-1"},
        {"name": "http-2", "port": 82, "protocol": "TCP", "targetPort": "engine-2"},
    ]
    assert made["model-route"]["spec"]["rules"][0]["backendRefs"] == [
        {"kind": "Service", "name": "chat-1", "port": port} for port in (80, 81, 82)
    ]


def test_a_list_of_one_port_is_as_good_as_the_port() -> None:
    listed, written = engine(copies=2, serving={"ports": [9000]}), engine(copies=2, serving={"port": 9000})
    assert remotes(composed(replica(listed))) == remotes(composed(replica(written)))


def test_listed_ports_go_before_a_flag() -> None:
    written = member(template={"spec": {"containers": [container(args=["--port=9000"])]}})
    made = remotes(composed(replica(engine("vllm", written, serving={"ports": [7000, 7001]}))))
    (built,) = made["model-serving-vllm"]["spec"]["template"]["spec"]["containers"]
    assert [port["containerPort"] for port in built["ports"]] == [7000, 7001]


@pytest.mark.parametrize(
    ("engines", "spec", "message"),
    [
        (
            (engine(serving=RANKS),),
            {"serving": {"picker": "Enabled"}},
            f"{PICKED}: vllm on 8000 and 8001 and 8002",
        ),
        (
            (engine("p", phase="Prefill", serving=RANKS), engine("d", phase="Decode")),
            {"serving": {"mode": "PrefillDecode"}},
            f"{PICKED}: p on 8000 and 8001 and 8002, d on 8000 (its side-car, with the engine behind it on 8001)",
        ),
        (
            (engine("a", serving=RANKS), engine("b")),
            {},
            f"{UNEQUAL}: a on 8000 and 8001 and 8002, b on 8000",
        ),
    ],
)
def test_ports_that_requests_would_not_reach_are_refused(
    engines: tuple[Manifest, ...], spec: Manifest, message: str
) -> None:
    answered = composed(replica(*engines, **spec))
    assert not answered.children
    assert reasons(answered)["ModelAccepted"] == "False/InvalidPort"
    assert [said.message for said in answered.conditions if said.type == "ModelAccepted"] == [message]
