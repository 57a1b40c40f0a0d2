"""What is worth knowing about an object, in a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from function.composition import Object, manifest
from function.preview.gateway_api import backends

POOL: Final = "modelplane.ai/pool"


def facts(thing: Object) -> str:
    """The key facts of an object; empty for kinds whose name says it all."""
    tell = _TELL.get(manifest.text(thing, "kind"))
    return tell(thing) if tell else ""


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def devices(found: Iterable[Object]) -> str:
    """Write devices of a node, of a class or a pool."""
    return ", ".join(f"{manifest.integer(device, 'count', default=1)} x {_device(device)}" for device in found)


def _device(device: Object) -> str:
    said = [
        manifest.text(device, "attributes", "productName", "string")
        or manifest.text(device, "attributes", "architecture", "string"),
        manifest.text(device, "capacity", "memory", "value"),
    ]
    more = ", ".join(filter(None, said))
    return f"{manifest.text(device, 'name')} ({more})" if more else manifest.text(device, "name")


def _deployment(thing: Object) -> str:
    copies = manifest.integer(thing, "spec", "replicas", default=1)
    return f"{counted(copies, 'pod')} of {_pod(manifest.mapping(thing, 'spec', 'template', 'spec'))}"


def _gangs(thing: Object) -> str:
    copies = manifest.integer(thing, "spec", "replicas", default=1)
    template = manifest.mapping(thing, "spec", "leaderWorkerTemplate")
    size = manifest.integer(template, "size", default=1)
    leader = _pod(manifest.mapping(template, "leaderTemplate", "spec"))
    return f"{counted(copies, 'gang')} of {counted(size, 'pod')}: {leader}"


def _pod(spec: Object) -> str:
    images = [manifest.text(container, "image") for container in manifest.items(spec, "containers")]
    pool = manifest.text(spec, "nodeSelector", POOL)
    return ", ".join(filter(None, [" and ".join(images), f"on node pool {pool}" if pool else ""]))


def _claim(thing: Object) -> str:
    said = []
    for request in manifest.items(thing, "spec", "spec", "devices", "requests"):
        exactly = manifest.mapping(request, "exactly")
        count = manifest.integer(exactly, "count", default=1)
        said.append(f"{count} x {manifest.text(exactly, 'deviceClassName')} ({manifest.text(request, 'name')})")
    return f"each pod claims {', '.join(said)}" if said else ""


def _service(thing: Object) -> str:
    ports = [str(manifest.integer(port, "port")) for port in manifest.items(thing, "spec", "ports")]
    return f"port {', '.join(ports)}" if ports else ""


def _route(thing: Object) -> str:
    paths = [
        manifest.text(match, "path", "value")
        for rule in manifest.items(thing, "spec", "rules")
        for match in manifest.items(rule, "matches")
    ]
    named = [f"{manifest.text(b, 'kind') or 'Service'} {manifest.text(b, 'name')}" for b in backends(thing)]
    behind = list(dict.fromkeys(named))
    return f"{', '.join(filter(None, paths)) or 'every path'} -> {', '.join(behind) or 'nothing'}"


def _inference_pool(thing: Object) -> str:
    ports = [str(manifest.integer(port, "number")) for port in manifest.items(thing, "spec", "targetPorts")]
    picker = manifest.text(thing, "spec", "endpointPickerRef", "name")
    return f"port {', '.join(ports)}, picked by {picker}" if picker else ""


def _disruption_budget(thing: Object) -> str:
    return f"at most {counted(manifest.integer(thing, 'spec', 'maxUnavailable'), 'pod')} away at a time"


def _gateway(thing: Object) -> str:
    ports = [str(manifest.integer(item, "port")) for item in manifest.items(thing, "spec", "listeners")]
    return f"port {', '.join(ports)}, class {manifest.text(thing, 'spec', 'gatewayClassName')}"


def _release(thing: Object) -> str:
    chart = manifest.mapping(thing, "spec", "forProvider", "chart")
    namespace = manifest.text(thing, "spec", "forProvider", "namespace")
    return f"chart {manifest.text(chart, 'name')} {manifest.text(chart, 'version')} in namespace {namespace}"


def _content(thing: Object) -> str:
    keys = sorted({**manifest.mapping(thing, "data"), **manifest.mapping(thing, "stringData")})
    return f"with {', '.join(keys)}" if keys else ""


def _volume(thing: Object) -> str:
    size = manifest.text(thing, "spec", "resources", "requests", "storage")
    return " ".join(filter(None, [size, manifest.text(thing, "spec", "storageClassName")]))


_TELL: Final[Mapping[str, Callable[[Object], str]]] = {
    "ConfigMap": _content,
    "Deployment": _deployment,
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "InferencePool": _inference_pool,
    "LeaderWorkerSet": _gangs,
    "PersistentVolumeClaim": _volume,
    "PodDisruptionBudget": _disruption_budget,
    "Release": _release,
    "ResourceClaimTemplate": _claim,
    "Secret": _content,
    "Service": _service,
}
