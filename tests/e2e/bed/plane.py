"""The bed: a control cluster with Crossplane and our function, and two inference clusters, on one machine.

Real are etcd, the API servers, the controllers of Kubernetes, the scheduler, Crossplane,
provider-kubernetes and our function. What stands in for something says so when it starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, objects, unstructured
from function.packages.composed import USAGES
from tests.e2e.bed.api import ApiError
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.crossplane import Crossplane
from tests.e2e.bed.helm import Helm
from tests.e2e.bed.installation import Installation
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.processes import Processes, Running, T
from tests.e2e.binaries import Binaries

NODES: Final = {"ams-1-l4-a": "l4", "ams-1-l4-b": "l4"}
"""The GPU nodes of the cluster ams-1, with their pools. The other cluster has none at first."""

COMPOSITES: Final = (
    *(("modelplane.ai/v1alpha1", kind) for kind in ("InferenceClass", "InferenceCluster", "InferenceGateway")),
    *(
        ("modelplane.ai/v1alpha1", kind)
        for kind in ("ModelDeployment", "ModelReplica", "ModelEndpoint", "ModelService")
    ),
    ("infrastructure.modelplane.ai/v1alpha1", "ServingStack"),
)
"""Every kind of composite."""

LEFT_ALONE: Final = "bed/left-alone"
"""Annotation of a composite that nobody touches: a change during an attempt to compose it would lose its outcome."""

_LOOKED_AT: Final = ("InferenceCluster", "InferenceGateway")
_TOUCH_SECONDS: Final = 3

ADDRESSES: Final = {"control": "192.0.2.1", "ams-1": "198.51.100.1", "osl-1": "198.51.100.2"}
"""Where each cluster's gateway is reached; the names are those of the clusters."""

OUTSIDE: Final = ("203.0.113.1", "203.0.113.2")
"""Addresses of what is no cluster."""


