"""Endpoints outside, written by hand, and services over them: two teams that use the same names."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import yaml

from function.api import kinds
from function.composition import Manifest, unstructured
from tests.e2e.bed.load_balancer import Relay
from tests.e2e.bed.plane import ADDRESSES, OUTSIDE, Bed
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.providers import SECONDS_A_TOKEN, Provider
from tests.e2e.bed.quickstart import FLEET
from tests.e2e.bed.servers import HttpServer
from tests.e2e.bed.traffic import Stream

TEAM: Final = "outside-team"
OTHER_TEAM: Final = "outside-other"
HOST: Final = "models.example.com"
"""The host that the provider with https goes by."""

SERVICES: Final = {
    "shared": [{"provider": "plain"}, {"provider": "sealed"}],
    "second": [{"provider": "plain"}],
    "flapping": [{"provider": "plain"}, {"provider": "flapping"}],
    "empty": [{"provider": "nobody"}],
    "circle": [{"provider": "circle"}],
}
"""The services of the first team, with the labels that they select."""

WEIGHTS: Final = {"plain": 3, "sealed": 1}
"""How the first service shares its traffic."""

INNER: Final = "inner"
"""An endpoint that leads to the control cluster's own API server."""

_BACK: Final = 8090
_GATEWAY_PORT: Final = 80

LONG_SECONDS: Final = 90
"""How long the long answer takes: longer than anybody's patience by default, which is a minute."""

_API: Final = kinds.MODEL_SERVICE.api_version
_AUTHORITY: Final = "outside-authority"
_OF_OTHER: Final = ("ModelService", "second", "Ready", OTHER_TEAM)


@dataclass(slots=True)
class Outside:
    """All of it.

    Attributes:
        bed: Where it runs.
        servers: The providers' servers.
        circle: The way back to the front door, by an address that is not known to be one.
        long: An answer that takes long, once it has begun.
    """

    bed: Bed
    servers: list[HttpServer | Relay]
    circle: Relay | None = field(default=None)
    long: Stream | None = field(default=None)

    def url(self, service: str, team: str = TEAM) -> str:
        """The URL of a service; empty while it has none."""
        return unstructured.text(self.service(service, team), "status", "address")

    def service(self, name: str, team: str = TEAM) -> Manifest:
        """A service."""
        return self.bed.composite("ModelService", name, team)

    def reason(self, service: str, condition: str) -> str:
        """The reason of a service's condition."""
        return unstructured.text(unstructured.condition(self.service(service), condition), "reason")

    def await_ready(self) -> None:
        """Wait until every service routes to all that it selects, and have the long answer begin."""
        for name in SERVICES:
            self.bed.processes.until(f"{name} routes to what it selects", partial(self._settled, name))
        self.bed.processes.until("the other team is served", lambda: self.bed.is_true(*_OF_OTHER))
        if self.bed.isolated:
            self.long = Stream(f"{self.url('shared')}/v1/chat/completions", round(LONG_SECONDS / SECONDS_A_TOKEN))

    def _settled(self, name: str) -> bool:
        found, groups = self.service(name), len(SERVICES[name]) if name != "empty" else 0
        counted = unstructured.text(found, "status", "summary", "ready") == f"{groups}/{groups}"
        return counted and unstructured.is_true(found, "Ready") == bool(groups) and bool(self.url(name))

    def drain(self, endpoint: str, *, draining: bool) -> None:
        """Say that an endpoint drains, or that it does not."""
        self.bed.control.api.patch(
            self.bed.composite("ModelEndpoint", endpoint, TEAM), {"spec": {"draining": draining}}
        )

    def backends(self, service: str) -> list[str]:
        """The endpoints that a service's route names, by the owners of their Services; a lost one has no name."""
        named, owners = backends(self.bed, service, TEAM), _owners(self.bed, TEAM)
        return [owners.get(name, "") for name in named]

    def stop(self) -> None:
        """Stop the providers."""
        for server in self.servers:
            threading.Thread(target=server.shutdown, daemon=True).start()
            server.server_close()


