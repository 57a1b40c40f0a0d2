"""What a ModelService can say about itself."""

from __future__ import annotations

from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary

GATEWAY: Final = "GatewayResolved"
ENDPOINTS: Final = "EndpointsResolved"
ROUTING: Final = "RoutingReady"
TRUNCATED: Final = "EndpointsTruncated"

VOCABULARY: Final[Vocabulary] = {
    GATEWAY: {
        "Resolved": Reason(Status.TRUE, "The InferenceGateway has an address, and the service's URL begins with it."),
        "GatewayNotFound": Reason(
            Status.FALSE,
            "There is no InferenceGateway named default; the service keeps the URL that it had.",
            "Create the InferenceGateway.",
            Severity.WARNING,
        ),
        "WaitingForAddress": Reason(
            Status.FALSE,
            "The InferenceGateway has no address; the service keeps the URL that it had.",
            "Look at the conditions of the InferenceGateway.",
        ),
        "WaitingForTLS": Reason(
            Status.FALSE,
            "The service's URL begins with https, and the InferenceGateway does not answer https any more.",
            "Look at TLSReady of the InferenceGateway.",
            Severity.WARNING,
        ),
    },
    ENDPOINTS: {
        "Resolved": Reason(Status.TRUE, "The selectors match ModelEndpoints; the message counts them."),
        "NoEndpoints": Reason(
            Status.FALSE,
            "No ModelEndpoint of the service's namespace has the labels of any selector.",
            "Correct the selectors, or look at the ModelDeployment whose replicas they mean.",
            Severity.WARNING,
        ),
    },
    ROUTING: {
        "RouteConfigured": Reason(
            Status.TRUE, "The gateway has accepted the route, and requests are answered.", event=Severity.NORMAL
        ),
        "RoutedToDraining": Reason(
            Status.TRUE,
            "Every endpoint that could be routed to drains; those that still serve get the requests meanwhile. One of "
            "a replica gets them for a minute after it began to drain.",
            "Look at the ModelDeployment if no other replica serves soon.",
            Severity.WARNING,
        ),
        "Configuring": Reason(
            Status.FALSE,
            "The gateway has not reported on the route as it is now; a service that is Ready stays so for a minute.",
            "Look at the InferenceGateway if this lasts.",
        ),
        "RouteRefused": Reason(
            Status.FALSE,
            "The gateway does not accept the route, or does not find one of its backends; the message is its own.",
            "Do what the message says; routeNamespaces of the InferenceGateway may leave this namespace out.",
            Severity.WARNING,
        ),
        "NoRoutableEndpoint": Reason(
            Status.FALSE,
            "No endpoint can be routed to, so requests are answered with an error. Route and URL stay.",
            "Look at status.endpoints, and at the ModelEndpoints or the ModelDeployment behind them.",
            Severity.WARNING,
        ),
        "WaitingForGateway": Reason(
            Status.FALSE,
            "There is no InferenceGateway, or it has no address, does not answer https or does not say that the "
            "Gateway API is served; a route that is there stays.",
            "Create the InferenceGateway, or look at its conditions.",
        ),
    },
    TRUNCATED: {
        "AllRouted": Reason(Status.FALSE, "A route can name every endpoint that takes traffic."),
        "TooManyEndpoints": Reason(
            Status.TRUE,
            "More endpoints could take traffic than a route can name; some of each group are left out, and the "
            "shares of the groups stay as they are.",
            "Split the endpoints over several services.",
            Severity.WARNING,
        ),
    },
}
"""Every condition of a ModelService, in the order in which it is answered."""
