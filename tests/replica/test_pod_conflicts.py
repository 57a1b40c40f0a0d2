"""What the user wrote of a pod and serving needs otherwise is refused in words, and what runs stays."""

from typing import Any

import pytest

from function.composition import Manifest
from function.replica import identity
from tests.support.observe import reasons
from tests.support.replicas import CLUSTER, composed, container, engine, member, observed, remotes, replica

CACHED: Any = {"modelCacheRef": {"name": "qwen"}}


def pods(*containers: Manifest, metadata: Any = None, **spec: Any) -> Manifest:
    """A member whose pods are as said."""
    body: Manifest = {"spec": {"containers": list(containers) or [container()], **spec}}
    return member(template={**body, **({"metadata": metadata} if metadata else {})})


def message(obj: Manifest) -> str:
    answered = composed(obj)
    return next(c.message for c in answered.conditions if c.type == "ModelAccepted")


def mounting(name: str, path: str) -> Manifest:
    return container(volumeMounts=[{"name": name, "mountPath": path}])


CUT = identity.picker_name(identity.ReplicaIdentity("ml-team", "chat" * 15))
QUEUED: Any = {"labels": {"kueue.x-k8s.io/queue-name": "models"}}
LOG = {"name": "log", "image": "x"}
DATA = {"name": "data", "emptyDir": {}}
ENGINES_PORT = {"httpGet": {"port": "engine"}}
CLASHES: dict[str, tuple[Manifest, Any, str]] = {
    "pool": (
        pods(nodeSelector={"modelplane.ai/pool": "other"}),
        {},
        "nodeSelector modelplane.ai/pool is for the pool that pods are placed in, and not to be written: remove it",
    ),
    "two containers": (
        pods(container(), LOG, initContainers=[LOG]),
        {},
        "two containers are named log: give one another name",
    ),
    "port name": (
        pods(container(ports=[{"name": "engine", "containerPort": 9000}])),
        {},
        (
            "port 9000 of container engine is named engine, as is port 8000 on which requests arrive: give it another "
            "name, or set serving.port"
        ),
    ),
    "port number": (
        pods(container(), {**LOG, "ports": [{"containerPort": 8000}]}),
        {},
        "container log has port 8000, on which engine listens: have it listen on another",
    ),
    "probe's port": (
        pods(container(ports=[{"name": "http", "containerPort": 8000}], startupProbe={"httpGet": {"port": "web"}})),
        {},
        "startupProbe of container engine names port web, and the container has http: name one of these, or a number",
    ),
    "probe's port under another name": (
        pods(
            container(ports=[{"name": "http", "containerPort": 8000}], livenessProbe={"tcpSocket": {"port": "engine"}})
        ),
        {},
        (
            "livenessProbe of container engine names port engine, and the container has http: name one of these, or a "
            "number"
        ),
    ),
    "hook's port": (
        pods(container(lifecycle={"preStop": {"httpGet": {"port": "admin"}}})),
        {},
        "preStop of container engine names port admin, and the container has engine: name one of these, or a number",
    ),
    "side-car's probe": (
        pods(container(), initContainers=[{**LOG, "restartPolicy": "Always", "readinessProbe": ENGINES_PORT}]),
        {},
        (
            "readinessProbe of container log names port engine, and the container has none with a name: list it in "
            "ports, or give its number"
        ),
    ),
    "request over limit": (
        pods(container(resources={"requests": {"cpu": 1, "memory": "128Gi"}, "limits": {"cpu": "1", "memory": "64G"}})),
        {},
        "container engine requests 128Gi of memory, and its limit is 64G: request less, or raise the limit",
    ),
    "side-car's request over limit": (
        pods(container(), {**LOG, "resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1999m"}}}),
        {},
        "container log requests 2 of cpu, and its limit is 1999m: request less, or raise the limit",
    ),
    "shared memory": (
        pods(volumes=[{"name": "dshm", "emptyDir": {}}]),
        {},
        "a volume named dshm is added to the pod: give yours another name",
    ),
    "cache": (
        pods(volumes=[{"name": "model-cache", "emptyDir": {}}]),
        CACHED,
        "a volume named model-cache is added to the pod: give yours another name",
    ),
    "weights": (
        pods(mounting("data", "/mnt/models/"), volumes=[DATA]),
        CACHED,
        (
            "container engine mounts volume data at /mnt/models/, where the cached weights are: mount it elsewhere, or "
            "remove modelCacheRef"
        ),
    ),
    "no volume": (
        pods(mounting("data", "/data")),
        {},
        "container engine mounts volume data, which the pod does not have: add it to volumes",
    ),
    "no device": (
        pods(container(volumeDevices=[{"name": "data", "devicePath": "/dev/x"}])),
        {},
        "container engine has volume data, which the pod does not have: add it to volumes",
    ),
    "accelerators of a device plugin": (
        pods(container(resources={"limits": {"nvidia.com/gpu": 1}})),
        {},
        "devices are claimed by nodeSelector.devices; remove nvidia.com/gpu from resources of container engine",
    ),
    "accelerators of a device plugin beside the engine": (
        pods(container(), {**LOG, "resources": {"requests": {"nvidia.com/gpu": "1"}}}),
        {},
        "devices are claimed by nodeSelector.devices; remove nvidia.com/gpu from resources of container log",
    ),
    "system's priority": (
        pods(priorityClassName="system-node-critical"),
        {},
        "priorityClassName system-node-critical is the system's own: name another class",
    ),
    "picker's account": (
        pods(serviceAccountName="chat-1-epp-0123abcd"),
        {},
        "serviceAccountName chat-1-epp-0123abcd is that of an endpoint picker: name another account",
    ),
    "account of a picker whose name was cut": (
        pods(serviceAccountName=CUT),
        {},
        f"serviceAccountName {CUT} is that of an endpoint picker: name another account",
    ),
}
EVERYTHING: Manifest = {
    "serviceAccounts": ["chat*"],
    "priorityClasses": ["system*"],
    "podSecurity": "privileged",
}


