"""ModelReplica: one copy of a model, as workloads on its cluster and the path that leads there.

Everything it needs is in its spec, which never changes; the cluster is read only for how to reach
it. Once something is composed there, the Objects themselves tell how, and the cluster may be
missing, unreadable or broken without any effect on what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from function.api.engines import Picker, PlacedEngine
from function.api.kinds import INFERENCE_CLUSTER, MODEL_REPLICA
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
    objects,
    ownership,
    readiness,
    unstructured,
)
from function.inventory.permissions import Permissions, permissions_of
from function.inventory.pod_demands import read_demands
from function.replica import http_route, picker, pod_reasons, predecessor, references, resource_names, router, status
from function.replica.backend import Backend, choose_picker, read_backend
from function.replica.claims import claim_template
from function.replica.conditions import ACCEPTED, READY, REFERENCES, VOCABULARY
from function.replica.disruption import disruption_budget
from function.replica.identity import ReplicaIdentity, read_replica_identity
from function.replica.permission import denied, remedy, withheld
from function.replica.pods import conflicts, pod_templates, warnings, with_metadata
from function.replica.resource_names import (
    CLAIM,
    CONFIG_MAP,
    DISRUPTION,
    PODS,
    POOL,
    ROUTE,
    ROUTED_SERVICE,
    SECRET,
    SERVICE,
    TLS_BACKEND,
    WORKLOAD,
)
from function.replica.topologies import registry
from function.replica.topologies.registry import topology_of
from function.scheduling import ReservedNamespace

_LISTED_CLASHES: Final = 3
_RECHECK_AFTER: Final = timedelta(seconds=3)


def compose(draft: Draft) -> Composition:
    """Compose what a replica has on its cluster."""
    spec = draft.spec(ModelReplicaSpec)
    cluster = draft.require(
        "cluster", Requirement(INFERENCE_CLUSTER.api_version, INFERENCE_CLUSTER.kind, name=spec.cluster_name)
    )
    replica = read_replica_identity(draft.observation, spec.model_cache_ref.name if spec.model_cache_ref else "")
    pods = draft.require(PODS, pod_reasons.requirement(replica))
    sources = references.require(draft, spec)
    labelled = predecessor.require(draft, replica)
    _check(spec)
    if cluster.unresolved:
        return draft.hold("InputUnresolved", f"InferenceCluster {spec.cluster_name} not fetched yet")
    pending = [source for source, answer in sources.items() if answer.unresolved]
    if pending:
        return draft.hold("InputUnresolved", f"{pending[0].kind} {pending[0].name} not fetched yet")
    if labelled is not None and labelled.unresolved:
        return draft.hold("InputUnresolved", "Objects of an earlier replica of this name not fetched yet")
    found = predecessor.read(draft, labelled)
    if found.leftover:
        draft.requeue_at(draft.observation.now + _RECHECK_AFTER)
        return _compose_nothing(draft, "PredecessorTerminating", predecessor.still_removed(found.leftover))
    draft.adopt(found.own)
    backend = read_backend(spec, picker=_has_picker(draft, spec))
    backend = replace(backend, warnings=(*backend.warnings, *warnings(replica, spec.engines)))
    refusal = _refusal(draft, spec, replica, backend, cluster)
    if refusal:
        return _compose_nothing(draft, *refusal)
    provider_config = _provider_config(draft, spec.cluster_name, cluster)
    if not provider_config:
        message = f"InferenceCluster {spec.cluster_name} publishes no provider config yet"
        return _compose_nothing(draft, "WaitingForCluster", message)
    replica = replace(
        replica,
        copy_names=references.compose(draft, spec, replica, sources, provider_config),
        routed=router.routed_ports(spec),
    )
    for engine in spec.engines:
        _compose_engine(draft, replica, engine, provider_config)
    for name, body in router.services(replica, spec):
        key = f"{ROUTED_SERVICE}{name}"
        draft.remote(key, _as_composed_before(draft, key, body), provider_config, labels=replica.object_labels)
    _compose_route(draft, replica, spec, backend, provider_config)
    ready = _is_ready(draft, spec)
    _observe_pods(draft, replica, provider_config, ready=ready)
    return status.finish(draft, spec, replica, backend, pods, ready=ready)


def _check(spec: ModelReplicaSpec) -> None:
    """Refuse what admission refuses and rendering cannot handle."""
    if not spec.engines or not all(engine.members for engine in spec.engines):
        raise InvalidSpecError("spec.engines: every replica needs an engine, and every engine a member")
    if not all(member.template.spec.containers for engine in spec.engines for member in engine.members):
        raise InvalidSpecError("spec.engines: every member needs a container")
    registry.validate(spec)


def _compose_engine(draft: Draft, replica: ReplicaIdentity, engine: PlacedEngine, provider_config: str) -> None:
    for member in engine.members:
        if member.device_requests:
            key = f"{CLAIM}{engine.name}-{member.role.lower()}"
            body = _as_composed_before(draft, key, claim_template(replica, engine, member))
            draft.remote(key, body, provider_config, labels=replica.object_labels)
    if engine.copies > 1:
        budget = disruption_budget(replica, engine)
        draft.remote(f"{DISRUPTION}{engine.name}", budget, provider_config, labels=replica.object_labels)
    topology = topology_of(engine)
    key = f"{WORKLOAD}{engine.name}"
    workload = with_metadata(topology.workload(replica, engine, pod_templates(replica, engine)), engine)
    body = _as_composed_before(draft, key, workload)
    draft.remote(key, body, provider_config, ready_when=topology.readiness, watch=True, labels=replica.object_labels)


def _compose_route(
    draft: Draft, replica: ReplicaIdentity, spec: ModelReplicaSpec, backend: Backend, provider_config: str
) -> None:
    """Compose what leads to the pods. It stays as it was composed, since the pods do: it goes where they listen."""
    if backend.picker:
        _compose_picker(draft, replica, spec, backend, provider_config)
    else:
        service = _as_composed_before(draft, SERVICE, http_route.service(replica, backend))
        draft.remote(SERVICE, service, provider_config, labels=replica.object_labels)
    new = [picker.pool_ref(replica)] if backend.picker else http_route.service_refs(replica, backend)
    refs = http_route.backend_refs(objects.desired(draft.observed(ROUTE))) or new
    if http_route.leads_to_tls(refs):
        tls_backend = _as_composed_before(draft, TLS_BACKEND, http_route.tls_backend(replica, backend))
        draft.remote(TLS_BACKEND, tls_backend, provider_config, labels=replica.object_labels)
    route = http_route.http_route(replica, refs)
    draft.remote(
        ROUTE, route, provider_config, ready_when=http_route.READINESS, watch=True, labels=replica.object_labels
    )


def _as_composed_before(draft: Draft, key: str, body: Manifest) -> Mapping[str, Any]:
    """Keep what runs as it was composed: else a version that makes other pods would restart every engine."""
    observed = draft.observed(key)
    composed = objects.desired(observed)
    return composed if objects.remote(observed) and composed.get("kind") == body["kind"] else body


def _picker_deployment(draft: Draft, body: Manifest) -> Mapping[str, Any]:
    """Keep a picker as it runs while its configuration is the same: one that starts anew knows of no cache."""
    composed = objects.desired(draft.observed(resource_names.PICKER))
    return _as_composed_before(draft, resource_names.PICKER, body) if picker.same_config(composed, body) else body


def _has_picker(draft: Draft, spec: ModelReplicaSpec) -> bool:
    """Tell whether the replica has an endpoint picker. Once composed with or without one, it stays that way."""
    if registry.picker_of(spec.serving.mode) is Picker.ENABLED or draft.observed(POOL) is not None:
        return True
    return draft.observed(SERVICE) is None and choose_picker(spec.serving, spec.engines) is Picker.ENABLED


def _compose_picker(
    draft: Draft, replica: ReplicaIdentity, spec: ModelReplicaSpec, backend: Backend, provider_config: str
) -> None:
    account, role, binding = picker.rbac(replica)
    manifests: dict[str, Mapping[str, Any]] = {
        POOL: _as_composed_before(draft, POOL, picker.pool(replica, backend)),
        resource_names.PICKER_ACCOUNT: account,
        resource_names.PICKER_ROLE: role,
        resource_names.PICKER_ROLE_BINDING: binding,
        resource_names.PICKER_CONFIG: picker.config_map(replica, backend),
        resource_names.PICKER_SERVICE: picker.service(replica),
    }
    for key, body in manifests.items():
        draft.remote(key, body, provider_config, labels=replica.object_labels)
    deployment = _picker_deployment(draft, picker.deployment(replica, backend, spec))
    draft.remote(
        resource_names.PICKER,
        deployment,
        provider_config,
        ready_when=picker.READINESS,
        watch=True,
        labels=replica.object_labels,
    )


def _refusal(
    draft: Draft, spec: ModelReplicaSpec, replica: ReplicaIdentity, backend: Backend, cluster: Required
) -> tuple[str, str] | None:
    """Why a replica cannot be composed, as reason and message. One whose workloads are there was permitted once."""
    refusal = backend.refusal
    if not _was_made(draft, spec):
        not_permitted = _not_permitted(draft.observation.namespace, spec, permissions_of(cluster.first))
        if not_permitted:
            return not_permitted
        clashes = conflicts(replica, spec.engines)
        if clashes:
            return "PodConflict", "; ".join(clashes[:_LISTED_CLASHES])
        refusal = backend.refusal_when_new
    return (refusal.reason, refusal.message) if refusal else None


def _was_made(draft: Draft, spec: ModelReplicaSpec) -> bool:
    """Tell whether every workload is there and this replica's own: an Object that it only found proves nothing."""
    composite = draft.observation.composite
    offline = not unstructured.text(composite, "metadata", "uid")

    def is_own(child: Object | None) -> bool:
        return child is not None and objects.is_object(child) and (offline or ownership.controls(composite, child))

    return all(is_own(draft.observed(f"{WORKLOAD}{engine.name}")) for engine in spec.engines)


