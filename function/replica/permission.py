"""Whether a cluster lets the pods of a replica be made, and what to do where it does not."""

from __future__ import annotations

from typing import Final

from function.inventory.permissions import Permissions, list_of
from function.inventory.pod_demands import PodDemands
from function.scheduling import Denied, NotPermitted, PodsTooPrivileged, ReservedNamespace, few

_METADATA: Final = "podMetadata"


def denied(namespace: str, demands: PodDemands, permissions: Permissions) -> Denied | None:
    """Tell why a cluster takes no new pods; None when it does.

    Args:
        namespace: Their namespace.
        demands: What they ask for.
        permissions: What the cluster permits.
    """
    if permissions.reserve(namespace):
        return ReservedNamespace(namespace)
    keys, names = permissions.withheld(demands.keys), permissions.withheld_names(demands.names)
    if keys or names:
        lists = ([_METADATA] if keys else []) + sorted({list_of(name) for name in names})
        return NotPermitted((*keys, *map(str, names)), tuple(lists))
    level = permissions.level_of(namespace)
    violations = demands.violations[level]
    return PodsTooPrivileged(level.label, demands.level.label, violations) if violations else None


def withheld(reason: NotPermitted | PodsTooPrivileged, cluster: str, namespace: str) -> str:
    """Say what a cluster does not let pods have.

    Args:
        reason: Why it does not take them.
        cluster: The cluster.
        namespace: The namespace of the pods.
    """
    if isinstance(reason, NotPermitted):
        return f"{cluster} does not permit pods to have {few(reason.keys)}"
    return (
        f"{cluster} keeps namespace {namespace} to pod security {reason.level}, which does not admit "
        f"{few(reason.violations)}"
    )


def remedy(reason: NotPermitted | PodsTooPrivileged) -> str:
    """Say what to do; the name of the InferenceCluster that it is about is to follow."""
    if isinstance(reason, PodsTooPrivileged):
        override = f"have podSecurity {reason.needed} set for the namespace in spec.namespaces.overrides of"
        return f"change template.spec, or {override}"
    places = {"template.metadata" if name == _METADATA else "template.spec" for name in reason.lists}
    lists = " and ".join(f"spec.namespaces.{name}" for name in reason.lists)
    return f"remove it from {' and '.join(sorted(places))}, or have it added to {lists} of"
