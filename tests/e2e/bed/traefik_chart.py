"""Traefik's chart: the Service that it makes, and the arguments that its values come to.

No chart is rendered here. What the chart's defaults come to is written below for the version in
`CHART`, with the values that our Release sets on top; any other value is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from function.composition import Manifest, Object

CHART: Final = "41.1.0"
"""The chart whose defaults are written here; it brings the version of Traefik that is built."""

NAMESPACE: Final = "traefik-system"
PORTS: Final = {"web": 80, "websecure": 443}
"""The entry points that the chart's Service exposes, and where."""

_LISTENS: Final = {"metrics": 9100, "traefik": 8080, "web": 8000, "websecure": 8443}
_ALWAYS: Final = (
    "--api.dashboard=true",
    "--ping=true",
    "--metrics.prometheus=true",
    "--metrics.prometheus.entrypoint=metrics",
    "--entryPoints.websecure.http.tls=true",
    "--log.level=INFO",
)
_CRD_PROVIDER: Final = ("--providers.kubernetescrd", "--providers.kubernetescrd.allowEmptyServices=true")
_GATEWAY: Final = "providers.kubernetesGateway"
_COPIES: Final = "deployment.replicas"
"""How many copies run; one runs here."""

_ENCODED: Final = re.compile(r"ports\.([a-z]+)\.http\.encodedCharacters\.([A-Za-z]+)")
_TIMEOUT: Final = re.compile(r"ports\.([a-z]+)\.(transport\.respondingTimeouts\.[A-Za-z]+)")
_WITHOUT_ARGUMENT: Final = {
    (f"{_GATEWAY}.enabled", True),
    ("providers.kubernetesIngress.enabled", False),
    ("service.nameOverride", "traefik"),
    ("gateway.enabled", False),
    ("gatewayClass.enabled", False),
}
"""Values that decide what there is, as it is here, and not how Traefik behaves."""


def service() -> Manifest:
    """The Service that the chart makes of its defaults and the name that our values give it."""
    ports = [
        {"name": name, "port": port, "targetPort": _LISTENS[name], "protocol": "TCP"} for name, port in PORTS.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "traefik", "namespace": NAMESPACE},
        "spec": {"type": "LoadBalancer", "ports": ports},
    }


def arguments(values: Object, address: str) -> list[str]:
    """What Traefik is started with.

    Args:
        values: The values of the Release.
        address: The address that it listens on, which is a pod's own.

    Raises:
        ValueError: When it is not known what a value comes to.
    """
    words = [f"--entryPoints.{name}.address={address}:{port}/tcp" for name, port in _LISTENS.items()]
    words += (*_ALWAYS, *_CRD_PROVIDER, "--providers.kubernetesgateway")
    for path, value in sorted(_leaves(values)):
        if (path, value) in _WITHOUT_ARGUMENT or path == _COPIES:
            continue
        entry_point = _ENCODED.fullmatch(path)
        if entry_point:
            words.append(f"--entryPoints.{entry_point[1]}.http.encodedCharacters.{entry_point[2]}={str(value).lower()}")
            continue
        timeout = _TIMEOUT.fullmatch(path)
        if timeout:
            words.append(f"--entryPoints.{timeout[1]}.{timeout[2]}={value}")
            continue
        below = path.removeprefix(f"{_GATEWAY}.statusAddress.service.")
        if below not in {"name", "namespace"}:
            raise ValueError(f"the bed does not know what the value {path}={value} of Traefik's chart comes to")
        words.append(f"--providers.kubernetesgateway.statusaddress.service.{below}={value}")
    return words


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value
