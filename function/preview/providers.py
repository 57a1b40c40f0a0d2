"""Crossplane's providers and the control cluster's own controllers, simulated.

One call of `step` is one step of time: what was applied before it is acted upon once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from function.composition import Manifest, Object, objects, releases, timestamps, unstructured
from function.fleet.stack import promises
from function.preview import cel, garbage, gateway_api, usages, workloads
from function.preview.clusters import CONTROL, Clusters, Remote, remote_manifest
from function.preview.conditions import condition, set_crossplane_conditions
from function.preview.gateway_api import ClusterState
from function.preview.kinds import Ref, group_of, ref_of
from function.preview.managed_fields import Writer
from function.preview.reconcile import controller_uid
from function.preview.seeds import crd
from function.preview.store import Store, with_status

KUBERNETES: Final = "kubernetes.m.crossplane.io"
HELM: Final = "helm.m.crossplane.io"

_FINALIZER: Final = "finalizer.managedresource.crossplane.io"
_IN_CLUSTER: Final = "InjectedIdentity"
_IN_USE: Final = "in-use.crossplane.io"
_PROVIDER: Final = Writer("crossplane-provider", "Update", name="the provider")
_CONTROLLER: Final = Writer("controller", "Update", name="the control cluster")
_HELM: Final = Writer("helm", name="Helm")
_CONFIGS: Final = frozenset({"ProviderConfig", "ClusterProviderConfig", "ProviderConfigUsage"})

CHART_CRDS: Final[Mapping[str, Sequence[tuple[str, str, str]]]] = {
    "metallb": (
        ("metallb.io", "IPAddressPool", "ipaddresspools"),
        ("metallb.io", "L2Advertisement", "l2advertisements"),
    ),
    "traefik": (("traefik.io", "Middleware", "middlewares"), ("traefik.io", "ServersTransport", "serverstransports")),
}
"""Definitions that charts bring to the control cluster: group, kind and plural."""

CONTROL_KINDS: Final = {
    "CustomResourceDefinition": "apiextensions.k8s.io",
    "Namespace": "",
    "GatewayClass": gateway_api.GROUP,
    "Gateway": gateway_api.GROUP,
    "HTTPRoute": gateway_api.GROUP,
}
"""Kinds of the control cluster whose controllers are simulated, those first that others wait for, with their groups."""


def step(store: Store, clusters: Clusters) -> None:
    """Let every provider and controller work once."""
    for obj in store.find(KUBERNETES, "Object"):
        _reconcile_object(store, clusters, obj)
    for obj in store.everything():
        group, kind = group_of(obj["apiVersion"]), obj["kind"]
        if kind not in _CONFIGS and (
            group.endswith(".upbound.io") or (group, kind) == (HELM, "Release") or kind == "ObservedObjectCollection"
        ):
            _reconcile_managed(store, obj)
    for kind, group in CONTROL_KINDS.items():
        for obj in store.find(group, kind):
            status = workloads.settled_status(obj, _cluster_state(store, clusters))
            store.update(with_status(obj, status), _CONTROLLER.status)
    _protect_provider_configs(store)
    usages.step(store)
    garbage.collect(store)


def cluster_of(store: Store, obj: Object, group: str = KUBERNETES) -> str:
    """The inference cluster that the provider config of an Object, or a Release, reaches.

    It is the cluster whose composition the provider config belongs to, even if that is being deleted
    and gone before the rest; a provider config that nothing composes stands for a cluster of its own
    name. The control cluster has no name.
    """
    owner: Object | None = _provider_config(store, obj, group)
    if unstructured.text(owner, "spec", "credentials", "source") == _IN_CLUSTER:
        return CONTROL
    while owner is not None:
        if owner.get("kind") == "InferenceCluster":
            return unstructured.name_of(owner)
        owner = store.last_seen_by_uid(controller_uid(owner))
    return objects.provider_config(obj)


def remote_of(store: Store, obj: Object) -> tuple[str, Ref]:
    """Where an Object's manifest belongs."""
    return cluster_of(store, obj), ref_of(remote_manifest(objects.desired(obj)))


def allows(obj: Object, action: str) -> bool:
    """Tell whether an Object's management policies allow something."""
    policies = unstructured.dig(obj, "spec", "managementPolicies", default=["*"])
    return "*" in policies or action in policies


# ---------------------------------------------------------------------- Objects


