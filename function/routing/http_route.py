"""A service's HTTPRoute: how a Gateway API gateway is told what is routed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from function.api import labels
from function.composition import Manifest, Object, unstructured
from function.composition.gateway_address import STEERING_HEADERS
from function.routing.endpoint_view import Endpoint
from function.routing.front_door import EVERY_PATH, MARKER, PUBLIC_PATHS
from function.routing.gateway_api import API_VERSION, CONTROLLER_NAME, GROUP
from function.routing.traffic import Target

GATEWAY: Final = "modelplane"
"""The Gateway that every service's route belongs to, in the system namespace."""

MOST_BACKENDS: Final = 16
"""The most backends that a rule may name."""

_PRESENT: Final = "1"


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


@dataclass(frozen=True, slots=True)
class Routed:
    """A backend that an observed route names.

    Attributes:
        endpoint: How it is routed to; what the route does not say of it is left empty.
        weight: Its share of the traffic.
    """

    endpoint: Endpoint
    weight: int


def route(
    namespace: str,
    name: str,
    paths: Sequence[str],
    targets: Sequence[Target],
    observed: Object | None,
    *,
    marker: str = "",
) -> Manifest:
    """Build the route of a service: a rule for each path that is public, since each is replaced by one of its own.

    Requests leave with a mark of the gateway, and one that has it when it arrives has gone in a circle: it meets a
    rule of its own, without any backend, which a gateway answers with an error. A rule that asks for a header goes
    before one with the same path that asks for none.

    Args:
        namespace: The service's namespace.
        name: The service's name.
        paths: What of an endpoint is public; empty leaves it as it is.
        targets: What is routed to. None at all leaves a route that answers with an error.
        observed: The route as it is now, which endpoints that cannot be read are kept from.
        marker: The header that marks requests; empty leaves it as it is.
    """
    prefix = f"/{namespace}/{name}"
    now = backends(namespace, name, observed)
    shares = [(now[target.kept].endpoint if target.kept else target.endpoint, target.weight) for target in targets]
    public = paths or sorted({path for path, _ in _rules(prefix, observed)}) or PUBLIC_PATHS
    mark = marker or _marker(observed)
    rules = [_rule(prefix, path, shares, mark) for path in public]
    if mark:
        rules.append({"matches": [_match(prefix, path, mark) for path in public]})
    return {
        "apiVersion": API_VERSION,
        "kind": "HTTPRoute",
        "metadata": {"namespace": namespace},
        "spec": {
            "parentRefs": [{"name": GATEWAY, "namespace": labels.SYSTEM_NAMESPACE}],
            "rules": rules,
        },
    }


def backends(namespace: str, name: str, observed: Object | None) -> dict[str, Routed]:
    """The backends that an observed route of a service names, by name."""
    found = {}
    for path, rule in _rules(f"/{namespace}/{name}", observed):
        for ref in unstructured.items(rule, "backendRefs"):
            backend, port = unstructured.text(ref, "name"), unstructured.integer(ref, "port")
            if backend and port > 0:
                rewrite = unstructured.mapping(unstructured.dig(ref, "filters", 0), "urlRewrite")
                replaced = unstructured.text(rewrite, "path", "replacePrefixMatch") or EVERY_PATH
                endpoint = Endpoint(
                    "",
                    backend=backend,
                    port=port,
                    rewrite_path=replaced if path == EVERY_PATH else f"{replaced.removesuffix(path)}/",
                    hostname=unstructured.text(rewrite, "hostname"),
                )
                found[backend] = Routed(endpoint, unstructured.integer(ref, "weight", default=1))
    return found


