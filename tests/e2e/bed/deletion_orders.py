"""A service, its endpoint and the gateway, deleted in every order: one pair of both for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from function.composition import Manifest, unstructured
from tests.e2e.bed import external_endpoints
from tests.e2e.bed.departing import names
from tests.e2e.bed.plane import OUTSIDE, Bed

NAMESPACE: Final = "orders-team"
SERVICE, ENDPOINT, GATEWAY = "ModelService", "ModelEndpoint", "InferenceGateway"
KINDS: Final = (SERVICE, ENDPOINT, GATEWAY)

ORDERS: Final = {
    "".join(kind.removeprefix("Model")[0].lower() for kind in order): order for order in permutations(KINDS)
}
"""The orders, by the name of their pair: the first letters of what is deleted first, second and last."""

TOGETHER: Final = "together"
"""The pair that is deleted by one command, while the gateway is there."""

LEFT: Final = "left"
"""The pair that stays, and outlives the gateway."""


@dataclass(frozen=True, slots=True)
class DeletionOrders:
    """All of them.

    Attributes:
        bed: Where they run.
    """

    bed: Bed

    @property
    def pairs(self) -> set[str]:
        """The names of all pairs."""
        return {*ORDERS, TOGETHER, LEFT}

    def all_serve(self) -> bool:
        """Tell whether every service is Ready and has a route to its endpoint."""
        ready = {name for name in self.pairs if self.bed.is_true(SERVICE, name, "Ready", NAMESPACE)}
        return ready == self.pairs and all(len(self.backends(name)) == 1 for name in ready)

    def backends(self, service: str) -> list[str]:
        """The Services that a service's route names."""
        return external_endpoints.backends(self.bed, service, NAMESPACE)

    def delete(self, steps: Iterable[tuple[str, set[str]]]) -> None:
        """Delete halves of pairs, step by step, and see after each that nothing names or outlives what is gone."""
        for kind, pairs in steps:
            references = [f"{kind.lower()}/{name}" for name in sorted(pairs)]
            self.bed.control.kubectl.waiting("delete", "-n", NAMESPACE, *references)
            assert not self.left(kind) & pairs
            self.bed.await_with_looks("no route names what is gone", lambda: not self.astray(), 30, NAMESPACE)
            self.bed.processes.until("nothing is left of what is gone", lambda: not self.composed(), 30)

    def before_gateway(self) -> Iterator[tuple[str, set[str]]]:
        """What is deleted before the gateway, kind by kind: first of each pair, then second."""
        yield from _steps({name: order[: order.index(GATEWAY)] for name, order in ORDERS.items()})

    def after_gateway(self) -> Iterator[tuple[str, set[str]]]:
        """What is deleted after the gateway."""
        yield from _steps({name: order[order.index(GATEWAY) + 1 :] for name, order in ORDERS.items()})

    def astray(self) -> dict[str, list[str]]:
        """Services whose route names a Service that is not there, with what it names."""
        services = {unstructured.name_of(service) for service in self.bed.control.api.list("v1", "Service", NAMESPACE)}
        found = {
            name: [backend for backend in self.backends(name) if backend not in services] for name in self.left(SERVICE)
        }
        return {name: lost for name, lost in found.items() if lost}

    def left(self, kind: str) -> set[str]:
        """The pairs of which a half is there."""
        return names(self.bed, kind, NAMESPACE)

    def composed(self) -> list[str]:
        """What is there of what was composed for services and endpoints that are gone."""
        remaining = self.left(SERVICE) | self.left(ENDPOINT)
        kinds = (
            ("gateway.networking.k8s.io/v1", "HTTPRoute"),
            ("v1", "Service"),
            ("discovery.k8s.io/v1", "EndpointSlice"),
        )
        return [
            f"{kind} {unstructured.name_of(obj)}"
            for api_version, kind in kinds
            for obj in self.bed.control.api.list(api_version, kind, NAMESPACE)
            if not any(owner["name"] in remaining for owner in unstructured.items(obj, "metadata", "ownerReferences"))
        ]


def arrange(bed: Bed) -> DeletionOrders:
    """Ask for all pairs."""
    found = DeletionOrders(bed)
    bed.control.kubectl.apply_objects(_manifests(found.pairs))
    return found


def _steps(orders: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, set[str]]]:
    for step in range(max(map(len, orders.values()))):
        for kind in KINDS:
            pairs = {name for name, order in orders.items() if order[step : step + 1] == (kind,)}
            if pairs:
                yield kind, pairs


def _manifests(pairs: Iterable[str]) -> Iterator[Manifest]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    for name in sorted(pairs):
        yield external_endpoints.endpoint(name, NAMESPACE, f"http://{OUTSIDE[0]}")
        yield external_endpoints.service(name, NAMESPACE, {"provider": name})
