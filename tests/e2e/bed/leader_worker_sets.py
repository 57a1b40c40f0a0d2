"""The LeaderWorkerSet controller itself on an inference cluster, while its Release is installed."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import yaml

from function.composition import Manifest
from tests.e2e.bed.api import load
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.helm import Helm
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.ports import free_ports
from tests.e2e.bed.processes import Command, Processes, Running
from tests.e2e.binaries import Binaries

CHART: Final = "lws"
NAMESPACE: Final = "lws-system"

_OF_A_SET: Final = {"matchExpressions": [{"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"}]}


@dataclass(slots=True)
class LeaderWorkerSets:
    """The controller and its webhooks on a cluster.

    Attributes:
        binaries: The programs.
        processes: Keeps what is started.
        certificates: Who is trusted.
        cluster: The cluster.
        charts: Which charts are installed.
    """

    binaries: Binaries
    processes: Processes
    certificates: Certificates
    cluster: Cluster
    charts: Helm
    _runs: Running | None = field(default=None, init=False)
    _registered: int = field(default=0, init=False)

    def step(self) -> None:
        """Run while the chart is installed; the webhooks are registered once they are answered."""
        is_installed, runs = CHART in self.charts.installed[self.cluster.url], self._runs
        if is_installed and runs is None:
            self._runs = self._start()
        elif is_installed and runs is not None and runs.ports[0] != self._registered and _listens(runs.ports[0]):
            for webhook in self._webhooks(runs.ports[0]):
                self.cluster.api.apply(webhook)
            self._registered = runs.ports[0]
        elif not is_installed and runs is not None:
            for webhook in self._webhooks(runs.ports[0]):
                self.cluster.api.delete(webhook)
            self.processes.stop(runs)
            self._runs, self._registered = None, 0

    def _start(self) -> Running:
        name = f"{self.cluster.name}-lws"
        settings = self.processes.folder / f"{name}.yaml"

        def command(ports: Sequence[int]) -> Command:
            settings.write_text(yaml.safe_dump(self._settings(*ports)))
            environment = {"KUBECONFIG": str(self.cluster.kubeconfig)}
            return Command((self.binaries["lws"], "--config", settings), environment)

        return self.processes.start_on(name, free_ports(3), command)

    def _settings(self, port: int, metrics: int, health: int) -> Manifest:
        return {
            "apiVersion": "config.lws.x-k8s.io/v1alpha1",
            "kind": "Configuration",
            "leaderElection": {"leaderElect": False},
            "internalCertManagement": {"enable": False},
            "webhook": {"port": port, "host": "127.0.0.1", "certDir": str(self.certificates.server)},
            "metrics": {"bindAddress": f"127.0.0.1:{metrics}"},
            "health": {"healthProbeBindAddress": f"127.0.0.1:{health}"},
        }

    def _webhooks(self, port: int) -> list[Manifest]:
        """The controller's webhook configurations, with the process on loopback as their service.

        As in its chart, those for pods are asked about the pods of its sets only.
        """
        (path,) = (self.binaries.folders["lws"] / "webhooks").glob("*.yaml")
        found = load(path)
        self.certificates.lead_webhooks(found, port)
        for obj in found:
            obj["metadata"]["name"] = f"lws-{obj['metadata']['name']}"
            for hook in obj["webhooks"]:
                if hook["rules"][0]["resources"] == ["pods"]:
                    hook["objectSelector"] = _OF_A_SET
        return found


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
