"""ModelService: one route, from paths below the gateway's address to weighted endpoints.

The route and the URL stay whatever happens to the endpoints or the gateway. While no endpoint can be
routed to, the gateway answers with an error; while there is no gateway, nobody does: either way the
service is not Ready. A backend is named only while its ModelEndpoint is there; one that cannot be read
keeps the backend that it has in the route, and so does one that a list lacks (`routed_backends`).

A route is composed for the first time only when the InferenceGateway says that the Gateway API is
served, since one child of an unknown kind would fail the whole reconcile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from function.api.model_endpoint import MODEL_ENDPOINT
from function.api.model_service import MODEL_SERVICE, EndpointGroup, ModelServiceSpec
from function.composition import (
    RENDERS,
    Composer,
    Composition,
    Doubt,
    Draft,
    Outcome,
    Readiness,
    Required,
    Requirement,
    timestamps,
    unstructured,
)
from function.routing import endpoint_view, gateway_view, routed_backends, traffic
from function.routing.gateway_view import GatewayView
from function.routing.gateways.protocol import RouteAcceptance, RoutedBackend, Routes, RouteStatus, ServiceRoute
from function.routing.gateways.registry import GATEWAYS, GatewayRegistry
from function.routing.service_conditions import ENDPOINTS, GATEWAY, ROUTING, TRUNCATED, VOCABULARY
from function.routing.traffic import Target, TrafficSplit

NOTICE: Final = timedelta(seconds=10)
"""How long a change of an endpoint may go unnoticed: Crossplane does not call when what is only required changes."""
PATIENCE: Final = timedelta(seconds=60)
"""How long a service that is Ready stays so while the gateway has not reported on the route as it is now."""

_UNREACHABLE: Final = {
    "WaitingForAddress": "the InferenceGateway has lost its address",
    "WaitingForTLS": "the InferenceGateway does not answer https",
}


def compose(draft: Draft, registry: GatewayRegistry) -> Composition:
    """Compose the route of a service."""
    spec = draft.spec(ModelServiceSpec)
    seen = draft.observation
    answer = draft.require("inference-gateway", gateway_view.REQUIREMENT)
    found = [_require(draft, index, group) for index, group in enumerate(spec.endpoints)]
    routes = registry.of(answer.first, seen.children.values()).routes
    routed = routes.backends(draft)
    known = routed_backends.require(draft, routed, routes.most_backends)
    unresolved = ["InferenceGateway"] if answer.unresolved else []
    unresolved += ["ModelEndpoints"] if any(group.unresolved for group in found) or known.unresolved else []
    if unresolved:
        return draft.hold("InputUnresolved", f"{' and '.join(unresolved)} not fetched yet")

    published_url = unstructured.text(seen.status, "address")
    gateway = gateway_view.read(answer, published_url)
    listed = [endpoint_view.read(group.found, seen.namespace) for group in found]
    endpoints = routed_backends.restore(draft, spec.endpoints, listed, known, routed)
    kept = _kept(endpoints, seen.namespace, routed)
    weights = {name: backend.weight for name, backend in routed.items()}
    split = traffic.split(spec.endpoints, endpoints, kept, routes.most_backends, weights, seen.now)
    _set_gateway(draft, gateway)
    _set_endpoints(draft, split)
    ready = _compose_route(draft, gateway, split, routes, routed)
    _publish(draft, split, gateway.url(f"/{seen.namespace}/{seen.name}", published_url))
    if split.selected:
        draft.requeue_at(min([seen.now + NOTICE, *_turns(split, seen.now)]))
    return draft.finish(ready=ready)


def _require(draft: Draft, index: int, group: EndpointGroup) -> Required:
    """Endpoints of one group: of the service's own namespace, whatever labels others give theirs.

    Crossplane selects by equality alone, so expressions choose among what it has found.
    """
    listed = draft.require(
        f"endpoints-{index}",
        Requirement(
            MODEL_ENDPOINT.api_version,
            MODEL_ENDPOINT.kind,
            labels=dict(group.selector.match_labels),
            namespace=draft.observation.namespace,
        ),
    )
    if listed.unresolved or not group.selector.match_expressions:
        return listed
    chosen = (obj for obj in listed.unsorted if routed_backends.selects(group, unstructured.labels(obj)))
    return replace(listed, objects=tuple(chosen))


def _turns(split: TrafficSplit, now: datetime) -> list[datetime]:
    """When endpoints that drain take no requests any more."""
    until = (entry.endpoint.serving_until for entry in split.selected)
    return [moment for moment in until if moment is not None and moment > now]


def _kept(endpoints: list[list[endpoint_view.Endpoint]], namespace: str, routed: Mapping[str, Any]) -> dict[str, str]:
    """Backends of endpoints that cannot be read, or have lost their status, and are routed to now."""
    found = {
        endpoint.name: endpoint_view.backend_of(endpoint, namespace, routed)
        for group in endpoints
        for endpoint in group
        if not endpoint.refused and (endpoint.fault or not endpoint.backend)
    }
    return {name: backend for name, backend in found.items() if backend}


def _compose_route(
    draft: Draft, gateway: GatewayView, split: TrafficSplit, routes: Routes, routed: Mapping[str, RoutedBackend]
) -> bool:
    """Compose the route, set its condition, and tell whether requests are answered."""
    exists = routes.exists(draft)
    if not exists and not gateway.serves_routes:
        why = (
            "the InferenceGateway does not say GatewayAPIReady=True"
            if gateway.exists
            else _unreachable(gateway, served=False)
        )
        draft.set_condition(ROUTING, "WaitingForGateway", f"No route yet: {why}")
        return False
    status = routes.status(draft)
    stale = split.serves and not _reaches(routed, split.targets)
    if status.acceptance is RouteAcceptance.ACCEPTED and stale:
        status = RouteStatus(RouteAcceptance.UNKNOWN, "the gateway has not seen the latest change of the route")
    waits = status.acceptance is RouteAcceptance.UNKNOWN and exists and _may_wait(draft)
    accepted = status.acceptance is RouteAcceptance.ACCEPTED or waits
    ready = Readiness(accepted, "" if accepted else status.message)
    routes.compose(draft, ServiceRoute(split.targets, gateway.paths, gateway.marker), ready)
    unreachable = _unreachable(gateway, served=unstructured.is_true(draft.observation.composite, "Ready"))
    _set_routing(draft, split, status, unreachable)
    return accepted and split.serves and not unreachable


def _reaches(routed: Mapping[str, RoutedBackend], targets: Iterable[Target]) -> bool:
    """Whether the route, as it is now, sends requests to any of the targets."""
    wanted = {target.kept or target.endpoint.backend for target in targets if target.weight > 0}
    return any(routed[name].weight > 0 for name in wanted & set(routed))


def _may_wait(draft: Draft) -> bool:
    """Whether the service stays Ready for now while the gateway does not report on the route as it is."""
    composite = draft.observation.composite
    routing = unstructured.condition(composite, ROUTING)
    if not unstructured.is_true(composite, "Ready"):
        return False
    if routing.get("status") == "True":
        return True
    since = timestamps.time_of(unstructured.text(routing, "lastTransitionTime"))
    return since is not None and draft.observation.now < since + PATIENCE


def _unreachable(gateway: GatewayView, *, served: bool) -> str:
    """Why nobody can come in, whatever the route says of the gateway that saw it last; empty when that is not known."""
    if not gateway.exists:
        return "there is no InferenceGateway named default"
    if not (gateway.host or gateway.fault or served):
        return "the InferenceGateway has no address yet"
    return _UNREACHABLE.get(gateway.unreachable, "")


def _set_routing(draft: Draft, split: TrafficSplit, status: RouteStatus, unreachable: str) -> None:
    counted = f"{split.routable} of {len(split.selected)} endpoints routable"
    if unreachable:
        draft.set_condition(ROUTING, "WaitingForGateway", f"{counted}; {unreachable}")
    elif not split.serves:
        weightless = ", and their groups have weight 0" if split.routable else ""
        draft.set_condition(ROUTING, "NoRoutableEndpoint", f"{counted}{weightless}")
    elif status.acceptance is RouteAcceptance.ACCEPTED and split.serving_while_draining:
        draining = (
            f"{counted}; all of them drain, and requests go to those that still serve: {split.serving_while_draining}"
        )
        draft.set_condition(ROUTING, "RoutedToDraining", draining)
    elif status.acceptance is RouteAcceptance.ACCEPTED:
        draft.set_condition(ROUTING, "RouteConfigured", counted)
    elif status.acceptance is RouteAcceptance.REJECTED:
        draft.set_condition(ROUTING, "RouteRefused", f"{counted}; {status.message}")
    else:
        draft.set_condition(ROUTING, "Configuring", f"{counted}; {status.message}")


def _set_gateway(draft: Draft, gateway: GatewayView) -> None:
    if not gateway.exists:
        draft.set_condition(GATEWAY, "GatewayNotFound", "There is no InferenceGateway named default")
        draft.doubt("InputMissing", "InferenceGateway default does not exist; route and URL stay as they are")
    elif gateway.fault:
        draft.carry_condition(GATEWAY)
        draft.doubt("InputInvalid", f"InferenceGateway default cannot be read: {gateway.fault}; the URL stays as it is")
    elif not gateway.host:
        draft.set_condition(GATEWAY, "WaitingForAddress", "InferenceGateway default has no address yet")
    elif gateway.unreachable:
        why = _UNREACHABLE[gateway.unreachable]
        draft.set_condition(
            GATEWAY, gateway.unreachable, f"Nobody is answered at {gateway.host}: {why}; the URL stays as it is"
        )
    else:
        draft.set_condition(GATEWAY, "Resolved", f"InferenceGateway default is reached at {gateway.host}")


def _set_endpoints(draft: Draft, split: TrafficSplit) -> None:
    if not split.selected:
        draft.set_condition(ENDPOINTS, "NoEndpoints", "No ModelEndpoints matched the configured selectors")
    else:
        waiting = f"; {split.waiting} waiting for Backend" if split.waiting else ""
        not_listed = sum(entry.endpoint.not_listed for entry in split.selected)
        unlisted = f"; {not_listed} of them not listed, and there" if not_listed else ""
        draft.set_condition(ENDPOINTS, "Resolved", f"Matched {len(split.selected)} endpoint(s){waiting}{unlisted}")
    for entry in split.not_listed:
        message = f"ModelEndpoint {entry.endpoint.name} is there and was not listed with the others"
        draft.doubt("InputMissing", f"{message}; it is treated as if it were")
    for entry in split.faults:
        reason = "InputMissing" if entry.endpoint.not_listed else "InputInvalid"
        lost = f"ModelEndpoint {entry.endpoint.name} publishes no backend any more"
        if entry.kept:
            draft.doubt(reason, f"{entry.endpoint.fault or lost}; it is routed to as before")
        else:
            draft.skip(reason, f"{entry.endpoint.fault}; nothing is sent to it")
    if split.left_out:
        wanted = split.served + split.left_out
        draft.set_condition(TRUNCATED, "TooManyEndpoints", f"{split.served} of {wanted} endpoints get traffic")
    else:
        draft.set_condition(TRUNCATED, "AllRouted")


def _publish(draft: Draft, split: TrafficSplit, address: str) -> None:
    draft.publish(
        {
            **({"address": address} if address else {}),
            "summary": {"ready": f"{split.routable}/{len(split.selected)}"},
            **({"endpoints": traffic.rows(split)} if split.selected else {}),
        }
    )


def composer(registry: GatewayRegistry) -> Composer:
    """Give the composer that writes routes for one of these gateways."""
    return Composer(
        api_version=MODEL_SERVICE.api_version,
        kind=MODEL_SERVICE.kind,
        compose=partial(compose, registry=registry),
        vocabulary=VOCABULARY,
        doubts=(
            Doubt("inference-gateway", empty=Outcome(conditions={GATEWAY: "GatewayNotFound"})),
            Doubt("endpoints-*"),
            Doubt(f"{routed_backends.ENDPOINT}*", empty=RENDERS, malformed=RENDERS),
            Doubt(f"{routed_backends.SERVICE}*", empty=RENDERS, malformed=RENDERS),
        ),
        children=registry.route_children,
    )


COMPOSER = composer(GATEWAYS)
