"""Definitions that the bed writes itself, since no Go module brings them. They stand in for the real ones."""

from __future__ import annotations

from typing import Any, Final

from function.composition import Manifest

OPEN: Final[Manifest] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
"""A schema that takes any object."""


def helm() -> list[Manifest]:
    """The kinds of provider-helm that we compose: what its real definitions require, and no more."""
    reference = {"type": "object", "required": ["name"], "properties": {"kind": _TEXT, "name": _TEXT}}
    chart = _struct({"name": _TEXT, "repository": _TEXT, "version": _TEXT})
    provided = _struct({"chart": chart, "namespace": _TEXT, "values": OPEN}, "namespace")
    release = _struct({"providerConfigRef": reference, "forProvider": provided, "managementPolicies": _TEXTS})
    secret = _struct({"namespace": _TEXT, "name": _TEXT, "key": _TEXT})
    credentials = _struct({"source": _TEXT, "secretRef": secret}, "source")
    identity = _struct({"type": _TEXT, "source": _TEXT, "secretRef": secret}, "type", "source")
    config = _struct({"credentials": credentials, "identity": identity}, "credentials")
    group = "helm.m.crossplane.io"
    user = _struct({"apiVersion": _TEXT, "kind": _TEXT, "name": _TEXT})
    return [
        definition(group, "Release", "releases", "v1beta1", spec=release),
        definition(group, "ProviderConfig", "providerconfigs", "v1beta1", spec=config),
        definition(group, "ClusterProviderConfig", "clusterproviderconfigs", "v1beta1", spec=config, scope="Cluster"),
        definition(
            group,
            "ProviderConfigUsage",
            "providerconfigusages",
            "v1beta1",
            providerConfigRef=reference,
            resourceRef=user,
        ),
    ]


def metallb() -> list[Manifest]:
    """The kinds that MetalLB's chart brings and we compose."""
    return [
        definition("metallb.io", kind, f"{kind.lower()}s", "v1beta1", spec=OPEN)
        for kind in ("IPAddressPool", "L2Advertisement")
    ]


def definition(
    group: str, kind: str, plural: str, version: str, *, scope: str = "Namespaced", **fields: Manifest
) -> Manifest:
    """A CustomResourceDefinition with the fields that are given, and a status that may hold anything."""
    schema = {"type": "object", "properties": {**fields, "status": OPEN}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "scope": scope,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


_TEXT: Final[Manifest] = {"type": "string"}
_TEXTS: Final[Manifest] = {"type": "array", "items": _TEXT}


def _struct(properties: dict[str, Any], *required: str) -> Manifest:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}
