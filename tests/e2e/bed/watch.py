"""Watches over time what serves the deployments of a namespace."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

from function.api import kinds, labels
from function.composition import Manifest, Object, unstructured
from tests.e2e.bed.api import ApiError
from tests.e2e.bed.plane import Bed

_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one moment.

    Attributes:
        at: When, by `time.time`.
        serving: The replicas of each deployment to which its service sends requests and that have a ready pod.
        pods: The pods of each deployment that are ready.
        served: The replicas of each deployment that say that they have served, and are not being deleted.
        astray: Backends of routes that belong to no replica that is there.
    """

    at: float
    serving: Mapping[str, frozenset[str]]
    pods: Mapping[str, frozenset[str]]
    served: Mapping[str, frozenset[str]]
    astray: frozenset[str]


class Watch(threading.Thread):
    """Looks twice a second.

    Attributes:
        samples: What was seen.
    """

    def __init__(self, bed: Bed, namespace: str) -> None:
        super().__init__(name="watch", daemon=True)
        self._bed, self._namespace = bed, namespace
        self._ended = threading.Event()
        self.samples: list[Sample] = []

    @property
    def latest(self) -> Sample:
        """What was seen last."""
        return self.samples[-1]

    def least(self, deployment: str) -> int:
        """How many replicas of a deployment served at least."""
        return min(len(sample.serving.get(deployment, ())) for sample in self.samples)

    def most_pods(self, *deployments: str) -> int:
        """How many pods of some deployments were ready together at most."""
        return max(sum(len(sample.pods.get(name, ())) for name in deployments) for sample in self.samples)

    def served(self, *deployments: str) -> set[str]:
        """All replicas of some deployments that have ever said that they have served."""
        return {uid for sample in self.samples for name in deployments for uid in sample.served.get(name, ())}

    def run(self) -> None:
        """Look until it is told to stop."""
        while not self._ended.wait(_SECONDS):
            with suppress(ApiError, HTTPException, OSError):  # a server that does not answer now may do so later
                self.samples.append(self.look())

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()

    def look(self) -> Sample:
        """Look once. Routes come first: what they name may go only after they have ceased to name it."""
        at, api = time.time(), self._bed.control.api
        routes = api.list("gateway.networking.k8s.io/v1", "HTTPRoute", self._namespace)
        services = {
            unstructured.name_of(service): _owner(service) for service in api.list("v1", "Service", self._namespace)
        }
        replicas = api.list(kinds.MODEL_REPLICA.api_version, "ModelReplica", self._namespace)
        deployments = {
            unstructured.name_of(replica): unstructured.labels(replica)[labels.DEPLOYMENT] for replica in replicas
        }
        ready = list(self._ready_pods())
        with_pod = {unstructured.labels(pod)[labels.REPLICA] for pod in ready}
        pods, serving, served = (defaultdict[str, set[str]](set) for _ in range(3))
        astray = set()
        for pod in ready:
            pods[unstructured.labels(pod)[labels.DEPLOYMENT]].add(unstructured.name_of(pod))
        for obj in replicas:
            if unstructured.text(obj, "status", "servingSince") and "deletionTimestamp" not in obj["metadata"]:
                served[deployments[unstructured.name_of(obj)]].add(obj["metadata"]["uid"])
        for backend in (name for route in routes for name in _backends(route)):
            replica = services.get(backend, "")
            if replica not in deployments:
                astray.add(f"{backend} {replica}")
            elif replica in with_pod:
                serving[deployments[replica]].add(replica)
        return Sample(at, _frozen(serving), _frozen(pods), _frozen(served), frozenset(astray))

    def _ready_pods(self) -> Iterator[Manifest]:
        for cluster in self._bed.inference.values():
            for pod in cluster.api.list("v1", "Pod", self._namespace):
                if unstructured.is_true(pod, "Ready") and "deletionTimestamp" not in pod["metadata"]:
                    yield pod


def _backends(route: Object) -> Iterator[str]:
    for rule in unstructured.items(route, "spec", "rules"):
        for ref in unstructured.items(rule, "backendRefs"):
            if ref.get("weight", 1):
                yield ref["name"]


def _owner(obj: Object) -> str:
    """The endpoint that composes a Service, which is named like its replica."""
    return next((reference["name"] for reference in unstructured.items(obj, "metadata", "ownerReferences")), "")


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(found) for name, found in sets.items()}