@dataclass(slots=True)
class Bed:
    """Everything that runs.

    Attributes:
        binaries: The programs.
        processes: What was started.
        certificates: Who is trusted.
        control: The control cluster.
        inference: The inference clusters.
        crossplane: Crossplane on the control cluster.
        installation: What is installed there.
        helm: The stand-in for provider-helm.
        provider: provider-kubernetes.
        function: Our function.
        isolated: Whether it has a network of its own.
        forgotten: Namespaces that were deleted, which are gone in the end.
    """

    binaries: Binaries
    processes: Processes
    certificates: Certificates
    control: Cluster
    inference: dict[str, Cluster]
    crossplane: Crossplane
    installation: Installation
    helm: Helm
    provider: Running
    function: Running
    isolated: bool
    forgotten: set[str] = field(default_factory=set)

    def forget(self, *namespaces: str) -> None:
        """Delete namespaces; a namespace controller takes many seconds to look again, and nobody waits for it here."""
        self.control.kubectl("delete", "namespace", *namespaces, "--wait=false")
        self.forgotten |= {*namespaces}

    @property
    def port(self) -> int:
        """Where our function is served."""
        return self.function.ports[0]

    def restart_function(self) -> None:
        """Serve our function again where it was served before."""
        self._serve_again()

    def roll_function(self) -> None:
        """Replace our function as a rolling update does: its successor serves before it stops."""
        before = self.function
        self._serve_again()
        self.processes.stop(before)

    def _serve_again(self) -> None:
        """Serve our function on the same port: connections go to either, as by a Service."""
        self.function = self.crossplane.serve(self.port)

    def restart_crossplane(self) -> None:
        """Stop Crossplane's core, and start it again."""
        self.crossplane.restart_core()

    def restart(self) -> None:
        """Replace our function, and restart Crossplane, while whatever goes on goes on."""
        self.roll_function()
        self.restart_crossplane()

    def stop_provider(self) -> None:
        """Stop provider-kubernetes."""
        self.processes.stop(self.provider)

    def restart_provider(self) -> None:
        """Start provider-kubernetes again."""
        self.provider = self.crossplane.start_provider()

    def composite(self, kind: str, name: str, namespace: str = "") -> Manifest:
        """One of our composites; empty when it is not there."""
        return self.control.api.get("modelplane.ai/v1alpha1", kind, name, namespace) or {}

    def explain(self) -> str:
        """Say of every composite that is not Ready, or is in doubt, what its conditions say."""
        lines = []
        for api_version, kind in COMPOSITES:
            for obj in self.control.api.list(api_version, kind):
                if (
                    unstructured.is_true(obj, "Ready")
                    and unstructured.is_true(obj, "Synced")
                    and not unstructured.is_true(obj, "Held")
                ):
                    continue
                lines.append(f"{kind} {unstructured.name_of(obj)}:")
                for condition in unstructured.items(obj, "status", "conditions"):
                    words = (
                        condition["type"],
                        condition["status"],
                        condition.get("reason", ""),
                        condition.get("message", ""),
                    )
                    lines.append(f"    {' '.join(words)}")
        return "\n".join(lines)

    def message(self, kind: str, name: str, condition: str, namespace: str = "") -> str:
        """What a composite says with a condition."""
        return unstructured.text(unstructured.condition(self.composite(kind, name, namespace), condition), "message")

    def with_condition(self, condition: str, status: str) -> list[str]:
        """The composites that say something, by kind and name; without those that a test needs as they are."""
        return [
            f"{kind} {unstructured.name_of(obj)}"
            for api_version, kind in COMPOSITES
            for obj in self.control.api.list(api_version, kind)
            if unstructured.condition(obj, condition).get("status") == status
            and LEFT_ALONE not in unstructured.annotations(obj)
        ]

    def touch(self, *namespaces: str) -> None:
        """Have Crossplane look at clusters and gateway, at what is in namespaces, and at what is in doubt.

        A change of what is only required does not make it look, and to look at everything takes it many seconds.
        Nor does it look at a Usage that goes, when its user has gone, but twice a minute.
        """
        for api_version, kind in COMPOSITES:
            for obj in self.control.api.list(api_version, kind):
                doubtful = unstructured.is_true(obj, "Held") or not unstructured.is_true(obj, "Synced")
                if LEFT_ALONE in unstructured.annotations(obj):
                    continue
                if doubtful or unstructured.namespace_of(obj) in namespaces or kind in _LOOKED_AT:
                    self._stamp(obj)
        for kind in ("Usage", "ClusterUsage"):
            for obj in self.control.api.list(USAGES, kind):
                if "deletionTimestamp" in obj["metadata"]:
                    self._stamp(obj)

    def have_provider_look(self, namespace: str) -> None:
        """Have provider-kubernetes look at what is in a namespace now, and not within a minute."""
        for obj in self.control.api.list(objects.API_VERSION, objects.KIND, namespace):
            self._stamp(obj)

    def _stamp(self, obj: Manifest) -> None:
        with suppress(ApiError):  # it may just have gone
            self.control.api.patch(obj, {"metadata": {"annotations": {"bed/looked-at": str(time.time_ns())}}})

    def await_with_looks(
        self, what: str, ask: Callable[[], T | None], seconds: float, *namespaces: str, provider: str = ""
    ) -> T:
        """Wait until something is so, and have Crossplane look now and then until it is.

        Args:
            what: What is waited for.
            ask: Gives what is looked for; None or False while it is not so.
            seconds: How long to wait at most.
            namespaces: Where Crossplane looks; see `touch`.
            provider: A namespace where provider-kubernetes looks as well.
        """
        touched = 0.0

        def asked() -> T | None:
            nonlocal touched
            if time.monotonic() > touched + _TOUCH_SECONDS:
                self.touch(*namespaces)
                if provider:
                    self.have_provider_look(provider)
                touched = time.monotonic()
            return ask()

        return self.processes.until(what, asked, seconds)

    def is_true(self, kind: str, name: str, condition: str, namespace: str = "") -> bool:
        """Tell whether a composite has a condition."""
        return unstructured.is_true(self.composite(kind, name, namespace), condition)


def kubeconfig_secret(cluster: Cluster, kubeconfig: str) -> Manifest:
    """The Secret by which the control plane reaches an inference cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{cluster.name}-kubeconfig", "namespace": SYSTEM_NAMESPACE},
        "stringData": {"kubeconfig": kubeconfig},
    }
