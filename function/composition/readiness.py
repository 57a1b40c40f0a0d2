"""Whether a composed resource is ready, by its own word.

Most kinds publish a condition. Plain kinds (Service, Namespace, ...) and configuration
(ProviderConfig, Usage, ...) are ready as soon as they exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from function.composition import unstructured
from function.composition.unstructured import Object

_EXISTING_IS_READY = frozenset(
    {
        "BackendTLSPolicy",
        "ClusterProviderConfig",
        "ClusterUsage",
        "ConfigMap",
        "EndpointSlice",
        "IPAddressPool",
        "L2Advertisement",
        "Namespace",
        "ProviderConfig",
        "Secret",
        "Service",
        "Usage",
    }
)

_PROVIDERS = {"Object": "provider-kubernetes", "Release": "provider-helm"}
"""Who reports on kinds whose silence means that nobody looks at them."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether something is ready, and why not.

    Attributes:
        ready: True when observed ready.
        message: Why it is not; empty when it is.
    """

    ready: bool
    message: str = ""


READY = Readiness(ready=True)


def of(child: Object | None) -> Readiness:
    """Judge an observed child by the rule of its kind; one that is not observed is not ready."""
    if child is None:
        return Readiness(ready=False, message="not created yet")
    kind = unstructured.text(child, "kind")
    if kind in _EXISTING_IS_READY:
        return READY
    if kind == "HTTPRoute":
        return _route(child)
    if kind == "Gateway":
        return _all(child, "Accepted", "Programmed")
    if kind == "GatewayClass":
        return _all(child, "Accepted")
    provider = _PROVIDERS.get(kind)
    if provider and not unstructured.items(child, "status", "conditions"):
        return Readiness(ready=False, message=f"not reported on yet; if this lasts, see whether {provider} runs")
    ready = _all(child, "Ready")
    if not ready.ready and unstructured.condition(child, "Synced").get("status") == "False":
        return _all(child, "Synced")
    return ready


def serves(child: Object | None) -> bool | None:
    """Tell whether a child says that it is Ready; None when it says neither. One that is not there is not."""
    if child is None:
        return False
    status = unstructured.condition(child, "Ready").get("status")
    return {"True": True, "False": False}.get(status) if isinstance(status, str) else None


def all_serve(children: Iterable[Object | None], *, before: bool) -> bool:
    """Tell whether all are Ready. Where none says no and some say nothing, it is as it was before."""
    return agreed(map(serves, children), before=before)


def agreed(answers: Iterable[bool | None], *, before: bool) -> bool:
    """Tell whether all say yes. Where none says no and some say nothing, it is as it was before."""
    distinct = set(answers)
    return False not in distinct and (None not in distinct or before)


def _all(child: Object, *types: str) -> Readiness:
    for kind in types:
        found = unstructured.condition(child, kind)
        if found.get("status") != "True":
            return Readiness(ready=False, message=_why(kind, found))
    return READY


def _route(child: Object) -> Readiness:
    """A route is ready when each parent that it names has accepted it and resolved its references."""
    parents = unstructured.items(child, "status", "parents")
    if not parents:
        return Readiness(ready=False, message="no gateway has accepted the route yet")
    for parent in parents:
        for kind in ("Accepted", "ResolvedRefs"):
            found = unstructured.condition({"status": parent}, kind)
            if found.get("status") != "True":
                return Readiness(ready=False, message=_why(kind, found))
            if not unstructured.is_current(found, child):
                return Readiness(ready=False, message=f"{kind} is about an earlier generation of the route")
    return READY


def _why(kind: str, found: Object) -> str:
    if not found:
        return f"{kind} is not reported yet"
    message = unstructured.text(found, "message") or unstructured.text(found, "reason") or "no reason given"
    return f"{kind} is {found.get('status')}: {message}"