def _reconcile_object(store: Store, clusters: Clusters, obj: Manifest) -> None:
    ref = ref_of(obj)
    key = remote_of(store, obj)
    if unstructured.text(obj, "metadata", "deletionTimestamp"):
        if allows(obj, "Delete"):
            if _has_other_finalizers(obj):
                return
            clusters.remove(key, ref)
        else:
            clusters.orphan(key)
        store.finalize(ref, _FINALIZER, _PROVIDER, present=False)
        return
    store.finalize(ref, _FINALIZER, _PROVIDER, present=True)
    obj = store.get(ref) or obj
    manifest = remote_manifest(objects.desired(obj))
    problem = _connection_problem(store, obj, KUBERNETES)
    missing = clusters.missing_namespace(key[0], manifest)
    if missing:
        problem = problem or f'cannot apply object: namespaces "{missing}" not found'
    live = clusters.get(key)
    if live is None and not allows(obj, "Create"):
        promised = promises.as_promised(manifest)
        if promised is not None and not problem:
            there = [condition("Synced", "True", "ReconcileSuccess"), condition("Ready", "True", "Available")]
            _write_status(store, obj, there, {"atProvider": {"manifest": promised}})
            return
        problem = problem or "observe failed: external resource does not exist"
    if problem:
        _write_status(store, obj, [condition("Synced", "False", "ReconcileError", problem)], {})
        return
    if live is not None and not allows(obj, "Update"):
        manifest = live.applied
    remote = clusters.apply(key[0], manifest, ref, store.now)
    ready = condition("Ready", "False", "Creating") if live is None else _readiness(obj, remote)
    conditions = [condition("Synced", "True", "ReconcileSuccess"), ready]
    _write_status(store, obj, conditions, {"atProvider": {"manifest": remote.obj}})


def _readiness(obj: Object, remote: Remote) -> Manifest:
    policy = unstructured.text(obj, "spec", "readiness", "policy") or "SuccessfulCreate"
    good, message = True, ""
    if policy == "DeriveFromObject":
        good = unstructured.is_true(remote.obj, "Ready")
    elif policy == "AllTrue":
        found = unstructured.items(remote.obj, "status", "conditions")
        good = bool(found) and all(item.get("status") == "True" for item in found)
    elif policy == "DeriveFromCelQuery":
        good, message = cel.holds(unstructured.text(obj, "spec", "readiness", "celQuery"), remote.obj)
    if good:
        return condition("Ready", "True", "Available")
    return condition("Ready", "False", "Unavailable", message)


# ---------------------------------------------------------------------- Releases and cloud resources


def _reconcile_managed(store: Store, obj: Manifest) -> None:
    """A managed resource comes up in two steps, and goes in one."""
    ref = ref_of(obj)
    if unstructured.text(obj, "metadata", "deletionTimestamp"):
        store.finalize(ref, _FINALIZER, _PROVIDER, present=_has_other_finalizers(obj))
        return
    store.finalize(ref, _FINALIZER, _PROVIDER, present=True)
    obj = store.get(ref) or obj
    problem = _connection_problem(store, obj, ref.group) if ref.kind == "Release" else ""
    if problem:
        _write_status(store, obj, [condition("Synced", "False", "ReconcileError", problem)], {})
        return
    synced = condition("Synced", "True", "ReconcileSuccess")
    if ref.kind == "Release":
        ready, revision, state = _release(obj, store.now)
        _write_status(store, obj, [synced, ready], {"atProvider": {"revision": revision, "state": state}})
        if state == "deployed" and _is_local(store, obj):
            for definition in CHART_CRDS.get(unstructured.text(obj, "spec", "forProvider", "chart", "name"), ()):
                store.apply(crd(*definition), _HELM)
        return
    started = unstructured.is_true(obj, "Synced")
    ready = condition("Ready", "True", "Available") if started else condition("Ready", "False", "Creating")
    _write_status(store, obj, [synced, ready], {})


def polls(store: Store) -> dict[Ref, datetime]:
    """Tell when provider-helm looks again at Releases that it has changed."""
    found = {ref_of(release): _next_poll(release) for release in store.find(HELM, "Release")}
    return {ref: moment for ref, moment in found.items() if moment is not None}


