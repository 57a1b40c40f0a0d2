"""Compositions: who answers for a kind."""

from __future__ import annotations

from typing import Any

from function.api.base import Kind

FUNCTION = "function-modelplane"
"""The one function that composes every kind."""


def composition(kind: Kind) -> dict[str, Any] | None:
    """Write the Composition of a kind; None while nothing composes it.

    There is one step, since one function answers for all kinds. What the function requires it says
    itself, call by call, so the Composition says none of it.
    """
    if not kind.step:
        return None
    return {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": kind.name},
        "spec": {
            "compositeTypeRef": {"apiVersion": kind.api_version, "kind": kind.kind},
            "mode": "Pipeline",
            "pipeline": [{"step": kind.step, "functionRef": {"name": FUNCTION}}],
        },
    }
