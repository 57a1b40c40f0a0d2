"""The recipe "Add a topology": an invented one is a class and a line of the registry, and nothing else."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from function.api.engines import AnyMember, PlacedEngine, PlacedMember, Role
from function.api.model_replica import WorkloadKind
from function.composition import InvalidSpecError, Manifest, Object, names, unstructured
from function.inventory.nodes import pods_per_copy
from function.replica.identity import ReplicaIdentity, gang_name
from function.replica.topologies import registry
from function.replica.topologies.counts import CopyCounts
from function.replica.topologies.prefill_decode import PrefillDecode
from function.replica.topologies.topology import Ports, ShapedEngine, Topology
from tests.support.observe import with_condition
from tests.support.replicas import composed, container, engine, gang, member, observed, remotes, replica

RECIPE = Path(__file__).parents[2] / "docs/recipes/topology.md"
PROXY_PORT = 7000


class PeerGroup(Topology):
    """Pods over several nodes that are equals: each has a proxy, and answers requests with the help of the others."""

    shape = "one Worker"
    workload_kind: WorkloadKind = "LeaderWorkerSet"
    readiness = "object.status.readyReplicas == object.spec.replicas"

    def matches(self, engine: ShapedEngine) -> bool:
        return [member.role for member in engine.members] == [Role.WORKER]

    def workload_name(self, replica: ReplicaIdentity, engine: PlacedEngine) -> str:
        return gang_name(replica, engine.name)

    def workload(self, replica: ReplicaIdentity, engine: PlacedEngine, templates: Mapping[Role, Manifest]) -> Manifest:
        return {
            "apiVersion": "leaderworkerset.x-k8s.io/v1",
            "kind": "LeaderWorkerSet",
            "metadata": {"name": self.workload_name(replica, engine), "namespace": replica.namespace},
            "spec": {
                "replicas": engine.copies,
                "leaderWorkerTemplate": {
                    "size": pods_per_copy(engine.members[0]),
                    "workerTemplate": templates[Role.WORKER],
                },
            },
        }

    def copies(self, workload: Object) -> CopyCounts:
        desired = unstructured.integer(workload, "spec", "replicas")
        ready = unstructured.integer(workload, "status", "readyReplicas")
        return CopyCounts("peer groups", desired=desired, updated=desired, ready=ready, available=ready)

    def pod_templates(self, workload: Object) -> list[Object]:
        return [unstructured.mapping(workload, "spec", "leaderWorkerTemplate", "workerTemplate")]

    def serves(self, engine: ShapedEngine, member: AnyMember) -> bool:
        return True

    def ports(self, engine: PlacedEngine) -> Ports:
        return Ports(engine=super().ports(engine).engine, pool=PROXY_PORT)

    def pod_labels(self, replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember) -> dict[str, str]:
        return {"example.com/peer-group": f"{replica.name}-{engine.name}"}

    def env(self, engine: PlacedEngine, member: PlacedMember, written: list[Manifest]) -> list[Manifest]:
        return [*written, {"name": "PEERS", "value": str(pods_per_copy(member))}]

    def side_cars(self, engine: PlacedEngine) -> list[Manifest]:
        return [{"name": "proxy", "image": "registry.example.com/proxy", "ports": [{"containerPort": PROXY_PORT}]}]


TOKEN = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}


def peers(name: str = "vllm", **more: object) -> Manifest:
    template = {"spec": {"containers": [container(args=["--port=9000"], env=[TOKEN])]}}
    return engine(name, member("Worker", worker={"nodes": 4}, template=template), **more)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of the registry."""
    added = PeerGroup()
    monkeypatch.setattr(registry, "TOPOLOGIES", (PrefillDecode(added), added, *registry.TOPOLOGIES))


def test_a_topology_that_is_not_registered_is_refused_and_those_that_are_are_named() -> None:
    with pytest.raises(InvalidSpecError, match=r"an engine is one Standalone member, or one Leader and one Worker$"):
        composed(replica(peers()))


@pytest.mark.usefixtures("registered")
def test_a_topology_that_is_registered_is_named_where_an_engine_has_none() -> None:
    with pytest.raises(InvalidSpecError, match="an engine is one Worker, or one Standalone member, or one Leader"):
        composed(replica(engine("x", member("Leader"))))


