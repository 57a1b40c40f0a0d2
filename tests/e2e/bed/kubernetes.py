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
from tests.e2e.bed.processes import Processes, free_ports
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
        client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
        command = (self.binaries["etcd"], "--name=bed", f"--data-dir={self.processes.folder / 'etcd'}")
        listen = (f"--listen-client-urls={client}", f"--listen-peer-urls={peer}")
        tell = (f"--advertise-client-urls={client}", f"--initial-advertise-peer-urls={peer}")
        self.processes.start("etcd", (*command, *listen, *tell, f"--initial-cluster=bed={peer}", "--unsafe-no-fsync"))
        return client

    def api_server(self, name: str, etcd: str) -> Cluster:
        """Start an API server; it is not ready yet."""
        (port,) = free_ports(1)
        url, keys = f"https://127.0.0.1:{port}", self.certificates.server
        command = (
            self.binaries["kube-apiserver"],
            f"--etcd-servers={etcd}",
            f"--etcd-prefix=/{name}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            f"--tls-cert-file={keys / 'tls.crt'}",
            f"--tls-private-key-file={keys / 'tls.key'}",
            f"--client-ca-file={self.certificates.authority}",
            f"--service-account-issuer={url}",
            f"--service-account-key-file={keys / 'tls.key'}",
            f"--service-account-signing-key-file={keys / 'tls.key'}",
            "--max-requests-inflight=800",
        )
        self.processes.start(f"{name}-kube-apiserver", command)
        text = self.certificates.kubeconfig(url)
        kubeconfig = self.processes.folder / f"{name}.kubeconfig"
        kubeconfig.write_text(text)
        return Cluster(name, url, kubeconfig, Api(text), Kubectl(self.binaries["kubectl"], kubeconfig))

    def await_ready(self, cluster: Cluster) -> None:
        """Wait until an API server answers."""

        def ready() -> bool:
            try:
                return bool(cluster.api.call("GET", "/readyz") == "ok")
            except Exception:  # noqa: BLE001  # whatever a server says that is not ready
                return False

        self.processes.until(f"the API server of {cluster.name} is ready", ready, 120)

    def controllers(self, cluster: Cluster, controllers: Sequence[str]) -> None:
        """Start controllers of Kubernetes' own."""
        command: tuple[str | Path, ...] = (
            self.binaries["kube-controller-manager"],
            *self._client(cluster),
            f"--service-account-private-key-file={self.certificates.server / 'tls.key'}",
            f"--root-ca-file={self.certificates.authority}",
            f"--controllers={','.join(controllers)}",
        )
        self.processes.start(f"{cluster.name}-kube-controller-manager", command)

    def scheduler(self, cluster: Cluster) -> None:
        """Start the scheduler."""
        self.processes.start(
            f"{cluster.name}-kube-scheduler", (self.binaries["kube-scheduler"], *self._client(cluster))
        )

    def kubelets(self, cluster: Cluster) -> None:
        """Start kwok, which plays the kubelets of all nodes."""
        stages = kubelets.stages(self.binaries.folders["kwok"] / "stages", self.processes.folder)
        (port,) = free_ports(1)
        command: tuple[str | Path, ...] = (
            self.binaries["kwok"],
            f"--kubeconfig={cluster.kubeconfig}",
            "--manage-all-nodes=true",
            f"--server-address=127.0.0.1:{port}",
            "--node-lease-duration-seconds=40",
            *(f"--config={stage}" for stage in stages),
        )
        self.processes.start(f"{cluster.name}-kwok", command)

    def _client(self, cluster: Cluster) -> tuple[str, ...]:
        (port,) = free_ports(1)
        who = (f"--{option}={cluster.kubeconfig}" for option in _KUBECONFIGS)
        return (*who, "--bind-address=127.0.0.1", f"--secure-port={port}", "--leader-elect=false")
