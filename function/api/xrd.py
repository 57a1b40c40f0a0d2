"""Definitions: how Crossplane learns of a kind."""

from __future__ import annotations

from typing import Any

from function.api.base import Kind
from function.api.schema import of_kind

CATEGORIES = ("crossplane", "modelplane")


def definition(kind: Kind) -> dict[str, Any]:
    """Write the CompositeResourceDefinition of a kind.

    Crossplane makes the kind's definition for the API server from it, and adds `spec.crossplane`,
    `status.conditions`, columns of its own and the limit of 63 characters on names. Another
    Composition of the kind, such as one on trial, composes only what asks for it by name.
    """
    version: dict[str, Any] = {"name": kind.version, "served": True, "referenceable": True}
    if kind.columns:
        version["additionalPrinterColumns"] = [
            {"name": column.name, "type": column.type, "jsonPath": column.path} for column in kind.columns
        ]
    if kind.scale:
        version["subresources"] = {
            "scale": {
                "specReplicasPath": kind.scale.spec_path,
                "statusReplicasPath": kind.scale.status_path,
                "labelSelectorPath": kind.scale.selector_path,
            },
        }
    version["schema"] = {"openAPIV3Schema": of_kind(kind)}
    composed = {"defaultCompositionRef": {"name": kind.name}} if kind.step else {}
    return {
        "apiVersion": "apiextensions.crossplane.io/v2",
        "kind": "CompositeResourceDefinition",
        "metadata": {"name": kind.name},
        "spec": {
            "group": kind.group,
            "names": {
                "kind": kind.kind,
                "plural": kind.plural,
                "shortNames": [kind.short],
                "categories": list(CATEGORIES),
            },
            "scope": kind.scope,
            **composed,
            "versions": [version],
        },
    }
