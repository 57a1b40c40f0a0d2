"""How the function and the providers run, and which packages that applies to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from function.api.compositions import FUNCTION
from function.composition import Manifest, releases

HELM: Final = "provider-helm-modelplane"
"""Runtime config, service account and binding of provider-helm."""

KUBERNETES: Final = "provider-kubernetes-modelplane"

_API: Final = "pkg.crossplane.io/v1beta1"
_CONTAINER: Final = "package-runtime"
"""The name by which Crossplane knows the container that it runs a package's image in."""

_PORT: Final = 8080
_USER: Final = 2000
_ENDING_SECONDS: Final = 40
"""Longer than the function takes to end calls and itself."""


def function_runtime() -> Manifest:
    """Build how the function runs: twice, since nothing is composed while it does not answer."""
    container = {
        "name": _CONTAINER,
        "readinessProbe": _probe("/readyz", periodSeconds=5),
        "livenessProbe": _probe("/healthz", periodSeconds=10, initialDelaySeconds=10, failureThreshold=3),
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsGroup": _USER,
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"pkg.crossplane.io/function": FUNCTION}},
    }
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _ENDING_SECONDS,
        "containers": [container],
        "topologySpreadConstraints": [spread],
    }
    return _config(FUNCTION, pod, replicas=2)


def kubernetes_runtime() -> Manifest:
    """Build how provider-kubernetes runs: watching what it composed, and without Secrets in the status of Objects."""
    return _config(
        KUBERNETES, {"containers": [{"name": _CONTAINER, "args": ["--enable-watches", "--sanitize-secrets"]}]}
    )


def helm_runtime() -> Manifest:
    """Build how provider-helm runs: with a service account of a known name, which can then be given rights.

    It calls a Release Ready again after a change only when it looks the next time, which is every ten minutes unless
    it is told otherwise.
    """
    config = _config(
        HELM, {"containers": [{"name": _CONTAINER, "args": [f"--poll={int(releases.POLL.total_seconds())}s"]}]}
    )
    return {**config, "spec": {**config["spec"], "serviceAccountTemplate": {"metadata": {"name": HELM}}}}


def image_config(config: str, package: str) -> Manifest:
    """Build what applies a runtime config to a package, whoever installs it and in whatever version.

    Args:
        config: Name of the runtime config.
        package: Where the package is, without its version.
    """
    return {
        "apiVersion": _API,
        "kind": "ImageConfig",
        "metadata": {"name": config},
        "spec": {
            "matchImages": [{"type": "Prefix", "prefix": package}],
            "runtime": {"configRef": {"apiVersion": _API, "kind": "DeploymentRuntimeConfig", "name": config}},
        },
    }


def _config(name: str, pod: Mapping[str, Any], **deployment: int) -> Manifest:
    """The selector is Crossplane's to fill in, and the API's to ask for."""
    spec = {**deployment, "selector": {}, "template": {"spec": dict(pod)}}
    return {
        "apiVersion": _API,
        "kind": "DeploymentRuntimeConfig",
        "metadata": {"name": name},
        "spec": {"deploymentTemplate": {"spec": spec}},
    }


def _probe(path: str, **timing: int) -> Manifest:
    return {"httpGet": {"path": path, "port": _PORT}, "timeoutSeconds": 3, **timing}
