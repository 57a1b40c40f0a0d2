"""What a gateway is to the rest of routing, and the values that pass between the two.

What is routed (groups, weights, priorities, endpoints) is decided without knowing how a gateway is configured. A
gateway turns it into objects of its own, and reads back what it made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from function.api.inference_gateway import InferenceGatewaySpec
from function.composition import Doubt, Draft, Readiness, Vocabulary
from function.routing.endpoint_view import Endpoint
from function.routing.gateway_api import Definitions
from function.routing.traffic import Target


class RouteAcceptance(Enum):
    """Whether the gateway has taken a route over."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RouteStatus:
    """What the gateway reports on a route.

    Attributes:
        acceptance: Whether it has accepted the route as it is now, with all of its backends.
        message: Why it has not; empty when it has.
    """

    acceptance: RouteAcceptance
    message: str = ""


@dataclass(frozen=True, slots=True)
class RoutedBackend:
    """A backend that an observed route names.

    Attributes:
        endpoint: How it is routed to; what the route does not tell of it is left empty.
        weight: Its share of the traffic.
    """

    endpoint: Endpoint
    weight: int


@dataclass(frozen=True, slots=True)
class ServiceRoute:
    """What a service's route has to do.

    Attributes:
        targets: The endpoints in the route. None at all leaves a route that answers with an error.
        paths: What of an endpoint is public; empty leaves it as it is.
        marker: The header that marks requests that have passed the gateway; empty leaves it as it is.
    """

    targets: Sequence[Target]
    paths: Sequence[str] = ()
    marker: str = ""


@dataclass(frozen=True, slots=True)
class CertificateCheck:
    """What an endpoint's certificate is checked for, where the gateway has to be told.

    Attributes:
        hostname: The name that it must have; empty when none is known.
        served: Whether the gateway's policies are known to be served, or are there already.
        authority: Which authority must have issued it, in words; empty for the well-known ones.
        certificates: The authority's certificates, in PEM; empty when they are not known.
        problem: Why they are not; empty when they are.
        fetched: Whether everything that this is made of has been fetched.
    """

    hostname: str
    served: bool = False
    authority: str = ""
    certificates: str = ""
    problem: str = ""
    fetched: bool = True


@dataclass(frozen=True, slots=True)
class PolicyRefusal:
    """That the gateway refuses a policy, and so every request that needs it.

    Attributes:
        policy: Kind and name of the policy.
        message: Why, in the gateway's own words.
    """

    policy: str
    message: str


class Routes(Protocol):
    """How a gateway is told what a ModelService routes."""

    @property
    def most_backends(self) -> int:
        """The most endpoints that a route can name."""
        ...

    @property
    def children(self) -> Mapping[str, str]:
        """The composition resource names that it uses, each with its kind."""
        ...

    def exists(self, draft: Draft) -> bool:
        """Tell whether the service's route is observed."""
        ...

    def backends(self, draft: Draft) -> dict[str, RoutedBackend]:
        """Read the backends that the observed route names, by the names of their Services."""
        ...

    def status(self, draft: Draft) -> RouteStatus:
        """Read what the gateway reports on the observed route."""
        ...

    def compose(self, draft: Draft, route: ServiceRoute, ready: Readiness) -> None:
        """Compose the route, with this readiness."""
        ...


class CertificatePolicies(Protocol):
    """How a gateway is told what the certificate of a ModelEndpoint is checked for."""

    @property
    def children(self) -> Mapping[str, str]:
        """The composition resource names that it uses, each with its kind."""
        ...

    def exists(self, draft: Draft) -> bool:
        """Tell whether the endpoint's policy is observed."""
        ...

    def compose(self, draft: Draft, check: CertificateCheck | None, backend: str) -> bool:
        """Compose what the gateway needs to know, each part once what it refers to is observed.

        Args:
            draft: The answer.
            check: What is to be checked; None when the gateway need not be told.
            backend: The endpoint's Service; empty until its name is known.

        Returns:
            Whether the gateway is told.
        """
        ...

    def refusal(self, draft: Draft) -> PolicyRefusal | None:
        """Read why the gateway refuses the observed policy; None when it does not."""
        ...


class Installation(Protocol):
    """A gateway that an InferenceGateway asks for, with everything required that installing it depends on."""

    def compose(self, draft: Draft, definitions: Definitions) -> bool:
        """Compose the gateway, and set every condition of an InferenceGateway but GatewayAPIReady.

        Returns:
            Whether requests are answered.
        """
        ...

    def address(self, draft: Draft) -> str:
        """The address at which the gateway is reached; empty when there never was one."""
        ...


class Gateway(Protocol):
    """A gateway that can be the front door of the control cluster."""

    @property
    def backend(self) -> str:
        """The value of `spec.backend` of an InferenceGateway that selects it."""
        ...

    @property
    def controller_name(self) -> str:
        """The controller in its GatewayClass, whose status on routes and policies counts."""
        ...

    @property
    def definitions(self) -> Sequence[str]:
        """Plurals of the kinds of the Gateway API that must be served before it is installed."""
        ...

    @property
    def host(self) -> str:
        """The name of its Service inside of the control cluster."""
        ...

    @property
    def routes(self) -> Routes:
        """How it is told what is routed."""
        ...

    @property
    def policies(self) -> CertificatePolicies:
        """How it is told what certificates are checked for."""
        ...

    @property
    def conditions(self) -> Vocabulary:
        """Reasons of an InferenceGateway's conditions that only it has, or has in words of its own."""
        ...

    @property
    def doubts(self) -> Sequence[Doubt]:
        """What it does when an input that it requires for itself is in doubt."""
        ...

    @property
    def children(self) -> Mapping[str, str]:
        """The composition resource names of its parts, each with its kind."""
        ...

    def prepare(self, draft: Draft, spec: InferenceGatewaySpec) -> Installation:
        """Require whatever installing it depends on; nothing is composed yet."""
        ...