@pytest.mark.parametrize("name", CLASHES)
def test_a_clash_is_said_and_nothing_is_composed(name: str) -> None:
    written, spec, said = CLASHES[name]
    cluster = {
        "metadata": {"name": "ams-1"},
        "spec": {"namespaces": EVERYTHING},
        "status": {"providerConfigRef": {"name": "x"}},
    }
    answered = composed(replica(engine("vllm", written), **spec), cluster=cluster)
    assert (answered.children, answered.ready) == ({}, False)
    assert reasons(answered)["ModelAccepted"] == "False/PodConflict"
    (told,) = (c.message for c in answered.conditions if c.type == "ModelAccepted")
    assert told == f"engine vllm, Standalone: {said}"


@pytest.mark.parametrize("name", CLASHES)
def test_a_replica_that_runs_stays_as_it_is_with_each_of_these(name: str) -> None:
    written, spec, _ = CLASHES[name]
    cluster = {"spec": {"namespaces": EVERYTHING}, "status": {"providerConfigRef": {"name": "x"}}}
    children = observed(composed(replica(**spec), cluster=cluster))
    answered = composed(replica(engine("vllm", written), **spec), children, cluster=cluster)
    assert set(answered.children) == set(children)
    assert reasons(answered)["ModelAccepted"] == "True/Accepted"


FINE: dict[str, Manifest] = {
    "the engine's own port": pods(container(startupProbe=ENGINES_PORT, lifecycle={"postStart": ENGINES_PORT})),
    "a port of another protocol": pods(
        container(
            ports=[{"name": "web", "containerPort": 9, "protocol": "UDP"}], livenessProbe={"tcpSocket": {"port": "web"}}
        )
    ),
    "a hook that Kubernetes does not run": pods(container(lifecycle={"postStart": {"tcpSocket": {"port": "web"}}})),
    "a number": pods(container(startupProbe={"httpGet": {"port": 9}})),
    "equal amounts": pods(container(resources={"requests": {"memory": "1Gi"}, "limits": {"memory": 1073741824}})),
    "a limit alone, below the share of the node": {
        **pods(container(resources={"limits": {"cpu": "1"}})),
        "resources": {"requests": {"cpu": "8"}},
    },
}


