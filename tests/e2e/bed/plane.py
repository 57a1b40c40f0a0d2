"""The bed: a control cluster with Crossplane and our function, and two inference clusters, on one machine.

Real are etcd, the API servers, the controllers of Kubernetes, the scheduler, Crossplane,
provider-kubernetes and our function. What stands in for something says so when it starts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from function.api.labels import CROSSPLANE_NAMESPACE, SYSTEM_NAMESPACE
from function.composition import Manifest, manifest, objects
from function.packages.composed import USAGES
from function.serving import departure
from tests.e2e.bed import gpus, hurried
from tests.e2e.bed.api import ApiError
from tests.e2e.bed.asking import ask_again, passes
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.crossplane import Crossplane
from tests.e2e.bed.helm import Helm
from tests.e2e.bed.installation import Installation, run_deployments
from tests.e2e.bed.isolation import isolate
from tests.e2e.bed.kubernetes import ALL_CONTROLLERS, CONTROL_CONTROLLERS, Cluster, Starter
from tests.e2e.bed.pace import PACE, narrow_limits
from tests.e2e.bed.ports import is_taken
from tests.e2e.bed.processes import Processes, Running, T
from tests.e2e.bed.registry import serve
from tests.e2e.bed.services import Services
from tests.e2e.bed.stand_in import StandIn
from tests.e2e.bed.substitutes import Substitutes
from tests.e2e.bed.voice import say
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
_ATTEMPTS: Final = 2
"""How often everything is started, when it fails for a reason that passes."""

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
        before = self.port
        self.function = self.crossplane.serve(before)
        if self.port != before:
            self.crossplane.route(self.port)

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
            for one in self.control.api.list(api_version, kind):
                if (
                    manifest.is_true(one, "Ready")
                    and manifest.is_true(one, "Synced")
                    and not manifest.is_true(one, "Held")
                ):
                    continue
                lines.append(f"{kind} {manifest.name_of(one)}:")
                for said in manifest.items(one, "status", "conditions"):
                    words = (said["type"], said["status"], said.get("reason", ""), said.get("message", ""))
                    lines.append(f"    {' '.join(words)}")
        return "\n".join(lines)

    def message(self, kind: str, name: str, condition: str, namespace: str = "") -> str:
        """What a composite says with a condition."""
        return manifest.text(manifest.condition(self.composite(kind, name, namespace), condition), "message")

    def with_condition(self, condition: str, status: str) -> list[str]:
        """The composites that say something, by kind and name; without those that a test needs as they are."""
        return [
            f"{kind} {manifest.name_of(one)}"
            for api_version, kind in COMPOSITES
            for one in self.control.api.list(api_version, kind)
            if manifest.condition(one, condition).get("status") == status
            and LEFT_ALONE not in manifest.annotations(one)
        ]

    def touch(self, *namespaces: str) -> None:
        """Have Crossplane look at clusters and gateway, at what is in namespaces, and at what is in doubt.

        A change of what is only required does not make it look, and to look at everything takes it many seconds.
        Nor does it look at a Usage that goes, when its user has gone, but twice a minute.
        """
        for api_version, kind in COMPOSITES:
            for one in self.control.api.list(api_version, kind):
                doubtful = manifest.is_true(one, "Held") or not manifest.is_true(one, "Synced")
                if LEFT_ALONE in manifest.annotations(one):
                    continue
                if doubtful or manifest.namespace_of(one) in namespaces or kind in _LOOKED_AT:
                    self._stamp(one)
        for kind in ("Usage", "ClusterUsage"):
            for one in self.control.api.list(USAGES, kind):
                if "deletionTimestamp" in one["metadata"]:
                    self._stamp(one)

    def have_provider_look(self, namespace: str) -> None:
        """Have provider-kubernetes look at what is in a namespace now, and not within a minute."""
        for one in self.control.api.list(objects.API_VERSION, objects.KIND, namespace):
            self._stamp(one)

    def _stamp(self, one: Manifest) -> None:
        with suppress(ApiError):  # it may just have gone
            self.control.api.patch(one, {"metadata": {"annotations": {"bed/looked-at": str(time.time_ns())}}})

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
        return manifest.is_true(self.composite(kind, name, namespace), condition)


@contextmanager
def running(binaries: Binaries, failed: Callable[[], bool] = lambda: False) -> Iterator[Bed]:
    """Start everything, and stop it again.

    Args:
        binaries: The programs.
        failed: Tells at the end whether something failed; then the folder stays, and is named.
    """
    _say_how_the_machine_is()
    stack, bed = _brought_up(binaries)
    good = False
    try:
        with stack:
            yield bed
        good = not failed()
    finally:
        if good:
            shutil.rmtree(bed.processes.folder)
            say("stopped")
        else:
            say(f"stopped after a failure; what was said stays in {bed.processes.folder}")


def _brought_up(binaries: Binaries) -> tuple[ExitStack, Bed]:
    """Start everything: once more when the first time ended for a reason that passes. The stack stops it again."""
    for attempt in range(1, _ATTEMPTS + 1):
        folder = Path(tempfile.mkdtemp(prefix="modelplane-bed-"))
        say(f"starting in {folder}")
        ask_again.begin()
        processes, stack = Processes(folder), ExitStack()
        stack.callback(processes.stop_all)
        try:
            bed = _started(binaries, processes, stack)
        except BaseException as error:
            error.add_note(processes.tails())
            ask_again.end()
            stack.close()
            say(f"could not be started: {error}; what was said stays in {folder}")
            if attempt == _ATTEMPTS or not (passes(error) or is_taken(str(error))):
                raise
            say("that may pass: everything is started once more")
        else:
            stack.callback(ask_again.end)
            return stack, bed
    raise AssertionError("each attempt returns or raises")


def _say_how_the_machine_is() -> None:
    PACE.look()
    say(f"this machine is {PACE.slowness:.1f} times slower than the one for which limits were chosen, and load is")
    say(f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: what takes a minute may take {PACE.patient(60):.0f} s")
    for limit in narrow_limits():
        say(f"WARNING: {limit}: programs of the bed may fail for that reason")


def _started(binaries: Binaries, processes: Processes, stack: ExitStack) -> Bed:
    isolated = isolate((*ADDRESSES.values(), *OUTSIDE))
    certificates = Certificates(processes.folder / "certificates")
    starter = Starter(binaries, processes, certificates)
    etcd = starter.etcd()
    say("API servers of the control cluster, ams-1 and osl-1")
    servers = {name: starter.api_server(name, etcd) for name in ADDRESSES}
    registry = serve(binaries, processes)
    control, *inference = (starter.await_ready(name, server) for name, server in servers.items())
    installation = _published(binaries, Installation(processes, control, registry))
    starter.controllers(control, CONTROL_CONTROLLERS)
    for cluster in inference:
        _start_nodes(starter, cluster)
    say("Crossplane, our packages, provider-kubernetes and the function")
    _namespaces(control)
    services = Services()
    grace = hurried.GRACE * round(min(PACE.slowness, hurried.LONGER))
    crossplane = Crossplane(binaries, processes, certificates, control, services, grace)
    deployments = "stands in for the pods of packages: their Deployments become Available, and no container runs"
    _begin(stack, services)
    _begin(stack, StandIn("deployments", deployments, partial(run_deployments, control.api), processes.folder))
    crossplane.start()
    _install(binaries, installation)
    _say_what_differs(grace)
    function = crossplane.serve()
    crossplane.route(function.ports[0])
    provider = crossplane.start_provider()
    for cluster in inference:
        _give_kubeconfig(control, cluster)
    helm = Helm(control, binaries.folders["definitions"])
    for one in Substitutes(binaries, processes, certificates, helm, inference, ADDRESSES, isolated).all():
        _begin(stack, one)
    by_name = {cluster.name: cluster for cluster in inference}
    bed = Bed(
        binaries=binaries,
        processes=processes,
        certificates=certificates,
        control=control,
        inference=by_name,
        crossplane=crossplane,
        installation=installation,
        helm=helm,
        provider=provider,
        function=function,
        isolated=isolated,
    )
    processes.explain = bed.explain
    return bed


def _say_what_differs(grace: timedelta) -> None:
    say(f"setting: replicas leave after {grace.seconds} seconds instead of {departure.GRACE.seconds}")
    say("setting: provider-kubernetes looks each minute instead of every ten at what it does not watch")
    say("setting: objects are annotated to have Crossplane and the provider look sooner: a user's repairs take longer")


def _begin(stack: ExitStack, one: StandIn | Services) -> None:
    stack.callback(one.stop)
    one.start()


def _start_nodes(starter: Starter, cluster: Cluster) -> None:
    nodes = NODES if cluster.name == "ams-1" else {}
    say(f"controllers, scheduler and {len(nodes)} nodes of {cluster.name}")
    say(f"stand-in: kwok plays the kubelets of {cluster.name}; no container runs")
    say(f"stand-in: GPU nodes, a DeviceClass and ResourceSlices of {cluster.name} are written as NVIDIA's driver would")
    starter.controllers(cluster, ALL_CONTROLLERS)
    starter.scheduler(cluster)
    starter.kubelets(cluster)
    for name, pool in nodes.items():
        wanted = gpus.node(name, pool)
        cluster.api.create(wanted)


def _namespaces(control: Cluster) -> None:
    wanted = (CROSSPLANE_NAMESPACE, "ml-team")
    control.kubectl.apply_objects(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in wanted
    )


def _published(binaries: Binaries, installation: Installation) -> Installation:
    """Have everything in the registry."""
    installation.publish(installation.release())
    installation.publish_providers(binaries)
    return installation


def _install(binaries: Binaries, installation: Installation) -> None:
    """Install the Gateway API, as docs/install.md asks for it, and Modelplane."""
    installation.control.kubectl.apply(binaries.folders["definitions"] / "gateway-api", server_side=True)
    installation.processes.explain = installation.explain
    installation.install(installation.release())


def _give_kubeconfig(control: Cluster, cluster: Cluster) -> None:
    control.kubectl.apply_objects([kubeconfig_secret(cluster, cluster.kubeconfig.read_text())])


def kubeconfig_secret(cluster: Cluster, kubeconfig: str) -> Manifest:
    """The Secret by which the control plane reaches an inference cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{cluster.name}-kubeconfig", "namespace": SYSTEM_NAMESPACE},
        "stringData": {"kubeconfig": kubeconfig},
    }
