"""What selectors mean, compared with what Kubernetes' own compiler makes of them."""

import pytest

from function.selectors import Outcome, SelectorError, compile_selector
from tests.support import corpus
from tests.support.corpus import Answer

LETTERS = {Outcome.MATCH: "T", Outcome.NO_MATCH: "F", Outcome.ERROR: "E"}

BY_NAME = ("is not supported here, though Kubernetes knows it", "messages cannot be made in a selector")
"""What a message says of a selector that Kubernetes accepts and we refuse by name."""

NAMED = {"extension libraries", "time", "messages"}
"""Groups of which everything may be refused by name."""


def ours(text: str) -> tuple[str, int, str]:
    """What we make of an expression: why it is refused, or what it may cost and its outcomes."""
    try:
        selector = compile_selector(text)
    except SelectorError as error:
        return error.message, 0, ""
    return "", selector.cost, "".join(LETTERS[selector.evaluate(one).outcome] for one in corpus.devices())


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
