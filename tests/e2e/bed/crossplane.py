"""Crossplane, its Kubernetes provider, and our function, as processes that are who they would be as pods."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from function.api.compositions import FUNCTION
from function.api.labels import CROSSPLANE_NAMESPACE
from function.composition import Manifest, Object, unstructured
from tests.e2e.bed import accounts, short_draining
from tests.e2e.bed.api import load
from tests.e2e.bed.certificates import Certificates
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.ports import free_ports
from tests.e2e.bed.processes import BedError, Command, Processes, Running, answers
from tests.e2e.bed.services import Services
from tests.e2e.binaries import Binaries
from tests.e2e.shipped import ROOT

PROVIDER: Final = "upbound-provider-kubernetes"
"""The name that Crossplane gives the provider, from its place in the registry."""

_PACKAGES: Final = "pkg.crossplane.io/v1"
_ATTEMPTS: Final = 5
_ATTEMPT_SECONDS: Final = 60
_CALLS: Final = f"{FUNCTION}.{CROSSPLANE_NAMESPACE}:9443"
"""Where Crossplane calls our function: its Service."""


@dataclass(slots=True)
class Crossplane:
    """Crossplane on a control cluster.

    Attributes:
        binaries: The programs.
        processes: Keeps what is started.
        certificates: Who is trusted.
        cluster: The control cluster.
        services: Leads Crossplane's calls to our function.
        grace: How long a replica that leaves drains.
        core: The core, once it was started; its ports are those of webhooks, metrics and probes.
        asks: The port at which the API server asks the core's webhooks.
    """

    binaries: Binaries
    processes: Processes
    certificates: Certificates
    cluster: Cluster
    services: Services
    grace: timedelta
    core: Running = field(init=False)
    asks: int = field(default=0, init=False)

    @property
    def function_keys(self) -> Path:
        """The certificate that Crossplane issued for our function, as files."""
        return self._keys(self._revision("Function", FUNCTION))

    def start(self) -> None:
        """Install and start the core, with the webhook by which Usages are enforced, and the RBAC manager."""
        self._authorize()
        self._initialize({**self._environment(free_ports(3)), "ENABLE_WEBHOOKS": "false"})
        self._start_rbac_manager()
        self._run_core(free_ports(3))

    def restart_core(self) -> None:
        """Stop the core, and start it again where it was."""
        self.processes.stop(self.core)
        self._run_core(self.core.ports)

    def _run_core(self, ports: list[int]) -> None:
        words: tuple[str | Path, ...] = (self.binaries.crossplane, "core", "start", "--debug", *documented_options())
        keys = str(accounts.mounted(self.cluster, "crossplane-tls-client"))
        own = {"TLS_CLIENT_CERTS_DIR": keys, "ENABLE_WEBHOOKS": "true"}

        def command(ports_: Sequence[int]) -> Command:
            return Command(words, {**self._environment(ports_), **own})

        core = self.core = self.processes.start_on("crossplane", ports, command, self._lead_webhooks)
        self.processes.until("Crossplane is ready", lambda: _is_ready(core.ports[2]), 90)
        self._lead_webhooks(core.ports)

    def _lead_webhooks(self, ports: Sequence[int]) -> None:
        """Have the API server ask the core's webhooks where it serves them."""
        if self.asks != ports[0]:
            self.asks = ports[0]
            self.cluster.kubectl.apply_objects(self._webhooks(self.asks))

    def _environment(self, ports: Sequence[int]) -> dict[str, str]:
        webhook, metrics, health = ports
        return {
            "KUBECONFIG": str(accounts.kubeconfig(self.cluster, accounts.CORE)),
            "POD_NAMESPACE": CROSSPLANE_NAMESPACE,
            "POD_SERVICE_ACCOUNT": accounts.CORE,
            "CRDS_PATH": str(self.binaries.crds),
            "TLS_CA_SECRET_NAME": "crossplane-root-ca",
            "TLS_CLIENT_SECRET_NAME": "crossplane-tls-client",
            "TLS_SERVER_SECRET_NAME": "crossplane-tls-server",
            "TLS_SERVER_CERTS_DIR": str(self.certificates.server),
            "WEBHOOK_PORT": str(webhook),
            "METRICS_PORT": str(metrics),
            "HEALTH_PROBE_PORT": str(health),
            "XPKG_CACHE_DIR": str(self.processes.folder),
            "HTTPS_PROXY": self.services.url,
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def start_provider(self) -> Running:
        """Start provider-kubernetes as its Deployment says; but it looks each minute at what it does not watch."""
        revision = self._revision("Provider", PROVIDER)
        deployment = self.cluster.api.get("apps/v1", "Deployment", unstructured.name_of(revision), CROSSPLANE_NAMESPACE)
        pod = unstructured.mapping(deployment or {}, "spec", "template", "spec")
        words = (
            self.binaries["provider-kubernetes"],
            *unstructured.items(pod, "containers")[0].get("args", ()),
            "--debug",
            "--poll=1m",
        )
        environment = {
            "KUBECONFIG": str(accounts.kubeconfig(self.cluster, pod["serviceAccountName"])),
            "POD_NAMESPACE": CROSSPLANE_NAMESPACE,
            "TLS_SERVER_CERTS_DIR": str(self._keys(revision)),
        }

        def command(ports: Sequence[int]) -> Command:
            webhook, metrics, health = ports
            listen = (
                f"--webhook-port={webhook}",
                f"--metrics-bind-address=127.0.0.1:{metrics}",
                f"--health-probe-bind-addr=127.0.0.1:{health}",
            )
            return Command((*words, *listen), environment)

        started = self.processes.start_on("provider-kubernetes", free_ports(3), command)
        self.processes.until("provider-kubernetes is ready", lambda: _is_ready(started.ports[2]), 60)
        return started

    def serve(self, *where: int) -> Running:
        """Serve our function as its image does, over mutual TLS; but see `short_draining`.

        Args:
            where: The port at which it was served before, to serve it there again.
        """
        keys = self.function_keys

        def command(ports: Sequence[int]) -> Command:
            port, metrics = ports
            words = (
                f"--address=127.0.0.1:{port}",
                f"--metrics-address=127.0.0.1:{metrics}",
                f"--tls-certs-dir={keys}",
                "--debug",
            )
            environment = {"PYTHONPATH": str(ROOT), short_draining.VARIABLE: str(self.grace.total_seconds())}
            return Command((sys.executable, "-m", short_draining.__name__, *words), environment)

        ports = [*(where or free_ports(1)), *free_ports(1)]
        started = self.processes.start_on("function", ports, command, self._lead)
        self.processes.until("the function is ready", lambda: _is_ready(started.ports[1]), 30)
        return started

    def _lead(self, ports: Sequence[int]) -> None:
        self.route(ports[0])

    def route(self, port: int) -> None:
        """Lead Crossplane's calls to a port of loopback."""
        self.services.lead(_CALLS, port)

    def register(self, name: str, port: int) -> None:
        """Make another function known: a revision without a package, called at a port of loopback."""
        self.cluster.kubectl.apply_objects(_function(name))
        self._call(name, f"localhost:{port}")

    def take_over(self, name: str) -> None:
        """Have our function answer the calls of another one."""
        self._call(name, _CALLS)

    def _call(self, name: str, where: str) -> None:
        meta = {"name": f"{name}-bed"}
        revision = {"apiVersion": _PACKAGES, "kind": "FunctionRevision", "metadata": meta}
        status = {"endpoint": f"dns:///{where}", "capabilities": ["composition"]}
        self.cluster.api.patch(revision, {"status": status}, "status")

    def _authorize(self) -> None:
        """Give Crossplane the rights that its chart gives it, and see that they have arrived."""
        self.cluster.kubectl.apply_objects(accounts.of_chart(self.binaries.folders["crossplane"] / "chart"))

        def arrived() -> bool:
            role = self.cluster.api.get("rbac.authorization.k8s.io/v1", "ClusterRole", accounts.ROLE)
            return bool((role or {}).get("rules"))

        self.processes.until("the role of Crossplane is aggregated", arrived, 30)

    def _start_rbac_manager(self) -> None:
        command = (
            self.binaries.crossplane,
            "rbac",
            "start",
            "--debug",
            "--provider-clusterrole=crossplane:allowed-provider-permissions",
        )
        environment = {"KUBECONFIG": str(accounts.kubeconfig(self.cluster, accounts.RBAC_MANAGER))}
        self.processes.start("crossplane-rbac-manager", command, environment)

    def _revision(self, kind: str, name: str) -> Manifest:
        """The revision of a package that is in force."""
        package = self.cluster.api.get(_PACKAGES, kind, name) or {}
        current = unstructured.text(package, "status", "currentRevision")
        found = self.cluster.api.get(_PACKAGES, f"{kind}Revision", current) if current else None
        if found is None:
            raise BedError(f"{kind} {name} has no revision in force")
        return found

    def _keys(self, revision: Object) -> Path:
        """The certificate that Crossplane issued for the server of a package, as files."""
        return accounts.mounted(self.cluster, unstructured.text(revision, "spec", "tlsServerSecretName"))

    def _initialize(self, environment: dict[str, str]) -> None:
        """Install Crossplane's CRDs. An attempt that comes before they are served fails or hangs, and is made again."""
        for attempt in range(1, _ATTEMPTS + 1):
            name = f"crossplane-init-{attempt}"
            started = self.processes.start(name, (self.binaries.crossplane, "core", "init"), environment)
            with suppress(subprocess.TimeoutExpired):
                started.process.wait(MACHINE_SPEED.scaled(_ATTEMPT_SECONDS))
            status = started.process.poll()
            self.processes.stop(started)
            if status == 0:
                return
        raise BedError(f"Crossplane could not be installed in {_ATTEMPTS} attempts; see {started.log}")

    def _webhooks(self, port: int) -> list[Manifest]:
        """Crossplane's webhook configurations, with the process on loopback as their service."""
        found = [
            obj
            for path in sorted((self.binaries.folders["crossplane"] / "webhooks").glob("*.yaml"))
            for obj in load(path)
        ]
        self.certificates.lead_webhooks(found, port)
        return found


def _is_ready(port: int) -> bool:
    """Tell whether a program says on a port of loopback that it is ready."""
    return answers(f"http://127.0.0.1:{port}/readyz")


def documented_options() -> list[str]:
    """What docs/install.md starts Crossplane with."""
    (options,) = re.findall(r"args=\{(.+?)\}", (ROOT / "docs" / "install.md").read_text())
    return str(options).split(",")


def _function(name: str) -> list[Manifest]:
    """A Function and its revision; both are paused, since there is no package behind them."""
    paused = {"crossplane.io/paused": "true"}
    package = f"registry.invalid/modelplane/{name}:v0.0.0"
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
