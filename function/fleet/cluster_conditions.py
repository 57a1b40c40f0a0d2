"""What an InferenceCluster can say about itself."""

from __future__ import annotations

from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary
from function.fleet import reachability

CLUSTER: Final = "ClusterReady"
BACKEND: Final = "BackendReady"
DELETION: Final = "DeletionBlocked"

VOCABULARY: Final[Vocabulary] = {
    CLUSTER: {
        "ClusterRunning": Reason(Status.TRUE, "The cluster is there, and every node pool is published."),
        "Provisioning": Reason(
            Status.FALSE,
            "How to reach the cluster is being set up.",
            "Look at the child that ChildrenReady names if this lasts.",
        ),
        "WaitingForClasses": Reason(
            Status.FALSE,
            "Node pools are not published because their InferenceClass is missing or cannot be read; the message names "
            "class and pool. Nothing is placed there until it can be.",
            "Create or correct the InferenceClass, or correct the pool's className.",
            Severity.WARNING,
        ),
        "SourceNotSupported": Reason(
            Status.FALSE,
            "This version does not compose clusters of this source; nothing new is made and what is there stays.",
            "Use a version that does, or a cluster with source Existing.",
            Severity.WARNING,
        ),
        "SourceIncomplete": Reason(
            Status.FALSE,
            "The spec does not say how to reach the cluster; nothing new is made and what is there stays.",
            "Correct the field that the message names.",
            Severity.WARNING,
        ),
    },
    **reachability.VOCABULARY,
    BACKEND: {
        "BackendHealthy": Reason(
            Status.TRUE,
            "The serving stack is installed, and the address of the cluster's gateway is known.",
            event=Severity.NORMAL,
        ),
        "Installing": Reason(
            Status.FALSE,
            "The serving stack is not ready; the message is its own.",
            "Look at the ServingStack that the message names if this lasts.",
        ),
        "StackFailed": Reason(
            Status.FALSE,
            "A chart of the serving stack could not be installed or changed; the message is the stack's. What serves "
            "on the cluster goes on, and nothing new is placed there.",
            "Look at StackReady of the ServingStack that the message names.",
            Severity.WARNING,
        ),
        "PartsMissing": Reason(
            Status.FALSE,
            "The cluster lacks something that spec.servingStack.installed says it has; the message is the stack's. "
            "What serves on the cluster goes on, and nothing new is placed there.",
            "Install it, or take the component out of spec.servingStack.installed.",
            Severity.WARNING,
        ),
        "WaitingForCluster": Reason(
            Status.FALSE,
            "Nothing is installed until the cluster can be reached.",
            "Look at ClusterReady.",
        ),
    },
    DELETION: {
        "NoReplicas": Reason(Status.FALSE, "The cluster can be deleted: no replicas are placed on it."),
        "ReplicasPlaced": Reason(
            Status.TRUE,
            "The cluster cannot be deleted while replicas are placed on it; the message counts them.",
            "Delete their ModelDeployments, or taint the cluster with NoExecute, before deleting it.",
        ),
        "DeletionRefused": Reason(
            Status.TRUE,
            "Somebody tried to delete the cluster while replicas are placed on it, and was refused.",
            "Delete their ModelDeployments, wait for the replicas to go, and delete the cluster again.",
            Severity.WARNING,
        ),
    },
}
"""Every condition of an InferenceCluster, in the order in which it is answered."""