@pytest.mark.parametrize("name", FINE)
def test_what_kubernetes_takes_is_no_clash(name: str) -> None:
    assert reasons(composed(replica(engine("vllm", FINE[name]))))["ModelAccepted"] == "False/Deploying"


def test_a_container_named_like_our_side_car_is_refused() -> None:
    decode = engine("d", pods(container(), {"name": "pd-sidecar", "image": "x"}), phase="Decode")
    obj = replica(engine("p", phase="Prefill"), decode, serving={"mode": "PrefillDecode"})
    assert message(obj) == (
        "engine d, Standalone: a container named pd-sidecar is added to the pod: give yours another name"
    )


def test_pods_that_name_more_secrets_than_are_copied_are_refused_before_any_is_asked_for() -> None:
    sources = [{"secretRef": {"name": f"s{number}"}} for number in range(33)]
    answered = composed(replica(engine("vllm", pods(container(envFrom=sources)))))
    assert reasons(answered)["ModelAccepted"] == "False/PodConflict"
    assert not [key for key in answered.requirements if key.startswith("secret-")]
    (told,) = (c.message for c in answered.conditions if c.type == "ModelAccepted")
    assert told == "the pods name 33 Secrets and ConfigMaps, and 32 at most are copied: name fewer"
    assert reasons(composed(replica(engine("vllm", pods(container(envFrom=sources[1:]))))))["ModelAccepted"] == (
        "False/Deploying"
    )


def test_volumes_that_are_added_can_be_mounted_elsewhere_too() -> None:
    beside = {**LOG, "volumeMounts": [{"name": "model-cache", "mountPath": "/weights"}]}
    written = pods(mounting("model-cache", "/mnt/models"), beside)
    assert reasons(composed(replica(engine("vllm", written), **CACHED)))["ModelAccepted"] == "False/Deploying"


PROXY = {"name": "auth", "image": "x", "ports": [{"name": "http", "containerPort": 8080}]}


@pytest.mark.parametrize(
    ("args", "name", "accepted"),
    [
        (["--port=8001"], "http", True),
        (["--port=8080"], "http", False),
        (["--port=$(PORT)"], "http", True),
        ([], "http", True),
        (["--port=8001"], "engine", False),
    ],
)
def test_a_side_car_may_have_the_port_that_is_asked_unless_the_engine_s_command_says_it(
    args: list[str], name: str, *, accepted: bool
) -> None:
    proxy = {**PROXY, "ports": [{"name": name, "containerPort": 8080}]}
    written = pods(container(args=["--model=x", "--host=127.0.0.1", *args]), proxy)
    answered = composed(replica(engine("vllm", written, serving={"port": 8080})))
    assert reasons(answered)["ModelAccepted"] == ("False/Deploying" if accepted else "False/PodConflict")


def test_on_the_node_s_network_no_side_car_has_the_port_of_the_engine() -> None:
    written = pods(container(args=["--model=x", "--port=8001"]), PROXY, hostNetwork=True)
    privileged = {**CLUSTER, "spec": {"namespaces": {"podSecurity": "privileged"}}}
    answered = composed(replica(engine("vllm", written, serving={"port": 8080})), cluster=privileged)
    assert reasons(answered)["ModelAccepted"] == "False/PodConflict"


