"""ModelReplica: one copy of a model, as workloads on its cluster and the path that leads there.

Everything it needs is in its spec, which never changes; the cluster is read only for how to reach
it. Once something is composed there, the Objects themselves say how, and the cluster may be
missing, unreadable or broken without any effect on what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from function.api import labels
from function.api.engines import PlacedEngine
from function.api.model_replica import ModelReplicaSpec
from function.composition import (
    RENDERS,
    Composer,
    Composition,
    Doubt,
    Draft,
    InvalidSpecError,
    Manifest,
    Object,
    Outcome,
    Required,
    Requirement,
    manifest,
    objects,
    readiness,
)
from function.serving import pod_reasons, replica_objects
from function.serving.pods import Replica, read_replica_identity, workload_name
from function.serving.replica_conditions import ACCEPTED, READY, VOCABULARY

API_VERSION: Final = f"{labels.GROUP}/{labels.VERSION}"
WORKLOAD: Final = "model-serving-"
CLAIM: Final = "resource-claim-"
SERVICE: Final = "engine-service"
ROUTE: Final = "model-route"
PODS: Final = "pods"


def compose(draft: Draft) -> Composition:
    """Compose what a replica has on its cluster."""
    spec = draft.spec(ModelReplicaSpec)
    cluster = draft.require("cluster", Requirement(API_VERSION, "InferenceCluster", name=spec.cluster_name))
    replica = read_replica_identity(draft.observation, spec.model_cache_ref.name if spec.model_cache_ref else "")
    pods = draft.require(PODS, pod_reasons.requirement(replica))
    _check(spec)
    if cluster.unresolved:
        return draft.hold("InputUnresolved", f"InferenceCluster {spec.cluster_name} not fetched yet")
    refusal = _refusal(draft, spec)
    if refusal:
        return _nothing_new(draft, *refusal)
    provider_config = _provider_config(draft, spec.cluster_name, cluster)
    if not provider_config:
        message = f"InferenceCluster {spec.cluster_name} publishes no provider config yet"
        return _nothing_new(draft, "WaitingForCluster", message)
    for engine in spec.engines:
        _compose_engine(draft, replica, engine, provider_config)
    draft.remote(SERVICE, replica_objects.service(replica), provider_config)
    draft.remote(
        ROUTE, replica_objects.route(replica), provider_config, ready_when=replica_objects.ROUTABLE, watch=True
    )
    ready = _is_ready(draft)
    _observe_pods(draft, replica, provider_config, ready=ready)
    return _finish(draft, spec, replica, pods, ready=ready)


def _check(spec: ModelReplicaSpec) -> None:
    """Refuse what admission refuses and rendering could not do without."""
    members = [engine.members for engine in spec.engines]
    if not members or not all(members):
        raise InvalidSpecError("spec.engines: every replica needs an engine, and every engine a member")
    if not all(one.template.spec.containers for several in members for one in several):
        raise InvalidSpecError("spec.engines: every member needs a container")


def _compose_engine(draft: Draft, replica: Replica, engine: PlacedEngine, provider_config: str) -> None:
    member = engine.members[0]
    if member.device_requests:
        key = f"{CLAIM}{engine.name}-{member.role.lower()}"
        draft.remote(key, replica_objects.claim_template(replica, engine, member), provider_config)
    draft.remote(
        f"{WORKLOAD}{engine.name}",
        replica_objects.deployment(replica, engine, member),
        provider_config,
        ready_when=replica_objects.SERVED,
        watch=True,
    )


def _refusal(draft: Draft, spec: ModelReplicaSpec) -> tuple[str, str] | None:
    """Why nothing can be made of a replica, as reason and message."""
    namespace = draft.observation.namespace
    if labels.is_reserved_namespace(namespace):
        return "NamespaceReserved", f"Namespace {namespace} is reserved: deploy in another one"
    if spec.serving.mode != "Unified":
        return "TopologyNotSupported", f"Serving mode {spec.serving.mode} is not composed by this version"
    gangs = [engine.name for engine in spec.engines if engine.members[0].role != "Standalone"]
    if gangs:
        return "TopologyNotSupported", f"Engines of several nodes are not composed by this version: {', '.join(gangs)}"
    return None


def _provider_config(draft: Draft, name: str, cluster: Required) -> str:
    """How to reach the cluster: as it publishes, else as the Objects that are there do; empty when unknown."""
    published = manifest.text(cluster.first, "status", "providerConfigRef", "name")
    if published:
        return published
    if cluster.empty:
        draft.doubt("InputMissing", f"InferenceCluster {name} does not exist")
    else:
        draft.doubt("InputMissing", f"InferenceCluster {name} publishes no status.providerConfigRef.name")
    in_use = [objects.provider_config(child) for _, child in sorted(draft.observation.children.items())]
    return next(filter(None, in_use), "")


def _nothing_new(draft: Draft, reason: str, message: str) -> Composition:
    """Compose nothing; what is there stays, and so does what is known of it."""
    if draft.observation.children:
        return draft.hold("InputInvalid", message)
    draft.say(ACCEPTED, reason, message)
    draft.say(READY, "WaitingForModel", message)
    return draft.finish(ready=False)


def _is_ready(draft: Draft) -> bool:
    """Whether everything that answering a request needs is ready."""
    was_ready = manifest.is_true(draft.observation.composite, "Ready")
    return readiness.all_serve(map(draft.observed, sorted(draft.keys)), before=was_ready)


def _observe_pods(draft: Draft, replica: Replica, provider_config: str, *, ready: bool) -> None:
    """Observe the replica's pods one by one while it does not serve, once it has a workload that makes any."""
    if ready:
        draft.drop(PODS)
    elif draft.observed(PODS) is not None or any(
        objects.remote(draft.observed(key)) for key in draft.keys if key.startswith(WORKLOAD)
    ):
        draft.child(PODS, pod_reasons.collection(replica, provider_config), ready=readiness.READY)


