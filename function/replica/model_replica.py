"""ModelReplica: one copy of a model, as workloads on its cluster and the path that leads there.

Everything it needs is in its spec, which never changes; the cluster is read only for how to reach
it. Once something is composed there, the Objects themselves say how, and the cluster may be
missing, unreadable or broken without any effect on what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

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
    objects,
    owned,
    ownership,
    readiness,
    unstructured,
)
from function.inventory.permissions import Permissions, permissions_of
from function.replica import keys, picker, pod_reasons, references, route, status
from function.replica.conditions import ACCEPTED, READY, VOCABULARY
from function.replica.identity import Replica, read_replica_identity
from function.replica.keys import CLAIM, CONFIG_MAP, DISRUPTION, PODS, POOL, ROUTE, SECRET, SERVICE, WORKLOAD
from function.replica.topologies.topology import DISAGGREGATED, Topology, choose_picker, topology
from function.replica.workloads import SERVED, claim_template, disruption_budget, workload, workload_kind
from function.scheduling import few

API_VERSION: Final = f"{labels.GROUP}/{labels.VERSION}"

REMAINS: Final = "remains"
_LOOK_AGAIN: Final = timedelta(seconds=3)
_ROLES: Final = ({"Standalone"}, {"Leader", "Worker"})


def compose(draft: Draft) -> Composition:
    """Compose what a replica has on its cluster."""
    spec = draft.spec(ModelReplicaSpec)
    cluster = draft.require("cluster", Requirement(API_VERSION, "InferenceCluster", name=spec.cluster_name))
    replica = read_replica_identity(draft.observation, spec.model_cache_ref.name if spec.model_cache_ref else "")
    pods = draft.require(PODS, pod_reasons.requirement(replica))
    sources = references.require(draft, spec)
    remains = _remains(draft, replica)
    _check(spec)
    if cluster.unresolved:
        return draft.hold("InputUnresolved", f"InferenceCluster {spec.cluster_name} not fetched yet")
    pending = [source for source, answer in sources.items() if answer.unresolved]
    if pending:
        return draft.hold("InputUnresolved", f"{pending[0].kind} {pending[0].name} not fetched yet")
    if remains is not None and remains.unresolved:
        return draft.hold("InputUnresolved", "Objects of an earlier replica of this name not fetched yet")
    mine, left = _sorted_out(draft, remains)
    if left:
        draft.requeue_at(draft.observation.now + _LOOK_AGAIN)
        return _nothing_new(draft, "PredecessorTerminating", _still_there(left))
    draft.adopt(mine)
    shape = topology(spec, picker=_has_picker(draft, spec))
    refusal = _refusal(draft, spec, shape, cluster)
    if refusal:
        return _nothing_new(draft, *refusal)
    provider_config = _provider_config(draft, spec.cluster_name, cluster)
    if not provider_config:
        message = f"InferenceCluster {spec.cluster_name} publishes no provider config yet"
        return _nothing_new(draft, "WaitingForCluster", message)
    replica = replace(replica, copies=references.compose(draft, replica, sources, provider_config))
    for engine in spec.engines:
        _compose_engine(draft, replica, engine, provider_config)
    if shape.picker:
        _compose_picker(draft, replica, spec, shape, provider_config)
    else:
        draft.remote(SERVICE, route.service(replica), provider_config, labels=replica.marks)
    backend = picker.to_pool(replica) if shape.picker else route.to_service(replica)
    http_route = route.route(replica, backend)
    draft.remote(ROUTE, http_route, provider_config, ready_when=route.ROUTABLE, watch=True, labels=replica.marks)
    ready = _is_ready(draft)
    _observe_pods(draft, replica, provider_config, ready=ready)
    return status.finish(draft, spec, replica, shape, pods, ready=ready)


def _remains(draft: Draft, replica: Replica) -> Required | None:
    """Ask for what an earlier replica of this name has left, before anything is composed.

    It would have the same names on the cluster: who removes the old would remove the new.
    """
    if _is_begun(draft):
        return None
    wanted = Requirement(objects.API_VERSION, objects.KIND, labels=replica.marks, namespace=replica.namespace)
    return draft.require(REMAINS, wanted)


def _is_begun(draft: Draft) -> bool:
    """Tell whether something of the replica has been composed for its cluster."""
    return any(objects.is_object(child) for child in draft.observation.children.values())


def _sorted_out(draft: Draft, remains: Required | None) -> tuple[dict[str, Object], list[Object]]:
    """Tell what is this very replica's, by composition resource name, from what an earlier one has left.

    Nothing is observed of a replica that has something only where Crossplane has lost track of it.
    """
    found = remains.found if remains is not None else ()
    composite = draft.observation.composite
    mine = [one for one in found if ownership.controls(composite, one)]
    kept = {ownership.resource_name(one): one for one in mine if owned.is_ours(one, composite)}
    return {key: one for key, one in kept.items() if key}, [one for one in found if one not in mine]


def _still_there(left: list[Object]) -> str:
    first = min(map(unstructured.name_of, left))
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return f"Object {first}{more} of an earlier replica of this name still being removed from the cluster"


def _check(spec: ModelReplicaSpec) -> None:
    """Refuse what admission refuses and rendering could not do without."""
    members = [engine.members for engine in spec.engines]
    if not members or not all(members):
        raise InvalidSpecError("spec.engines: every replica needs an engine, and every engine a member")
    if not all(one.template.spec.containers for several in members for one in several):
        raise InvalidSpecError("spec.engines: every member needs a container")
    if not all(_is_an_engine([one.role for one in several]) for several in members):
        raise InvalidSpecError("spec.engines: an engine is one Standalone member, or one Leader and one Worker")
    phases = sorted(engine.phase or "" for engine in spec.engines)
    if phases != ["Decode", "Prefill"] if spec.serving.mode == DISAGGREGATED else any(phases):
        raise InvalidSpecError("spec.engines: one engine each of phase Prefill and Decode, for that serving mode alone")


def _is_an_engine(roles: list[str]) -> bool:
    return set(roles) in _ROLES and len(roles) == len(set(roles))


def _compose_engine(draft: Draft, replica: Replica, engine: PlacedEngine, provider_config: str) -> None:
    for member in engine.members:
        if member.device_requests:
            key = f"{CLAIM}{engine.name}-{member.role.lower()}"
            body = _as_it_runs(draft, key, claim_template(replica, engine, member))
            draft.remote(key, body, provider_config, labels=replica.marks)
    if engine.copies > 1:
        budget = disruption_budget(replica, engine)
        draft.remote(f"{DISRUPTION}{engine.name}", budget, provider_config, labels=replica.marks)
    key = f"{WORKLOAD}{engine.name}"
    body = _as_it_runs(draft, key, workload(replica, engine))
    served = SERVED[workload_kind(engine)]
    draft.remote(key, body, provider_config, ready_when=served, watch=True, labels=replica.marks)


def _as_it_runs(draft: Draft, key: str, body: Manifest) -> Mapping[str, Any]:
    """Leave what is on the cluster as it was made: else a version that makes other pods would restart every engine."""
    seen = draft.observed(key)
    runs = objects.desired(seen)
    return runs if objects.remote(seen) and runs.get("kind") == body["kind"] else body


def _as_it_picks(draft: Draft, body: Manifest) -> Mapping[str, Any]:
    """Leave a picker as it runs while its configuration is the same: one that starts anew knows of no cache."""
    runs = objects.desired(draft.observed(keys.PICKER))
    return _as_it_runs(draft, keys.PICKER, body) if picker.picks_alike(runs, body) else body


def _has_picker(draft: Draft, spec: ModelReplicaSpec) -> bool:
    """Tell whether the replica has an endpoint picker: for good, once it has one, or goes without."""
    if spec.serving.mode == DISAGGREGATED or draft.observed(POOL) is not None:
        return True
    return draft.observed(SERVICE) is None and choose_picker(spec.serving, spec.engines) == "Enabled"


def _compose_picker(
    draft: Draft, replica: Replica, spec: ModelReplicaSpec, shape: Topology, provider_config: str
) -> None:
    account, role, binding = picker.access(replica)
    plain = {
        POOL: picker.pool(replica, shape),
        keys.PICKER_ACCOUNT: account,
        keys.PICKER_ROLE: role,
        keys.PICKER_ROLE_BINDING: binding,
        keys.PICKER_CONFIG: picker.config(replica, shape),
        keys.PICKER_SERVICE: picker.service(replica),
    }
    for key, body in plain.items():
        draft.remote(key, body, provider_config, labels=replica.marks)
    runs = _as_it_picks(draft, picker.deployment(replica, shape, spec))
    draft.remote(keys.PICKER, runs, provider_config, ready_when=picker.PICKS, watch=True, labels=replica.marks)


def _refusal(draft: Draft, spec: ModelReplicaSpec, shape: Topology, cluster: Required) -> tuple[str, str] | None:
    """Why nothing can be made of a replica, as reason and message. What is begun needs no permission any more."""
    if not _is_begun(draft):
        withheld = _withheld(draft.observation.namespace, spec, permissions_of(cluster.first))
        if withheld:
            return withheld
    if shape.fault:
        return "InvalidPort", shape.fault
    return None


def _withheld(namespace: str, spec: ModelReplicaSpec, permissions: Permissions) -> tuple[str, str] | None:
    """What the replica's cluster does not permit, as reason and message."""
    if permissions.reserve(namespace):
        return "NamespaceReserved", f"Namespace {namespace} is reserved: deploy in another one"
    granting = {key for engine in spec.engines for member in engine.members for key in member.template.granting}
    withheld = permissions.withheld(granting)
    if not withheld:
        return None
    return "NotPermitted", (
        f"{spec.cluster_name} does not permit pods to have {few(withheld)}: remove it from template.metadata, or "
        "have it added to spec.namespaces.podMetadata of the InferenceCluster"
    )


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


