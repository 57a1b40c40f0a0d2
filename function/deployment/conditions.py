"""What a ModelDeployment can say about itself."""

from __future__ import annotations

from typing import Final

from function.composition import Reason, Severity, Status, Vocabulary

CACHE: Final = "ModelCacheResolved"
ENGINES: Final = "EnginesRecognized"
SCHEDULED: Final = "ReplicasScheduled"
READY: Final = "ReplicasReady"
PROGRESSING: Final = "Progressing"
DRIFTED: Final = "PlacementDrifted"
OVERCOMMITTED: Final = "Overcommitted"

_FREE_A_PLACE: Final = "Do what the message says for the clusters that are closest to a place."

VOCABULARY: Final[Vocabulary] = {
    CACHE: {
        "NoCacheNeeded": Reason(Status.TRUE, "The deployment names no ModelCache."),
        "ModelCacheResolved": Reason(Status.TRUE, "The ModelCache that the deployment names exists."),
        "ModelCacheUnresolved": Reason(Status.FALSE, "The ModelCache has not been fetched yet."),
        "ModelCacheNotFound": Reason(
            Status.FALSE,
            "The ModelCache does not exist; running replicas stay and new ones wait for it.",
            "Create the ModelCache in the deployment's namespace, or correct modelCacheRef.",
            Severity.WARNING,
        ),
        "ModelCacheUnreadable": Reason(
            Status.FALSE,
            "The spec of the ModelCache cannot be read; running replicas stay and new ones wait.",
            "Correct the ModelCache.",
            Severity.WARNING,
        ),
    },
    ENGINES: {
        "Recognized": Reason(Status.TRUE, "How to reach every engine is said by its fields or its command."),
        "DefaultsAssumed": Reason(
            Status.TRUE,
            "Some of how to reach an engine is not said, or said in two ways; the message names what is assumed or at "
            "odds, for each engine.",
        ),
        "CommandUnclear": Reason(
            Status.FALSE,
            "A command says something of how to reach its engine that cannot be read without running it, or is no "
            "number; the message names it and what is assumed instead.",
            "Write the field that the message names.",
            Severity.WARNING,
        ),
        "Unreachable": Reason(
            Status.FALSE,
            "As its command says, neither probes nor requests can reach an engine, so that it would never be Ready: it "
            "listens on its pod's loopback address alone, speaks no HTTP, or asks for a certificate.",
            "Do what the message says.",
            Severity.WARNING,
        ),
    },
    SCHEDULED: {
        "ReplicasCreated": Reason(Status.TRUE, "Every replica has a place, and they are being or have been made."),
        "ScaledToZero": Reason(Status.TRUE, "No replicas are asked for.", "Scale up to serve the model."),
        "Scheduling": Reason(
            Status.FALSE,
            "Every replica has a place, and none of them is observed yet.",
            event=Severity.NORMAL,
        ),
        "PartiallyScheduled": Reason(
            Status.FALSE,
            "Some replicas have a place and others have not; the message counts why clusters did not take them.",
            _FREE_A_PLACE,
            Severity.WARNING,
        ),
        "InsufficientCapacity": Reason(
            Status.FALSE,
            "No replica has a place; the message counts why clusters did not take one.",
            _FREE_A_PLACE,
            Severity.WARNING,
        ),
        "NoClusters": Reason(
            Status.FALSE,
            "The fleet has no InferenceCluster.",
            "Create an InferenceCluster.",
            Severity.WARNING,
        ),
        "InvalidNodeSelector": Reason(
            Status.FALSE,
            "A nodeSelector cannot be compiled; running replicas stay and nothing is placed.",
            "Correct the selector that the message names.",
            Severity.WARNING,
        ),
        "SelectorConflict": Reason(
            Status.FALSE,
            "The deployment and its ModelCache ask for different values of a cluster label, which no cluster can have; "
            "running replicas stay and nothing is placed.",
            "Make the cluster selectors of both agree.",
            Severity.WARNING,
        ),
        "PodConflict": Reason(
            Status.FALSE,
            "What is written of the pods and what serving needs contradict each other; running replicas stay and "
            "nothing is placed.",
            "Change what the message names in the pod template.",
            Severity.WARNING,
        ),
        "InvalidPort": Reason(
            Status.FALSE,
            "By the ports that the engines listen on, requests could not reach a replica; running replicas stay and "
            "nothing is placed.",
            "Have the engine that the message names listen on another port.",
            Severity.WARNING,
        ),
        "InvalidScheme": Reason(
            Status.FALSE,
            "By how the engines are spoken to, HTTP or HTTPS, requests could not reach a replica; running replicas "
            "stay and nothing is placed.",
            "Have the engines that the message names all serve HTTP, or serve without an endpoint picker.",
            Severity.WARNING,
        ),
        "InvalidTransfer": Reason(
            Status.FALSE,
            "The prefill engine could not hand its KV cache to the decode engine; running replicas stay and nothing "
            "is placed.",
            "Have both engines hand over in the same way, one that the side-car speaks, or say it in "
            "`engines[].serving.kvTransfer`.",
            Severity.WARNING,
        ),
        "WaitingForCache": Reason(
            Status.FALSE,
            "Replicas are missing, and new ones wait for the ModelCache.",
            "Create or correct the ModelCache, or correct modelCacheRef.",
            Severity.WARNING,
        ),
        "NamespaceReserved": Reason(
            Status.FALSE,
            "Replicas of deployments in this namespace would run in a namespace that belongs to the system or is "
            "reserved on every cluster; nothing new is made, and what runs there stays.",
            "Create the deployment in another namespace, or have a platform team allow this one in "
            "`spec.namespaces.allowed` of a cluster. The system's own cannot be allowed.",
            Severity.WARNING,
        ),
        "NotPermitted": Reason(
            Status.FALSE,
            "The pods ask for what no cluster permits: something that labels or annotations grant (a network, a role "
            "of the cloud, an unconfined profile, an injected container), an account or class of the cluster, or more "
            "than the level of pod security of the namespace; nothing new is made, and what runs stays.",
            "Remove what the message names, or have a platform team permit it in `spec.namespaces` of a cluster.",
            Severity.WARNING,
        ),
        "SpecTooLarge": Reason(
            Status.FALSE,
            "The deployment's engines have more text than every replica may repeat: all replicas of the fleet are "
            "looked at together. Those that exist stay, and nothing new is made.",
            "Keep scripts and other long texts in the image or in a ConfigMap that the engine reads.",
            Severity.WARNING,
        ),
        "ResponseTooLarge": Reason(
            Status.FALSE,
            "More replicas would make a larger answer than Crossplane takes; those that exist stay.",
            "Shorten the pod templates, or split the deployment.",
            Severity.WARNING,
        ),
    },
    READY: {
        "AllReplicasReady": Reason(Status.TRUE, "As many replicas serve as are asked for.", event=Severity.NORMAL),
        "ScaledToZero": Reason(Status.TRUE, "No replicas are asked for.", "Scale up to serve the model."),
        "ModelStarting": Reason(
            Status.FALSE,
            "Fewer replicas serve than are asked for; the message names the first that does not and why.",
            "Look at the replica that the message names.",
        ),
        "NoReplicasScheduled": Reason(
            Status.FALSE,
            "No replica has a place.",
            "Look at ReplicasScheduled.",
        ),
    },
    PROGRESSING: {
        "Complete": Reason(Status.TRUE, "Every replica runs what the deployment asks for now."),
        "RollingOut": Reason(
            Status.TRUE,
            "What the deployment runs has changed, and replicas are being replaced; the message counts them.",
            event=Severity.NORMAL,
        ),
        "NoRoomToSurge": Reason(
            Status.FALSE,
            "Replicas of the new revision find no room, and rollout.maxUnavailable allows none of the old ones to go "
            "before. The old ones serve on.",
            "Free or add the nodes that the message asks for, or raise rollout.maxUnavailable.",
            Severity.WARNING,
        ),
        "ProgressDeadlineExceeded": Reason(
            Status.FALSE,
            "No replica of the revision has served within rollout.progressDeadlineSeconds. Nothing more is replaced, "
            "and replicas of earlier revisions serve on.",
            "Look at the replica that the message names; correct the deployment, or go back to what it ran before.",
            Severity.WARNING,
        ),
        "RolloutPaused": Reason(
            Status.FALSE,
            "Replicas of an earlier revision are not replaced because rollout.paused is true.",
            "Set rollout.paused to false to go on.",
        ),
        "RolloutHeld": Reason(
            Status.FALSE,
            "Replicas of an earlier revision are not replaced because nothing new may be placed.",
            "Look at ReplicasScheduled and ModelCacheResolved.",
        ),
    },
    DRIFTED: {
        "InPlace": Reason(Status.FALSE, "Every replica is where it could be placed now."),
        "Drifted": Reason(
            Status.TRUE,
            "Clusters, classes, selectors, or what clusters permit have changed around replicas, which would not be "
            "placed again where they are. They stay.",
            "Undo the change, or permit what is refused. A rollout replaces them where all fits; to delete them stops "
            "them.",
            Severity.WARNING,
        ),
        "ClusterMissing": Reason(
            Status.TRUE,
            "An InferenceCluster with replicas of the deployment is not found any more, although it cannot be deleted "
            "while they are there. They stay for ten minutes, and are then placed anew elsewhere.",
            "If the cluster still exists, create its InferenceCluster again under the same name.",
            Severity.WARNING,
        ),
        "Draining": Reason(
            Status.TRUE,
            "A cluster asks its replicas to leave; they go once successors serve elsewhere.",
            "Wait; look at the successors if this lasts.",
            Severity.NORMAL,
        ),
        "DrainBlocked": Reason(
            Status.TRUE,
            "A cluster asks its replicas to leave, and they stay because there is no place for successors elsewhere.",
            "Add nodes elsewhere, remove the taint, or tolerate it; ReplicasScheduled or Progressing says what is "
            "missing.",
            Severity.WARNING,
        ),
    },
    OVERCOMMITTED: {
        "WithinCapacity": Reason(Status.FALSE, "The pools of the deployment's replicas have nodes for all of them."),
        "PoolOvercommitted": Reason(
            Status.TRUE,
            "A pool that replicas of the deployment use has fewer nodes than its replicas take; some cannot start.",
            "Add nodes to the pool that the message names, or remove replicas that use it.",
            Severity.WARNING,
        ),
    },
}
"""Every condition of a ModelDeployment, in the order in which it is answered."""
