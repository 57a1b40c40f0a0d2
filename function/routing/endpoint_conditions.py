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
        "WaitingForTLS": Reason(
            Status.FALSE,
            "The gateway does not know yet how to check the endpoint's certificate, so nothing is sent to it.",
            "Look at UpstreamTLS.",
        ),
        "PolicyRefused": Reason(
            Status.FALSE,
            "The gateway refuses what it is told about the endpoint's certificate, and answers requests that are for "
            "this endpoint with an error. The endpoint's backend stays as it is.",
            "Do what the message says; it is the gateway's own.",
            Severity.WARNING,
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
        "QueryNotSent": Reason(
            Status.FALSE,
            "spec.url has a query, which the gateway cannot add to requests, and nothing was composed before.",
            "Take the query out of spec.url and have clients say it, whose queries pass as they are; or name a base "
            "URL of the provider's that needs none.",
            Severity.WARNING,
        ),
        "AddressRefused": Reason(
            Status.FALSE,
            "Kubernetes takes the host of spec.url into no EndpointSlice, and nothing was composed before.",
            "Use an address that other machines can reach, or a host name with a domain.",
            Severity.WARNING,
        ),
        "AddressNotAllowed": Reason(
            Status.FALSE,
            "spec.url or spec.host names something that endpoints which are written by hand may not lead to: it is not "
            "public, or the InferenceGateway denies it. The message says which rule refuses it. Nothing is sent there.",
            "Let spec.url name a public address. If this one is meant, the platform team can add it to "
            "spec.endpoints.allow of the InferenceGateway, or take it out of spec.endpoints.deny.",
            Severity.WARNING,
        ),
        "OwnGateway": Reason(
            Status.FALSE,
            "spec.url or spec.host names the front door or a cluster's gateway, to which no endpoint that is written "
            "by hand may lead, whatever the InferenceGateway allows. Nothing is sent there.",
            "Select the endpoints themselves in the ModelService, instead of a URL in front of them.",
            Severity.WARNING,
        ),
        "WaitingForCluster": Reason(
            Status.FALSE,
            "The replica's cluster does not exist, or publishes no address at which its gateway can be.",
            "Look at the InferenceCluster that the message names.",
        ),
    },
    TLS: {
        "NotNeeded": Reason(Status.TRUE, "The endpoint is spoken to in clear text."),
        "WellKnownAuthorities": Reason(
            Status.TRUE,
            "The endpoint is spoken to with TLS, and its certificate is checked against the well-known CAs.",
        ),
        "GivenAuthority": Reason(
            Status.TRUE,
            "The endpoint is spoken to with TLS, and its certificate is checked against the authority of "
            "spec.tls.caSecretRef.",
        ),
        "AuthorityMissing": Reason(
            Status.FALSE,
            "The certificates of the authority are not in the Secret that spec.tls.caSecretRef names, or one of them "
            "cannot be read; what is routed to already stays as it is.",
            "Put them into the Secret, in PEM, each whole.",
            Severity.WARNING,
        ),
        "HostNeeded": Reason(
            Status.FALSE,
            "spec.url names an IP address, and a certificate of an authority of your own is checked for a name.",
            "Say the name in spec.host.",
            Severity.WARNING,
        ),
        "WaitingForGateway": Reason(
            Status.FALSE,
            "The gateway is told what to check for once the Gateway API is known to be served.",
            "Look at GatewayAPIReady of the InferenceGateway.",
        ),
        "PolicyRefused": Reason(
            Status.FALSE,
            "The gateway does not heed what it is told about the certificate; the message is its own.",
            "Do what the message says.",
            Severity.WARNING,
        ),
        "NotSupported": Reason(
            Status.FALSE,
            "spec.tls.insecureSkipVerify has no effect: this gateway checks every certificate.",
            "Name the authority of the endpoint's certificate in spec.tls.caSecretRef.",
            Severity.WARNING,
        ),
    },
}
"""Every condition of a ModelEndpoint, in the order in which it is answered."""
