"""What is measured: calls for a deployment over fleets of several sizes, and how far each may go."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from bench import fleet, wire
from function import fn
from function.structs import plain_struct

NOW: Final = datetime(2026, 11, 28, 0, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """A call.

    Attributes:
        clusters: How many clusters there are.
        others: How many replicas of other deployments.
        replicas: How many replicas the deployment asks for.
        available: Whether they exist and serve, and the server has seen all of it before.
        within: How many times the floor the call may take; 0 when only growth counts.
        stress: Whether the fleet is larger than what is promised.
    """

    clusters: int
    others: int
    replicas: int
    available: bool = False
    within: float = 0
    stress: bool = False

    @property
    def name(self) -> str:
        """What the case is, in a few words."""
        what = f"{self.replicas} settled" if self.available else f"{self.replicas} new"
        return f"{self.clusters:,} clusters, {self.others:,} other replicas, {what}"


CASES: Final = (
    Case(100, 300, 10, within=4),
    Case(1_000, 3_000, 10, within=3),
    Case(1_000, 3_000, 200, within=3),
    Case(1_000, 3_000, 10, available=True, within=1.5),
    Case(1_000, 3_000, 200, available=True, within=1.5),
    Case(10_000, 10_000, 10, within=3, stress=True),
)

GROWTH_LIMIT: Final = 12.0
"""How many times the time may be taken for ten times as much."""

GROWTH: Final = {
    "clusters": (Case(100, 3_000, 10), Case(1_000, 3_000, 10)),
    "other replicas": (Case(1_000, 300, 10), Case(1_000, 3_000, 10)),
    "wanted replicas": (Case(1_000, 3_000, 20), Case(1_000, 3_000, 200)),
}
"""What grows ten times, and the calls before and after."""

UNRESOLVED_LIMIT: Final = 0.001
"""Seconds that a call may take while nothing is fetched, whatever the fleet."""


def check(answer: bytes, *, placed: int) -> None:
    """See that an answer is what it should be: so many replicas, and nothing in doubt.

    Raises:
        RuntimeError: When it is not.
    """
    read = fnv1.RunFunctionResponse.FromString(answer)
    replicas = sum(key.startswith("replica-") for key in read.desired.resources)
    held = [
        condition.message
        for condition in read.conditions
        if condition.type == "Held" and condition.reason != "InputsResolved"
    ]
    if replicas != placed or held or any(result.severity == fnv1.SEVERITY_FATAL for result in read.results):
        raise RuntimeError(f"{replicas} replicas instead of {placed}; held: {held}; {read.results}")


def unresolved() -> bytes:
    """Write the first call for a new deployment: nothing that it requires has been fetched."""
    return wire.request(fleet.deployment(10), {}, {}, random.Random(0))  # noqa: S311  # an order, no secret


def requests(case: Case) -> list[bytes]:
    """Write the requests of a case: one call, or for a settled one the same content in two orders."""
    order = random.Random(case.clusters + case.others + case.replicas)  # noqa: S311  # an order, no secret
    others = list(fleet.others(case.others, case.clusters))
    composite = fleet.deployment(case.replicas)
    committed = fleet.taken(others)
    clusters = list(fleet.clusters(case.clusters, committed))
    first = _request(composite, {}, clusters, others, order)
    if not case.available:
        return [first]
    answer = fn.answer(first, NOW).response
    children = _children(answer)
    replicas = [child for key, child in children.items() if key.startswith("replica-")]
    composite["status"].update(_status(answer))
    return [_request(composite, children, clusters, [*others, *replicas], order) for _ in range(2)]


def _request(
    composite: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]],
    clusters: list[fleet.Object],
    replicas: list[fleet.Object],
    order: random.Random,
) -> bytes:
    endpoints = [child for key, child in children.items() if key.startswith("endpoint-")]
    required = {
        "clusters": [wire.encode(cluster, order) for cluster in clusters],
        "replicas": [wire.encode(replica, order) for replica in replicas],
        "endpoints": [wire.encode(endpoint, order) for endpoint in endpoints],
    }
    return wire.request(composite, children, required, order)


def _children(response: bytes) -> dict[str, fleet.Object]:
    """What is observed of a deployment's children once all that a first call composes serves."""
    answer = fnv1.RunFunctionResponse.FromString(response)
    found: dict[str, fleet.Object] = {}
    for key, child in answer.desired.resources.items():
        replica = fleet.observed_replica(key, plain_struct(child.resource))
        endpoint = key.replace("replica-", "endpoint-", 1)
        found[key] = replica
        found[endpoint] = fleet.observed_endpoint(endpoint, replica)
    return found


def _status(response: bytes) -> fleet.Object:
    answer = fnv1.RunFunctionResponse.FromString(response)
    return dict(plain_struct(answer.desired.composite.resource)["status"])
