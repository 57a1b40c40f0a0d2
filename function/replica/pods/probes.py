"""The probes of a container that serves."""

from __future__ import annotations

from typing import Final

from function.api.engines import Scheme
from function.composition import Manifest
from function.replica.ending import HUNG_SECONDS

_PROBE_SECONDS: Final = 10
_PROBE_TIMEOUT: Final = 5
_LIVENESS_FAILURES: Final = 6
"""Failed probes after which an engine counts as hung: a busy engine may miss some."""


def probes(path: str, port: str | int, startup_seconds: int, *, scheme: Scheme = Scheme.HTTP) -> Manifest:
    """Build the probes: time to load the weights, and a restart after a minute without an answer.

    Args:
        path: The path that answers with success once the engine can serve.
        port: The port, by name or number.
        startup_seconds: How long the engine may take until it can serve.
        scheme: How the engine is spoken to; a kubelet does not verify certificates.
    """
    action: Manifest = {"path": path, "port": port}
    if scheme is not Scheme.HTTP:
        action["scheme"] = scheme.value
    probe = {"httpGet": action, "periodSeconds": _PROBE_SECONDS, "timeoutSeconds": _PROBE_TIMEOUT}
    failures = max(1, -(-startup_seconds // _PROBE_SECONDS))
    return {
        "startupProbe": {**probe, "failureThreshold": failures},
        "readinessProbe": probe,
        "livenessProbe": {
            **probe,
            "failureThreshold": _LIVENESS_FAILURES,
            "terminationGracePeriodSeconds": HUNG_SECONDS,
        },
    }
