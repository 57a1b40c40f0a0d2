"""ModelEndpoint: an address that serves a model."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from function.api import labels, patterns
from function.api.base import Column, Flag, Integer, Kind, Model, Text, length, matches
from function.api.credentials import CertificateAuthoritySecret
from function.api.inference_gateway import Hostname


class EndpointTLS(Model):
    """How the endpoint's certificate is checked, for https."""

    ca_secret_ref: CertificateAuthoritySecret | None = None
    """Certificates of the authority to trust, instead of the well-known ones. They are copied into a ConfigMap."""

    insecure_skip_verify: Flag = False
    """Accept any certificate. The gateway of this version cannot, and the endpoint says so."""


class ModelEndpointSpec(Model):
    """Where the model is served."""

    url: Annotated[Text, length(1, 2048), matches(patterns.HTTP_URL)]
    """Base URL of the endpoint's API, as its clients are told it: what they ask below `/v1` is asked there. Without any
    path, the API is at `/v1`. A query cannot be sent."""

    rewrite_path: Annotated[Text, length(None, 1024), matches(patterns.ABSOLUTE_PATH)] = ""
    """Path that takes the place of the service's own, as in a URL, and comes before the `/v1` of requests. One with a
    version in it, such as `/v1beta/openai`, is the API's own and takes the place of that `/v1` too. Without it, the
    url says the path."""

    host: Hostname = ""
    """Host that requests name; without it, the url's."""

    tls: EndpointTLS | None = None
    """How the endpoint's certificate is checked, for https."""

    draining: Flag = False
    """Send no new requests, because the endpoint is about to go."""


class EndpointRouting(Model):
    """How routes refer to the endpoint."""

    refused: Flag = False
    """Nothing may be routed to it, and what was before must not be any more."""

    backend_name: Annotated[Text, length(None, 253)] = ""
    """The Service to route to; set once it can be routed to."""

    port: Integer | None = None
    """Port of that Service."""

    rewrite_path: Annotated[Text, length(None, 1024)] = ""
    """Path that takes the place of the service's own, decoded."""

    api_path: Annotated[Text, length(None, 1024)] = ""
    """Path that takes the place of the service's own and of a `/v1` behind it, decoded; without it, a `/v1` stays."""

    hostname: Annotated[Text, length(None, 253)] = ""
    """Host that requests name; without it, they name what the client did."""

    host: Annotated[Text, length(None, 253)] = ""
    """Host of the url, which requests are sent to."""

    protocol: Annotated[Text, length(None, 16)] = ""
    """Scheme of the url."""


class ModelEndpointStatus(Model):
    """How routes refer to the endpoint."""

    routing: EndpointRouting = Field(default_factory=EndpointRouting)
    """How routes refer to the endpoint."""


MODEL_ENDPOINT = Kind(
    group=labels.GROUP,
    kind="ModelEndpoint",
    plural="modelendpoints",
    short="me",
    scope="Namespaced",
    about="A ModelEndpoint is an address that serves a model. ModelDeployment makes one for each replica that serves; "
    "one for a provider outside is written by hand.",
    spec=ModelEndpointSpec,
    status=ModelEndpointStatus,
    step="compose-model-endpoint",
    columns=(
        Column("URL", ".spec.url"),
        Column("ROUTING", ".status.conditions[?(@.type=='RoutingReady')].reason"),
    ),
)