def _not_permitted(namespace: str, spec: ModelReplicaSpec, permissions: Permissions) -> tuple[str, str] | None:
    """What the replica's cluster does not permit, as reason and message."""
    reason = denied(namespace, read_demands(spec.engines), permissions)
    if reason is None:
        return None
    if isinstance(reason, ReservedNamespace):
        return "NamespaceReserved", f"Namespace {namespace} is reserved: deploy in another one"
    return "NotPermitted", f"{withheld(reason, spec.cluster_name, namespace)}: {remedy(reason)} the InferenceCluster"


def _provider_config(draft: Draft, name: str, cluster: Required) -> str:
    """How to reach the cluster: as it publishes, else as the Objects that are there do; empty when unknown."""
    published = unstructured.text(cluster.first, "status", "providerConfigRef", "name")
    if published:
        return published
    if cluster.empty:
        draft.doubt("InputMissing", f"InferenceCluster {name} does not exist")
    else:
        draft.doubt("InputMissing", f"InferenceCluster {name} publishes no status.providerConfigRef.name")
    in_use = [objects.provider_config(child) for _, child in sorted(draft.observation.children.items())]
    return next(filter(None, in_use), "")


def _compose_nothing(draft: Draft, reason: str, message: str) -> Composition:
    """Compose nothing new: observed children, conditions and status stay."""
    if draft.observation.children:
        return draft.hold("InputInvalid", message)
    draft.set_condition(ACCEPTED, reason, message)
    draft.set_condition(READY, "WaitingForModel", message)
    draft.set_condition(REFERENCES, "PodsNotMade")
    return draft.finish(ready=False)


