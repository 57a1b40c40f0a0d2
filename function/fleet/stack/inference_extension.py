"""Definitions of the Gateway API inference extension, written from the API's facts.

They are created where they are missing and never changed or removed: a cluster may have had
them before, with others' objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from function.composition import Manifest, unstructured
from function.fleet.stack.versions import INFERENCE_EXTENSION

GROUP: Final = "inference.networking.k8s.io"
EXPERIMENTAL_GROUP: Final = "inference.networking.x-k8s.io"

Schema: TypeAlias = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_PORT: Final[Schema] = {"format": "int32", "maximum": 65535, "minimum": 1, "type": "integer"}
_NAME: Final[Schema] = {"maxLength": 253, "minLength": 1, "type": "string"}
_TIMESTAMP: Final[Schema] = {"format": "date-time", "type": "string"}
_LABEL: Final = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])"
_DNS: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_DNS}(\.{_DNS})*"
_LABELS: Final[Schema] = {
    "additionalProperties": {"maxLength": 63, "minLength": 0, "pattern": f"^{_LABEL}?$", "type": "string"},
    "type": "object",
}
_EPOCH: Final = "1970-01-01T00:00:00Z"


def _object(properties: Mapping[str, Schema], *required: str) -> Schema:
    return {
        "properties": dict(properties),
        **({"required": sorted(required)} if required else {}),
        "type": "object",
    }


def _group(default: str, **more: int) -> Schema:
    return {"default": default, "maxLength": 253, "pattern": f"^$|^{_SUBDOMAIN}$", "type": "string", **more}


def _kind(default: str) -> Schema:
    pattern = "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"
    return {"default": default, "maxLength": 63, "minLength": 1, "pattern": pattern, "type": "string"}


def _failure_mode() -> Schema:
    return {"default": "FailClose", "enum": ["FailOpen", "FailClose"], "type": "string"}


def _pending(kind: str) -> list[Schema]:
    return [
        {
            "lastTransitionTime": _EPOCH,
            "message": "Waiting for controller",
            "reason": "Pending",
            "status": "Unknown",
            "type": kind,
        },
    ]


def _conditions(pending: str = "") -> Schema:
    """A list of conditions, with one that is pending by default if it is named."""
    reason = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
    condition = _object(
        {
            "lastTransitionTime": _TIMESTAMP,
            "message": {"maxLength": 32768, "type": "string"},
            "observedGeneration": {"format": "int64", "minimum": 0, "type": "integer"},
            "reason": {"maxLength": 1024, "minLength": 1, "pattern": reason, "type": "string"},
            "status": {"enum": ["True", "False", "Unknown"], "type": "string"},
            "type": {"maxLength": 316, "pattern": f"^({_SUBDOMAIN}/)?{_LABEL}$", "type": "string"},
        },
        "lastTransitionTime",
        "message",
        "reason",
        "status",
        "type",
    )
    return {
        **({"default": _pending(pending)} if pending else {}),
        "items": condition,
        "maxItems": 8,
        "type": "array",
        "x-kubernetes-list-map-keys": ["type"],
        "x-kubernetes-list-type": "map",
    }


def _parent(group: Schema, conditions: Schema) -> Schema:
    """What a gateway that uses a pool says about it."""
    reference = _object(
        {
            "group": group,
            "kind": _kind("Gateway"),
            "name": _NAME,
            "namespace": {"maxLength": 63, "minLength": 1, "pattern": f"^{_DNS}$", "type": "string"},
        },
        "name",
    )
    return _object({"conditions": conditions, "parentRef": reference}, "parentRef")


def _pool_v1() -> Schema:
    picker = _object(
        {
            "failureMode": _failure_mode(),
            "group": _group("", minLength=0),
            "kind": _kind("Service"),
            "name": _NAME,
            "port": _object({"number": _PORT}, "number"),
        },
        "name",
    )
    picker["x-kubernetes-validations"] = [
        {
            "message": "port is required when kind is 'Service' or unspecified (defaults to 'Service')",
            "rule": "self.kind != 'Service' || has(self.port)",
        },
    ]
    ports = {
        "items": _object({"number": _PORT}, "number"),
        "maxItems": 1,
        "minItems": 1,
        "type": "array",
        "x-kubernetes-list-type": "atomic",
    }
    spec = _object(
        {
            "endpointPickerRef": picker,
            "selector": _object({"matchLabels": _LABELS}, "matchLabels"),
            "targetPorts": ports,
        },
        "endpointPickerRef",
        "selector",
        "targetPorts",
    )
    parents = {
        "items": _parent(_group("gateway.networking.k8s.io", minLength=0), _conditions()),
        "maxItems": 32,
        "type": "array",
        "x-kubernetes-list-type": "atomic",
    }
    return _schema(spec, _object({"parents": parents}), "spec")


def _pool_v1alpha2() -> Schema:
    extension = _object(
        {
            "failureMode": _failure_mode(),
            "group": _group(""),
            "kind": _kind("Service"),
            "name": _NAME,
            "portNumber": _PORT,
        },
        "name",
    )
    spec = _object(
        {"extensionRef": extension, "selector": _LABELS, "targetPortNumber": _PORT},
        "extensionRef",
        "selector",
        "targetPortNumber",
    )
    parents = {
        "items": _parent(_group("gateway.networking.k8s.io"), _conditions("Accepted")),
        "maxItems": 32,
        "type": "array",
    }
    nobody = {"conditions": _pending("Accepted"), "parentRef": {"kind": "Status", "name": "default"}}
    return _schema(spec, {"default": {"parent": [nobody]}, **_object({"parent": parents})})


def _objective() -> Schema:
    pool = _object({"group": _group(GROUP), "kind": _kind("InferencePool"), "name": _NAME}, "name")
    spec = _object({"poolRef": pool, "priority": {"type": "integer"}}, "poolRef")
    return _schema(spec, _object({"conditions": _conditions("Ready")}))


def _schema(spec: Schema, status: Schema, *required: str) -> Schema:
    return _object(
        {"apiVersion": _TEXT, "kind": _TEXT, "metadata": {"type": "object"}, "spec": spec, "status": status}, *required
    )


def _definition(
    group: str,
    kind: str,
    version: str,
    schema: Schema,
    *,
    short: str = "",
    approved: str = "",
    columns: list[Schema] | None = None,
) -> Manifest:
    singular = kind.lower()
    plural = f"{singular}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {
                **({"api-approved.kubernetes.io": approved} if approved else {}),
                "inference.networking.k8s.io/bundle-version": INFERENCE_EXTENSION,
            },
        },
        "spec": {
            "group": group,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                **({"shortNames": [short]} if short else {}),
                "singular": singular,
            },
            "scope": "Namespaced",
            "versions": [
                {
                    **({"additionalPrinterColumns": columns} if columns else {}),
                    "name": version,
                    "schema": {"openAPIV3Schema": schema},
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                },
            ],
        },
    }


CRDS: Final[tuple[Manifest, ...]] = (
    _definition(
        GROUP,
        "InferencePool",
        "v1",
        _pool_v1(),
        short="infpool",
        approved="https://github.com/kubernetes-sigs/gateway-api-inference-extension/pull/1173",
    ),
    _definition(
        EXPERIMENTAL_GROUP,
        "InferencePool",
        "v1alpha2",
        _pool_v1alpha2(),
        short="xinfpool",
        approved="unapproved, experimental-only",
    ),
    _definition(
        EXPERIMENTAL_GROUP,
        "InferenceObjective",
        "v1alpha2",
        _objective(),
        columns=[
            {"jsonPath": ".spec.poolRef.name", "name": "Inference Pool", "type": "string"},
            {"jsonPath": ".spec.priority", "name": "Priority", "type": "string"},
            {"jsonPath": ".metadata.creationTimestamp", "name": "Age", "type": "date"},
        ],
    ),
)
"""The definitions."""


def resource_name(crd: Manifest) -> str:
    """The composition resource name of a definition's Object."""
    return f"gaie-crd-{unstructured.name_of(crd)}"
