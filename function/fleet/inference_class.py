"""InferenceClass: data that inference clusters copy; it composes and requires nothing."""

from __future__ import annotations

from typing import Final

from function.api.inference_class import INFERENCE_CLASS, InferenceClassSpec
from function.composition import Composer, Composition, Draft, Reason, Status, Vocabulary

ACCEPTED: Final = "Accepted"

VOCABULARY: Final[Vocabulary] = {
    ACCEPTED: {
        "Available": Reason(Status.TRUE, "Node pools of inference clusters can name the class."),
    },
}
"""Every condition of an InferenceClass."""


def compose(draft: Draft) -> Composition:
    """Say that a class can be used."""
    draft.spec(InferenceClassSpec)
    draft.set_condition(ACCEPTED, "Available")
    return draft.finish(ready=True)


COMPOSER = Composer(
    api_version=INFERENCE_CLASS.api_version,
    kind=INFERENCE_CLASS.kind,
    compose=compose,
    vocabulary=VOCABULARY,
)