def _is_ready(draft: Draft, spec: ModelReplicaSpec) -> bool:
    """Whether everything that answering a request needs is ready.

    What has served does so while its pods are replaced, as long as some of them answer.
    """
    was_ready = unstructured.is_true(draft.observation.composite, "Ready")
    replacing = status.replacing(draft, spec) if was_ready else {}
    required = (name for name in status.required_names(draft) if name not in replacing)
    return readiness.all_serve(map(draft.observed, required), before=was_ready)


def _observe_pods(draft: Draft, replica: ReplicaIdentity, provider_config: str, *, ready: bool) -> None:
    """Observe the replica's pods one by one while it does not serve, once it has a workload that makes any."""
    if ready:
        draft.drop(PODS)
    elif draft.observed(PODS) is not None or any(
        objects.remote(draft.observed(key)) for key in draft.keys if key.startswith(WORKLOAD)
    ):
        draft.child(PODS, pod_reasons.collection(replica, provider_config), ready=readiness.READY)


COMPOSER = Composer(
    api_version=MODEL_REPLICA.api_version,
    kind=MODEL_REPLICA.kind,
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt("cluster", empty=Outcome(conditions={READY: "Serving"})),
        Doubt(f"{SECRET}*"),
        Doubt(f"{CONFIG_MAP}*"),
        Doubt(PODS, unresolved=RENDERS, empty=RENDERS, malformed=RENDERS),
        Doubt(predecessor.PREDECESSOR, empty=RENDERS, malformed=RENDERS),
    ),
    children=resource_names.CHILDREN,
)
