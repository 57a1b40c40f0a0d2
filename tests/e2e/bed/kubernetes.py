"""Clusters: API servers over one etcd, each with the controllers that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.bed import kubelets
from tests.e2e.bed.api import Api
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.kubectl import Kubectl
from tests.e2e.bed.ports import free_ports
from tests.e2e.bed.processes import Command, Processes, Running, answers
from tests.e2e.binaries import Binaries

CONTROL_CONTROLLERS: Final = (
    "clusterrole-aggregation-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
)
"""What Crossplane's control cluster needs: it runs no pods here."""

ALL_CONTROLLERS: Final = (
    "*",
    "-cloud-node-lifecycle-controller",
    "-node-ipam-controller",
    "-node-route-controller",
    "-service-lb-controller",
)


_LEASE_SECONDS: Final = 40
_NODE_SECONDS: Final = 300
"""How long a node may be silent: kwok speaks for all of them, and a busy machine may keep it from it for a while."""

_KUBECONFIGS: Final = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster.

    Attributes:
        name: Its name.
        url: Its API server.
        kubeconfig: Reaches it as an administrator.
        api: Likewise.
        kubectl: Likewise.
    """

    name: str
    url: str
    kubeconfig: Path
    api: Api
    kubectl: Kubectl


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts clusters.

    Attributes:
        binaries: The programs.
        processes: Keeps what is started.
        certificates: Who is trusted.
    """

    binaries: Binaries
    processes: Processes
    certificates: Certificates

    def etcd(self) -> str:
        """Start the one etcd that all API servers share, each below a prefix; give its address."""

        def command(ports: Sequence[int]) -> Command:
            client, peer = map(_http, ports)
            listen = (f"--listen-client-urls={client}", f"--listen-peer-urls={peer}")
            tell = (f"--advertise-client-urls={client}", f"--initial-advertise-peer-urls={peer}")
            data = (f"--data-dir={self.processes.folder / 'etcd'}", f"--initial-cluster=bed={peer}")
            return Command((self.binaries["etcd"], "--name=bed", *data, *listen, *tell, "--unsafe-no-fsync"))

        server = self.processes.start_on("etcd", free_ports(2), command)
        self.processes.until("etcd answers", lambda: answers(f"{_http(server.ports[0])}/health"), 30)
        return _http(server.ports[0])

    def api_server(self, name: str, etcd: str) -> Running:
        """Start an API server; it is not ready yet."""
        keys = self.certificates.server

        def command(ports: Sequence[int]) -> Command:
            return Command(
                (
                    self.binaries["kube-apiserver"],
                    f"--etcd-servers={etcd}",
                    f"--etcd-prefix=/{name}",
                    "--bind-address=127.0.0.1",
                    "--advertise-address=127.0.0.1",
                    f"--secure-port={ports[0]}",
                    "--endpoint-reconciler-type=none",
                    "--service-cluster-ip-range=10.96.0.0/16",
                    "--authorization-mode=RBAC",
                    "--allow-privileged=true",
                    f"--tls-cert-file={keys / 'tls.crt'}",
                    f"--tls-private-key-file={keys / 'tls.key'}",
                    f"--client-ca-file={self.certificates.authority}",
                    f"--service-account-issuer={_https(ports[0])}",
                    f"--service-account-key-file={keys / 'tls.key'}",
                    f"--service-account-signing-key-file={keys / 'tls.key'}",
                    "--max-requests-inflight=800",
                )
            )

        return self.processes.start_on(f"{name}-kube-apiserver", free_ports(1), command)

    def await_ready(self, name: str, server: Running) -> Cluster:
        """Wait until an API server answers, and give its cluster."""

        def ready() -> Cluster | None:
            cluster = self._cluster(name, _https(server.ports[0]))
            return cluster if cluster.api.is_ready() else None

        return self.processes.until(f"the API server of {name} is ready", ready, 120)

    def _cluster(self, name: str, url: str) -> Cluster:
        text = self.certificates.kubeconfig(url)
        kubeconfig = self.processes.folder / f"{name}.kubeconfig"
        kubeconfig.write_text(text)
        return Cluster(name, url, kubeconfig, Api(text), Kubectl(self.binaries["kubectl"], kubeconfig))

    def controllers(self, cluster: Cluster, controllers: Sequence[str]) -> None:
        """Start controllers of Kubernetes' own."""
        self._start(
            cluster,
            "kube-controller-manager",
            f"--service-account-private-key-file={self.certificates.server / 'tls.key'}",
            f"--root-ca-file={self.certificates.authority}",
            f"--controllers={','.join(controllers)}",
            f"--node-monitor-grace-period={_NODE_SECONDS}s",
        )

    def scheduler(self, cluster: Cluster) -> None:
        """Start the scheduler."""
        self._start(cluster, "kube-scheduler")

    def kubelets(self, cluster: Cluster) -> None:
        """Start kwok, which plays the kubelets of all nodes."""
        stages = kubelets.stages(self.binaries.folders["kwok"] / "stages", self.processes.folder)

        def command(ports: Sequence[int]) -> Command:
            return Command(
                (
                    self.binaries["kwok"],
                    f"--kubeconfig={cluster.kubeconfig}",
                    "--manage-all-nodes=true",
                    f"--server-address=127.0.0.1:{ports[0]}",
                    f"--node-lease-duration-seconds={_LEASE_SECONDS}",
                    *(f"--config={stage}" for stage in stages),
                )
            )

        self.processes.start_on(f"{cluster.name}-kwok", free_ports(1), command)

    def _start(self, cluster: Cluster, program: str, *options: str) -> None:
        """Start a program of Kubernetes' own that is a client of a cluster."""

        def command(ports: Sequence[int]) -> Command:
            who = (f"--{option}={cluster.kubeconfig}" for option in _KUBECONFIGS)
            listen = ("--bind-address=127.0.0.1", f"--secure-port={ports[0]}", "--leader-elect=false")
            return Command((self.binaries[program], *who, *listen, *options))

        self.processes.start_on(f"{cluster.name}-{program}", free_ports(1), command)


def _http(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _https(port: int) -> str:
    return f"https://127.0.0.1:{port}"
