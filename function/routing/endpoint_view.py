"""ModelEndpoints as a service sees them: by what they publish of themselves.

An endpoint reads its own URL and publishes how it is routed to; nobody else reads the URL again. Reading
what it publishes never fails. What cannot be read is a fault of that endpoint alone, and says so; an
endpoint that is not routable is a fact, an endpoint that cannot be read is a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from function.api import labels, patterns
from function.composition import Object, names, timestamps, unstructured

LONGEST_NAME: Final = 63
"""Crossplane labels what it composes with the composite's name, so a longer one has no backend."""

LAST_RESORT: Final = timedelta(seconds=60)
"""How long requests may go to a replica that leaves. It goes 90 seconds after it began to, and by then no route may
name it any more."""

_FOREVER: Final = datetime.max.replace(tzinfo=UTC)
_LONGEST_PATH: Final = 960
"""A route takes 1024 characters, and the paths that are public come behind this one."""

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
        api_path: What takes the place of that and of a `/v1` behind it; empty when a `/v1` stays.
        hostname: Host that requests should name; empty to leave it as it is.
        draining: It is about to go, and gets nothing new.
        serving_until: Until when requests may go to it although it drains, when no other endpoint is left; None when
            they may not, or when it does not drain.
        refused: It leads where it may not, and says so itself.
        fault: Why it cannot be read; empty when it can.
        not_listed: It was not among the endpoints that the service's selectors found, and is there all the same.
    """

    name: str
    cluster: str = ""
    uid: str = ""
    backend: str = ""
    port: int = 0
    rewrite_path: str = "/"
    api_path: str = ""
    hostname: str = ""
    draining: bool = False
    serving_until: datetime | None = None
    refused: bool = False
    fault: str = ""
    not_listed: bool = False

    @property
    def routable(self) -> bool:
        """Whether requests can be sent to it."""
        return bool(self.backend) and not (self.draining or self.refused or self.fault)

    def publishes(self) -> dict[str, Any]:
        """What the endpoint publishes of itself, as `read` finds it in the status."""
        return {
            "backendName": self.backend,
            "port": self.port,
            "rewritePath": self.rewrite_path,
            **({"apiPath": self.api_path} if self.api_path else {}),
            **({"hostname": self.hostname} if self.hostname else {}),
        }


def service_name(namespace: str, name: str, uid: str) -> str:
    """The name that an endpoint's Service is given when it is made.

    An endpoint may be named as no Service may, and one that is made again under the same name has
    another Service, so that nothing which is known of the first is taken to be about the second.
    """
    return names.name(name, names.DNS_LABEL, "Service", namespace, name, uid)


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of an endpoint that has a backend."""
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


def is_service_name(text: str) -> bool:
    """Tell whether a text can be the name of a Service."""
    return len(text) <= names.DNS_LABEL and _SERVICE_NAME.fullmatch(text) is not None


def is_port(value: object) -> bool:
    """Tell whether a value is a port."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LAST_PORT


def routing_problem(path: str, hostname: str) -> str:
    """Why a route cannot have a path and a host that requests name; empty when it can."""
    if len(path) > _LONGEST_PATH:
        return f"rewritePath has more than {_LONGEST_PATH} characters"
    if not path.startswith("/"):
        return f"rewritePath is not {patterns.MEANINGS[patterns.ABSOLUTE_PATH]}"
    if hostname and not (_NAME.fullmatch(hostname) and len(hostname) <= _LONGEST_HOST):
        return f"host is not {patterns.MEANINGS[patterns.DNS_SUBDOMAIN]}"
    return ""


def backend_of(endpoint: Endpoint, namespace: str, known: Collection[str]) -> str:
    """The backend of an endpoint among those that a route names; empty when it names none.

    An endpoint that publishes its backend is known by that, any other by the name that its Service is given.
    """
    for name in (endpoint.backend, service_name(namespace, endpoint.name, endpoint.uid)):
        if name in known:
            return name
    return ""


def read(objects: Iterable[Object], namespace: str) -> list[Endpoint]:
    """Read the ModelEndpoints of a namespace, sorted by name; others are passed over."""
    found = [_read(obj) for obj in objects if unstructured.namespace_of(obj) == namespace and unstructured.name_of(obj)]
    return sorted(found, key=lambda endpoint: endpoint.name)


def _read(obj: Object) -> Endpoint:
    name = unstructured.name_of(obj)
    routing = _routing(obj)
    fault = _fault(name, routing)
    readable: Mapping[str, Any] = {} if fault or routing is None else routing
    return Endpoint(
        name,
        cluster=unstructured.labels(obj).get(labels.CLUSTER, "")[:LONGEST_NAME],
        uid=unstructured.text(obj, "metadata", "uid"),
        backend=unstructured.text(routing, "backendName"),
        port=readable.get("port", 0),
        rewrite_path=readable.get("rewritePath", "/"),
        api_path=readable.get("apiPath", ""),
        hostname=readable.get("hostname", ""),
        draining=bool(unstructured.text(obj, "metadata", "deletionTimestamp"))
        or unstructured.dig(obj, "spec", "draining") is True,
        serving_until=_serving_until(obj),
        refused=unstructured.dig(routing, "refused") is True,
        fault=f"ModelEndpoint {name} cannot be read: {fault}" if fault else "",
    )


def _serving_until(obj: Object) -> datetime | None:
    """Until when an endpoint that drains serves, as far as is known.

    One that is being deleted goes together with its Service. That of a replica says whether the replica serves, and
    goes with it at a time that is known. One that nobody composes serves until it is deleted.
    """
    if unstructured.dig(obj, "spec", "draining") is not True or unstructured.text(obj, "metadata", "deletionTimestamp"):
        return None
    if not any(owner.get("controller") is True for owner in unstructured.items(obj, "metadata", "ownerReferences")):
        return _FOREVER
    annotations = unstructured.annotations(obj)
    since = timestamps.time_of(annotations.get(labels.DRAINING_SINCE, ""))
    return (
        since + LAST_RESORT if since is not None and annotations.get(labels.SERVES_WHILE_DRAINING) == "true" else None
    )


def _routing(obj: Object) -> Mapping[str, Any] | None:
    """What an endpoint publishes; None when that is no object."""
    status = unstructured.dig(obj, "status", default={})
    routing = unstructured.dig(status, "routing", default={}) if isinstance(status, Mapping) else None
    return routing if isinstance(routing, Mapping) else None


def _fault(name: str, routing: Mapping[str, Any] | None) -> str:
    """What is wrong with an endpoint; one that publishes nothing yet has only no backend."""
    if len(name) > LONGEST_NAME:
        return f"its name has more than {LONGEST_NAME} characters"
    if routing is None:
        return "status.routing is not an object"
    backend = unstructured.dig(routing, "backendName", default="")
    if backend == "":
        return ""
    if not isinstance(backend, str) or not is_service_name(backend):
        return "status.routing.backendName is not the name of a Service"
    if not is_port(routing.get("port")):
        return "status.routing.port is not a port"
    path, hostname, api_path = (routing.get(key, "") for key in ("rewritePath", "hostname", "apiPath"))
    if not (isinstance(path, str) and isinstance(hostname, str) and isinstance(api_path, str)):
        return "status.routing has a path or a host that is no text"
    problem = routing_problem(path, hostname) or (routing_problem(api_path, "") if api_path else "")
    return f"status.routing: {problem}" if problem else ""
