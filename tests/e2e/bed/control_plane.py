"""A part of the bed for those who need no more: a control cluster on which Crossplane has established our kinds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from function.api.labels import CROSSPLANE_NAMESPACE
from tests.e2e.bed.api import load
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.crossplane import Crossplane
from tests.e2e.bed.kubernetes import Cluster, Starter
from tests.e2e.bed.processes import Processes, say
from tests.e2e.binaries import Binaries
from tests.e2e.programs import BED, RENDERING, Program
from tests.e2e.shipped import DEFINITION_FILES

PROGRAMS: Final[tuple[Program, ...]] = tuple(
    program for program in (*RENDERING, *BED) if program.name in {"crossplane", "etcd", "kube-apiserver", "kubectl"}
)
"""The programs that this takes."""


@contextmanager
def running(binaries: Binaries, failed: Callable[[], bool] = lambda: False) -> Iterator[Cluster]:
    """Start etcd, one API server and Crossplane's core, and stop them again.

    Args:
        binaries: The programs.
        failed: Tells at the end whether something failed; then the folder stays, and is named.
    """
    folder = Path(tempfile.mkdtemp(prefix="modelplane-bed-"))
    say(f"starting only a control cluster with Crossplane, in {folder}")
    processes = Processes(folder)
    good = False
    try:
        yield _started(binaries, processes)
        good = not failed()
    finally:
        processes.stop_all()
        if good:
            shutil.rmtree(folder)
        else:
            say(f"stopped after a failure; what was said stays in {folder}")


def _started(binaries: Binaries, processes: Processes) -> Cluster:
    certificates = Certificates(processes.folder / "certificates")
    starter = Starter(binaries, processes, certificates)
    cluster = starter.api_server("control", starter.etcd())
    starter.await_ready(cluster)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CROSSPLANE_NAMESPACE}}
    cluster.kubectl.apply_objects([namespace])
    Crossplane(binaries, processes, certificates, cluster).start()
    cluster.kubectl.apply(*DEFINITION_FILES)
    names = [f"xrd/{load(path)[0]['metadata']['name']}" for path in DEFINITION_FILES]
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)
    return cluster
