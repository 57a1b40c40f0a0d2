"""What is worth knowing about an object, in a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from function.api import labels
from function.composition import Object, unstructured
from function.preview.gateway_api import backends


def facts(obj: Object) -> str:
    """The key facts of an object; empty for kinds whose name says it all."""
    describe = _DESCRIBE.get(unstructured.text(obj, "kind"))
    return describe(obj) if describe else ""


def counted(number: int, singular: str, plural: str = "") -> str:
    """Write a number with its noun."""
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"


def devices(listed: Iterable[Object]) -> str:
    """Write devices of a node, of a class or a pool."""
    return ", ".join(f"{unstructured.integer(device, 'count', default=1)} x {_device(device)}" for device in listed)


def _device(device: Object) -> str:
    parts = [
        unstructured.text(device, "attributes", "productName", "string")
        or unstructured.text(device, "attributes", "architecture", "string"),
        unstructured.text(device, "capacity", "memory", "value"),
    ]
    details = ", ".join(filter(None, parts))
    return f"{unstructured.text(device, 'name')} ({details})" if details else unstructured.text(device, "name")


def _deployment(obj: Object) -> str:
    replicas = unstructured.integer(obj, "spec", "replicas", default=1)
    return f"{counted(replicas, 'pod')} of {_pod(unstructured.mapping(obj, 'spec', 'template', 'spec'))}"


def _leader_worker_set(obj: Object) -> str:
    replicas = unstructured.integer(obj, "spec", "replicas", default=1)
    template = unstructured.mapping(obj, "spec", "leaderWorkerTemplate")
    size = unstructured.integer(template, "size", default=1)
    leader = _pod(unstructured.mapping(template, "leaderTemplate", "spec"))
    return f"{counted(replicas, 'gang')} of {counted(size, 'pod')}: {leader}"


def _pod(spec: Object) -> str:
    beside = [init for init in unstructured.items(spec, "initContainers") if init.get("restartPolicy") == "Always"]
    images = [unstructured.text(container, "image") for container in [*unstructured.items(spec, "containers"), *beside]]
    pool = unstructured.text(spec, "nodeSelector", labels.POOL)
    return ", ".join(filter(None, [" and ".join(images), f"on node pool {pool}" if pool else ""]))


def _claim(obj: Object) -> str:
    parts = []
    for request in unstructured.items(obj, "spec", "spec", "devices", "requests"):
        exactly = unstructured.mapping(request, "exactly")
        count = unstructured.integer(exactly, "count", default=1)
        parts.append(
            f"{count} x {unstructured.text(exactly, 'deviceClassName')} ({unstructured.text(request, 'name')})"
        )
    return f"each pod claims {', '.join(parts)}" if parts else ""


def _service(obj: Object) -> str:
    ports = [str(unstructured.integer(port, "port")) for port in unstructured.items(obj, "spec", "ports")]
    return f"port {', '.join(ports)}" if ports else ""


def _route(obj: Object) -> str:
    paths = [
        unstructured.text(match, "path", "value")
        for rule in unstructured.items(obj, "spec", "rules")
        for match in unstructured.items(rule, "matches")
    ]
    references = [f"{unstructured.text(b, 'kind') or 'Service'} {unstructured.text(b, 'name')}" for b in backends(obj)]
    backend_names = list(dict.fromkeys(references))
    return f"{', '.join(filter(None, paths)) or 'every path'} -> {', '.join(backend_names) or 'nothing'}"


def _inference_pool(obj: Object) -> str:
    ports = [str(unstructured.integer(port, "number")) for port in unstructured.items(obj, "spec", "targetPorts")]
    picker = unstructured.text(obj, "spec", "endpointPickerRef", "name")
    return f"port {', '.join(ports)}, picked by {picker}" if picker else ""


def _disruption_budget(obj: Object) -> str:
    return f"at most {counted(unstructured.integer(obj, 'spec', 'maxUnavailable'), 'pod')} away at a time"


def _gateway(obj: Object) -> str:
    ports = [str(unstructured.integer(item, "port")) for item in unstructured.items(obj, "spec", "listeners")]
    return f"port {', '.join(ports)}, class {unstructured.text(obj, 'spec', 'gatewayClassName')}"


def _release(obj: Object) -> str:
    chart = unstructured.mapping(obj, "spec", "forProvider", "chart")
    namespace = unstructured.text(obj, "spec", "forProvider", "namespace")
    return f"chart {unstructured.text(chart, 'name')} {unstructured.text(chart, 'version')} in namespace {namespace}"


def _content(obj: Object) -> str:
    keys = sorted({**unstructured.mapping(obj, "data"), **unstructured.mapping(obj, "stringData")})
    return f"with {', '.join(keys)}" if keys else ""


def _volume(obj: Object) -> str:
    size = unstructured.text(obj, "spec", "resources", "requests", "storage")
    return " ".join(filter(None, [size, unstructured.text(obj, "spec", "storageClassName")]))


_DESCRIBE: Final[Mapping[str, Callable[[Object], str]]] = {
    "ConfigMap": _content,
    "Deployment": _deployment,
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "InferencePool": _inference_pool,
    "LeaderWorkerSet": _leader_worker_set,
    "PersistentVolumeClaim": _volume,
    "PodDisruptionBudget": _disruption_budget,
    "Release": _release,
    "ResourceClaimTemplate": _claim,
    "Secret": _content,
    "Service": _service,
}