@pytest.mark.usefixtures("registered")
def test_the_composer_makes_the_workload_of_the_topology_with_its_labels_environment_and_side_cars() -> None:
    made = remotes(composed(replica(peers(copies=2))))["model-serving-vllm"]
    template = made["spec"]["leaderWorkerTemplate"].pop("workerTemplate")
    assert made == {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {
            "name": names.name("chat-1-vllm", 49, "Engine", "ml-team", "chat-1", "vllm"),
            "namespace": "ml-team",
        },
        "spec": {"replicas": 2, "leaderWorkerTemplate": {"size": 4}},
    }
    assert template["metadata"]["labels"] == {
        "modelplane.ai/deployment": "chat",
        "modelplane.ai/replica": "chat-1",
        "modelplane.ai/engine": "vllm",
        "modelplane.ai/serving": "chat-1",
        "llm-d.ai/engine-type": "vllm",
        "example.com/peer-group": "chat-1-vllm",
    }
    (model,), (proxy,) = template["spec"]["containers"], template["spec"]["initContainers"]
    assert model["env"] == [TOKEN, {"name": "PEERS", "value": "4"}]
    assert (proxy["name"], proxy["restartPolicy"]) == ("proxy", "Always")


@pytest.mark.usefixtures("registered")
def test_requests_are_sent_to_the_ports_of_the_topology() -> None:
    made = remotes(composed(replica(peers(copies=2))))
    (model,) = made["model-serving-vllm"]["spec"]["leaderWorkerTemplate"]["workerTemplate"]["spec"]["containers"]
    assert model["ports"] == [{"name": "engine", "containerPort": 9000}]
    assert made["inference-pool"]["spec"]["targetPorts"] == [{"number": PROXY_PORT}]
    unpicked = composed(replica(peers(), serving={"picker": "Disabled"}))
    (port,) = remotes(unpicked)["engine-service"]["spec"]["ports"]
    assert port["targetPort"] == PROXY_PORT


@pytest.mark.usefixtures("registered")
def test_the_replica_is_ready_by_the_readiness_of_the_topology_and_counts_its_copies() -> None:
    obj = replica(peers(copies=2))
    answered = composed(obj)
    workload = answered.children["model-serving-vllm"].manifest
    assert workload["spec"]["readiness"]["celQuery"] == PeerGroup.readiness
    settled = composed(obj, observed(answered))
    assert settled.ready
    assert [dict(status, workload="") for status in settled.status["engines"]] == [
        {"name": "vllm", "kind": "LeaderWorkerSet", "workload": "", "desired": 2, "ready": 1}
    ]
    children = observed(answered, model_serving_vllm="False")
    there = children["model-serving-vllm"]["status"]["atProvider"]["manifest"]
    children["model-serving-vllm"]["status"]["atProvider"]["manifest"] = with_condition(there, "Available", "False")
    (message,) = [c.message for c in composed(obj, children).conditions if c.type == "ModelReady"]
    assert message == "model-serving-vllm: 1 of 2 peer groups ready"


@pytest.mark.usefixtures("registered")
def test_what_its_pods_refer_to_is_read_from_a_workload_that_runs() -> None:
    obj = replica(peers())
    children = observed(composed(obj))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hf"}, "data": {"token": "eA=="}}
    assert "secret-hf" in composed(obj, found={"secret-hf": [secret]}).children
    assert "secret-hf" not in composed(obj, children, found={"secret-hf": [secret]}).children


@pytest.mark.usefixtures("registered")
def test_its_pods_may_do_half_of_a_request() -> None:
    pair = (engine("p", phase="Prefill"), peers("d", phase="Decode"))
    workload = remotes(composed(replica(*pair, serving={"mode": "PrefillDecode"})))["model-serving-d"]
    assert workload["spec"]["leaderWorkerTemplate"]["size"] == 4
    template = workload["spec"]["leaderWorkerTemplate"]["workerTemplate"]
    assert [built["name"] for built in template["spec"]["initContainers"]] == ["proxy", "pd-sidecar"]
    assert template["metadata"]["labels"]["llm-d.ai/role"] == "decode"


OTHERS = {
    "one pod": replica(engine(copies=2)),
    "a gang": replica(gang(workers=3)),
    "a pair": replica(engine("p", phase="Prefill"), gang("d", phase="Decode"), serving={"mode": "PrefillDecode"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_else_changes(name: str, request: pytest.FixtureRequest) -> None:
    before = composed(OTHERS[name])
    request.getfixturevalue("registered")
    assert composed(OTHERS[name]) == before


def test_the_recipe_names_every_operation() -> None:
    text = RECIPE.read_text(encoding="utf-8")
    assert [name for name in vars(Topology) if not name.startswith("_") and f"`{name}`" not in text] == []
