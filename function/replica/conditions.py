"""The conditions of a ModelReplica and their reasons."""

from __future__ import annotations

from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary

ACCEPTED: Final = "ModelAccepted"
READY: Final = "ModelReady"
REFERENCES: Final = "ReferencesCopied"

VOCABULARY: Final[Vocabulary] = {
    ACCEPTED: {
        "Accepted": Reason(Status.TRUE, "The cluster has taken every workload of the replica."),
        "Deploying": Reason(
            Status.FALSE,
            "Workloads are on their way to the cluster; the message names the first that it has not taken.",
            "Look at the Object that ChildrenReady names if this lasts.",
            Severity.NORMAL,
        ),
        "NotSynced": Reason(
            Status.FALSE,
            "Something of the replica cannot be applied to the cluster or read from it; what runs there goes on.",
            "Repair what the message names: the kubeconfig Secret, the cluster's API server, or a missing kind there.",
            Severity.WARNING,
        ),
        "WaitingForCluster": Reason(
            Status.FALSE,
            "The cluster cannot be reached yet, so nothing is composed.",
            "Look at the InferenceCluster that the message names.",
        ),
        "PredecessorTerminating": Reason(
            Status.FALSE,
            "What an earlier replica of this name had on the cluster is still being removed, so nothing is composed.",
            "Look at the Object that the message names if this lasts.",
        ),
        "InvalidPort": Reason(
            Status.FALSE,
            "By the ports that its engines listen on, requests could not reach the replica; nothing new is made.",
            "Have the engine that the message names listen on another port.",
            Severity.WARNING,
        ),
        "PodConflict": Reason(
            Status.FALSE,
            "What is written of the pods and what serving needs contradict each other; nothing new is made.",
            "Change what the message names in the pod template of the ModelDeployment.",
            Severity.WARNING,
        ),
        "InvalidScheme": Reason(
            Status.FALSE,
            "By how its engines are spoken to, HTTP or HTTPS, requests could not reach the replica; nothing new is "
            "made.",
            "Have the engines that the message names all serve HTTP, or serve without an endpoint picker.",
            Severity.WARNING,
        ),
        "InvalidTransfer": Reason(
            Status.FALSE,
            "The prefill engine could not hand its KV cache to the decode engine; nothing new is made.",
            "Have both engines hand over in the same way, one that the side-car speaks, or say it in "
            "`engines[].serving.kvTransfer`.",
            Severity.WARNING,
        ),
        "NamespaceReserved": Reason(
            Status.FALSE,
            "The replica would run in a namespace that belongs to the system or is reserved on its cluster; nothing "
            "new is made.",
            "Create the deployment in another namespace, or have the platform team allow this one in "
            "`spec.namespaces.allowed` of the cluster. The system's own cannot be allowed.",
            Severity.WARNING,
        ),
        "NotPermitted": Reason(
            Status.FALSE,
            "The pods ask for what the cluster does not permit: something that labels or annotations grant, an account "
            "or class of the cluster, or more than the level of pod security of the namespace; nothing new is made.",
            "Remove what the message names, or have the platform team permit it in `spec.namespaces` of the cluster.",
            Severity.WARNING,
        ),
    },
    READY: {
        "Serving": Reason(Status.TRUE, "Requests to the replica's path are answered.", event=Severity.NORMAL),
        "ModelStarting": Reason(
            Status.FALSE,
            "Something that answering a request needs is not ready; the message names the first and why.",
            "Wait while the engine loads, or look at what the message names.",
        ),
        "WaitingForModel": Reason(
            Status.FALSE,
            "The cluster has not taken the workloads yet.",
            "Look at ModelAccepted.",
        ),
    },
    REFERENCES: {
        "Copied": Reason(
            Status.TRUE, "Every Secret and ConfigMap that the pods cannot start without is a copy of the namespace's."
        ),
        "LeftToCluster": Reason(
            Status.FALSE,
            "Secrets or ConfigMaps that pods name were not in the deployment's namespace when the pods were made. The "
            "pods refer to them as written, and start once they are in the namespace of that name on the cluster.",
            "Correct the name, or create what the message names and change the deployment, which makes the pods anew. "
            "Nothing needs doing where it is on the cluster.",
            Severity.WARNING,
        ),
        "PodsNotMade": Reason(Status.UNKNOWN, "No pods are made yet, so nothing is copied for them."),
    },
}
"""Every condition of a ModelReplica, in the order in which they appear in the answer."""
