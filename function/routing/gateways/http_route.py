"""A service's HTTPRoute, for gateways that can rewrite the path of each of its backends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.api import labels, urls
from function.composition import Draft, Manifest, Object, Readiness, unstructured
from function.composition.gateway_address import STEERING_HEADERS
from function.routing.endpoint_view import Endpoint
from function.routing.gateway_api import API_VERSION, GATEWAY_NAME, GROUP
from function.routing.gateway_view import EVERY_PATH, MARKER, PUBLIC_PATHS
from function.routing.gateways.protocol import RouteAcceptance, RoutedBackend, RouteStatus, ServiceRoute

ROUTE: Final = "httproute"
"""The composition resource name of the route."""

MOST_BACKENDS: Final = 16
"""The most backends that a rule may name."""

_PRESENT: Final = "1"


@dataclass(frozen=True, slots=True)
class HTTPRoutes:
    """How a gateway is told what a service routes: by one HTTPRoute.

    Attributes:
        controller_name: The controller whose status on the route counts.
        most_backends: The most backends that a rule may name.
    """

    controller_name: str
    most_backends: int = MOST_BACKENDS

    @property
    def children(self) -> Mapping[str, str]:
        """The route alone."""
        return {ROUTE: "HTTPRoute"}

    def exists(self, draft: Draft) -> bool:
        """Tell whether the route is observed."""
        return draft.observed(ROUTE) is not None

    def backends(self, draft: Draft) -> dict[str, RoutedBackend]:
        """Read the backends that the observed route names, by name."""
        return backends(draft.observation.namespace, draft.observation.name, draft.observed(ROUTE))

    def status(self, draft: Draft) -> RouteStatus:
        """Read what the gateway reports on the route: accepted, and every backend found.

        What it reports on an earlier generation of the route tells nothing about the present one.
        """
        return _status(draft.observed(ROUTE), self.controller_name)

    def compose(self, draft: Draft, route: ServiceRoute, ready: Readiness) -> None:
        """Compose the route."""
        seen = draft.observation
        draft.child(ROUTE, _route(seen.namespace, seen.name, route, draft.observed(ROUTE)), ready=ready)


def _route(namespace: str, name: str, wanted: ServiceRoute, observed: Object | None) -> Manifest:
    """Build the route of a service: a rule for each path that is public, since each is replaced by one of its own.

    Requests leave with a mark of the gateway, and one that has it when it arrives has gone in a circle: it meets a
    rule of its own, without any backend, which a gateway answers with an error. A rule that asks for a header goes
    before one with the same path that asks for none.

    Args:
        namespace: The service's namespace.
        name: The service's name.
        wanted: What the route has to do.
        observed: The route as it is now, which endpoints that cannot be read are kept from.
    """
    prefix = f"/{namespace}/{name}"
    now = backends(namespace, name, observed)
    weighted = [
        (now[target.kept].endpoint if target.kept else target.endpoint, target.weight) for target in wanted.targets
    ]
    public = wanted.paths or sorted({path for path, _ in _rules(prefix, observed)}) or PUBLIC_PATHS
    if EVERY_PATH in public and any(endpoint.api_path for endpoint, _ in weighted):
        public = sorted({*public, urls.API})
    mark = wanted.marker or _marker(observed)
    rules = [_rule(prefix, path, weighted, mark) for path in public]
    if mark:
        rules.append({"matches": [_match(prefix, path, mark) for path in public]})
    return {
        "apiVersion": API_VERSION,
        "kind": "HTTPRoute",
        "metadata": {"namespace": namespace},
        "spec": {
            "parentRefs": [{"name": GATEWAY_NAME, "namespace": labels.SYSTEM_NAMESPACE}],
            "rules": rules,
        },
    }


def backends(namespace: str, name: str, observed: Object | None) -> dict[str, RoutedBackend]:
    """The backends that an observed route of a service names, by name."""
    found = {}
    for path, rule in _rules(f"/{namespace}/{name}", observed):
        for ref in unstructured.items(rule, "backendRefs"):
            backend, port = unstructured.text(ref, "name"), unstructured.integer(ref, "port")
            if backend and port > 0:
                rewrite = unstructured.mapping(unstructured.dig(ref, "filters", 0), "urlRewrite")
                rewrite_path, api_path = _origin(
                    path, unstructured.text(rewrite, "path", "replacePrefixMatch") or EVERY_PATH
                )
                endpoint = Endpoint(
                    "",
                    backend=backend,
                    port=port,
                    rewrite_path=rewrite_path,
                    api_path=api_path,
                    hostname=unstructured.text(rewrite, "hostname"),
                )
                found[backend] = RoutedBackend(endpoint, unstructured.integer(ref, "weight", default=1))
    return found


def _status(observed: Object | None, controller_name: str) -> RouteStatus:
    if observed is None:
        return RouteStatus(RouteAcceptance.UNKNOWN, "the route is not created yet")
    parents = unstructured.items(observed, "status", "parents")
    parent = next((entry for entry in parents if _is_ours(entry, observed, controller_name)), None)
    if parent is None:
        gateway = f"Gateway {labels.SYSTEM_NAMESPACE}/{GATEWAY_NAME}"
        return RouteStatus(RouteAcceptance.UNKNOWN, f"{gateway} has not seen the route yet")
    for kind in ("Accepted", "ResolvedRefs"):
        found = unstructured.condition({"status": parent}, kind)
        if not unstructured.is_current(found, observed):
            stale = f"the gateway has not seen the latest change of the route: {kind} is older"
            return RouteStatus(RouteAcceptance.UNKNOWN, stale)
        status = found.get("status")
        if status == "True":
            continue
        why = unstructured.text(found, "message") or unstructured.text(found, "reason") or "no reason given"
        acceptance = RouteAcceptance.REJECTED if status == "False" else RouteAcceptance.UNKNOWN
        return RouteStatus(acceptance, f"{kind} is {status}: {why}" if found else f"{kind} is not reported yet")
    return RouteStatus(RouteAcceptance.ACCEPTED)


def _is_ours(entry: Mapping[str, Any], observed: Object, controller_name: str) -> bool:
    ref = unstructured.mapping(entry, "parentRef")
    parent = (
        unstructured.text(entry, "controllerName"),
        unstructured.text(ref, "group") or GROUP,
        unstructured.text(ref, "kind") or "Gateway",
        unstructured.text(ref, "namespace") or unstructured.namespace_of(observed),
        unstructured.text(ref, "name"),
    )
    return parent == (controller_name, GROUP, "Gateway", labels.SYSTEM_NAMESPACE, GATEWAY_NAME)


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


def _rule(prefix: str, path: str, weighted: Iterable[tuple[Endpoint, int]], marker: str) -> Manifest:
    headers: Manifest = {"remove": list(STEERING_HEADERS)}
    if marker:
        headers["set"] = [{"name": marker, "value": _PRESENT}]
    rule: Manifest = {
        "matches": [_match(prefix, path)],
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": headers}],
        "timeouts": {"request": "0s"},
    }
    refs = [_backend(path, endpoint, weight) for endpoint, weight in weighted]
    return {**rule, "backendRefs": refs} if refs else rule


def _replaced(path: str, endpoint: Endpoint) -> str:
    """What an endpoint has in the place of a public path below a service's own."""
    if path == EVERY_PATH:
        return endpoint.rewrite_path
    if endpoint.api_path and _is_of_api(path):
        return f"{endpoint.api_path}{path.removeprefix(urls.API)}"
    return f"{endpoint.rewrite_path.rstrip('/')}{path}"


def _origin(path: str, replaced: str) -> tuple[str, str]:
    """Read from what an endpoint has in the place of a public path what it replaces them all by."""
    if path == EVERY_PATH:
        return replaced, ""
    if _is_of_api(path) and not replaced.endswith(path):
        root = replaced.removesuffix(path.removeprefix(urls.API))
        return f"{root}/", root
    return f"{replaced.removesuffix(path)}/", ""


def _is_of_api(path: str) -> bool:
    return path == urls.API or path.startswith(f"{urls.API}/")


def _backend(path: str, endpoint: Endpoint, weight: int) -> Manifest:
    replaced = _replaced(path, endpoint)
    rewrite: Manifest = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": replaced}}
    if endpoint.hostname:
        rewrite["hostname"] = endpoint.hostname
    return {
        "name": endpoint.backend,
        "port": endpoint.port,
        "weight": weight,
        "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
    }
