"""Traefik itself on the control cluster, while its Release is installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from function.composition import unstructured
from tests.e2e.bed import helm, traefik_chart
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.processes import Processes, Running
from tests.e2e.binaries import Binaries

_OFFLINE: Final = "--global.checknewversion=false"
"""It would ask the internet for later versions of itself."""


@dataclass(slots=True)
class Traefik:
    """Traefik on the control cluster.

    Attributes:
        binaries: The programs.
        processes: Keeps what is started.
        cluster: The control cluster.
        charts: Which charts are installed.
        address: The address that it listens on.
    """

    binaries: Binaries
    processes: Processes
    cluster: Cluster
    charts: helm.Helm
    address: str
    _runs: tuple[Running, list[str]] | None = field(default=None, init=False)

    def step(self) -> None:
        """Run while the chart is installed, and anew when its values have changed."""
        arguments = self._wanted()
        if self._runs is not None and arguments != self._runs[1]:
            self.processes.stop(self._runs[0])
            self._runs = None
        if self._runs is None and arguments is not None:
            environment = {"KUBECONFIG": str(self.cluster.kubeconfig)}
            started = self.processes.start("traefik", (self.binaries["traefik"], *arguments, _OFFLINE), environment)
            self._runs = (started, arguments)

    def _wanted(self) -> list[str] | None:
        """The arguments to run with; None when the chart is not installed."""
        if "traefik" not in self.charts.installed[self.cluster.url]:
            return None
        for release in self.cluster.api.list(helm.API_VERSION, "Release"):
            if helm.chart_of(release) == "traefik":
                return traefik_chart.arguments(
                    unstructured.mapping(release, "spec", "forProvider", "values"), self.address
                )
        return None
