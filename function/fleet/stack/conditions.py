"""What a ServingStack can say about itself."""

from __future__ import annotations

from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary
from function.fleet import reachability

STACK: Final = "StackReady"
ADDRESS: Final = "GatewayAddressed"

VOCABULARY: Final[Vocabulary] = {
    **reachability.VOCABULARY,
    STACK: {
        "Installed": Reason(
            Status.TRUE, "Every part of the stack that the cluster needs is there and ready.", event=Severity.NORMAL
        ),
        "Changing": Reason(
            Status.TRUE,
            "Charts of a stack that was ready are being changed. What was installed counts as ready meanwhile, for 15 "
            "minutes at most.",
        ),
        "ReleaseFailed": Reason(
            Status.FALSE,
            "Helm could not install or change a chart, or a change is not done after 15 minutes; the message names the "
            "first and why. What serves on the cluster goes on, and nothing new is placed there.",
            "Correct what the message says, such as a version in spec.servingStack.versions of the InferenceCluster: "
            "Helm does not try again what failed before the Release is changed.",
            Severity.WARNING,
        ),
        "Missing": Reason(
            Status.FALSE,
            "What the cluster is said to have already is not there, or not as it is needed; the message names the "
            "component, what was looked for and the version. What serves on the cluster goes on, and nothing new is "
            "placed there.",
            "Install what the message names on the cluster, or take the component out of spec.servingStack.installed "
            "of the InferenceCluster, to have it installed.",
            Severity.WARNING,
        ),
        "Installing": Reason(
            Status.FALSE,
            "Some parts of the stack are not ready; the message counts them and names the first and why.",
            "Look at the Release or Object that the message names if this lasts.",
        ),
        "SecretsUnusable": Reason(
            Status.FALSE,
            "The cluster cannot be reached with these Secrets; nothing new is made and what is there stays.",
            "Correct spec.secrets.",
            Severity.WARNING,
        ),
    },
    ADDRESS: {
        "Addressed": Reason(Status.TRUE, "The cluster's gateway has an address."),
        "WaitingForAddress": Reason(
            Status.FALSE,
            "The cluster's gateway has no address; one that was known stays published.",
            "Look at the Gateway on the cluster, and at what gives addresses to Services of type LoadBalancer there.",
        ),
    },
}
"""Every condition of a ServingStack, in the order in which it is answered."""
