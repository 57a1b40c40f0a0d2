"""What must hold after every pass, whatever was applied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from function.composition import Object, objects, unstructured
from function.preview import garbage, providers, usages
from function.preview.clusters import Clusters, RemoteKey
from function.preview.gateway_api import backends
from function.preview.kinds import Ref, group_of, ref_of
from function.preview.reconcile import RESOURCE_NAME, controller_uid
from function.preview.store import Store

_LABEL: Final = 63
_SUBDOMAIN: Final = 253
_LIMITS: Final = {"LeaderWorkerSet": 49, "Namespace": _LABEL, "Service": _LABEL}
_DNS_1035: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_1123: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_1123_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_PATTERNS: Final = {
    "LeaderWorkerSet": _DNS_1035,
    "Namespace": _DNS_1123,
    "Service": _DNS_1035,
}
_FREELY_NAMED: Final = "rbac.authorization.k8s.io"


def broken(store: Store, clusters: Clusters, deleted_services: AbstractSet[Ref]) -> list[str]:
    """Give every violation, one sentence each.

    Args:
        store: The control plane.
        clusters: The inference clusters.
        deleted_services: Services that went because their composite was deleted on purpose.
    """
    return [
        *routes_without_backends(store, deleted_services),
        *_leaked(store),
        *_claims(store, clusters),
        *_names(store),
    ]


def routes_without_backends(store: Store, deleted_services: AbstractSet[Ref]) -> Iterator[str]:
    """Every backend of a route must name a Service that exists and stays."""
    for route in store.find("gateway.networking.k8s.io", "HTTPRoute"):
        if unstructured.text(route, "metadata", "deletionTimestamp"):
            continue
        for backend in backends(route):
            if (unstructured.text(backend, "kind") or "Service") != "Service":
                continue
            namespace = unstructured.text(backend, "namespace") or unstructured.namespace_of(route)
            service = Ref("", "Service", namespace, unstructured.text(backend, "name"))
            reason = _deletion_reason(store, service)
            if reason and service not in deleted_services:
                yield f"{ref_of(route)} sends requests to {service}, {reason}"


def _deletion_reason(store: Store, ref: Ref) -> str:
    """Why an object does not stay; empty when it does."""
    obj = store.get(ref)
    if obj is None:
        return "which does not exist"
    while True:
        if unstructured.text(obj, "metadata", "deletionTimestamp"):
            return "which is being deleted" if ref_of(obj) == ref else f"which goes with {ref_of(obj)}"
        uid = controller_uid(obj)
        if not uid:
            return ""
        owner = store.by_uid(uid)
        if owner is None:
            return f"which goes because what composed {ref_of(obj)} is gone"
        obj = owner


def _leaked(store: Store) -> Iterator[str]:
    """Every composed object must belong to a composite that knows of it."""
    protected = {usages.side(store, usage, "of") for kind in usages.KINDS for usage in store.find(usages.GROUP, kind)}
    known: dict[str, AbstractSet[Ref]] = {}
    for obj in store.everything():
        key = unstructured.annotations(obj).get(RESOURCE_NAME)
        if not key or unstructured.text(obj, "metadata", "deletionTimestamp") or ref_of(obj) in protected:
            continue
        uid = controller_uid(obj)
        owner = store.by_uid(uid)
        if owner is None:
            if any(store.by_uid(owner) for owner in garbage.owners(obj)):
                continue
            if obj["kind"] not in usages.KINDS:
                yield f"{ref_of(obj)} is composed by nothing any more and was not deleted"
        elif not unstructured.text(owner, "metadata", "deletionTimestamp"):
            if uid not in known:
                known[uid] = _children(owner)
            if not {ref_of(obj), replace(ref_of(obj), namespace="")} & known[uid]:
                yield f"{ref_of(obj)} was composed as {key!r} by {ref_of(owner)}, which has lost track of it"


def _children(owner: Object) -> AbstractSet[Ref]:
    """The children that a composite refers to; one of a namespaced composite without its namespace."""
    return {
        Ref(
            group_of(unstructured.text(ref, "apiVersion")),
            unstructured.text(ref, "kind"),
            unstructured.text(ref, "namespace"),
            unstructured.text(ref, "name"),
        )
        for ref in unstructured.items(owner, "spec", "crossplane", "resourceRefs")
    }


def _claims(store: Store, clusters: Clusters) -> Iterator[str]:
    """Every object on another cluster must belong to exactly one Object."""
    claims: dict[RemoteKey, list[Ref]] = {}
    for obj in store.find(providers.KUBERNETES, "Object"):
        if providers.allows(obj, "Create") or providers.allows(obj, "Update"):
            claims.setdefault(providers.remote_of(store, obj), []).append(ref_of(obj))
    for (cluster, ref), claimants in sorted(claims.items()):
        if len(claimants) > 1:
            yield f"{ref} on cluster {cluster} is claimed by {' and '.join(map(str, sorted(claimants)))}"
    for remote in clusters.everything():
        key = (remote.cluster, ref_of(remote.obj))
        if key not in claims and not remote.orphaned:
            yield f"{key[1]} on cluster {remote.cluster} was made by {remote.applied_by} and is left behind"


def _names(store: Store) -> Iterator[str]:
    """Every name and label value of what is composed must be one that Kubernetes takes."""
    for obj in store.everything():
        if RESOURCE_NAME in unstructured.annotations(obj):
            yield from _bad_name(obj, "")
            if objects.is_object(obj):
                remote = objects.desired(obj)
                yield from _bad_name(remote, f" on cluster {providers.cluster_of(store, obj)}")


def _bad_name(obj: Object, where: str) -> Iterator[str]:
    kind, name = unstructured.text(obj, "kind"), unstructured.name_of(obj)
    limit = _LIMITS.get(kind, _SUBDOMAIN)
    subject = f"{kind}/{name}{where}"
    if len(name) > limit:
        yield f"{subject}: the name has {len(name)} characters, and {kind} takes {limit}"
    pattern = _PATTERNS.get(kind, _DNS_1123_SUBDOMAIN)
    if group_of(unstructured.text(obj, "apiVersion")) != _FREELY_NAMED and not pattern.fullmatch(name):
        yield f"{subject}: the name is none that {kind} takes"
    for key, value in unstructured.labels(obj).items():
        if len(value) > _LABEL or not _LABEL_VALUE.fullmatch(value):
            yield f"{subject}: label {key} has the value {value!r}, which is no label value"
