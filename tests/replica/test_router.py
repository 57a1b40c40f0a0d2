"""A Router alone is asked, and finds the engines that it passes requests on to by their Services."""

from typing import Any

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
