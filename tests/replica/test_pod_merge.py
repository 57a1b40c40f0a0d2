"""What the user wrote of a pod stands, and what serving needs is filled in."""

from typing import Any

import kubernetes_validate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.composition import Manifest
from function.inventory.pod_security import needed_level
from function.replica.ending import Waiting, script
from function.replica.pods.merge import fill_in
from tests.support.full_pod import full_pod
from tests.support.observe import reasons
from tests.support.replicas import CLUSTER, composed, container, engine, gang, member, remotes, replica

SHM = "/dev/shm"  # noqa: S108  # a mount in the engine's container
OPEN = {**CLUSTER, "spec": {"namespaces": {"podSecurity": "privileged"}}}
POOL_TAINT = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
SHARE = {"requests": {"cpu": "8", "memory": "64Gi"}}
HARDENED: Manifest = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pods(*containers: Manifest, metadata: Any = None, **spec: Any) -> Manifest:
    """A member whose pods are as said."""
    body: Manifest = {"spec": {"containers": list(containers) or [container()], **spec}}
    return {"template": {**body, **({"metadata": metadata} if metadata else {})}}


def rendered(written: Manifest, **more: Any) -> Manifest:
    """The pod's spec that is made of a standalone engine."""
    obj = replica(engine("vllm", member(**written, **more.pop("placed", {})), **more.pop("engine", {})), **more)
    made: Manifest = remotes(composed(obj, cluster=OPEN))["model-serving-vllm"]["spec"]["template"]["spec"]
    return made


