"""What the counts in a workload's status say."""

from __future__ import annotations

from dataclasses import dataclass

from function.composition import Object, unstructured


@dataclass(frozen=True, slots=True)
class CopyCounts:
    """The copies of an engine, as its workload counts them.

    Attributes:
        noun: What a copy is, in the plural.
        desired: How many there should be.
        updated: How many run what the workload says now.
        ready: How many are ready.
        available: How many answer requests.
    """

    noun: str
    desired: int
    updated: int
    ready: int
    available: int


def count_pods(deployment: Object) -> CopyCounts:
    """Read the counts of a Deployment, each copy of which is a pod."""
    return CopyCounts(
        noun="pods",
        desired=unstructured.integer(deployment, "spec", "replicas", default=1),
        updated=unstructured.integer(deployment, "status", "updatedReplicas"),
        ready=unstructured.integer(deployment, "status", "readyReplicas"),
        available=unstructured.integer(deployment, "status", "availableReplicas"),
    )


def at_least_one_serves(ready: str) -> str:
    """Say in CEL that a copy of this generation serves: more are ready or updated than there are, so one is both.

    Args:
        ready: The field of the status that counts the copies that answer.
    """
    return (
        f"has(object.status.{ready}) && has(object.status.updatedReplicas)"
        f" && object.status.{ready} + object.status.updatedReplicas > object.status.replicas"
    )
