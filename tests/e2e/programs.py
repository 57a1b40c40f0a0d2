"""Which programs the end-to-end tests drive, where each comes from, and on what its build depends.

Each program stands in one Go module below `tools/` and is cached by itself, so that adding one
builds none of the others again.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TOOLS: Final = Path(__file__).parent / "tools"
FLAGS: Final = ("-trimpath", "-buildvcs=false")
LINKER: Final = "-s -w"
"""Flags are the same for all programs, or Go compiles everything once for each."""

_CROSSPLANE: Final = "github.com/crossplane/crossplane/v2"
_PROVIDER: Final = "github.com/crossplane-contrib/provider-kubernetes"
_METRICS: Final = "sigs.k8s.io/controller-runtime/pkg/metrics/server"
_KUBERNETES: Final = "k8s.io/kubernetes/cmd"
_KUBERNETES_VERSION: Final = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in (("gitVersion", "v1.35.4"), ("gitMajor", "1"), ("gitMinor", "35"))
)


@dataclass(frozen=True, slots=True)
class Files:
    """Files that a Go module has beside its code.

    Attributes:
        module: The module; with `@version` when none of our modules depends on it.
        pattern: Which files.
        folder: The folder below the program's own that they are copied to.
        checksum: What the module's content must have as checksum; empty when a go.sum says so.
    """

    module: str
    pattern: str
    folder: str
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """A program, or only files.

    Attributes:
        name: Its name.
        home: Its Go module's folder below `tools/`.
        package: The Go package; empty for files only.
        linker: Linker flags of its own; `{version}` is that of Crossplane.
        sources: What of the Go module is ours and is part of the program: folders, for their Go files, and files.
        files: Files that come with it.
    """

    name: str
    home: str = "."
    package: str = ""
    linker: str = ""
    sources: tuple[str, ...] = ()
    files: tuple[Files, ...] = ()

    @property
    def module(self) -> Path:
        """The folder of its Go module."""
        return TOOLS / self.home

    def key(self) -> str:
        """What the program depends on, as a name."""
        digest = hashlib.sha256()
        for part in (platform.system(), platform.machine(), LINKER, *FLAGS, repr(self)):
            digest.update(part.encode() + b"\0")
        ours = (path for source in self.sources for path in _files(self.module / source))
        for source in (self.module / "go.mod", self.module / "go.sum", *ours):
            digest.update(source.relative_to(self.module).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
        return f"{self.name}-{digest.hexdigest()[:16]}"


def _files(source: Path) -> list[Path]:
    return [source] if source.is_file() else sorted(source.rglob("*.go"))


def _kubernetes(name: str) -> Program:
    return Program(name, "kubernetes", f"{_KUBERNETES}/{name}", _KUBERNETES_VERSION)


DRACEL: Final = Program("dracel", "kubernetes", "./dracel", sources=("dracel",))
"""What decides about device selectors; see tools/kubernetes/dracel."""

RENDERING: Final = (
    Program("xrdcheck", package="./xrdcheck", sources=("xrdcheck",)),
    Program(
        "crossplane",
        package=f"{_CROSSPLANE}/cmd/crossplane",
        # Its RBAC manager has no option for where it listens, and two on a machine would both want port 8080.
        linker="-X github.com/crossplane/crossplane-runtime/v2/pkg/version.version={version}"
        f" -X {_METRICS}.DefaultBindAddress=127.0.0.1:0",
        files=(
            Files(_CROSSPLANE, "cluster/charts/crossplane/templates/*role*.yaml", "chart"),
            Files(_CROSSPLANE, "cluster/charts/crossplane/templates/*permissions.yaml", "chart"),
            Files(_CROSSPLANE, "cluster/crds/*.yaml", "crds"),
            Files(_CROSSPLANE, "cluster/webhookconfigurations/*.yaml", "webhooks"),
            Files(_CROSSPLANE, "proto/render/v1alpha1/render.proto", "."),
        ),
    ),
    DRACEL,
)
"""What answers without a cluster."""

BED: Final = (
    Program("etcd", "kubernetes", "go.etcd.io/etcd/server/v3"),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubectl"),
    Program(
        "provider-kubernetes",
        "provider-kubernetes",
        f"{_PROVIDER}/cmd/provider",
        sources=("gosdk",),
        files=(Files(_PROVIDER, "package/crds/*.yaml", "crds"), Files(_PROVIDER, "package/crossplane.yaml", "package")),
    ),
    Program(
        "kwok",
        "kwok",
        "sigs.k8s.io/kwok/cmd/kwok",
        files=(
            Files("sigs.k8s.io/kwok", "kustomize/stage/pod/fast/pod-*.yaml", "stages"),
            Files("sigs.k8s.io/kwok", "kustomize/stage/node/fast/node-initialize.yaml", "stages"),
            Files("sigs.k8s.io/kwok", "kustomize/stage/node/heartbeat-with-lease/node-*.yaml", "stages"),
        ),
    ),
    Program("crane", "registry", "github.com/google/go-containerregistry/cmd/crane"),
    Program(
        "lws",
        "lws",
        "sigs.k8s.io/lws/cmd",
        files=(Files("sigs.k8s.io/lws", "config/webhook/manifests.yaml", "webhooks"),),
    ),
    Program(
        "traefik",
        "traefik",
        "github.com/traefik/traefik/v3/cmd/traefik",
        sources=("ext", "ext/go.mod", "lego", "lego/go.mod"),
    ),
    Program(
        "definitions",
        files=(
            Files(
                "sigs.k8s.io/gateway-api@v1.5.1",
                "config/crd/standard/gateway.networking.k8s.io_*s.yaml",
                "gateway-api",
                "h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0=",
            ),
            *(
                Files(
                    "github.com/envoyproxy/gateway@v1.8.1",
                    f"charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io_{plural}.yaml",
                    "envoy-gateway",
                    "h1:i8POtrPtel3n0iGP55MNy6U1rTW4msyhkEWjXAF09ts=",
                )
                for plural in ("backendtrafficpolicies", "clienttrafficpolicies", "envoyproxies")
            ),
            Files(
                "github.com/traefik/traefik/v3@v3.7.9",
                "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml",
                "traefik",
                "h1:RxOqG3Wtvl1F5yCDr2ZxAg21YU3QCh/m0tae3Su4BZ8=",
            ),
            Files(
                "sigs.k8s.io/lws@v0.8.0",
                "config/crd/bases/*.yaml",
                "lws",
                "h1:DdhJ8QabwTfWgbgaHH2gdf8twliioHaoSfmDXRYEVU0=",
            ),
        ),
    ),
)
"""What a control plane and an inference cluster are made of, beside Crossplane."""
