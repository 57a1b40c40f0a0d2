"""What an InferenceGateway can say about itself, whichever gateway it installs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary

GATEWAY_API: Final = "GatewayAPIReady"
CONTROLLER: Final = "ControllerReady"
SUPPORTED: Final = "ControllerSupported"
LOAD_BALANCER: Final = "LoadBalancerReady"
ADDRESS: Final = "AddressAssigned"
TLS: Final = "TLSReady"

_INSTALL: Final = "Run the command in the message; it is safe to run again."

_NEUTRAL: Final[Vocabulary] = {
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
            "Correct what the message says, such as the version of the chart: Helm does not try again what failed "
            "before the Release is changed.",
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
            "The chart is older than Modelplane supports.",
            "Raise the version of the chart.",
            Severity.WARNING,
        ),
        "NotComparable": Reason(
            Status.UNKNOWN,
            "The version of the chart is no semantic version, so it cannot be compared with what is supported.",
            "Write a full version of the chart.",
        ),
    },
    LOAD_BALANCER: {
        "NotManaged": Reason(Status.TRUE, "The cluster's own load balancer is used; none is installed."),
    },
    ADDRESS: {
        "AddressAssigned": Reason(Status.TRUE, "The Gateway has an address.", event=Severity.NORMAL),
        "WaitingForAddress": Reason(
            Status.FALSE,
            "The Gateway has no address; one that it had before stays published.",
            "See that the cluster gives addresses to Services of type LoadBalancer.",
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
"""Every condition of an InferenceGateway, in the order in which it is answered, in words that fit any gateway."""


def vocabulary(gateways: Iterable[Vocabulary]) -> Vocabulary:
    """Give every condition of an InferenceGateway, with the reasons and the words of each gateway.

    Raises:
        ValueError: When two gateways have different words for one reason: it could be explained in one way only.
    """
    merged = {kind: dict(reasons) for kind, reasons in _NEUTRAL.items()}
    own: dict[tuple[str, str], Reason] = {}
    for conditions in gateways:
        for kind, reasons in conditions.items():
            for name, reason in reasons.items():
                if own.setdefault((kind, name), reason) != reason:
                    raise ValueError(f"two gateways explain {kind}/{name} differently")
                merged.setdefault(kind, {})[name] = reason
    return merged
