"""What is done on the bed in the place of programs that it does not have, or does not start by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.clouds import CLOUDS, Clouds
from tests.e2e.bed.echo import Echo
from tests.e2e.bed.gateways import Controller
from tests.e2e.bed.helm import Helm
from tests.e2e.bed.isolation import own_loopback
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.leader_readiness import lead
from tests.e2e.bed.leader_worker_sets import LeaderWorkerSets
from tests.e2e.bed.load_balancer import LoadBalancer
from tests.e2e.bed.processes import Processes
from tests.e2e.bed.stand_in import StandIn
from tests.e2e.bed.traefik import Traefik
from tests.e2e.binaries import Binaries


@dataclass(frozen=True, slots=True)
class Substitutes:
    """Makes what stands in for something.

    Attributes:
        binaries: The programs.
        processes: Keeps what is started.
        certificates: Who is trusted.
        helm: The stand-in for provider-helm, which knows what is installed where.
        inference: The inference clusters.
        addresses: Where each cluster's gateway is reached, by the cluster's name.
        isolated: Whether those addresses can be listened on.
    """

    binaries: Binaries
    processes: Processes
    certificates: Certificates
    helm: Helm
    inference: list[Cluster]
    addresses: Mapping[str, str]
    isolated: bool

    def all(self) -> list[StandIn]:
        """Everything that stands in for something; nothing is started yet."""
        folder = self.processes.folder
        stands_for = "stands in for provider-helm: Releases become Ready, and no chart is installed"
        helm = StandIn("helm", stands_for, self.helm.step, folder)
        stands_for = f"stands in for the providers of {len(CLOUDS)} clouds: what is asked of them is Ready at once"
        clouds = StandIn("clouds", stands_for, Clouds(self.helm.control.api).step, folder)
        return [helm, self._charts(), self._balancer(), self._gateways(), self._gangs(), clouds]

    def _gangs(self) -> StandIn:
        def step() -> None:
            for cluster in self.inference:
                lead(cluster.api)

        stands_for = "stands in for engines of several nodes: a leader is Ready while its workers are"
        return StandIn("gangs", stands_for, step, self.processes.folder)

    def _charts(self) -> StandIn:
        """The controllers of charts, run as the charts would."""
        control = self.helm.control
        listens = self.addresses[control.name] if self.isolated else own_loopback()
        traefik = Traefik(self.binaries, self.processes, control, self.helm, listens)
        sets = [
            LeaderWorkerSets(self.binaries, self.processes, self.certificates, cluster, self.helm)
            for cluster in self.inference
        ]

        def step() -> None:
            traefik.step()
            for cluster in sets:
                cluster.step()

        stands_for = (
            "runs Traefik, built without its ACME client, and LeaderWorkerSet as their charts do; no chart is rendered"
        )
        return StandIn("charts", stands_for, step, self.processes.folder)

    def _balancer(self) -> StandIn:
        control = self.helm.control
        balancer = LoadBalancer(control.api, self.addresses[control.name], passes_on=self.isolated)
        stands_for = "stands in for the load balancer of the control cluster's cloud"
        return StandIn("load-balancer", stands_for, balancer.step, self.processes.folder, balancer.stop)

    def _gateways(self) -> StandIn:
        """The gateways of inference clusters, and what answers behind them."""
        controllers = [
            Controller(
                "gateway-helm",
                "gateway.envoyproxy.io/gatewayclass-controller",
                cluster.api,
                self.addresses[cluster.name],
            )
            for cluster in self.inference
        ]
        proxies = [
            Echo(cluster.name, cluster.api, self.addresses[cluster.name]) for cluster in self.inference if self.isolated
        ]

        def step() -> None:
            for controller in controllers:
                if controller.chart in self.helm.installed[controller.api.url]:
                    controller.step()
            for proxy in proxies:
                proxy.step()

        def end() -> None:
            for proxy in proxies:
                proxy.stop()

        answers = "a request is answered with what was sent" if self.isolated else "no request is answered"
        stands_for = f"stands in for Envoy Gateway, its proxies and the engines behind them: {answers}"
        return StandIn("gateways", stands_for, step, self.processes.folder, end)
