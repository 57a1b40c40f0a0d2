"""Why the pods of a replica are not ready, from their own status.

A workload only counts its pods. While a replica does not serve, its pods are observed one by one:
an ObservedObjectCollection makes an Object of each, and these are read as a requirement, because a
composite sees only the children that it composes itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.api import labels
from function.composition import Manifest, Object, Requirement, names, objects, unstructured
from function.replica.identity import ReplicaIdentity

KIND: Final = "ObservedObjectCollection"

_STARTING: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""Reasons of waiting containers that are part of a normal start."""

_MAX_LENGTH: Final = 512


def requirement(replica: ReplicaIdentity) -> Requirement:
    """The Objects of a replica's pods."""
    wanted = {labels.PODS_OF: replica.service}
    return Requirement(objects.API_VERSION, objects.KIND, labels=wanted, namespace=replica.namespace)


def collection(replica: ReplicaIdentity, provider_config: str) -> Manifest:
    """Build what observes a replica's pods, and nothing but observes them."""
    identity = (KIND, replica.namespace, replica.name)
    return {
        "apiVersion": objects.API_VERSION,
        "kind": KIND,
        # The provider writes the collection's name into a label, and so it must not be longer than one.
        "metadata": {"name": names.name(replica.name, names.DNS_LABEL, *identity)},
        "spec": {
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": provider_config},
            "observeObjects": {
                "apiVersion": "v1",
                "kind": "Pod",
                "namespace": replica.namespace,
                "selector": {"matchLabels": {labels.REPLICA: replica.name}},
            },
            "objectTemplate": {"metadata": {"labels": {labels.PODS_OF: replica.service}}},
        },
    }


def explain(found: Iterable[Object]) -> str:
    """Say why the first pod that is not ready is not; empty when none says anything.

    Args:
        found: The Objects of the pods. What of them cannot be read says nothing.
    """
    pods = [objects.remote(obj) for obj in found]
    reasons = sorted(
        (unstructured.name_of(pod), reason) for pod in pods if unstructured.name_of(pod) and (reason := _reason(pod))
    )
    if not reasons:
        return ""
    name, reason = reasons[0]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"pod {name}: {reason[:_MAX_LENGTH]}{more}"


def _reason(pod: Object) -> str:
    """Why a pod is not ready; empty when it is, or says nothing of use."""
    if unstructured.text(pod, "metadata", "deletionTimestamp") or unstructured.is_true(pod, "Ready"):
        return ""
    scheduled = unstructured.condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return _join(unstructured.text(scheduled, "reason") or "not scheduled", unstructured.text(scheduled, "message"))
    if unstructured.text(pod, "status", "phase") == "Failed":
        return _join(
            unstructured.text(pod, "status", "reason") or "Failed", unstructured.text(pod, "status", "message")
        )
    lists = ("initContainerStatuses", "containerStatuses")
    containers = [container for name in lists for container in unstructured.items(pod, "status", name)]
    return next(filter(None, map(_container_reason, containers)), "")


def _container_reason(container: Object) -> str:
    """What a container says that does not run as it should."""
    name = unstructured.text(container, "name")
    waiting = unstructured.mapping(container, "state", "waiting")
    reason = unstructured.text(waiting, "reason")
    if reason and reason not in _STARTING:
        message = unstructured.text(waiting, "message")
        return f"container {name}: {_join(reason, message)}{_last_termination(container)}"
    terminated = unstructured.mapping(container, "state", "terminated")
    if unstructured.integer(terminated, "exitCode"):
        return f"container {name}: {_termination(terminated)}"
    return ""


def _last_termination(container: Object) -> str:
    """How a container ended before; what waits after a crash says only that it waits."""
    terminated = unstructured.mapping(container, "lastState", "terminated")
    return f"; before that {_termination(terminated)}" if terminated else ""


def _termination(terminated: Object) -> str:
    code = unstructured.integer(terminated, "exitCode")
    return _join(
        f"{unstructured.text(terminated, 'reason') or 'ended'} with exit code {code}",
        unstructured.text(terminated, "message"),
    )


def _join(reason: str, message: str) -> str:
    return f"{reason}: {message.strip()}" if message.strip() else reason
