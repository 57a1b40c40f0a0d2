"""Whether a cluster can be reached, by what the providers say of everything that is composed for it.

A provider that cannot apply or read an object says so in `Synced` and leaves `Ready` as it was. So a
broken kubeconfig changes nothing that is known of the cluster, and has to be said beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from function.composition import Draft, Object, Reason, Severity, Status, Vocabulary, unstructured

REACHABLE: Final = "ClusterReachable"
LOST: Final = "Unreachable"

_REPAIR: Final = (
    "Repair what the message names: the kubeconfig Secret, the cluster's API server, or what the provider may do there."
)

VOCABULARY: Final[Vocabulary] = {
    REACHABLE: {
        "Reachable": Reason(Status.TRUE, "Everything that is composed for the cluster can be applied and read."),
        "Connecting": Reason(Status.FALSE, "Nothing has been applied to the cluster yet."),
        "NotSynced": Reason(
            Status.FALSE,
            "Some of what is composed for the cluster cannot be applied or read; what runs there goes on.",
            _REPAIR,
            Severity.WARNING,
        ),
        LOST: Reason(
            Status.FALSE,
            "Nothing that is composed for the cluster can be applied or read. What runs there goes on, and nothing new "
            "is placed there.",
            _REPAIR,
            Severity.WARNING,
        ),
    }
}
"""The condition by which a ServingStack and its InferenceCluster say it."""


def set_condition(draft: Draft, children: Mapping[str, Object | None]) -> None:
    """Say how it is by the Releases and Objects for the cluster; those that say nothing do not count."""
    conditions = {key: unstructured.condition(child, "Synced") for key, child in children.items()}
    decided = {
        key: synced for key, synced in conditions.items() if unstructured.text(synced, "status") in {"True", "False"}
    }
    refused = [key for key in sorted(decided) if decided[key]["status"] == "False"]
    if refused:
        first = decided[refused[0]]
        why = unstructured.text(first, "message") or unstructured.text(first, "reason")
        message = f"{len(refused)} of {len(decided)} objects cannot be applied or read; {refused[0]}: {why}"
        draft.set_condition(REACHABLE, LOST if len(refused) == len(decided) else "NotSynced", message)
    elif decided:
        draft.set_condition(REACHABLE, "Reachable", f"{len(decided)} objects are in sync")
    else:
        _carry_condition(draft)


def copy_condition(draft: Draft, other: Object | None) -> bool:
    """Say what another composite says of the same cluster; tell whether the cluster is lost."""
    condition = unstructured.condition(other, REACHABLE)
    reason = unstructured.text(condition, "reason")
    if reason in VOCABULARY[REACHABLE]:
        draft.set_condition(REACHABLE, reason, unstructured.text(condition, "message"))
    else:
        _carry_condition(draft)
    return reason == LOST


def _carry_condition(draft: Draft) -> None:
    if unstructured.condition(draft.observation.composite, REACHABLE):
        draft.carry_condition(REACHABLE)
    else:
        draft.set_condition(REACHABLE, "Connecting")
