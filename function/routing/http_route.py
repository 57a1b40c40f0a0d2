"""A service's HTTPRoute: how a Gateway API gateway is told what is routed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from function.api import labels
from function.composition import Manifest, Object, manifest
from function.routing.traffic import Target

GATEWAY: Final = "modelplane"
"""The Gateway that every service's route belongs to, in the system namespace."""

MOST_BACKENDS: Final = 16
"""The most backends that a rule may name."""


class Verdict(Enum):
    """What our gateway says about a route."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and its words.

    Attributes:
        verdict: What the gateway says about the route as it is now.
        message: Why it is not good; empty when it is.
    """

    verdict: Verdict
    message: str = ""


def route(namespace: str, name: str, targets: Iterable[Target], observed: Object | None) -> Manifest:
    """Build the route of a service.

    Args:
        namespace: The service's namespace.
        name: The service's name.
        targets: What is routed to. None at all leaves a route that answers with an error.
        observed: The route as it is now, which endpoints that cannot be read are kept from.
    """
    now = backends(observed)
    rule: Manifest = {
        "matches": [{"path": {"type": "PathPrefix", "value": f"/{namespace}/{name}/"}}],
        "timeouts": {"request": "0s"},
    }
    refs = [_kept(now[target.kept], target) if target.kept else _backend(target) for target in targets]
    if refs:
        rule["backendRefs"] = refs
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"namespace": namespace},
        "spec": {
            "parentRefs": [{"name": GATEWAY, "namespace": labels.SYSTEM_NAMESPACE}],
            "rules": [rule],
        },
    }


def backends(observed: Object | None) -> dict[str, Mapping[str, Any]]:
    """The backends that an observed route names, by name."""
    found = {}
    for rule in manifest.items(observed, "spec", "rules"):
        for ref in manifest.items(rule, "backendRefs"):
            name = manifest.text(ref, "name")
            if name and manifest.integer(ref, "port") > 0:
                found[name] = ref
    return found


def judge(observed: Object | None) -> Judged:
    """Read what our gateway says about a route: accepted, and every backend found.

    Words about an earlier generation of the route say nothing about the present one.
    """
    if observed is None:
        return Judged(Verdict.UNKNOWN, "the route is not created yet")
    generation = manifest.integer(observed, "metadata", "generation")
    parent = next((entry for entry in manifest.items(observed, "status", "parents") if _is_ours(entry, observed)), None)
    if parent is None:
        return Judged(Verdict.UNKNOWN, f"Gateway {labels.SYSTEM_NAMESPACE}/{GATEWAY} has not seen the route yet")
    for kind in ("Accepted", "ResolvedRefs"):
        found = manifest.condition({"status": parent}, kind)
        if manifest.integer(found, "observedGeneration", default=generation) < generation:
            return Judged(Verdict.UNKNOWN, f"the gateway has not seen the latest change of the route: {kind} is older")
        status = found.get("status")
        if status == "True":
            continue
        said = manifest.text(found, "message") or manifest.text(found, "reason") or "no reason given"
        verdict = Verdict.BAD if status == "False" else Verdict.UNKNOWN
        return Judged(verdict, f"{kind} is {status}: {said}" if found else f"{kind} is not reported yet")
    return Judged(Verdict.GOOD)


def reaches(observed: Object | None, targets: Iterable[Target]) -> bool:
    """Tell whether a route, as it is now, sends requests to any of the targets."""
    now = backends(observed)
    wanted = {target.kept or target.endpoint.backend for target in targets if target.weight > 0}
    return any(manifest.integer(now[name], "weight", default=1) > 0 for name in wanted & set(now))


def _is_ours(entry: Mapping[str, Any], observed: Object) -> bool:
    ref = manifest.mapping(entry, "parentRef")
    namespace = manifest.text(ref, "namespace") or manifest.namespace_of(observed)
    kind = manifest.text(ref, "kind") or "Gateway"
    return (kind, namespace, manifest.text(ref, "name")) == ("Gateway", labels.SYSTEM_NAMESPACE, GATEWAY)


def _backend(target: Target) -> Manifest:
    endpoint = target.endpoint
    rewrite: Manifest = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": endpoint.rewrite_path}}
    if endpoint.hostname:
        rewrite["hostname"] = endpoint.hostname
    return {
        "name": endpoint.backend,
        "port": endpoint.port,
        "weight": target.weight,
        "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
    }


def _kept(ref: Mapping[str, Any], target: Target) -> Manifest:
    """A backend as it is in the observed route, with its share anew."""
    filters = [dict(item) for item in manifest.items(ref, "filters")]
    body: Manifest = {"name": ref["name"], "port": ref["port"], "weight": target.weight}
    return {**body, "filters": filters} if filters else body