def test_a_whole_pod_is_joined_with_what_serving_needs() -> None:
    probe = {"tcpSocket": {"port": 8000}}
    written = pods(
        container(
            volumeMounts=[{"name": "models", "mountPath": "/models"}],
            readinessProbe=probe,
            securityContext=HARDENED,
            ports=[{"containerPort": 9100, "name": "metrics"}],
            lifecycle={"postStart": {"exec": {"command": ["true"]}}},
        ),
        {"name": "log", "image": "fluent-bit", "lifecycle": {"preStop": {"exec": {"command": ["flush"]}}}},
        initContainers=[{"name": "fetch", "image": "aws"}],
        volumes=[{"name": "models", "persistentVolumeClaim": {"claimName": "models"}}, {"name": "tmp", "emptyDir": {}}],
        nodeSelector={"disk": "fast"},
        tolerations=[{"key": "arch", "operator": "Equal", "value": "arm64"}, POOL_TAINT],
        affinity={"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        terminationGracePeriodSeconds=600,
        hostNetwork=True,
    )
    made = rendered(written, placed={"resources": SHARE})
    asked = {"path": "/health", "port": "engine"}
    assert made == {
        "containers": [
            {
                "name": "engine",
                "image": "vllm/vllm-openai:v0.23.0",
                "args": ["--model=Qwen/Qwen3-8B"],
                "volumeMounts": [
                    {"name": "models", "mountPath": "/models"},
                    {"name": "dshm", "mountPath": SHM},
                ],
                "ports": [{"containerPort": 9100, "name": "metrics"}, {"name": "engine", "containerPort": 8000}],
                "securityContext": HARDENED,
                "resources": {"claims": [{"name": "devices"}], **SHARE},
                "startupProbe": {"httpGet": asked, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 180},
                "readinessProbe": probe,
                "livenessProbe": {
                    "httpGet": asked,
                    "periodSeconds": 10,
                    "timeoutSeconds": 5,
                    "failureThreshold": 6,
                    "terminationGracePeriodSeconds": 30,
                },
                "lifecycle": {
                    "postStart": {"exec": {"command": ["true"]}},
                    "preStop": {"exec": {"command": ["/bin/sh", "-c", script(Waiting((8000,)), 15, 575)]}},
                },
            },
            {"name": "log", "image": "fluent-bit", "lifecycle": {"preStop": {"exec": {"command": ["flush"]}}}},
        ],
        "initContainers": [{"name": "fetch", "image": "aws"}],
        "volumes": [
            {"name": "models", "persistentVolumeClaim": {"claimName": "models"}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "dshm", "emptyDir": {"medium": "Memory"}},
        ],
        "nodeSelector": {"disk": "fast", "modelplane.ai/pool": "l4"},
        "tolerations": [{"key": "arch", "operator": "Equal", "value": "arm64"}, POOL_TAINT],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "terminationGracePeriodSeconds": 600,
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "automountServiceAccountToken": False,
        "resourceClaims": [
            {"name": "devices", "resourceClaimTemplateName": made["resourceClaims"][0]["resourceClaimTemplateName"]}
        ],
    }


def test_both_pods_of_a_gang_keep_what_is_written_of_them() -> None:
    leader, worker = (pods(nodeSelector={"rack": name}, tolerations=[{"key": name}]) for name in ("a", "b"))
    made = remotes(composed(replica(gang(leader=leader, worker=worker))))["model-serving-vllm"]["spec"]
    both = [made["leaderWorkerTemplate"][field]["spec"] for field in ("leaderTemplate", "workerTemplate")]
    assert [spec["nodeSelector"]["rack"] for spec in both] == ["a", "b"]
    assert [spec["tolerations"] for spec in both] == [[{"key": "a"}, POOL_TAINT], [{"key": "b"}, POOL_TAINT]]


@pytest.mark.parametrize(
    ("written", "volumes"),
    [
        ({"volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}]}, ["shm"]),
        ({"volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}]}, ["dshm"]),
        ({"hostIPC": True}, []),
    ],
    ids=["another name", "our name", "of the node"],
)
def test_shared_memory_of_the_users_own_stands(written: Manifest, volumes: list[str]) -> None:
    mounts = [{"name": name, "mountPath": f"{SHM}/"} for name in volumes]
    made = rendered(pods(container(volumeMounts=mounts), **written))
    assert [volume["name"] for volume in made.get("volumes", [])] == volumes
    assert made["containers"][0].get("volumeMounts", []) == mounts


@pytest.mark.parametrize(
    ("own", "beside", "requests"),
    [
        ({}, {}, {"cpu": "8", "memory": "64Gi"}),
        ({"requests": {"cpu": "2"}}, {}, {"cpu": "2", "memory": "64Gi"}),
        ({"limits": {"memory": "32Gi"}}, {}, {"cpu": "8"}),
        ({}, {"requests": {"cpu": "500m", "memory": "1Gi"}}, {"cpu": "7500m", "memory": "64512Mi"}),
        ({}, {"limits": {"memory": "1G"}}, {"cpu": "8", "memory": "64582Mi"}),
        ({}, {"requests": {"cpu": "8", "memory": "65Gi"}}, None),
    ],
    ids=["share", "own request", "own limit", "beside", "limit beside", "nothing left"],
)
def test_an_engine_requests_its_share_less_what_is_beside_it_unless_the_user_says(
    own: Manifest, beside: Manifest, requests: Manifest | None
) -> None:
    written = pods(container(resources=own), {"name": "log", "image": "x", "resources": beside})
    made = rendered(written, placed={"resources": SHARE})["containers"][0]["resources"]
    assert (made.get("requests"), made.get("limits")) == (requests, own.get("limits"))


def test_a_native_side_car_counts_beside_an_engine_and_an_init_container_does_not() -> None:
    asking = {"image": "x", "resources": {"requests": {"cpu": "1"}}}
    init = [{"name": "once", **asking}, {"name": "stays", "restartPolicy": "Always", **asking}]
    made = rendered(pods(initContainers=init), placed={"resources": SHARE})
    assert made["containers"][0]["resources"]["requests"] == {"cpu": "7000m", "memory": "64Gi"}


def test_a_name_that_the_user_gave_the_engines_port_stands_and_everything_asks_its_number() -> None:
    written = pods(container(ports=[{"containerPort": 8000, "name": "http"}]))
    made = remotes(composed(replica(engine("vllm", member(**written)))))
    engine_container = made["model-serving-vllm"]["spec"]["template"]["spec"]["containers"][0]
    assert engine_container["ports"] == [{"containerPort": 8000, "name": "http"}]
    assert engine_container["livenessProbe"]["httpGet"]["port"] == 8000
    assert made["engine-service"]["spec"]["ports"][0]["targetPort"] == 8000


def test_a_port_of_the_engine_without_a_name_gets_ours() -> None:
    made = rendered(pods(container(ports=[{"containerPort": 8000}])))["containers"][0]
    assert made["ports"] == [{"containerPort": 8000, "name": "engine"}]


def test_a_pod_that_has_less_time_to_stop_waits_no_longer_than_that() -> None:
    made = rendered(pods(terminationGracePeriodSeconds=10))
    assert made["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}


def test_labels_and_annotations_of_the_workload_are_the_users_less_those_that_are_reserved() -> None:
    written = {"labels": {"kueue.x-k8s.io/queue-name": "a", "modelplane.ai/pool": "b"}, "annotations": {"note": "c"}}
    for made in (engine, gang):
        workload = remotes(composed(replica(made("vllm", workload={"metadata": written}))))["model-serving-vllm"]
        assert workload["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "a"}
        assert workload["metadata"]["annotations"] == {"note": "c"}


def test_a_pod_that_is_restricted_stays_so_with_all_that_is_added() -> None:
    written = pods(container(securityContext=HARDENED))
    pair = (engine("p", member(**written), phase="Prefill"), engine("d", member(**written), phase="Decode"))
    cached: Any = {"modelCacheRef": {"name": "qwen"}}
    made = remotes(composed(replica(*pair, serving={"mode": "PrefillDecode"}, **cached)))
    levels = {
        key: needed_level(body["spec"]["template"]).label
        for key, body in made.items()
        if "template" in body.get("spec", {})
    }
    assert levels == {"model-serving-p": "restricted", "model-serving-d": "restricted", "epp": "restricted"}


def test_of_a_whole_nothing_is_filled_in() -> None:
    added = {"livenessProbe": {"httpGet": {"port": 1}}, "volumes": [{"name": "a", "emptyDir": {}}]}
    written = {"livenessProbe": {"exec": {"command": ["x"]}}, "volumes": [{"name": "a", "secret": {"secretName": "s"}}]}
    assert fill_in(written, added) == written


def name_of(item: Any) -> str:
    return str(item["name"])


def path_of(mount: Any) -> str:
    return str(mount["mountPath"])


NAMES = st.sampled_from(["engine", "log", "dshm", "model-cache", "data", "pd-sidecar"])
PORTS = st.fixed_dictionaries(
    {"containerPort": st.sampled_from([8000, 8001, 9000])},
    optional={"name": st.sampled_from(["engine", "http"]), "protocol": st.sampled_from(["TCP", "UDP"])},
)
PROBES = st.sampled_from([{"exec": {"command": ["x"]}}, {"httpGet": {"path": "/", "port": 9000}}])
CONTAINERS: st.SearchStrategy[Manifest] = st.fixed_dictionaries(
    {"name": NAMES, "image": st.just("x")},
    optional={
        "ports": st.lists(
            PORTS, max_size=2, unique_by=lambda port: f"{port['containerPort']}{port.get('protocol', 'TCP')}"
        ),
        "env": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["A", "B"]), "value": st.just("1")}), max_size=2
        ),
        "volumeMounts": st.lists(
            st.fixed_dictionaries(
                {"name": NAMES, "mountPath": st.sampled_from([SHM, "/mnt/models", "/data"])},
            ),
            max_size=2,
            unique_by=path_of,
        ),
        "readinessProbe": PROBES,
        "startupProbe": PROBES,
        "resources": st.fixed_dictionaries({"requests": st.just({"cpu": "1"}), "limits": st.just({"memory": "1Gi"})}),
        "lifecycle": st.just({"preStop": {"exec": {"command": ["x"]}}}),
        "securityContext": st.just(HARDENED),
    },
)
SPECS: st.SearchStrategy[Manifest] = st.fixed_dictionaries(
    {
        "containers": st.lists(CONTAINERS, max_size=2, unique_by=name_of).map(
            lambda found: [*found, *([] if any(each["name"] == "engine" for each in found) else [container()])]
        )
    },
    optional={
        "initContainers": st.lists(CONTAINERS, max_size=1),
        "volumes": st.lists(
            st.fixed_dictionaries({"name": NAMES, "emptyDir": st.just({})}), max_size=2, unique_by=name_of
        ),
        "nodeSelector": st.sampled_from([{"a": "b"}, {"modelplane.ai/pool": "l4"}, {"modelplane.ai/pool": "other"}]),
        "tolerations": st.sampled_from([[POOL_TAINT], [{"operator": "Exists"}]]),
        "terminationGracePeriodSeconds": st.sampled_from([1, 15, 600]),
        "dnsPolicy": st.just("Default"),
        "topologySpreadConstraints": st.just(
            [{"maxSkew": 2, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}]
        ),
    },
)


def has(made: Any, written: Any) -> bool:
    """Whether what is made has everything that is written."""
    if isinstance(written, dict):
        said = {key: value for key, value in written.items() if value != []}
        return isinstance(made, dict) and all(key in made and has(made[key], value) for key, value in said.items())
    if isinstance(written, list):
        return isinstance(made, list) and all(any(has(item, each) for item in made) for each in written)
    return bool(made == written)


def test_a_pod_with_every_field_has_them_all_on_the_cluster_and_is_a_pod_to_kubernetes() -> None:
    permitting = {
        "podSecurity": "privileged",
        "serviceAccounts": ["engines"],
        "priorityClasses": ["serving"],
        "runtimeClasses": ["nvidia"],
        "csiDrivers": ["weights.csi.*"],
        "nfsServers": ["files.example.com"],
    }
    cluster = {**CLUSTER, "spec": {"namespaces": permitting}}
    for made in (
        engine("vllm", member(template={"spec": full_pod()})),
        gang(leader={"template": {"spec": full_pod()}}),
    ):
        body = remotes(composed(replica(made), cluster=cluster))["model-serving-vllm"]["spec"]
        template = body.get("template") or body["leaderWorkerTemplate"]["leaderTemplate"]
        assert has(template["spec"], full_pod())
        pod = {"apiVersion": "v1", "kind": "Pod", **template}
        kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)


@given(SPECS, st.sampled_from(["one", "gang", "pair"]), st.booleans(), st.integers(1, 2))
def test_any_pod_is_made_with_all_that_is_written_and_all_that_serving_needs_or_is_refused_in_words(
    spec: Manifest,
    shape: str,
    cached: bool,  # noqa: FBT001  # hypothesis gives it
    copies: int,
) -> None:
    written: Any = {"template": {"spec": spec}}
    cache: Any = {"modelCacheRef": {"name": "qwen"}} if cached else {}
    obj = {
        "one": replica(engine("vllm", member(**written), copies=copies), **cache),
        "gang": replica(gang("vllm", leader=written, worker=written, copies=copies), **cache),
        "pair": replica(
            engine("vllm", member(**written), phase="Decode", copies=copies),
            engine("p", phase="Prefill"),
            serving={"mode": "PrefillDecode"},
            **cache,
        ),
    }[shape]
    answered = composed(obj)
    if "model-serving-vllm" not in answered.children:
        assert reasons(answered)["ModelAccepted"] in {"False/PodConflict", "False/InvalidPort"}
        assert not answered.children
        return
    body = remotes(answered)["model-serving-vllm"]["spec"]
    gangs = body.get("leaderWorkerTemplate", {})
    for template in (body.get("template"), gangs.get("leaderTemplate"), gangs.get("workerTemplate")):
        if template:
            _check(template, spec, cached=cached)


def _check(template: Manifest, written: Manifest, *, cached: bool) -> None:
    made = template["spec"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
    assert has(made, written)
    assert made["nodeSelector"]["modelplane.ai/pool"] == "l4"
    names = [each["name"] for each in [*made["containers"], *made.get("initContainers", [])]]
    assert len(names) == len(set(names))
    (serving,) = (each for each in made["containers"] if each["name"] == "engine")
    assert {"name": "devices"} in serving["resources"]["claims"]
    mounts = {mount["mountPath"]: mount["name"] for mount in serving["volumeMounts"]}
    assert SHM in mounts
    assert not cached or mounts["/mnt/models"] == "model-cache"
    volumes = [volume["name"] for volume in made["volumes"]]
    assert len(volumes) == len(set(volumes))
    assert {mount["name"] for each in made["containers"] for mount in each.get("volumeMounts", [])} <= set(volumes)
    for each in made["containers"]:
        assert each["lifecycle"]["preStop"].get("sleep", {}).get("seconds", 0) <= made["terminationGracePeriodSeconds"]
    if "modelplane.ai/serving" in template["metadata"]["labels"]:
        numbers = [(port["containerPort"], port.get("protocol", "TCP")) for port in serving["ports"]]
        assert len(numbers) == len(set(numbers))
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= serving.keys()