def arrange(bed: Bed) -> Outside:
    """Start the providers, and ask for the endpoints and services."""
    plain, sealed = OUTSIDE
    certificate = bed.certificates.issue(HOST, HOST)
    providers = (
        Provider("plain", plain, 80),
        Provider("sealed", sealed, 8443, "/openai", certificate),
        Provider("other", sealed, 80),
    )
    if bed.isolated:
        log_line("stand-in: small servers at two addresses play the providers outside; no model runs there")
    servers: list[HttpServer | Relay] = [provider.start() for provider in providers] if bed.isolated else []
    circle = Relay(sealed, _BACK, _GATEWAY_PORT, ADDRESSES["control"]) if bed.isolated else None
    bed.control.kubectl.apply_objects(_manifests(bed))
    return Outside(bed, [*servers, *([circle] if circle else [])], circle)


def open_gateway() -> Manifest:
    """The quickstart's InferenceGateway, which also lets endpoints lead to the bed's addresses outside."""
    gateway: Manifest = yaml.safe_load((FLEET / "gateway.yaml").read_text())
    return {**gateway, "spec": {**gateway["spec"], "endpoints": {"allow": [f"{address}/32" for address in OUTSIDE]}}}


def backends(bed: Bed, service: str, namespace: str) -> list[str]:
    """The Services that a service's route names; one with weight 0 counts too."""
    for route in bed.control.api.list("gateway.networking.k8s.io/v1", "HTTPRoute", namespace):
        if any(owner["name"] == service for owner in unstructured.items(route, "metadata", "ownerReferences")):
            rules = unstructured.items(route, "spec", "rules")
            return [ref["name"] for ref in unstructured.items(rules[0], "backendRefs")]
    return []


def _owners(bed: Bed, namespace: str) -> dict[str, str]:
    """The endpoint that each Service is composed by."""
    found = bed.control.api.list("v1", "Service", namespace)
    return {
        unstructured.name_of(obj): owner["name"]
        for obj in found
        for owner in unstructured.items(obj, "metadata", "ownerReferences")
    }


def _manifests(bed: Bed) -> Iterator[Manifest]:
    plain, sealed = OUTSIDE
    for team in (TEAM, OTHER_TEAM):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": team}}
    certificates = base64.b64encode(bed.certificates.authority.read_bytes()).decode()
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _AUTHORITY, "namespace": TEAM},
        "data": {"ca.crt": certificates},
    }
    checked = {"host": HOST, "tls": {"caSecretRef": {"name": _AUTHORITY}}}
    yield endpoint("plain", TEAM, f"http://{plain}/v1")
    yield endpoint("sealed", TEAM, f"https://{sealed}:8443/openai/v1", **checked)
    yield endpoint("flapping", TEAM, f"http://{sealed}")
    yield endpoint("circle", TEAM, f"http://{sealed}:{_BACK}", rewritePath=f"/{TEAM}/circle/")
    yield endpoint(INNER, TEAM, "https://kubernetes.default.svc", rewritePath="/api/")
    yield endpoint("plain", OTHER_TEAM, f"http://{sealed}")
    for name, groups in SERVICES.items():
        yield service(name, TEAM, *groups)
    yield service("second", OTHER_TEAM, *SERVICES["second"])


def endpoint(name: str, namespace: str, url: str, **more: Any) -> Manifest:
    """An endpoint, with its name as a label."""
    metadata = {"name": name, "namespace": namespace, "labels": {"provider": name}}
    return {"apiVersion": _API, "kind": "ModelEndpoint", "metadata": metadata, "spec": {"url": url, **more}}


def service(name: str, namespace: str, *groups: dict[str, str]) -> Manifest:
    """A service over groups of endpoints, given by their labels."""
    entries = [
        {"weight": WEIGHTS.get(labelled["provider"], 1), "selector": {"matchLabels": labelled}} for labelled in groups
    ]
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": _API, "kind": "ModelService", "metadata": metadata, "spec": {"endpoints": entries}}
