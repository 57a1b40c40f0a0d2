"""What a service routes: which endpoints take traffic, how much of it, and why others do not.

This knows nothing of how a gateway is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from function.api.model_service import EndpointGroup
from function.routing import shares
from function.routing.endpoint_view import LONGEST_NAME, Endpoint

_LISTED: Final = 4096
_LONGEST_MESSAGE: Final = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint that stands in the route.

    Attributes:
        endpoint: The endpoint.
        weight: Its share of the traffic; 0 sends nothing.
        kept: The name of the backend that it has in the route now, when it cannot be read and
            stays as it is; empty when it is rendered anew.
    """

    endpoint: Endpoint
    weight: int
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Selected:
    """An endpoint and the group that selects it.

    Attributes:
        endpoint: The endpoint.
        group: Index of the first group that selects it.
        kept: See `Target`.
    """

    endpoint: Endpoint
    group: int
    kept: str = ""

    @property
    def routable(self) -> bool:
        """Whether it stands in the route when its group takes traffic."""
        return self.endpoint.routable or (bool(self.kept) and not self.endpoint.draining)

    def stands_in(self, now: datetime) -> bool:
        """Whether it drains, and can take traffic when nothing else can."""
        until = self.endpoint.stands_in_until
        readable = bool(self.endpoint.backend) and not (self.endpoint.refused or self.endpoint.fault)
        return until is not None and now < until and (readable or bool(self.kept))


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a service's traffic is shared.

    Attributes:
        selected: Every endpoint that the service selects, in the order of groups and names.
        targets: Those that stand in the route, in the same order.
        left_out: How many more would get traffic if a route could name them.
        priority: The priority that takes the traffic; None when none can.
        groups: The service's groups.
        frozen: Whether everything that is routed to keeps its share, and nothing new gets one.
    """

    selected: tuple[Selected, ...]
    targets: tuple[Target, ...]
    left_out: int
    priority: int | None
    groups: tuple[EndpointGroup, ...]
    frozen: bool = False

    @property
    def standing_in(self) -> int:
        """How many endpoints get traffic although they drain."""
        return sum(target.weight > 0 and target.endpoint.draining for target in self.targets)

    @property
    def routable(self) -> int:
        """How many endpoints can be routed to."""
        return sum(one.routable for one in self.selected)

    @property
    def serves(self) -> bool:
        """Whether a request is sent to any endpoint."""
        return self.served > 0

    @property
    def served(self) -> int:
        """How many endpoints get traffic."""
        return sum(target.weight > 0 for target in self.targets)

    @property
    def waiting(self) -> int:
        """How many endpoints have no backend yet."""
        return sum(
            not (one.endpoint.backend or one.endpoint.refused or one.endpoint.fault or one.kept)
            for one in self.selected
        )

    @property
    def faults(self) -> list[Selected]:
        """The endpoints that cannot be read, or that are kept as they were routed."""
        kept = {target.endpoint.name for target in self.targets if target.kept}
        return [one for one in self.selected if one.endpoint.fault or one.endpoint.name in kept]

    @property
    def unlisted(self) -> list[Selected]:
        """The endpoints that can be read and were not listed."""
        return [one for one in self.selected if one.endpoint.unlisted and not one.endpoint.fault]


def share(
    groups: Sequence[EndpointGroup],
    found: Sequence[Sequence[Endpoint]],
    kept: Mapping[str, str],
    limit: int,
    current: Mapping[str, int],
    now: datetime,
) -> Traffic:
    """Share a service's traffic between its endpoints.

    When none is left that can be routed to, those that drain and still serve take it, as Kubernetes does with the
    endpoints of a Service that are all terminating.

    Args:
        groups: The service's groups.
        found: The endpoints that each selects; one that several select belongs to the first.
        kept: Backends, by endpoint, of those that cannot be read and are routed to now.
        limit: The most endpoints that a route can name.
        current: Weights of the backends that are routed to now, by name.
        now: The time.
    """
    selected: list[Selected] = []
    taken: set[str] = set()
    for index, endpoints in enumerate(found):
        fresh = [endpoint for endpoint in endpoints if endpoint.name not in taken]
        taken |= {endpoint.name for endpoint in fresh}
        selected += [Selected(endpoint, index, kept.get(endpoint.name, "")) for endpoint in fresh]
    able = _able(groups, [one for one in selected if one.routable])
    if not _with_weight(able):
        able = _able(groups, [one for one in selected if one.routable or one.stands_in(now)])
    serving = shares.active(able)
    routed_now = {one.endpoint.name for one in selected if one.kept or one.endpoint.backend in current}
    chosen = shares.chosen(serving, limit, routed_now)
    weights = shares.weights(chosen)
    frozen = any(one.kept and one.endpoint.unlisted for one in selected)
    if frozen:
        now_of = {one.endpoint.name: current.get(one.kept or one.endpoint.backend) for one in selected}
        weights = {name: weight for name in weights if (weight := now_of[name]) is not None}
    return Traffic(
        selected=tuple(selected),
        targets=tuple(
            Target(one.endpoint, weights[one.endpoint.name], one.kept)
            for one in selected
            if one.endpoint.name in weights
        ),
        left_out=_with_weight(serving) - _with_weight(chosen),
        priority=shares.active_priority(able),
        groups=tuple(groups),
        frozen=frozen,
    )


def _able(groups: Sequence[EndpointGroup], selected: Sequence[Selected]) -> list[shares.Group]:
    """The groups, each with those of some endpoints that belong to it."""
    return [
        shares.Group(
            min(max(group.weight, 0), shares.LARGEST),
            group.priority,
            tuple(one.endpoint.name for one in selected if one.group == index),
        )
        for index, group in enumerate(groups)
    ]


def _with_weight(groups: Sequence[shares.Group]) -> int:
    """How many endpoints are in groups that get traffic."""
    return sum(len(group.members) for group in groups if group.weight > 0)


def rows(traffic: Traffic) -> list[dict[str, Any]]:
    """Write `status.endpoints`."""
    weights = {target.endpoint.name: target.weight for target in traffic.targets}
    return [
        {
            "name": one.endpoint.name,
            **({"cluster": one.endpoint.cluster} if one.endpoint.cluster else {}),
            "weight": weights.get(one.endpoint.name, 0),
            "priority": traffic.groups[one.group].priority,
            "ready": one.routable,
            **_message(traffic, one, weights),
        }
        for one in traffic.selected
        if len(one.endpoint.name) <= LONGEST_NAME
    ][:_LISTED]


def _message(traffic: Traffic, selected: Selected, weights: Mapping[str, int]) -> dict[str, str]:
    said = _why(traffic, selected, weights)
    return {"message": said[:_LONGEST_MESSAGE]} if said else {}


def _why(traffic: Traffic, selected: Selected, weights: Mapping[str, int]) -> str:
    """Why an endpoint gets no traffic, or gets it as before; empty when all is well."""
    endpoint = selected.endpoint
    if selected.kept and (selected.routable or endpoint.name in weights):
        return f"{endpoint.fault or 'it publishes no backend any more'}; it is routed to as before"
    if endpoint.fault:
        return endpoint.fault
    if endpoint.refused:
        return "it leads where no endpoint may: its RoutingReady says why"
    if endpoint.draining:
        only = "requests go to it only because no other endpoint can be routed to"
        return f"it is draining: {only if endpoint.name in weights else 'nothing new is sent to it'}"
    if not endpoint.backend:
        return "it has no backend yet"
    if traffic.groups[selected.group].priority != traffic.priority:
        return f"standing by: the endpoints of priority {traffic.priority} take all traffic"
    if traffic.groups[selected.group].weight <= 0:
        return "its group has weight 0"
    if endpoint.name in weights:
        return ""
    if traffic.frozen:
        return "it waits: shares stay as they are while an endpoint that takes requests is not found"
    return f"left out: a route names at most {len(traffic.targets)} endpoints"