def judge(observed: Object | None) -> Judged:
    """Read what our gateway says about a route: accepted, and every backend found.

    Words about an earlier generation of the route say nothing about the present one.
    """
    if observed is None:
        return Judged(Verdict.UNKNOWN, "the route is not created yet")
    parent = next(
        (entry for entry in unstructured.items(observed, "status", "parents") if _is_ours(entry, observed)), None
    )
    if parent is None:
        return Judged(Verdict.UNKNOWN, f"Gateway {labels.SYSTEM_NAMESPACE}/{GATEWAY} has not seen the route yet")
    for kind in ("Accepted", "ResolvedRefs"):
        found = unstructured.condition({"status": parent}, kind)
        if not unstructured.is_current(found, observed):
            return Judged(Verdict.UNKNOWN, f"the gateway has not seen the latest change of the route: {kind} is older")
        status = found.get("status")
        if status == "True":
            continue
        said = unstructured.text(found, "message") or unstructured.text(found, "reason") or "no reason given"
        verdict = Verdict.BAD if status == "False" else Verdict.UNKNOWN
        return Judged(verdict, f"{kind} is {status}: {said}" if found else f"{kind} is not reported yet")
    return Judged(Verdict.GOOD)


def reaches(routed: Mapping[str, Routed], targets: Iterable[Target]) -> bool:
    """Tell whether a route, as it is now, sends requests to any of the targets."""
    wanted = {target.kept or target.endpoint.backend for target in targets if target.weight > 0}
    return any(routed[name].weight > 0 for name in wanted & set(routed))


def _is_ours(entry: Mapping[str, Any], observed: Object) -> bool:
    ref = unstructured.mapping(entry, "parentRef")
    said = (
        unstructured.text(entry, "controllerName"),
        unstructured.text(ref, "group") or GROUP,
        unstructured.text(ref, "kind") or "Gateway",
        unstructured.text(ref, "namespace") or unstructured.namespace_of(observed),
        unstructured.text(ref, "name"),
    )
    return said == (CONTROLLER_NAME, GROUP, "Gateway", labels.SYSTEM_NAMESPACE, GATEWAY)


def _rules(prefix: str, observed: Object | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rules of an observed route, each with the path below the service's that it is for."""
    for rule in unstructured.items(observed, "spec", "rules"):
        for match in unstructured.items(rule, "matches"):
            value = unstructured.text(match, "path", "value")
            if value == prefix or value.startswith(f"{prefix}/"):
                yield value.removeprefix(prefix) or EVERY_PATH, rule


def _marker(observed: Object | None) -> str:
    """The header that marks requests by an observed route; empty when none does."""
    headers = (
        unstructured.text(header, "name")
        for rule in unstructured.items(observed, "spec", "rules")
        for match in unstructured.items(rule, "matches")
        for header in unstructured.items(match, "headers")
    )
    return next((name for name in headers if name.startswith(f"{MARKER}-")), "")


def _match(prefix: str, path: str, marker: str = "") -> Manifest:
    match: Manifest = {"path": {"type": "PathPrefix", "value": f"{prefix}{path.rstrip('/')}"}}
    return {**match, "headers": [{"type": "Exact", "name": marker, "value": _PRESENT}]} if marker else match


def _rule(prefix: str, path: str, shares: Iterable[tuple[Endpoint, int]], marker: str) -> Manifest:
    headers: Manifest = {"remove": list(STEERING_HEADERS)}
    if marker:
        headers["set"] = [{"name": marker, "value": _PRESENT}]
    rule: Manifest = {
        "matches": [_match(prefix, path)],
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": headers}],
        "timeouts": {"request": "0s"},
    }
    refs = [_backend(path, endpoint, weight) for endpoint, weight in shares]
    return {**rule, "backendRefs": refs} if refs else rule


def _backend(path: str, endpoint: Endpoint, weight: int) -> Manifest:
    stem = endpoint.rewrite_path
    replaced = stem if path == EVERY_PATH else f"{stem.rstrip('/')}{path}"
    rewrite: Manifest = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": replaced}}
    if endpoint.hostname:
        rewrite["hostname"] = endpoint.hostname
    return {
        "name": endpoint.backend,
        "port": endpoint.port,
        "weight": weight,
        "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
    }