# ---------------------------------------------------------------------- what it says


def _finish(draft: Draft, spec: ModelReplicaSpec, replica: Replica, pods: Required, *, ready: bool) -> Composition:
    workloads = {f"{WORKLOAD}{engine.name}": engine for engine in spec.engines}
    pending = [key for key in workloads if not objects.remote(draft.observed(key))]
    said = {key: readiness.serves(draft.observed(key)) for key in sorted(draft.keys - {PODS})}
    image = spec.engines[0].members[0].template.container.image
    where = f"{len(workloads) - len(pending)} of {len(workloads)} workloads are on {spec.cluster_name}"
    refused = [f"{key}: {error}" for key in said if (error := _sync_error(draft.observed(key)))]
    if refused:
        draft.say(ACCEPTED, "NotSynced", refused[0])
    elif pending:
        draft.say(ACCEPTED, "Deploying", f"{where}; composing {image}")
    else:
        draft.say(ACCEPTED, "Accepted", where)
    if ready:
        draft.say(READY, "Serving", f"{replica.path} is served")
    elif pending:
        why = readiness.of(draft.observed(pending[0])).message
        where = f"{pending[0]} is not on {spec.cluster_name} yet"
        draft.say(READY, "WaitingForModel", f"{where}: {why}" if why else where)
    else:
        silent_last = sorted((key for key in said if not said[key]), key=lambda key: said[key] is None)
        draft.say(READY, "ModelStarting", _why(draft, silent_last, pod_reasons.explain(pods.found)))
    draft.publish(
        {
            "servingSince": _serving_since(draft, ready=ready),
            "path": replica.path,
            "engines": [_engine_status(draft, replica, engine) for engine in spec.engines],
        }
    )
    return draft.finish(ready=ready)


def _sync_error(child: Object | None) -> str:
    """What the provider says when it cannot apply or observe something; empty when it can."""
    synced = manifest.condition(child, "Synced")
    if synced.get("status") != "False":
        return ""
    return manifest.text(synced, "message") or manifest.text(synced, "reason") or "no reason given"


def _why(draft: Draft, unready: list[str], of_pods: str) -> str:
    key = unready[0]
    more = f" (and {len(unready) - 1} more)" if len(unready) > 1 else ""
    told = _rollout(objects.remote(draft.observed(key))) or readiness.of(draft.observed(key)).message
    return "; ".join(filter(None, (f"{key}: {told}{more}", of_pods)))


def _rollout(workload: Object) -> str:
    """What the workload itself says about not being available."""
    available = manifest.condition(workload, "Available")
    serving = manifest.integer(workload, "status", "availableReplicas")
    if not available or (available.get("status") == "True" and serving):
        return ""
    desired = manifest.integer(workload, "spec", "replicas", default=1)
    counted = f"{manifest.integer(workload, 'status', 'readyReplicas')} of {desired} pods ready"
    said = manifest.text(available, "message") if available.get("status") != "True" else ""
    return f"{counted}: {said}" if said else counted


def _serving_since(draft: Draft, *, ready: bool) -> str | None:
    """When the replica first served: the moment at which the last of what it needs became ready."""
    before = manifest.text(draft.observation.status, "servingSince")
    if before or not ready:
        return before or None
    conditions = [manifest.condition(draft.observed(key), "Ready") for key in draft.keys]
    return max((manifest.text(one, "lastTransitionTime") for one in conditions), default="") or None


def _engine_status(draft: Draft, replica: Replica, engine: PlacedEngine) -> Manifest:
    key = f"{WORKLOAD}{engine.name}"
    workload = objects.remote(draft.observed(key))
    before = _before(draft.observation.status, engine.name)
    ready = manifest.integer(workload, "status", "readyReplicas") if workload else before.get("ready", 0)
    return {
        "name": engine.name,
        "kind": "Deployment",
        "workload": draft.remote_name(key, workload_name(replica, engine.name)),
        "desired": engine.copies,
        "ready": ready if isinstance(ready, int) else 0,
    }


def _before(status: Mapping[str, object], engine: str) -> Object:
    entries = manifest.items(status, "engines")
    return next((one for one in entries if one.get("name") == engine), {})


COMPOSER = Composer(
    api_version=API_VERSION,
    kind="ModelReplica",
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt("cluster", empty=Outcome(says={READY: "Serving"})),
        Doubt(PODS, unresolved=RENDERS, empty=RENDERS, malformed=RENDERS),
    ),
    children={
        f"{WORKLOAD}*": "Object",
        f"{CLAIM}*": "Object",
        SERVICE: "Object",
        ROUTE: "Object",
        PODS: pod_reasons.KIND,
    },
)
