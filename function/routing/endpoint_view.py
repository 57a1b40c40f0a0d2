"""ModelEndpoints as a service sees them.

Reading never fails. What cannot be read is a fault of that endpoint alone, and says so; an
endpoint that is not routable is a fact, an endpoint that cannot be read is a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from function.api import labels, patterns, urls
from function.api.model_endpoint import ModelEndpointSpec
from function.composition import Object, manifest, names

LONGEST_NAME: Final = 63
"""Crossplane labels what it composes with the composite's name, so a longer one has no backend."""

_LONGEST_REWRITE: Final = 1024
_LONGEST_HOST: Final = 253
_LAST_PORT: Final = 65535
_NAME: Final = re.compile(patterns.DNS_SUBDOMAIN)
_SERVICE_NAME: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A ModelEndpoint.

    Attributes:
        name: Its name.
        cluster: The InferenceCluster that it is on; empty for one outside.
        uid: Its uid; empty offline.
        backend: The Service to route to; empty until there is one.
        port: Port of that Service.
        rewrite_path: What takes the place of the service's own path.
        hostname: Host that requests should name; empty to leave it as it is.
        draining: It is about to go, and gets nothing new.
        fault: Why it cannot be read; empty when it can.
    """

    name: str
    cluster: str = ""
    uid: str = ""
    backend: str = ""
    port: int = 0
    rewrite_path: str = "/"
    hostname: str = ""
    draining: bool = False
    fault: str = ""

    @property
    def routable(self) -> bool:
        """Whether requests can be sent to it."""
        return bool(self.backend) and not self.draining and not self.fault


def service_name(namespace: str, name: str, uid: str) -> str:
    """The name that an endpoint's Service is given when it is made.

    An endpoint may be named as no Service may, and one that is made again under the same name has
    another Service, so that nothing which is known of the first is taken to be about the second.
    """
    return names.name(name, names.DNS_LABEL, "Service", namespace, name, uid)


def is_service_name(text: str) -> bool:
    """Tell whether a text can be the name of a Service."""
    return len(text) <= names.DNS_LABEL and _SERVICE_NAME.fullmatch(text) is not None


def backend_of(endpoint: Endpoint, namespace: str, known: Collection[str]) -> str:
    """The backend of an endpoint among those that a route names; empty when it names none.

    An endpoint that publishes its backend is known by that, any other by the name that its Service is given.
    """
    for said in (endpoint.backend, service_name(namespace, endpoint.name, endpoint.uid)):
        if said in known:
            return said
    return ""


class _UnreadableError(Exception):
    """Something of an endpoint is not what it should be."""


def read(objects: Iterable[Object], namespace: str) -> list[Endpoint]:
    """Read the ModelEndpoints of a namespace, sorted by name; others are passed over."""
    found = [_read(thing) for thing in objects if manifest.namespace_of(thing) == namespace and manifest.name_of(thing)]
    return sorted(found, key=lambda endpoint: endpoint.name)


def _read(thing: Object) -> Endpoint:
    name = manifest.name_of(thing)
    seen = Endpoint(
        name,
        cluster=manifest.labels(thing).get(labels.CLUSTER, "")[:LONGEST_NAME],
        uid=manifest.text(thing, "metadata", "uid"),
        backend=manifest.text(thing, "status", "routing", "backendName"),
        draining=bool(manifest.text(thing, "metadata", "deletionTimestamp")),
    )
    try:
        spec = _spec(thing)
        url = _url(spec)
        backend, port = _routing(thing, url)
        return Endpoint(
            name,
            seen.cluster,
            seen.uid,
            backend=backend,
            port=port,
            rewrite_path=_rewrite_path(spec, url),
            hostname=_hostname(spec, url),
            draining=seen.draining or spec.draining,
        )
    except _UnreadableError as error:
        return Endpoint(
            name,
            seen.cluster,
            seen.uid,
            seen.backend,
            draining=seen.draining or manifest.dig(thing, "spec", "draining") is True,
            fault=f"ModelEndpoint {name} cannot be read: {error}",
        )


def _spec(thing: Object) -> ModelEndpointSpec:
    if len(manifest.name_of(thing)) > LONGEST_NAME:
        raise _UnreadableError(f"its name has more than {LONGEST_NAME} characters")
    try:
        return ModelEndpointSpec.model_validate(manifest.plain(manifest.dig(thing, "spec")))
    except ValidationError as error:
        first = error.errors()[0]
        raise _UnreadableError(f"{'.'.join(map(str, ('spec', *first['loc'])))}: {first['msg']}") from error


def _url(spec: ModelEndpointSpec) -> urls.Url:
    url = urls.parse(spec.url)
    if isinstance(url, urls.NoUrl):
        raise _UnreadableError(f"spec.url {url.problem}")
    return url


def _routing(thing: Object, url: urls.Url) -> tuple[str, int]:
    """The Service to route to and its port; an endpoint that publishes nothing yet has none."""
    routing: Any = thing
    for step in ("status", "routing"):
        routing = manifest.dig(routing, step, default={})
        if not isinstance(routing, Mapping):
            raise _UnreadableError(f"{step} is not an object")
    name = routing.get("backendName", "")
    if not isinstance(name, str) or (name and not is_service_name(name)):
        raise _UnreadableError("status.routing.backendName is not the name of a Service")
    port = routing.get("port", url.port)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port <= _LAST_PORT:
        raise _UnreadableError("status.routing.port is not a port")
    return name, port


def _rewrite_path(spec: ModelEndpointSpec, url: urls.Url) -> str:
    if not spec.rewrite_path:
        return url.rewrite_path
    if len(spec.rewrite_path) > _LONGEST_REWRITE or not spec.rewrite_path.startswith("/"):
        raise _UnreadableError(f"spec.rewritePath is not {patterns.MEANINGS[patterns.ABSOLUTE_PATH]}")
    return spec.rewrite_path


def _hostname(spec: ModelEndpointSpec, url: urls.Url) -> str:
    """The host that requests should name: a provider outside routes by it, an IP address does not."""
    if spec.host and not (_NAME.fullmatch(spec.host) and len(spec.host) <= _LONGEST_HOST):
        raise _UnreadableError(f"spec.host must be {patterns.MEANINGS[patterns.DNS_SUBDOMAIN]}")
    return spec.host or (url.host if url.family is urls.Family.FQDN else "")
