"""What an InferenceGateway can say about itself."""

from __future__ import annotations

from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary

GATEWAY_API: Final = "GatewayAPIReady"
CONTROLLER: Final = "ControllerReady"
SUPPORTED: Final = "ControllerSupported"
LOAD_BALANCER: Final = "LoadBalancerReady"
ADDRESS: Final = "AddressAssigned"
TLS: Final = "TLSReady"

_INSTALL: Final = "Run the command in the message; it is safe to run again."

VOCABULARY: Final[Vocabulary] = {
    GATEWAY_API: {
        "CRDsPresent": Reason(Status.TRUE, "The Gateway API's definitions are installed, in a version that is enough."),
        "CRDsMissing": Reason(
            Status.FALSE,
            "Definitions of the Gateway API are not installed on the control cluster; nothing new is made of them.",
            _INSTALL,
            Severity.WARNING,
        ),
        "CRDsTooOld": Reason(
            Status.FALSE,
            "Definitions of the Gateway API are older than the gateway needs; nothing new is made of them.",
            _INSTALL,
            Severity.WARNING,
        ),
    },
    CONTROLLER: {
        "ControllerHealthy": Reason(Status.TRUE, "The gateway's controller is installed.", event=Severity.NORMAL),
        "Changing": Reason(
            Status.TRUE, "The gateway's controller is being changed; what was installed counts for 15 minutes at most."
        ),
        "ReleaseFailed": Reason(
            Status.FALSE,
            "Helm could not install or change the gateway's controller, or a change is not done after 15 minutes; the "
            "message says why. What is installed goes on, and whether requests are answered is told by Ready.",
            "Correct what the message says, such as spec.traefik.version: Helm does not try again what failed before "
            "the Release is changed.",
            Severity.WARNING,
        ),
        "Installing": Reason(
            Status.FALSE,
            "The gateway's controller is not installed yet, or its Release is not ready; the message is the Release's.",
            "Look at the Release that ChildrenReady names if this lasts.",
        ),
        "WaitingForGatewayAPI": Reason(
            Status.FALSE,
            "The controller is installed once the Gateway API's definitions are there.",
            "Look at GatewayAPIReady.",
        ),
    },
    SUPPORTED: {
        "Supported": Reason(Status.TRUE, "The version of the controller's chart is one that Modelplane supports."),
        "OlderThanSupported": Reason(
            Status.FALSE,
            "The chart is older than Modelplane supports: before 41.0.2, services that share an endpoint overwrite "
            "each other's paths.",
            "Raise spec.traefik.version.",
            Severity.WARNING,
        ),
        "NotComparable": Reason(
            Status.UNKNOWN,
            "The version of the chart is no semantic version, so it cannot be compared with what is supported.",
            "Write a full version of the chart in spec.traefik.version.",
        ),
    },
    LOAD_BALANCER: {
        "NotManaged": Reason(Status.TRUE, "The cluster's own load balancer is used; none is installed."),
        "LoadBalancerHealthy": Reason(Status.TRUE, "MetalLB is installed and has the addresses that were given."),
        "Installing": Reason(
            Status.FALSE,
            "MetalLB is not installed yet, or its Release is not ready; the message is the Release's.",
            "Look at the Release that ChildrenReady names if this lasts.",
        ),
        "Removing": Reason(
            Status.FALSE,
            "MetalLB is no longer asked for and is removed in order: its addresses, then its Release.",
        ),
        "RemovalBlocked": Reason(
            Status.FALSE,
            "MetalLB is no longer asked for, and its Release stays because it is not ready and so cannot be removed in "
            "order.",
            "Repair the Release that the message names.",
            Severity.WARNING,
        ),
    },
    ADDRESS: {
        "AddressAssigned": Reason(Status.TRUE, "The Gateway has an address.", event=Severity.NORMAL),
        "WaitingForAddress": Reason(
            Status.FALSE,
            "The Gateway has no address; one that it had before stays published.",
            "See that the cluster gives addresses to Services of type LoadBalancer, or set loadBalancer: MetalLB.",
        ),
    },
    TLS: {
        "NotConfigured": Reason(Status.FALSE, "No certificate is given; the gateway answers http only."),
        "Serving": Reason(Status.TRUE, "The gateway answers https with the given certificate.", event=Severity.NORMAL),
        "Waiting": Reason(
            Status.FALSE,
            "The gateway does not answer https yet; the message is the listener's.",
            "See that the Secret exists in modelplane-system and is of type kubernetes.io/tls.",
        ),
    },
}
"""Every condition of an InferenceGateway, in the order in which it is answered."""
