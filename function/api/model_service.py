"""ModelService: one address for the endpoints of a model."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from function.api import labels
from function.api.base import Column, Flag, Integer, Kind, Model, Text, between, items, length
from function.api.references import EndpointSelector


class EndpointGroup(Model):
    """Endpoints that share a part of the traffic."""

    weight: Annotated[Integer, between(0, 1000000)] = 1
    """Share of the traffic, beside the weights of the other groups; 0 sends none."""

    priority: Annotated[Integer, between(0, 100)] = 0
    """Groups with the lowest number that can serve take all traffic; the others stand by."""

    selector: EndpointSelector
    """Labels of the ModelEndpoints, in the namespace of the service."""


class ModelServiceSpec(Model):
    """Which endpoints share the address."""

    endpoints: Annotated[tuple[EndpointGroup, ...], items(1, 16, type="atomic")]
    """Groups of endpoints, and how traffic is shared between them."""


class RoutedEndpoint(Model):
    """An endpoint that the service selects."""

    name: Annotated[Text, length(None, 63)]
    """Name of the ModelEndpoint."""

    cluster: Annotated[Text, length(None, 63)] = ""
    """The InferenceCluster that it is on."""

    weight: Integer | None = None
    """Its share of the traffic."""

    priority: Integer | None = None
    """Priority of its group."""

    ready: Flag = False
    """Whether it can be routed to."""

    message: Annotated[Text, length(None, 1024)] = ""
    """Why it gets no traffic, if it gets none."""


class EndpointSummary(Model):
    """How many endpoints can serve."""

    ready: Annotated[Text, length(None, 32)] = ""
    """Endpoints that can be routed to, of those selected."""


class ModelServiceStatus(Model):
    """Where the service is reached, and what is behind it."""

    address: Annotated[Text, length(None, 1024)] = ""
    """URL of the service."""

    summary: EndpointSummary = Field(default_factory=EndpointSummary)
    """How many endpoints can serve."""

    endpoints: Annotated[tuple[RoutedEndpoint, ...], items(None, 4096, keys=("name",))] = ()
    """The endpoints that the service selects."""


MODEL_SERVICE = Kind(
    group=labels.GROUP,
    kind="ModelService",
    plural="modelservices",
    short="ms",
    scope="Namespaced",
    about="A ModelService is one address for endpoints of its namespace, with weights and priorities between groups.",
    spec=ModelServiceSpec,
    status=ModelServiceStatus,
    step="compose-model-service",
    columns=(
        Column("ADDRESS", ".status.address"),
        Column("ENDPOINTS", ".status.summary.ready"),
        Column("ROUTING", ".status.conditions[?(@.type=='RoutingReady')].status"),
    ),
)
