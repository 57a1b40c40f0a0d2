"""Rules of admission as tables: a sentence, what is accepted, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from function.composition import Manifest

Question: TypeAlias = Literal["create", "update", "status"]
"""What an API server is asked: to create an object, to change one, or to write an object's status."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question to an API server, and its answer.

    Attributes:
        question: What is asked.
        obj: The object that is sent.
        problems: Every problem that the server has to name; empty when it has to accept.
        old: The object that is changed, or whose status is written.
        lenient: Fields that no schema knows are dropped instead of refused.
    """

    question: Question
    obj: Manifest
    problems: tuple[str, ...] = ()
    old: Manifest | None = None
    lenient: bool = False


Cases: TypeAlias = tuple[Case, ...]


def accepts(*objs: Manifest) -> Cases:
    """These are accepted when they are created."""
    return tuple(Case("create", obj) for obj in objs)


def rejects(obj: Manifest, *problems: str, lenient: bool = False) -> Cases:
    """This is refused when it is created, for these reasons and no others."""
    return (Case("create", obj, _some(problems), lenient=lenient),)


def accepts_update(old: Manifest, *new: Manifest) -> Cases:
    """An object may be changed to each of these."""
    return tuple(Case("update", obj, old=old) for obj in new)


def rejects_update(old: Manifest, new: Manifest, *problems: str) -> Cases:
    """An object may not be changed to this."""
    return (Case("update", new, _some(problems), old),)


def accepts_status(obj: Manifest, **fields: Any) -> Cases:
    """The object may have this status."""
    return (Case("status", {**obj, "status": fields}, old=obj),)


def rejects_status(obj: Manifest, fields: Mapping[str, Any], *problems: str) -> Cases:
    """The object may not have this status."""
    return (Case("status", {**obj, "status": fields}, _some(problems), obj),)


def _some(problems: tuple[str, ...]) -> tuple[str, ...]:
    if not problems:
        raise ValueError("a refusal has at least one reason")
    return problems


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of admission.

    Attributes:
        number: Where it is written: `api 5`, `api 10.1`, or the page or section of another rule.
        sentence: The rule.
        cases: What shows it.
    """

    number: str
    sentence: str
    cases: Cases

    def __str__(self) -> str:
        """Say the rule, as a failure names it."""
        return f"{self.number}: {self.sentence}"


def rule(number: str, sentence: str, *cases: Cases) -> Rule:
    """A rule of admission; see `Rule`."""
    return Rule(number, sentence, tuple(case for group in cases for case in group))


def select_cases(rules: tuple[Rule, ...], question: Question, *, accepted: bool) -> Iterator[tuple[Rule, Case]]:
    """The cases in which one thing is asked, of those with one outcome."""
    for rule in rules:
        for case in rule.cases:
            if case.question == question and accepted == (not case.problems):
                yield rule, case
