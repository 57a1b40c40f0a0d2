"""What a service routes: which endpoints take traffic, how much of it, and why others do not.

This knows nothing of how a gateway is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from function.api.model_service import EndpointGroup
from function.routing import weighting
from function.routing.endpoint_view import LONGEST_NAME, Endpoint

_MAX_ROWS: Final = 4096
_MAX_MESSAGE: Final = 1024


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
class SelectedEndpoint:
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

    def serves_while_draining(self, now: datetime) -> bool:
        """Whether it drains, and can take traffic when no other endpoint can."""
        until = self.endpoint.serving_until
        readable = bool(self.endpoint.backend) and not (self.endpoint.refused or self.endpoint.fault)
        return until is not None and now < until and (readable or bool(self.kept))


@dataclass(frozen=True, slots=True)
class TrafficSplit:
    """How a service's traffic is split between its endpoints.

    Attributes:
        selected: Every endpoint that the service selects, in the order of groups and names.
        targets: Those that stand in the route, in the same order.
        left_out: How many more would get traffic if a route could name them.
        priority: The priority that takes the traffic; None when none can.
        groups: The service's groups.
        frozen: Whether everything that is routed to keeps its share, and nothing new gets one.
    """

    selected: tuple[SelectedEndpoint, ...]
    targets: tuple[Target, ...]
    left_out: int
    priority: int | None
    groups: tuple[EndpointGroup, ...]
    frozen: bool = False

    @property
    def serving_while_draining(self) -> int:
        """How many endpoints get traffic although they drain."""
        return sum(target.weight > 0 and target.endpoint.draining for target in self.targets)

    @property
    def routable(self) -> int:
        """How many endpoints can be routed to."""
        return sum(entry.routable for entry in self.selected)

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
            not (entry.endpoint.backend or entry.endpoint.refused or entry.endpoint.fault or entry.kept)
            for entry in self.selected
        )

    @property
    def faults(self) -> list[SelectedEndpoint]:
        """The endpoints that cannot be read, or that are kept as they were routed."""
        kept = {target.endpoint.name for target in self.targets if target.kept}
        return [entry for entry in self.selected if entry.endpoint.fault or entry.endpoint.name in kept]

    @property
    def not_listed(self) -> list[SelectedEndpoint]:
        """The endpoints that can be read and were not listed."""
        return [entry for entry in self.selected if entry.endpoint.not_listed and not entry.endpoint.fault]


def split(
    groups: Sequence[EndpointGroup],
    found: Sequence[Sequence[Endpoint]],
    kept: Mapping[str, str],
    limit: int,
    current: Mapping[str, int],
    now: datetime,
) -> TrafficSplit:
    """Split a service's traffic between its endpoints.

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
    selected: list[SelectedEndpoint] = []
    taken: set[str] = set()
    for index, endpoints in enumerate(found):
        new = [endpoint for endpoint in endpoints if endpoint.name not in taken]
        taken |= {endpoint.name for endpoint in new}
        selected += [SelectedEndpoint(endpoint, index, kept.get(endpoint.name, "")) for endpoint in new]
    candidates = _weighted_groups(groups, [entry for entry in selected if entry.routable])
    if not _with_weight(candidates):
        candidates = _weighted_groups(
            groups, [entry for entry in selected if entry.routable or entry.serves_while_draining(now)]
        )
    serving = weighting.active(candidates)
    routed_now = {entry.endpoint.name for entry in selected if entry.kept or entry.endpoint.backend in current}
    limited = weighting.limited(serving, limit, routed_now)
    weights = weighting.weights(limited)
    frozen = any(entry.kept and entry.endpoint.not_listed for entry in selected)
    if frozen:
        current_of = {entry.endpoint.name: current.get(entry.kept or entry.endpoint.backend) for entry in selected}
        weights = {name: weight for name in weights if (weight := current_of[name]) is not None}
    return TrafficSplit(
        selected=tuple(selected),
        targets=tuple(
            Target(entry.endpoint, weights[entry.endpoint.name], entry.kept)
            for entry in selected
            if entry.endpoint.name in weights
        ),
        left_out=_with_weight(serving) - _with_weight(limited),
        priority=weighting.active_priority(candidates),
        groups=tuple(groups),
        frozen=frozen,
    )


def _weighted_groups(
    groups: Sequence[EndpointGroup], selected: Sequence[SelectedEndpoint]
) -> list[weighting.WeightedGroup]:
    """The groups, each with those of some endpoints that belong to it."""
    return [
        weighting.WeightedGroup(
            min(max(group.weight, 0), weighting.MAX_WEIGHT),
            group.priority,
            tuple(entry.endpoint.name for entry in selected if entry.group == index),
        )
        for index, group in enumerate(groups)
    ]


def _with_weight(groups: Sequence[weighting.WeightedGroup]) -> int:
    """How many endpoints are in groups that get traffic."""
    return sum(len(group.members) for group in groups if group.weight > 0)


def rows(split: TrafficSplit) -> list[dict[str, Any]]:
    """Write `status.endpoints`."""
    weights = {target.endpoint.name: target.weight for target in split.targets}
    return [
        {
            "name": entry.endpoint.name,
            **({"cluster": entry.endpoint.cluster} if entry.endpoint.cluster else {}),
            "weight": weights.get(entry.endpoint.name, 0),
            "priority": split.groups[entry.group].priority,
            "ready": entry.routable,
            **_message(split, entry, weights),
        }
        for entry in split.selected
        if len(entry.endpoint.name) <= LONGEST_NAME
    ][:_MAX_ROWS]


def _message(split: TrafficSplit, selected: SelectedEndpoint, weights: Mapping[str, int]) -> dict[str, str]:
    reason = _why(split, selected, weights)
    return {"message": reason[:_MAX_MESSAGE]} if reason else {}


def _why(split: TrafficSplit, selected: SelectedEndpoint, weights: Mapping[str, int]) -> str:
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
    if split.groups[selected.group].priority != split.priority:
        return f"standing by: the endpoints of priority {split.priority} take all traffic"
    if split.groups[selected.group].weight <= 0:
        return "its group has weight 0"
    if endpoint.name in weights:
        return ""
    if split.frozen:
        return "it waits: shares stay as they are while an endpoint that takes requests is not found"
    return f"left out: a route names at most {len(split.targets)} endpoints"