def _release(obj: Object, now: datetime) -> tuple[Manifest, int, str]:
    """How a Release stands: Ready, its revision, and Helm's word. A changed one is not Ready until the next look."""
    revision = unstructured.integer(obj, "status", "atProvider", "revision")
    if not revision:
        return condition("Ready", "False", "Creating"), 1, "pending-install"
    looked = unstructured.integer(unstructured.condition(obj, "Synced"), "observedGeneration")
    if looked < unstructured.integer(obj, "metadata", "generation"):
        return condition("Ready", "False", "Unavailable"), revision + 1, "deployed"
    moment = _next_poll(obj)
    if moment is not None and now < moment:
        return condition("Ready", "False", "Unavailable"), revision, "deployed"
    return condition("Ready", "True", "Available"), revision, "deployed"


def _next_poll(release: Object) -> datetime | None:
    """When a Release that was changed is looked at again; None when it was not changed."""
    ready = unstructured.condition(release, "Ready")
    since = timestamps.time_of(unstructured.text(ready, "lastTransitionTime"))
    return since + releases.POLL if since is not None and ready.get("reason") == "Unavailable" else None


def _is_local(store: Store, obj: Object) -> bool:
    """Tell whether a Release goes to the control cluster."""
    return cluster_of(store, obj, HELM) == CONTROL


# ---------------------------------------------------------------------- provider configs


def _protect_provider_configs(store: Store) -> None:
    """A provider config that is in use is not deleted."""
    for group, user in ((KUBERNETES, "Object"), (HELM, "Release")):
        users = store.find(group, user)
        for kind in ("ClusterProviderConfig", "ProviderConfig"):
            for config in store.find(group, kind):
                used = any(_provider_config(store, user, group) == config for user in users)
                store.finalize(ref_of(config), _IN_USE, _PROVIDER, present=used)


def _has_other_finalizers(obj: Object) -> bool:
    """Tell whether others than the provider have a finalizer, which it lets go first."""
    return any(finalizer != _FINALIZER for finalizer in unstructured.dig(obj, "metadata", "finalizers", default=[]))


def _provider_config(store: Store, obj: Object, group: str) -> Manifest | None:
    ref = unstructured.mapping(obj, "spec", "providerConfigRef")
    kind = unstructured.text(ref, "kind") or "ClusterProviderConfig"
    namespace = unstructured.namespace_of(obj) if kind == "ProviderConfig" else ""
    return store.get(Ref(group, kind, namespace, unstructured.text(ref, "name")))


def _connection_problem(store: Store, obj: Object, group: str) -> str:
    """Why a provider cannot reach the cluster of an Object or Release; empty when it can."""
    config = _provider_config(store, obj, group)
    if config is None:
        ref = unstructured.mapping(obj, "spec", "providerConfigRef")
        return f"connect failed: {unstructured.text(ref, 'kind')} {unstructured.text(ref, 'name')!r} not found"
    for path in (("spec", "credentials"), ("spec", "identity")):
        secret_ref = unstructured.mapping(config, *path, "secretRef")
        if not secret_ref:
            continue
        namespace, name, key = (unstructured.text(secret_ref, field) for field in ("namespace", "name", "key"))
        secret = store.get(Ref("", "Secret", namespace, name))
        if secret is None:
            return f'connect failed: cannot get credentials: Secret "{namespace}/{name}" not found'
        if key not in {**unstructured.mapping(secret, "data"), **unstructured.mapping(secret, "stringData")}:
            return f'connect failed: cannot get credentials: Secret "{namespace}/{name}" has no key "{key}"'
    return ""


def _write_status(store: Store, obj: Manifest, conditions: Sequence[Object], fields: Mapping[str, Any]) -> None:
    generation = {"observedGeneration": obj["metadata"]["generation"]}
    only_synced = obj["kind"] == "Release"  # provider-helm does not say which generation Ready is about
    stamped = [item if only_synced and item["type"] != "Synced" else {**item, **generation} for item in conditions]
    merged = set_crossplane_conditions(unstructured.items(obj, "status", "conditions"), stamped, store.now)
    status = {**unstructured.mapping(obj, "status"), **fields, "conditions": merged}
    store.update(with_status(obj, status), _PROVIDER.status)


def _cluster_state(store: Store, clusters: Clusters) -> ClusterState:
    return ClusterState(
        store.now,
        find=lambda kind: store.find(CONTROL_KINDS.get(kind, ""), kind),
        address=lambda obj: clusters.addresses.of(CONTROL, obj),
    )
