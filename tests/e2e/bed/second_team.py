"""A second team's model on a node pool of its own, on which things that take long go on beside the other tests.

The pool has a node more than the model takes, so that something new can be placed at any time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any, Final

from function.api import labels
from function.composition import unstructured
from tests.e2e.bed import pools
from tests.e2e.bed.api import ApiError
from tests.e2e.bed.plane import LEFT_ALONE, Bed
from tests.e2e.bed.ports import free_ports
from tests.e2e.bed.quickstart import Serving
from tests.e2e.shipped import COMPOSITION_OF

NAMESPACE: Final = "spare-team"
MODEL_NAME: Final = "spare"
UNREACHABLE: Final = "function-unreachable"
POOL: Final = pools.Pool("ams-1", "spare", 3, "spare")

_LOOK_SECONDS: Final = 1


def begin(bed: Bed, name: str) -> None:
    """Ask for one more replica, of a deployment of its own."""
    bed.control.kubectl.apply_objects([pools.deployment(name, 1, NAMESPACE, POOL.product)])


def finish(bed: Bed, name: str) -> None:
    """See that it serves in the end, and let it go again."""
    ready = ("ModelDeployment", name, "Ready", NAMESPACE)
    bed.processes.until(f"{name} is served", lambda: bed.is_true(*ready), 120)
    bed.control.kubectl("delete", "modeldeployment", name, "-n", NAMESPACE, "--wait=false")


class BackgroundCheck(threading.Thread):
    """Looks for something once a second, beside the tests.

    Attributes:
        result: What was found; nothing while it was not.
        at: When it was found.
    """

    def __init__(self, ask: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.result: Any = None
        self.at = 0.0
        self.start()

    def run(self) -> None:
        """Look until it is found."""
        while not self.result:
            time.sleep(_LOOK_SECONDS)
            with suppress(ApiError, HTTPException, OSError):  # a server that does not answer now may do so later
                found = self._ask()
                self.at, self.result = time.time(), found


@dataclass(frozen=True, slots=True)
class Leaving:
    """A deployment of which one replica leaves, and whose service is composed by a function that nobody serves.

    Attributes:
        serving: The deployment and the service.
        pod: The pod that leaves.
        endpoint: The endpoint that drains.
        since: When it began to.
        unreachable_since: When the service was given to the function that nobody serves.
        gone: Sees the pod gone.
        given_up: Sees what the service's condition Synced says once Crossplane has given up.
    """

    serving: Serving
    pod: str
    endpoint: str
    since: float
    unreachable_since: float
    gone: BackgroundCheck
    given_up: BackgroundCheck


def arrange(bed: Bed) -> None:
    """Ask for the model, with two replicas."""
    pools.add(bed, POOL)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    model = pools.deployment(MODEL_NAME, 2, NAMESPACE, POOL.product)
    bed.control.kubectl.apply_objects([namespace, model, pools.service(MODEL_NAME, NAMESPACE)])


def leave(bed: Bed) -> Leaving:
    """Scale one of the replicas away once they serve; leave their service to nobody."""
    serving = Serving(bed, MODEL_NAME, NAMESPACE)
    serving.await_ready()
    endpoints = {unstructured.name_of(endpoint): endpoint for endpoint in serving.endpoints()}
    bed.control.kubectl("scale", f"md/{MODEL_NAME}", "-n", NAMESPACE, "--replicas=1")
    bed.processes.until("an endpoint drains", lambda: len(serving.endpoints()) == 1)
    bed.touch(NAMESPACE)
    bed.processes.until("the service sends to one replica only", lambda: len(serving.route_backends()) == 1)
    (left,) = endpoints.keys() - {unstructured.name_of(endpoint) for endpoint in serving.endpoints()}
    since = bed.composite("ModelEndpoint", left, NAMESPACE)["metadata"]["annotations"][labels.DRAINING_SINCE]
    (pod,) = [pod for pod in serving.pods() if unstructured.labels(pod)[labels.REPLICA] == left]
    name = unstructured.name_of(pod)
    remote = bed.inference["ams-1"].api
    gone = BackgroundCheck(lambda: remote.get("v1", "Pod", name, NAMESPACE) is None)
    _give_to_nobody(bed)
    return Leaving(
        serving,
        name,
        left,
        datetime.fromisoformat(since).timestamp(),
        time.time(),
        gone,
        BackgroundCheck(lambda: _not_synced(bed)),
    )


def _give_to_nobody(bed: Bed) -> None:
    """Have the service composed by a function at a port that nobody listens on."""
    (port,) = free_ports(1)
    bed.crossplane.register(UNREACHABLE, port)
    composition = COMPOSITION_OF["ModelService"]
    steps = [{**step, "functionRef": {"name": UNREACHABLE}} for step in composition["spec"]["pipeline"]]
    bed.control.kubectl.apply_objects(
        [{**composition, "metadata": {"name": UNREACHABLE}, "spec": {**composition["spec"], "pipeline": steps}}]
    )
    bed.processes.until("the Composition has a revision", lambda: _has_revision(bed))
    bed.control.api.patch(
        bed.composite("ModelService", MODEL_NAME, NAMESPACE),
        {
            "metadata": {"annotations": {LEFT_ALONE: "true"}},
            "spec": {"crossplane": {"compositionRef": {"name": UNREACHABLE}}},
        },
    )


def _has_revision(bed: Bed) -> bool:
    """Tell whether Crossplane can find the Composition: a composite is composed by a revision of it."""
    found = bed.control.api.list("apiextensions.crossplane.io/v1", "CompositionRevision")
    return any(unstructured.labels(revision).get("crossplane.io/composition-name") == UNREACHABLE for revision in found)


_GIVEN_UP: Final = "DeadlineExceeded"
"""What Crossplane says when a function has not answered; before that, it may say that it is not ready to compose."""


def _not_synced(bed: Bed) -> str:
    condition = unstructured.condition(bed.composite("ModelService", MODEL_NAME, NAMESPACE), "Synced")
    message = unstructured.text(condition, "message")
    return message if condition.get("status") == "False" and _GIVEN_UP in message else ""
