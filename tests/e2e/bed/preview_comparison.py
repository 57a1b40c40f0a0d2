"""Compares what exists on the bed with what `modelplane preview` composes for the same manifests.

Children are told apart by their parent and their composition resource name. Where a name comes
from a uid, which no two control planes share, the name of one stands for that of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from function.composition import Manifest, Object, objects, unstructured
from function.packages.composed import USAGES
from function.preview.control_plane import ControlPlane
from function.preview.reconcile import controller_uid
from function.routing import gateway_view
from function.selectors.quantity import is_quantity, parse_quantity
from tests.e2e.bed.plane import COMPOSITES, Bed
from tests.support.settled import settle

Key: TypeAlias = tuple[str, str, str]
"""Kind and name of the parent, and the composition resource name."""

RESOURCE_NAME: Final = "crossplane.io/composition-resource-name"

_KINDS: Final = (
    *COMPOSITES,
    *(("kubernetes.m.crossplane.io/v1alpha1", kind) for kind in ("Object", "ProviderConfig", "ClusterProviderConfig")),
    *(("helm.m.crossplane.io/v1beta1", kind) for kind in ("Release", "ProviderConfig")),
    *((USAGES, kind) for kind in ("Usage", "ClusterUsage")),
    *(("gateway.networking.k8s.io/v1", kind) for kind in ("GatewayClass", "Gateway", "HTTPRoute")),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("v1", "Service"),
    ("v1", "Namespace"),
)
"""Everything that we compose on the control cluster in the quickstart."""

_MOMENTS: Final = frozenset({"servingSince", "since", "lastTransitionTime", "observedGeneration", "message"})


def composed(bed: Bed) -> dict[Key, Manifest]:
    """Every composed resource on the control cluster."""
    found = {}
    for api_version, kind in _KINDS:
        for obj in bed.control.api.list(api_version, kind):
            key = unstructured.annotations(obj).get(RESOURCE_NAME)
            owners = [
                reference
                for reference in unstructured.items(obj, "metadata", "ownerReferences")
                if reference.get("controller")
            ]
            if key and owners:
                found[owners[0]["kind"], owners[0]["name"], key] = obj
    return found


def differences(bed: Bed, *paths: Path, besides: str = "") -> list[str]:
    """Say in which ways the bed differs from a preview of manifests; empty when in none.

    Args:
        bed: The bed.
        paths: The manifests.
        besides: A namespace of which they say nothing.
    """
    plane = settle(*paths)
    expected = _previewed(plane)
    found = {key: obj for key, obj in composed(bed).items() if unstructured.namespace_of(obj) != besides or not besides}
    differences_ = [
        f"{_words(key)} is composed by the preview and does not exist" for key in sorted(set(expected) - set(found))
    ]
    differences_ += [
        f"{_words(key)} exists and is not composed by the preview" for key in sorted(set(found) - set(expected))
    ]
    both = sorted(set(expected) & set(found))
    names = {unstructured.name_of(expected[key]): unstructured.name_of(found[key]) for key in both}
    for gateway in plane.list(gateway_view.REQUIREMENT.api_version, "InferenceGateway"):
        real = bed.composite("InferenceGateway", unstructured.name_of(gateway))
        names[gateway_view.marker(gateway)] = gateway_view.marker(real)
    for key in both:
        body = _renamed(_less(expected[key]), names)
        differences_ += [f"{_words(key)}: {text}" for text in _lacks(body, found[key], "")]
        if objects.is_object(found[key]):
            differences_ += [f"{_words(key)} on its cluster: {text}" for text in _remote(bed, found[key])]
    for composite in plane.composites:
        real = bed.composite(composite["kind"], unstructured.name_of(composite), unstructured.namespace_of(composite))
        if real:
            differences_ += [f"{_title(composite)}: {text}" for text in _status(_renamed(composite, names), real)]
    return differences_


def _previewed(plane: ControlPlane) -> dict[Key, Manifest]:
    found = {}
    for obj in plane.store.everything():
        owner = plane.store.by_uid(controller_uid(obj))
        key = unstructured.annotations(obj).get(RESOURCE_NAME)
        if owner is not None and key:
            found[owner["kind"], unstructured.name_of(owner), key] = obj
    return found


def _less(obj: Object) -> Manifest:
    """What was asked for, without what a control plane keeps for itself."""
    body = {key: value for key, value in obj.items() if key not in {"metadata", "status"}}
    if "spec" in body:
        body["spec"] = {key: value for key, value in body["spec"].items() if key != "crossplane"}
    own_labels = {key: value for key, value in unstructured.labels(obj).items() if key.startswith("modelplane.ai/")}
    return {**body, "metadata": {"labels": own_labels}}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def _lacks(expected: Any, found: Any, path: str) -> Iterator[str]:
    """What of one value is missing in another, which may have more in its maps."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key, value in expected.items():
            yield from _lacks(value, found.get(key), f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (first, second) in enumerate(zip(expected, found, strict=True)):
            yield from _lacks(first, second, f"{path}[{index}]")
    elif expected != found and not (expected == {} and found is None) and not _same_quantity(expected, found):
        yield f"{path.lstrip('.')} is {found!r}, in the preview {expected!r}"


def _same_quantity(first: Any, second: Any) -> bool:
    """Tell whether two texts are the same quantity, which the API server writes in its own way."""
    texts = isinstance(first, str) and isinstance(second, str) and is_quantity(first) and is_quantity(second)
    return texts and parse_quantity(first) == parse_quantity(second)


def _remote(bed: Bed, obj: Object) -> Iterator[str]:
    """What is missing on the inference cluster of what an Object applies."""
    expected = dict(objects.desired(obj))
    cluster = _cluster(bed, obj)
    name, namespace = unstructured.name_of(expected), unstructured.namespace_of(expected)
    real = bed.inference[cluster].api.get(expected["apiVersion"], expected["kind"], name, namespace)
    if real is None:
        yield f"{expected['kind']} {name} does not exist on {cluster}"
    else:
        yield from _lacks({key: value for key, value in expected.items() if key != "status"}, real, "")


def _cluster(bed: Bed, obj: Object) -> str:
    config = objects.provider_config(obj)
    return next(name for name in bed.inference if config.startswith(name))


def _status(expected: Object, real: Object) -> Iterable[str]:
    """Whether a composite says the same: what it publishes, and its conditions without their words and times."""
    return _lacks(
        _plain(unstructured.mapping(expected, "status")), _plain(unstructured.mapping(real, "status")), "status"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        body = {key: _plain(item) for key, item in value.items() if key not in _MOMENTS}
        if "conditions" in body:
            body["conditions"] = {item["type"]: (item["status"], item.get("reason")) for item in value["conditions"]}
        return body
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _title(obj: Object) -> str:
    return f"{obj['kind']} {unstructured.name_of(obj)}"


def _words(key: Key) -> str:
    kind, name, resource = key
    return f"{resource} of {kind} {name}"
