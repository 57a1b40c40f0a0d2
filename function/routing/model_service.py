"""ModelService: one route, from paths below the gateway's address to weighted endpoints.

The route and the URL stay whatever happens to the endpoints or the gateway. While no endpoint can be
routed to, the gateway answers with an error; while there is no gateway, nobody does: either way the
service is not Ready. A backend is named only while its ModelEndpoint is there; one that cannot be read
keeps the backend that it has in the route, and so does one that a list lacks (`unlisted`).

A route is composed for the first time only when the InferenceGateway says that the Gateway API is
served, since one child of an unknown kind would fail the whole reconcile.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from function.api.model_service import EndpointGroup, ModelServiceSpec
from function.composition import (
    RENDERS,
    Composer,
    Composition,
    Doubt,
    Draft,
    Outcome,
    Readiness,
    Requirement,
    timestamps,
    unstructured,
)
from function.routing import endpoint_view, front_door, http_route, traffic, unlisted
from function.routing.front_door import FrontDoor
from function.routing.http_route import Judged, Routed, Verdict
from function.routing.service_conditions import ENDPOINTS, GATEWAY, ROUTING, TRUNCATED, VOCABULARY
from function.routing.traffic import Traffic

ROUTE: Final = "httproute"
NOTICE: Final = timedelta(seconds=10)
"""How long a change of an endpoint may go unnoticed: Crossplane does not call when what is only required changes."""
PATIENCE: Final = timedelta(seconds=60)
"""How long a service that is Ready stays so while the gateway has not reported on the route as it is now."""

_CLOSED: Final = {
    "WaitingForAddress": "the InferenceGateway has lost its address",
    "WaitingForTLS": "the InferenceGateway does not answer https",
}


def compose(draft: Draft) -> Composition:
    """Compose the route of a service."""
    spec = draft.spec(ModelServiceSpec)
    seen = draft.observation
    gateway = draft.require("inference-gateway", front_door.GATEWAY)
    found = [
        draft.require(f"endpoints-{index}", _selection(group, seen.namespace))
        for index, group in enumerate(spec.endpoints)
    ]
    routed = http_route.backends(seen.namespace, seen.name, draft.observed(ROUTE))
    known = unlisted.ask(draft, routed)
    unresolved = ["InferenceGateway"] if gateway.unresolved else []
    unresolved += ["ModelEndpoints"] if any(answer.unresolved for answer in found) or known.unresolved else []
    if unresolved:
        return draft.hold("InputUnresolved", f"{' and '.join(unresolved)} not fetched yet")

    known_url = unstructured.text(seen.status, "address")
    door = front_door.read(gateway, known_url)
    listed = [endpoint_view.read(answer.found, seen.namespace) for answer in found]
    endpoints = unlisted.restored(draft, spec.endpoints, listed, known, routed)
    kept = _kept(endpoints, seen.namespace, routed)
    weights = {name: backend.weight for name, backend in routed.items()}
    shared = traffic.share(spec.endpoints, endpoints, kept, http_route.MOST_BACKENDS, weights, seen.now)
    _say_gateway(draft, door)
    _say_endpoints(draft, shared)
    ready = _compose_route(draft, door, shared, routed)
    _publish(draft, shared, door.url(f"/{seen.namespace}/{seen.name}", known_url))
    if shared.selected:
        draft.requeue_at(min([seen.now + NOTICE, *_turns(shared, seen.now)]))
    return draft.finish(ready=ready)


def _selection(group: EndpointGroup, namespace: str) -> Requirement:
    """Endpoints of one group: of the service's own namespace, whatever labels others give theirs."""
    return Requirement(
        front_door.API_VERSION, "ModelEndpoint", labels=dict(group.selector.match_labels), namespace=namespace
    )


def _turns(shared: Traffic, now: datetime) -> list[datetime]:
    """When endpoints that drain take no requests any more."""
    until = (one.endpoint.stands_in_until for one in shared.selected)
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


def _compose_route(draft: Draft, door: FrontDoor, shared: Traffic, routed: Mapping[str, Routed]) -> bool:
    """Compose the route, say how it is, and tell whether requests are answered."""
    seen, route = draft.observation, draft.observed(ROUTE)
    if route is None and not door.serves_routes:
        said = "the InferenceGateway does not say GatewayAPIReady=True" if door.exists else _closed(door, served=False)
        draft.set_condition(ROUTING, "WaitingForGateway", f"No route yet: {said}")
        return False
    judged = http_route.judge(route)
    if judged.verdict is Verdict.GOOD and shared.serves and not http_route.reaches(routed, shared.targets):
        judged = Judged(Verdict.UNKNOWN, "the gateway has not seen the latest change of the route")
    waits = judged.verdict is Verdict.UNKNOWN and route is not None and _may_wait(draft)
    accepted = judged.verdict is Verdict.GOOD or waits
    body = http_route.route(seen.namespace, seen.name, door.paths, shared.targets, route, marker=door.marker)
    draft.child(ROUTE, body, ready=Readiness(accepted, "" if accepted else judged.message))
    closed = _closed(door, served=unstructured.is_true(seen.composite, "Ready"))
    _say_routing(draft, shared, judged, closed)
    return accepted and shared.serves and not closed


