"""InferenceClass: data that inference clusters copy; it composes and requires nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from function.api.inference_class import INFERENCE_CLASS, InferenceClassSpec
from function.api.nodes import NodeShape
from function.composition import Composer, Composition, Draft, Reason, Severity, Status, Vocabulary
from function.inventory.reserve import read_quantity

ACCEPTED: Final = "Accepted"

VOCABULARY: Final[Vocabulary] = {
    ACCEPTED: {
        "Available": Reason(Status.TRUE, "Node pools of inference clusters can name the class."),
        "NothingLeft": Reason(
            Status.FALSE,
            "A node keeps all of its processors or memory by what the class says, so that pods of models can request "
            "none. Node pools can name the class.",
            "Correct node.reserved, or node.cpu and node.memory.",
            Severity.WARNING,
        ),
    },
}
"""Every condition of an InferenceClass."""


def compose(draft: Draft) -> Composition:
    """Say that a class can be used, and what of its nodes is of no use to pods."""
    node = draft.spec(InferenceClassSpec).node
    exhausted = ", ".join(_exhausted(node)) if node else ""
    if exhausted:
        draft.set_condition(ACCEPTED, "NothingLeft", f"{exhausted}: nothing is left for pods")
    else:
        draft.set_condition(ACCEPTED, "Available")
    return draft.finish(ready=True)


def _exhausted(node: NodeShape) -> Iterator[str]:
    """What a node has no more of than it keeps. One that does not say how much it has is not asked."""
    kept = node.reserved
    pairs = (("cpu", node.cpu, kept.cpu), ("memory", node.memory, kept.memory)) if kept else ()
    for name, has, keeps in pairs:
        amount, reserved = read_quantity(has), read_quantity(keeps)
        if amount and reserved is not None and reserved >= amount:
            yield f"node.reserved.{name} is {keeps} and node.{name} {has}"


COMPOSER = Composer(
    api_version=INFERENCE_CLASS.api_version,
    kind=INFERENCE_CLASS.kind,
    compose=compose,
    vocabulary=VOCABULARY,
)