def test_requests_and_probes_go_to_the_side_car_in_front_of_an_engine() -> None:
    written = pods(container(args=["--model=x", "--port=8001"]), PROXY)
    engine_behind = engine("vllm", written, serving={"port": 8080})
    pod = remotes(composed(replica(engine_behind)))["model-serving-vllm"]["spec"]["template"]["spec"]
    serves, front = pod["containers"]
    assert serves["ports"] == [{"name": "engine", "containerPort": 8080}]
    assert serves["readinessProbe"]["httpGet"]["port"] == "engine"
    assert front["ports"] == PROXY["ports"]


def test_the_side_car_of_a_decode_engine_has_its_port_alone() -> None:
    decode = engine(
        "d", pods(container(args=["--port=8001"]), {**PROXY, "ports": [{"containerPort": 8000}]}), phase="Decode"
    )
    obj = replica(engine("p", phase="Prefill"), decode, serving={"mode": "PrefillDecode"})
    assert message(obj) == (
        "engine d, Standalone: container auth has port 8000, on which pd-sidecar listens: have it listen on another"
    )


def test_a_port_of_another_protocol_is_no_clash() -> None:
    beside = {**LOG, "ports": [{"containerPort": 8000, "protocol": "UDP"}]}
    assert reasons(composed(replica(engine("vllm", pods(container(), beside)))))["ModelAccepted"] == "False/Deploying"


def test_a_replica_that_runs_goes_on_whatever_clashes_now() -> None:
    plain = replica()
    children = observed(composed(plain))
    clashing = replica(engine("vllm", pods(nodeSelector={"modelplane.ai/pool": "other"})))
    answered = composed(clashing, children)
    assert set(answered.children) == set(children)
    assert answered.ready


def test_objects_that_a_replica_only_found_are_no_proof_that_its_pods_were_permitted() -> None:
    children = observed(composed(replica()))
    asking = replica(engine("vllm", pods(hostNetwork=True)))
    found = composed({**asking, "metadata": {**asking["metadata"], "uid": "1"}}, children)
    assert "hostNetwork" not in remotes(found)["model-serving-vllm"]["spec"]["template"]["spec"]
    assert reasons(found)["Held"] == "True/InputInvalid"
    assert reasons(composed(asking, children))["Held"] == "False/InputsResolved"


def test_what_holds_and_may_not_be_wanted_is_said() -> None:
    short = pods(terminationGracePeriodSeconds=5)
    assert (
        "engine vllm, Standalone: terminationGracePeriodSeconds 5 is no longer than the 15 s for which a pod that ends "
        "may still be sent requests, so some are cut"
    ) in message(replica(engine("vllm", short)))
    labelled = pods(metadata={"labels": {"llm-d.ai/role": "both"}})
    pair = (engine("p", labelled, phase="Prefill"), engine("d", phase="Decode"))
    assert ("engine p, Standalone: label llm-d.ai/role is prefill, since serving needs it, and not both") in message(
        replica(*pair, serving={"mode": "PrefillDecode"})
    )


def test_a_queue_that_only_the_pods_of_a_gang_name_is_said() -> None:
    labelled = {**member(role="Leader"), "template": pods(metadata=QUEUED)["template"]}
    told = message(replica(engine("vllm", labelled, member(role="Worker"))))
    assert (
        "engine vllm: label kueue.x-k8s.io/queue-name models is of its pods, and Kueue reads that of a gang's "
        "LeaderWorkerSet: write it in engines[].workload.metadata.labels;"
    ) in told
    everywhere = engine("vllm", labelled, member(role="Worker"), workload={"metadata": QUEUED})
    assert "kueue" not in message(replica(everywhere))


def test_copies_with_the_network_of_their_node_are_said_to_need_one_each() -> None:
    obj = replica(engine("vllm", pods(hostNetwork=True), copies=2))
    cluster = {"spec": {"namespaces": EVERYTHING}, "status": {"providerConfigRef": {"name": "x"}}}
    (told,) = (c.message for c in composed(obj, cluster=cluster).conditions if c.type == "ModelAccepted")
    assert (
        "engine vllm, Standalone: with hostNetwork a pod has port 8000 of its node, so each of 2 copies needs a node "
        "of its own"
    ) in told