def _may_wait(draft: Draft) -> bool:
    """Whether the service stays Ready for now while the gateway does not report on the route as it is."""
    composite = draft.observation.composite
    said = unstructured.condition(composite, ROUTING)
    if not unstructured.is_true(composite, "Ready"):
        return False
    if said.get("status") == "True":
        return True
    since = timestamps.time_of(unstructured.text(said, "lastTransitionTime"))
    return since is not None and draft.observation.now < since + PATIENCE


def _closed(door: FrontDoor, *, served: bool) -> str:
    """Why nobody can come in, whatever the route says of the gateway that saw it last; empty when that is not known."""
    if not door.exists:
        return "there is no InferenceGateway named default"
    if not (door.host or door.fault or served):
        return "the InferenceGateway has no address yet"
    return _CLOSED.get(door.closed, "")


def _say_routing(draft: Draft, shared: Traffic, judged: Judged, closed: str) -> None:
    counted = f"{shared.routable} of {len(shared.selected)} endpoints routable"
    if closed:
        draft.set_condition(ROUTING, "WaitingForGateway", f"{counted}; {closed}")
    elif not shared.serves:
        weightless = ", and their groups have weight 0" if shared.routable else ""
        draft.set_condition(ROUTING, "NoRoutableEndpoint", f"{counted}{weightless}")
    elif judged.verdict is Verdict.GOOD and shared.standing_in:
        said = f"{counted}; all of them drain, and requests go to those that still serve: {shared.standing_in}"
        draft.set_condition(ROUTING, "RoutedToDraining", said)
    elif judged.verdict is Verdict.GOOD:
        draft.set_condition(ROUTING, "RouteConfigured", counted)
    elif judged.verdict is Verdict.BAD:
        draft.set_condition(ROUTING, "RouteRefused", f"{counted}; {judged.message}")
    else:
        draft.set_condition(ROUTING, "Configuring", f"{counted}; {judged.message}")


def _say_gateway(draft: Draft, door: FrontDoor) -> None:
    if not door.exists:
        draft.set_condition(GATEWAY, "GatewayNotFound", "There is no InferenceGateway named default")
        draft.doubt("InputMissing", "InferenceGateway default does not exist; route and URL stay as they are")
    elif door.fault:
        draft.carry_condition(GATEWAY)
        draft.doubt("InputInvalid", f"InferenceGateway default cannot be read: {door.fault}; the URL stays as it is")
    elif not door.host:
        draft.set_condition(GATEWAY, "WaitingForAddress", "InferenceGateway default has no address yet")
    elif door.closed:
        why = _CLOSED[door.closed]
        draft.set_condition(GATEWAY, door.closed, f"Nobody is answered at {door.host}: {why}; the URL stays as it is")
    else:
        draft.set_condition(GATEWAY, "Resolved", f"InferenceGateway default is reached at {door.host}")


def _say_endpoints(draft: Draft, shared: Traffic) -> None:
    if not shared.selected:
        draft.set_condition(ENDPOINTS, "NoEndpoints", "No ModelEndpoints matched the configured selectors")
    else:
        waiting = f"; {shared.waiting} waiting for Backend" if shared.waiting else ""
        lacking = sum(one.endpoint.unlisted for one in shared.selected)
        missed = f"; {lacking} of them not listed, and there" if lacking else ""
        draft.set_condition(ENDPOINTS, "Resolved", f"Matched {len(shared.selected)} endpoint(s){waiting}{missed}")
    for one in shared.unlisted:
        said = f"ModelEndpoint {one.endpoint.name} is there and was not listed with the others"
        draft.doubt("InputMissing", f"{said}; it is treated as if it were")
    for one in shared.faults:
        reason = "InputMissing" if one.endpoint.unlisted else "InputInvalid"
        lost = f"ModelEndpoint {one.endpoint.name} publishes no backend any more"
        if one.kept:
            draft.doubt(reason, f"{one.endpoint.fault or lost}; it is routed to as before")
        else:
            draft.skip(reason, f"{one.endpoint.fault}; nothing is sent to it")
    if shared.left_out:
        wanted = shared.served + shared.left_out
        draft.set_condition(TRUNCATED, "TooManyEndpoints", f"{shared.served} of {wanted} endpoints get traffic")
    else:
        draft.set_condition(TRUNCATED, "AllRouted")


def _publish(draft: Draft, shared: Traffic, address: str) -> None:
    draft.publish(
        {
            **({"address": address} if address else {}),
            "summary": {"ready": f"{shared.routable}/{len(shared.selected)}"},
            **({"endpoints": traffic.rows(shared)} if shared.selected else {}),
        }
    )


COMPOSER = Composer(
    api_version=front_door.API_VERSION,
    kind="ModelService",
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt("inference-gateway", empty=Outcome(conditions={GATEWAY: "GatewayNotFound"})),
        Doubt("endpoints-*"),
        Doubt(f"{unlisted.ENDPOINT}*", empty=RENDERS, malformed=RENDERS),
        Doubt(f"{unlisted.SERVICE}*", empty=RENDERS, malformed=RENDERS),
    ),
    children={ROUTE: "HTTPRoute"},
)
