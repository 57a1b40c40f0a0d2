"""The gateways that an InferenceGateway can install: one line for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from function.composition import Doubt, Object, Vocabulary, unstructured
from function.routing import gateway_conditions
from function.routing.gateways import traefik
from function.routing.gateways.protocol import Gateway


@dataclass(frozen=True, slots=True)
class GatewayRegistry:
    """The supported gateways.

    Attributes:
        supported: Each of them; the first is meant where nothing tells which.
    """

    supported: tuple[Gateway, ...]

    def of(self, inference_gateway: Object | None, children: Iterable[Object] = ()) -> Gateway:
        """Find the gateway that an InferenceGateway selects.

        Args:
            inference_gateway: The InferenceGateway; None while it is not known.
            children: What was composed for it before. While the InferenceGateway does not tell, the gateway is the
                one whose controller has reported on them, so that they stay as they are.
        """
        backend = unstructured.text(inference_gateway, "spec", "backend")
        selected = next((gateway for gateway in self.supported if gateway.backend == backend), None)
        if selected is not None:
            return selected
        controllers = {name for child in children for name in _controllers(child)}
        return next(
            (gateway for gateway in self.supported if gateway.controller_name in controllers), self.supported[0]
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of their Services inside of the control cluster."""
        return tuple(gateway.host for gateway in self.supported)

    @property
    def vocabulary(self) -> Vocabulary:
        """Every condition of an InferenceGateway."""
        return gateway_conditions.vocabulary(gateway.conditions for gateway in self.supported)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What is done when an input that one of them requires is in doubt."""
        return tuple(doubt for gateway in self.supported for doubt in gateway.doubts)

    @property
    def children(self) -> Mapping[str, str]:
        """The children of an InferenceGateway that are one of theirs."""
        return {key: kind for gateway in self.supported for key, kind in gateway.children.items()}

    @property
    def route_children(self) -> Mapping[str, str]:
        """The children of a ModelService."""
        return {key: kind for gateway in self.supported for key, kind in gateway.routes.children.items()}

    @property
    def policy_children(self) -> Mapping[str, str]:
        """The children of a ModelEndpoint by which a gateway is told what to check."""
        return {key: kind for gateway in self.supported for key, kind in gateway.policies.children.items()}


def _controllers(child: Object) -> set[str]:
    """The controllers that have reported on a route or a policy."""
    reports = (*unstructured.items(child, "status", "parents"), *unstructured.items(child, "status", "ancestors"))
    return {unstructured.text(report, "controllerName") for report in reports}


GATEWAYS: Final = GatewayRegistry((traefik.GATEWAY,))
"""The gateways of this version."""
