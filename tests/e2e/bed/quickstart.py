"""The quickstart as it runs on the bed, and what must not go away while anything is in doubt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from function.api import labels
from function.composition import Manifest, manifest
from tests.e2e.bed.plane import COMPOSITES, Bed
from tests.e2e.shipped import ROOT

NAMESPACE: Final = "ml-team"
FLEET: Final = ROOT / "examples" / "quickstart" / "fleet"
MODEL: Final = ROOT / "examples" / "quickstart" / "model"
REPLICAS: Final = 2

_API: Final = f"{labels.GROUP}/{labels.VERSION}"
_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Facts:
    """What serves the model.

    Attributes:
        pods: The identities of the pods that serve.
        endpoints: The endpoints that take traffic, with their URLs.
        backends: The backends of the service's route, with their weights.
        address: The service's URL.
    """

    pods: frozenset[str]
    endpoints: frozenset[tuple[str, str]]
    backends: frozenset[tuple[str, int]]
    address: str


@dataclass(frozen=True, slots=True)
class Serving:
    """The model `chat`.

    Attributes:
        bed: Where it runs.
    """

    bed: Bed

    @property
    def there(self) -> bool:
        """Whether it is served."""
        return self.bed.is_true("ModelService", "chat", "Ready", NAMESPACE)

    def await_ready(self) -> None:
        """Wait until both replicas serve and the service routes to both."""

        def served() -> bool:
            deployment = self.bed.composite("ModelDeployment", "chat", NAMESPACE)
            ready = manifest.dig(deployment, "status", "replicas", "ready") == REPLICAS
            return (
                ready
                and manifest.is_true(deployment, "Ready")
                and self.there
                and len(self.route_backends()) == REPLICAS
            )

        self.bed.processes.until("chat is served by two replicas", served, 180)

    def replicas(self) -> list[Manifest]:
        """Its ModelReplicas that are Ready."""
        found = self.bed.control.api.list(_API, "ModelReplica", NAMESPACE, **{labels.DEPLOYMENT: "chat"})
        return [one for one in found if manifest.is_true(one, "Ready")]

    def endpoints(self) -> list[Manifest]:
        """Its ModelEndpoints that are not draining."""
        found = self.bed.control.api.list(_API, "ModelEndpoint", NAMESPACE, **{labels.DEPLOYMENT: "chat"})
        return [one for one in found if manifest.dig(one, "spec", "draining") is not True]

    def route_backends(self) -> list[tuple[str, int]]:
        """What the service's route sends to, with weights."""
        (route,) = self.bed.control.api.list("gateway.networking.k8s.io/v1", "HTTPRoute", NAMESPACE)
        refs = manifest.items(manifest.items(route, "spec", "rules")[0], "backendRefs")
        return [(ref["name"], ref["weight"]) for ref in refs]

    def pods(self) -> list[Manifest]:
        """Its pods that are not on their way out."""
        found = self.bed.inference["ams-1"].api.list("v1", "Pod", NAMESPACE, **{labels.DEPLOYMENT: "chat"})
        return [one for one in found if "deletionTimestamp" not in one["metadata"]]

    def facts(self) -> Facts:
        """What serves the model now."""
        return Facts(
            frozenset(pod["metadata"]["uid"] for pod in self.pods() if manifest.is_true(pod, "Ready")),
            frozenset((manifest.name_of(one), one["spec"]["url"]) for one in self.endpoints()),
            frozenset(self.route_backends()),
            manifest.text(self.bed.composite("ModelService", "chat", NAMESPACE), "status", "address"),
        )

    def touch(self) -> None:
        """Have Crossplane look at everything: a change of what is only required does not make it."""
        stamp = {"metadata": {"annotations": {"bed/looked-at": str(time.time_ns())}}}
        for api_version, kind in COMPOSITES:
            for one in self.bed.control.api.list(api_version, kind):
                self.bed.control.api.patch(one, stamp)

    def endures(self, what: str, sign: Callable[[], Any], seconds: float = 60, after: float = 5) -> None:
        """See that everything that serves stays while something is in doubt.

        Args:
            what: What shows that the doubt has arrived.
            sign: Tells whether it has.
            seconds: How long it may take to arrive.
            after: How long to look on afterwards.
        """
        before = self.facts()
        assert len(before.pods) == len(before.endpoints) == len(before.backends) == REPLICAS
        self.touch()

        def stays() -> Any:
            assert self.facts() == before
            assert self.there, "the service stays Ready"
            return sign()

        self.bed.processes.until(what, stays, seconds)
        self.touch()
        end = time.monotonic() + after
        while time.monotonic() < end:
            stays()
            time.sleep(_LOOK_SECONDS)
