"""What is worth knowing about an object, in a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from function.composition import Object, unstructured
from function.preview.gateway_api import backends

POOL: Final = "modelplane.ai/pool"


def facts(thing: Object) -> str:
    """The key facts of an object; empty for kinds whose name says it all."""
    tell = _TELL.get(unstructured.text(thing, "kind"))
    return tell(thing) if tell else ""


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def devices(found: Iterable[Object]) -> str:
    """Write devices of a node, of a class or a pool."""
    return ", ".join(f"{unstructured.integer(device, 'count', default=1)} x {_device(device)}" for device in found)


def _device(device: Object) -> str:
    said = [
        unstructured.text(device, "attributes", "productName", "string")
        or unstructured.text(device, "attributes", "architecture", "string"),
        unstructured.text(device, "capacity", "memory", "value"),
    ]
    more = ", ".join(filter(None, said))
    return f"{unstructured.text(device, 'name')} ({more})" if more else unstructured.text(device, "name")


def _deployment(thing: Object) -> str:
    copies = unstructured.integer(thing, "spec", "replicas", default=1)
    return f"{counted(copies, 'pod')} of {_pod(unstructured.mapping(thing, 'spec', 'template', 'spec'))}"


def _gangs(thing: Object) -> str:
    copies = unstructured.integer(thing, "spec", "replicas", default=1)
    template = unstructured.mapping(thing, "spec", "leaderWorkerTemplate")
    size = unstructured.integer(template, "size", default=1)
    leader = _pod(unstructured.mapping(template, "leaderTemplate", "spec"))
    return f"{counted(copies, 'gang')} of {counted(size, 'pod')}: {leader}"


def _pod(spec: Object) -> str:
    images = [unstructured.text(container, "image") for container in unstructured.items(spec, "containers")]
    pool = unstructured.text(spec, "nodeSelector", POOL)
    return ", ".join(filter(None, [" and ".join(images), f"on node pool {pool}" if pool else ""]))


def _claim(thing: Object) -> str:
    said = []
    for request in unstructured.items(thing, "spec", "spec", "devices", "requests"):
        exactly = unstructured.mapping(request, "exactly")
        count = unstructured.integer(exactly, "count", default=1)
        said.append(f"{count} x {unstructured.text(exactly, 'deviceClassName')} ({unstructured.text(request, 'name')})")
    return f"each pod claims {', '.join(said)}" if said else ""


def _service(thing: Object) -> str:
    ports = [str(unstructured.integer(port, "port")) for port in unstructured.items(thing, "spec", "ports")]
    return f"port {', '.join(ports)}" if ports else ""


def _route(thing: Object) -> str:
    paths = [
        unstructured.text(match, "path", "value")
        for rule in unstructured.items(thing, "spec", "rules")
        for match in unstructured.items(rule, "matches")
    ]
    named = [f"{unstructured.text(b, 'kind') or 'Service'} {unstructured.text(b, 'name')}" for b in backends(thing)]
    behind = list(dict.fromkeys(named))
    return f"{', '.join(filter(None, paths)) or 'every path'} -> {', '.join(behind) or 'nothing'}"


def _inference_pool(thing: Object) -> str:
    ports = [str(unstructured.integer(port, "number")) for port in unstructured.items(thing, "spec", "targetPorts")]
    picker = unstructured.text(thing, "spec", "endpointPickerRef", "name")
    return f"port {', '.join(ports)}, picked by {picker}" if picker else ""


def _disruption_budget(thing: Object) -> str:
    return f"at most {counted(unstructured.integer(thing, 'spec', 'maxUnavailable'), 'pod')} away at a time"


def _gateway(thing: Object) -> str:
    ports = [str(unstructured.integer(item, "port")) for item in unstructured.items(thing, "spec", "listeners")]
    return f"port {', '.join(ports)}, class {unstructured.text(thing, 'spec', 'gatewayClassName')}"


def _release(thing: Object) -> str:
    chart = unstructured.mapping(thing, "spec", "forProvider", "chart")
    namespace = unstructured.text(thing, "spec", "forProvider", "namespace")
    return f"chart {unstructured.text(chart, 'name')} {unstructured.text(chart, 'version')} in namespace {namespace}"


def _content(thing: Object) -> str:
    keys = sorted({**unstructured.mapping(thing, "data"), **unstructured.mapping(thing, "stringData")})
    return f"with {', '.join(keys)}" if keys else ""


def _volume(thing: Object) -> str:
    size = unstructured.text(thing, "spec", "resources", "requests", "storage")
    return " ".join(filter(None, [size, unstructured.text(thing, "spec", "storageClassName")]))


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
