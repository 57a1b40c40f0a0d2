"""The quickstart as it runs on the bed, and what must not go away while anything is in doubt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from function.api import kinds, labels
from function.composition import Manifest, unstructured
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.processes import T
from tests.e2e.shipped import ROOT

NAMESPACE: Final = "ml-team"
FLEET: Final = ROOT / "examples" / "quickstart" / "fleet"
MODEL: Final = ROOT / "examples" / "quickstart" / "model"
REPLICAS: Final = 2

_API: Final = kinds.MODEL_DEPLOYMENT.api_version
_LOOK_SECONDS: Final = 0.5


@contextmanager
def repaired(repair: Callable[[], object]) -> Iterator[None]:
    """Repair what is broken meanwhile, whatever comes of it: a check that fails leaves the bed to the next one."""
    try:
        yield
    finally:
        repair()


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
    """A deployment with two replicas and the service of the same name: in the quickstart, `chat`.

    Attributes:
        bed: Where it runs.
        name: The name of both.
        namespace: Their namespace.
    """

    bed: Bed
    name: str = "chat"
    namespace: str = NAMESPACE

    @property
    def is_ready(self) -> bool:
        """Whether it is served."""
        return self.bed.is_true("ModelService", self.name, "Ready", self.namespace)

    def await_ready(self) -> None:
        """Wait until both replicas serve and the service routes to both."""

        def served() -> bool:
            deployment = self.bed.composite("ModelDeployment", self.name, self.namespace)
            ready = unstructured.dig(deployment, "status", "replicas", "ready") == REPLICAS
            return (
                ready
                and unstructured.is_true(deployment, "Ready")
                and self.is_ready
                and len(self.route_backends()) == REPLICAS
            )

        self.bed.processes.until(f"{self.name} is served by two replicas", served, 180)

    def replicas(self) -> list[Manifest]:
        """Its ModelReplicas that are Ready."""
        found = self.bed.control.api.list(_API, "ModelReplica", self.namespace, **self._own)
        return [obj for obj in found if unstructured.is_true(obj, "Ready")]

    def endpoints(self) -> list[Manifest]:
        """Its ModelEndpoints that are not draining."""
        found = self.bed.control.api.list(_API, "ModelEndpoint", self.namespace, **self._own)
        return [obj for obj in found if unstructured.dig(obj, "spec", "draining") is not True]

    def route_backends(self) -> list[tuple[str, int]]:
        """What the service's route sends to, with weights."""
        (route,) = self.bed.control.api.list("gateway.networking.k8s.io/v1", "HTTPRoute", self.namespace)
        refs = unstructured.items(unstructured.items(route, "spec", "rules")[0], "backendRefs")
        return [(ref["name"], ref["weight"]) for ref in refs]

    def pods(self) -> list[Manifest]:
        """Its pods that are not on their way out."""
        found = self.bed.inference["ams-1"].api.list("v1", "Pod", self.namespace, **self._own)
        return [obj for obj in found if "deletionTimestamp" not in obj["metadata"]]

    def facts(self) -> Facts:
        """What serves the model now."""
        return Facts(
            frozenset(pod["metadata"]["uid"] for pod in self.pods() if unstructured.is_true(pod, "Ready")),
            frozenset((unstructured.name_of(endpoint), endpoint["spec"]["url"]) for endpoint in self.endpoints()),
            frozenset(self.route_backends()),
            unstructured.text(self.bed.composite("ModelService", self.name, self.namespace), "status", "address"),
        )

    def await_with_looks(self, what: str, ask: Callable[[], T | None], seconds: float = 90) -> T:
        """Wait until something is so, and have Crossplane look now and then until it is."""
        return self.bed.await_with_looks(what, ask, seconds, self.namespace)

    def endures(
        self,
        what: str,
        sign: Callable[[], Any],
        seconds: float = 60,
        after: float = 2,
        *,
        rolls: bool = True,
        also: str = "",
        provider: str = "",
    ) -> None:
        """See that everything that serves stays while something is in doubt; our function is replaced meanwhile.

        Args:
            what: What shows that the doubt has arrived.
            sign: Tells whether it has.
            seconds: How long it may take to arrive.
            after: How long to look on afterwards.
            rolls: Whether to replace our function.
            also: Another namespace in which Crossplane is to look.
            provider: A namespace in which provider-kubernetes is to look as well.
        """
        before = self.facts()
        assert len(before.pods) == len(before.endpoints) == len(before.backends) == REPLICAS

        def stays() -> Any:
            assert self.facts() == before
            assert self.is_ready, "the service stays Ready"
            return sign()

        if rolls:
            self.bed.roll_function()
        self.bed.await_with_looks(what, stays, seconds, self.namespace, also, provider=provider)
        self.bed.touch(self.namespace, also)
        end = time.monotonic() + after
        while time.monotonic() < end:
            stays()
            time.sleep(_LOOK_SECONDS)

    @contextmanager
    def as_before(self) -> Iterator[Facts]:
        """After the repair everything is as it was, and nothing is in doubt."""
        before = self.facts()
        yield before
        self.await_with_looks("nothing is held any more", lambda: not self.bed.with_condition("Held", "True"))
        self.await_ready()
        assert self.facts() == before

    def await_synced(self) -> None:
        """Wait until Crossplane composes the deployment again."""
        deployment = ("ModelDeployment", self.name, "Synced", self.namespace)
        self.await_with_looks("Crossplane composes again", lambda: self.bed.is_true(*deployment), 180)

    @property
    def _own(self) -> dict[str, str]:
        return {labels.DEPLOYMENT: self.name}
