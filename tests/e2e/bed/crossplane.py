"""Crossplane, its Kubernetes provider, and our function as a process."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from function.api.labels import CROSSPLANE_NAMESPACE
from function.composition import Manifest
from tests.e2e.bed.api import load
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.processes import BedError, Processes, Running, free_ports, say
from tests.e2e.binaries import Binaries

FUNCTION: Final = "function-modelplane"

_ATTEMPTS: Final = 5
_PATIENCE: Final = ("--circuit-breaker-burst=2000", "--circuit-breaker-refill-rate=100")
"""By default, more than a hundred events of children at once have Crossplane look away until the next requeue."""


@dataclass(slots=True)
class Crossplane:
    """Crossplane on a control cluster.

    Attributes:
        binaries: The programs.
        processes: Keeps what is started.
        certificates: Who is trusted.
        cluster: The control cluster.
        ports: The core's ports of webhooks, metrics and probes.
        core: The core, once it was started.
    """

    binaries: Binaries
    processes: Processes
    certificates: Certificates
    cluster: Cluster
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    core: Running = field(init=False)

    def start(self) -> None:
        """Install and start the core, with the webhook by which Usages are enforced."""
        self._initialize({**self._environment(), "ENABLE_WEBHOOKS": "false"})
        say("setting: Crossplane's circuit breaker is loosened, or a serving stack takes minutes instead of seconds")
        self.start_core()
        self.cluster.kubectl.apply_objects(self._webhooks(self.ports[0]))

    def start_core(self) -> None:
        """Start the core, or start it again after it was stopped."""
        command = (self.binaries.crossplane, "core", "start", "--debug", *_PATIENCE)
        self.core = self.processes.start("crossplane", command, {**self._environment(), "ENABLE_WEBHOOKS": "true"})
        self.processes.until("Crossplane is ready", lambda: _answers(self.ports[2]), 90)

    def _environment(self) -> dict[str, str]:
        webhook, metrics, health = self.ports
        return {
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "POD_NAMESPACE": CROSSPLANE_NAMESPACE,
            "CRDS_PATH": str(self.binaries.crds),
            "PACKAGE_RUNTIME": "External",
            "TLS_CA_SECRET_NAME": "crossplane-root-ca",
            "TLS_CLIENT_SECRET_NAME": "crossplane-tls-client",
            "TLS_SERVER_SECRET_NAME": "crossplane-tls-server",
            "TLS_CLIENT_CERTS_DIR": str(self.certificates.crossplane),
            "TLS_SERVER_CERTS_DIR": str(self.certificates.server),
            "WEBHOOK_PORT": str(webhook),
            "METRICS_PORT": str(metrics),
            "HEALTH_PROBE_PORT": str(health),
            "XPKG_CACHE_DIR": str(self.processes.folder),
        }

    def start_provider(self) -> Running:
        """Start provider-kubernetes, which watches what it is asked to and looks at the rest often."""
        webhook, metrics, health = free_ports(3)
        command = (
            self.binaries["provider-kubernetes"],
            "--debug",
            "--enable-watches",
            "--poll=5s",
            f"--webhook-port={webhook}",
            f"--metrics-bind-address=127.0.0.1:{metrics}",
            f"--health-probe-bind-addr=127.0.0.1:{health}",
        )
        environment = {
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "POD_NAMESPACE": CROSSPLANE_NAMESPACE,
            "TLS_SERVER_CERTS_DIR": str(self.certificates.server),
        }
        started = self.processes.start("provider-kubernetes", command, environment)
        self.processes.until("provider-kubernetes is ready", lambda: _answers(health), 60)
        return started

    def serve(self, port: int) -> Running:
        """Serve our function as its image does, over mutual TLS."""
        (metrics,) = free_ports(1)
        command = (
            Path(sys.executable).with_name("function"),
            f"--address=127.0.0.1:{port}",
            f"--metrics-address=127.0.0.1:{metrics}",
            f"--tls-certs-dir={self.certificates.server}",
            "--debug",
        )
        started = self.processes.start("function", command)
        self.processes.until("the function is ready", lambda: _answers(metrics), 30)
        return started

    def register(self, port: int, name: str = FUNCTION) -> None:
        """Make a function known: a revision without a package, whose endpoint we say ourselves."""
        self.cluster.kubectl.apply_objects(_function(name))
        self.route(port, name)

    def route(self, port: int, name: str = FUNCTION) -> None:
        """Send Crossplane's calls of a function to a port of loopback."""
        meta = {"name": f"{name}-bed"}
        revision = {"apiVersion": "pkg.crossplane.io/v1", "kind": "FunctionRevision", "metadata": meta}
        status = {"endpoint": f"dns:///localhost:{port}", "capabilities": ["composition"]}
        self.cluster.api.patch(revision, {"status": status}, "status")

    def _initialize(self, environment: dict[str, str]) -> None:
        """Install Crossplane's CRDs. The first attempt may come before they are served, and is made again."""
        for attempt in range(1, _ATTEMPTS + 1):
            name = f"crossplane-init-{attempt}"
            started = self.processes.start(name, (self.binaries.crossplane, "core", "init"), environment)
            status = started.process.wait(60)
            self.processes.running.remove(started)
            if status == 0:
                return
        raise BedError(f"Crossplane could not be installed in {_ATTEMPTS} attempts; see {started.log}")

    def _webhooks(self, port: int) -> list[Manifest]:
        """Crossplane's webhook configurations, with the process on loopback as their service."""
        found = [
            thing
            for path in sorted((self.binaries.folders["crossplane"] / "webhooks").glob("*.yaml"))
            for thing in load(path)
        ]
        for thing in found:
            for hook in thing["webhooks"]:
                url = f"https://127.0.0.1:{port}{hook['clientConfig']['service']['path']}"
                hook["clientConfig"] = {"url": url, "caBundle": self.certificates.bundle}
        return found


def _function(name: str) -> list[Manifest]:
    """A Function and its revision; both are paused, since there is no package behind them."""
    paused = {"crossplane.io/paused": "true"}
    package = f"registry.invalid/modelplane/{name}:v0.0.0"
    say("stand-in: a Function and its revision are written by hand; no package is installed")
    return [
        {
            "apiVersion": "pkg.crossplane.io/v1",
            "kind": "Function",
            "metadata": {"name": name, "annotations": paused},
            "spec": {"package": package},
        },
        {
            "apiVersion": "pkg.crossplane.io/v1",
            "kind": "FunctionRevision",
            "metadata": {
                "name": f"{name}-bed",
                "annotations": paused,
                "labels": {"pkg.crossplane.io/package": name},
            },
            "spec": {
                "desiredState": "Active",
                "revision": 1,
                "image": package,
                "packagePullPolicy": "Never",
                "ignoreCrossplaneConstraints": True,
                "skipDependencyResolution": True,
            },
        },
    ]


def _answers(port: int) -> bool:
    """Tell whether a process says on loopback that it is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)  # HTTP's OK
    except (urllib.error.URLError, OSError):
        return False
