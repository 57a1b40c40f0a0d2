"""Brings the bed up, and takes it down again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from function.api.labels import CROSSPLANE_NAMESPACE
from function.deployment import draining
from tests.e2e.bed import gpus, short_draining
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.crossplane import Crossplane
from tests.e2e.bed.helm import Helm
from tests.e2e.bed.installation import Installation, run_deployments
from tests.e2e.bed.isolation import isolate
from tests.e2e.bed.kubernetes import ALL_CONTROLLERS, CONTROL_CONTROLLERS, Cluster, Starter
from tests.e2e.bed.machine_speed import MACHINE_SPEED, raise_limits
from tests.e2e.bed.plane import ADDRESSES, NODES, OUTSIDE, Bed, kubeconfig_secret
from tests.e2e.bed.ports import is_taken
from tests.e2e.bed.processes import Processes
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.registry import serve
from tests.e2e.bed.retries import is_transient, retry
from tests.e2e.bed.services import Services
from tests.e2e.bed.stand_in import StandIn
from tests.e2e.bed.stand_ins import Substitutes
from tests.e2e.binaries import Binaries

_ATTEMPTS: Final = 2
"""How often everything is started, when it fails for a reason that passes."""


@contextmanager
def running(binaries: Binaries, failed: Callable[[], bool] = lambda: False) -> Iterator[Bed]:
    """Start everything, and stop it again.

    Args:
        binaries: The programs.
        failed: Tells at the end whether something failed; then the folder stays, and is named.
    """
    _log_machine_speed()
    stack, bed = _brought_up(binaries)
    good = False
    try:
        with stack:
            yield bed
        good = not failed()
    finally:
        if good:
            shutil.rmtree(bed.processes.folder)
            log_line("stopped")
        else:
            log_line(f"stopped after a failure; what was said stays in {bed.processes.folder}")


def _brought_up(binaries: Binaries) -> tuple[ExitStack, Bed]:
    """Start everything: once more when the first time ended for a reason that passes. The stack stops it again."""
    for attempt in range(1, _ATTEMPTS + 1):
        folder = Path(tempfile.mkdtemp(prefix="modelplane-bed-"))
        log_line(f"starting in {folder}")
        retry.begin()
        processes, stack = Processes(folder), ExitStack()
        stack.callback(processes.stop_all)
        try:
            bed = _started(binaries, processes, stack)
        except BaseException as error:
            error.add_note(processes.tails())
            retry.end()
            stack.close()
            log_line(f"could not be started: {error}; what was said stays in {folder}")
            if attempt == _ATTEMPTS or not (is_transient(error) or is_taken(str(error))):
                raise
            log_line("that may pass: everything is started once more")
        else:
            stack.callback(retry.end)
            return stack, bed
    raise AssertionError("each attempt returns or raises")


def _log_machine_speed() -> None:
    MACHINE_SPEED.look()
    slowness, minute = MACHINE_SPEED.slowness, MACHINE_SPEED.timeout(60)
    log_line(f"this machine is {slowness:.1f} times slower than the one for which limits were chosen, and load is")
    log_line(f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: what takes a minute may take {minute:.0f} s")
    for limit in raise_limits():
        log_line(f"WARNING: {limit}: programs of the bed may fail for that reason")


def _started(binaries: Binaries, processes: Processes, stack: ExitStack) -> Bed:
    isolated = isolate((*ADDRESSES.values(), *OUTSIDE))
    certificates = Certificates(processes.folder / "certificates")
    starter = Starter(binaries, processes, certificates)
    etcd = starter.etcd()
    log_line("API servers of the control cluster, ams-1 and osl-1")
    servers = {name: starter.api_server(name, etcd) for name in ADDRESSES}
    registry = serve(binaries, processes)
    control, *inference = (starter.await_ready(name, server) for name, server in servers.items())
    installation = _published(binaries, Installation(processes, control, registry))
    starter.controllers(control, CONTROL_CONTROLLERS)
    for cluster in inference:
        _start_nodes(starter, cluster)
    log_line("Crossplane, our packages, provider-kubernetes and the function")
    _namespaces(control)
    services = Services()
    grace = short_draining.GRACE * round(min(MACHINE_SPEED.slowness, short_draining.LONGER))
    crossplane = Crossplane(binaries, processes, certificates, control, services, grace)
    deployments = "stands in for the pods of packages: their Deployments become Available, and no container runs"
    _begin(stack, services)
    _begin(stack, StandIn("deployments", deployments, partial(run_deployments, control.api), processes.folder))
    crossplane.start()
    _install(binaries, installation)
    _log_differences(grace)
    function = crossplane.serve()
    crossplane.route(function.ports[0])
    provider = crossplane.start_provider()
    for cluster in inference:
        _give_kubeconfig(control, cluster)
    helm = Helm(control, binaries.folders["definitions"])
    for program in Substitutes(binaries, processes, certificates, helm, inference, ADDRESSES, isolated).all():
        _begin(stack, program)
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


def _log_differences(grace: timedelta) -> None:
    log_line(f"setting: replicas leave after {grace.seconds} seconds instead of {draining.GRACE.seconds}")
    log_line("setting: provider-kubernetes looks each minute instead of every ten at what it does not watch")
    log_line(
        "setting: objects are annotated to have Crossplane and the provider look sooner: a user's repairs take longer"
    )


def _begin(stack: ExitStack, program: StandIn | Services) -> None:
    stack.callback(program.stop)
    program.start()


def _start_nodes(starter: Starter, cluster: Cluster) -> None:
    nodes = NODES if cluster.name == "ams-1" else {}
    log_line(f"controllers, scheduler and {len(nodes)} nodes of {cluster.name}")
    log_line(f"stand-in: kwok plays the kubelets of {cluster.name}; no container runs")
    log_line(
        f"stand-in: GPU nodes, a DeviceClass and ResourceSlices of {cluster.name} are written as NVIDIA's driver would"
    )
    starter.controllers(cluster, ALL_CONTROLLERS)
    starter.scheduler(cluster)
    starter.kubelets(cluster)
    for name, pool in nodes.items():
        node = gpus.node(name, pool)
        cluster.api.create(node)


def _namespaces(control: Cluster) -> None:
    names = (CROSSPLANE_NAMESPACE, "ml-team")
    control.kubectl.apply_objects(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names
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