def _nothing_new(draft: Draft, reason: str, message: str) -> Composition:
    """Compose nothing; what is there stays, and so does what is known of it."""
    if draft.observation.children:
        return draft.hold("InputInvalid", message)
    draft.set_condition(ACCEPTED, reason, message)
    draft.set_condition(READY, "WaitingForModel", message)
    return draft.finish(ready=False)


def _is_ready(draft: Draft) -> bool:
    """Whether everything that answering a request needs is ready.

    What has served does so while its pods are replaced, as long as some of them answer.
    """
    was_ready = unstructured.is_true(draft.observation.composite, "Ready")
    replaced = status.replaced(draft) if was_ready else {}
    needed = (key for key in status.needed(draft) if key not in replaced)
    return readiness.all_serve(map(draft.observed, needed), before=was_ready)


def _observe_pods(draft: Draft, replica: Replica, provider_config: str, *, ready: bool) -> None:
    """Observe the replica's pods one by one while it does not serve, once it has a workload that makes any."""
    if ready:
        draft.drop(PODS)
    elif draft.observed(PODS) is not None or any(
        objects.remote(draft.observed(key)) for key in draft.keys if key.startswith(WORKLOAD)
    ):
        draft.child(PODS, pod_reasons.collection(replica, provider_config), ready=readiness.READY)


COMPOSER = Composer(
    api_version=API_VERSION,
    kind="ModelReplica",
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt("cluster", empty=Outcome(conditions={READY: "Serving"})),
        Doubt(f"{SECRET}*"),
        Doubt(f"{CONFIG_MAP}*"),
        Doubt(PODS, unresolved=RENDERS, empty=RENDERS, malformed=RENDERS),
        Doubt(REMAINS, empty=RENDERS, malformed=RENDERS),
    ),
    children=keys.CHILDREN,
)
