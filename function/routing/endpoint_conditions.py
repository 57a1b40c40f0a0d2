"""What a ModelEndpoint can say about itself."""

from __future__ import annotations

from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary

ROUTING: Final = "RoutingReady"
TLS: Final = "UpstreamTLS"

VOCABULARY: Final[Vocabulary] = {
    ROUTING: {
        "BackendConfigured": Reason(Status.TRUE, "Services can route to the endpoint.", event=Severity.NORMAL),
        "WaitingForBackend": Reason(
            Status.FALSE,
            "The Service or the EndpointSlice of the endpoint does not exist yet.",
            "Look at ChildrenReady if this lasts.",
        ),
        "InvalidURL": Reason(
            Status.FALSE,
            "spec.url is no address that requests can be sent to, and nothing was composed before.",
            "Correct spec.url as the message says.",
            Severity.WARNING,
        ),
        "InvalidRewrite": Reason(
            Status.FALSE,
            "spec.rewritePath or spec.host is nothing that a route can say, and nothing was composed before.",
            "Correct the field that the message names.",
            Severity.WARNING,
        ),
        "AddressRefused": Reason(
            Status.FALSE,
            "Kubernetes takes the host of spec.url into no EndpointSlice, and nothing was composed before.",
            "Use an address that other machines can reach, or a host name with a domain.",
            Severity.WARNING,
        ),
    },
    TLS: {
        "NotNeeded": Reason(Status.TRUE, "The endpoint is spoken to in clear text."),
        "WellKnownAuthorities": Reason(
            Status.TRUE,
            "The endpoint is spoken to with TLS, and its certificate is checked against the well-known CAs.",
        ),
        "NotSupported": Reason(
            Status.FALSE,
            "spec.tls has no effect with this gateway: certificates are checked against the well-known CAs.",
            "Give the endpoint a certificate of a well-known CA and remove spec.tls.",
            Severity.WARNING,
        ),
    },
}
"""Every condition of a ModelEndpoint, in the order in which it is answered."""
