"""What selectors mean, compared with what Kubernetes' own compiler makes of them."""

from typing import Any

import pytest

from function.selectors import EvaluationOutcome, SelectorError, compile_selector
from function.selectors.quantity import LARGEST_EXPONENT, Quantity, is_quantity, parse_quantity
from function.selectors.semver import is_semver, parse_semver
from function.selectors.types import TYPE_LIMIT_MESSAGE
from function.selectors.values import MAX_SIZE
from tests.support import corpus
from tests.support.corpus import Answer

LETTERS = {EvaluationOutcome.MATCH: "T", EvaluationOutcome.NO_MATCH: "F", EvaluationOutcome.ERROR: "E"}

BY_NAME = (
    "is not supported here, though Kubernetes knows it",
    "messages cannot be made in a selector",
    f"; {MAX_SIZE:,} are allowed. Make it of less",
    TYPE_LIMIT_MESSAGE,
    f"the exponent of a quantity is limited to {LARGEST_EXPONENT}",
)
"""What a message says of a selector that Kubernetes accepts and we refuse by name."""

NAMED = {"extension libraries", "time", "messages", "what makes too much"}
"""Groups of which everything may be refused by name."""


def ours(text: str) -> tuple[str, int, str]:
    """What we make of an expression: why it is refused, or what it may cost and its outcomes."""
    try:
        selector = compile_selector(text)
    except SelectorError as error:
        return error.message, 0, ""
    return "", selector.cost, "".join(LETTERS[selector.evaluate(device).outcome] for device in corpus.devices())


def difference(answer: Answer) -> str:
    """Say how we differ from Kubernetes; nothing where we do not, or where we refuse by name."""
    refused, cost, outcomes = ours(answer.text)
    if answer.refused and refused:
        return ""
    if answer.group in NAMED and refused.endswith(BY_NAME):
        return ""
    if not answer.refused and not refused and (cost, outcomes) == (answer.estimate, answer.outcomes):
        return ""
    theirs = answer.refused or (answer.estimate, answer.outcomes)
    return f"{answer.text[:200]}\n  Kubernetes: {theirs}\n  we: {refused or (cost, outcomes)}"


def test_the_recorded_answers_are_about_the_corpus_as_it_stands() -> None:
    assert corpus.recorded()["corpus"] == corpus.digest(), "record anew: python -m tests.e2e.verdicts"


@pytest.mark.parametrize("group", corpus.groups())
def test_selectors_cost_and_mean_what_they_do_in_kubernetes(group: str) -> None:
    answers = [answer for answer in corpus.answers() if answer.group == group]
    assert [difference(answer) for answer in answers] == [""] * len(answers)


def test_texts_are_quantities_where_they_are_in_kubernetes_with_the_same_order_and_values() -> None:
    texts = corpus.recorded()["quantities"]
    valid = {text: parse_quantity(text) for text in texts if is_quantity(text)}
    found: dict[str, Any] = dict.fromkeys(texts)
    before = None
    for text, quantity in valid.items():
        rank = sum(other.compare(quantity) < 0 for other in valid.values())
        total = quantity.add(before) if before else None
        found[text] = [rank, whole(quantity), quantity.approximate, whole(total)]
        before = quantity
    assert found == texts


def whole(quantity: Quantity | None) -> int | None:
    """A quantity as an integer, where it can be taken as one."""
    return quantity.integer if quantity and quantity.is_integer else None


@pytest.mark.parametrize(("place", "normalize"), [(0, False), (1, True)])
def test_texts_are_versions_where_they_are_in_kubernetes_with_the_same_order(place: int, *, normalize: bool) -> None:
    texts = corpus.recorded()["versions"]
    valid = {text: parse_semver(text, normalize=normalize) for text in texts if is_semver(text, normalize=normalize)}
    ranks = {text: sum(other < quantity for other in valid.values()) for text, quantity in valid.items()}
    assert {text: ranks.get(text) for text in texts} == {text: both[place] for text, both in texts.items()}
