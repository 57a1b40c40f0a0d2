"""The rules of admission, which the bed asks of a real API server, judged offline: preview agrees with the server."""

import re
from collections.abc import Iterator

from function.api.kinds import KINDS
from function.api.schema import Schema, of_kind
from function.api.validation import admit, admit_update
from tests.e2e.bed.admission.case import Case, Rule
from tests.e2e.bed.admission.defaults import DEFAULTS
from tests.e2e.bed.admission.tables import ALL_RULES, ELSEWHERE, MISSING_KINDS, NUMBERED, UNREACHABLE


def offline() -> Iterator[tuple[Rule, Case, set[str]]]:
    """Every case about a spec, with the fields at which it is refused offline."""
    for rule_cases in ALL_RULES:
        for case in rule_cases.cases:
            if case.question != "status" and not case.lenient:
                found = admit(case.obj) if case.old is None else admit_update(case.old, case.obj)
                yield rule_cases, case, {dotted(problem.path) for problem in found.problems}


def field(message: str) -> str:
    """The field that a refusal of the server is about."""
    named = re.fullmatch(r'unknown field "(.*)"', message)
    return dotted(named[1] if named else message.partition(": ")[0].replace("<nil>", "").lstrip("."))


def dotted(path: str) -> str:
    """A path in which a key of a map is written as the server does in most places, behind a dot."""
    return re.sub(r"\[([^]\d][^]]*)\]", r".\1", path)


def messages(schema: Schema, path: str = "") -> Iterator[tuple[str, str]]:
    """Every rule of a schema, with the path of what it judges."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield path, rule["message"]
    for key, inner in schema.get("properties", {}).items():
        yield from messages(inner, f"{path}.{key}" if path else key)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from messages(schema[key], f"{path}[]")


def defaults(schema: Schema, path: str = "") -> Iterator[tuple[str, object]]:
    """Every default of a schema, with its path."""
    if "default" in schema:
        yield path, schema["default"]
    for key, inner in schema.get("properties", {}).items():
        yield from defaults(inner, f"{path}.{key}" if path else key)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from defaults(schema[key], f"{path}[]")


def test_preview_judges_as_the_server_does_and_blames_the_same_fields() -> None:
    for rule_cases, case, refused in offline():
        expected = {field(message) for message in case.problems}
        if any(message.startswith("unknown field") for message in case.problems):
            assert expected <= refused, str(rule_cases)  # the server looks no further
        else:
            assert expected == refused, str(rule_cases)


def test_every_rule_of_our_schemas_is_broken_by_some_case() -> None:
    shown = [
        (case.obj["kind"], re.sub(r"\[[^]]*\]", "[]", message.partition(": ")[0].replace("<nil>", "")), message)
        for rule_cases in ALL_RULES
        for case in rule_cases.cases
        for message in case.problems
    ]
    for kind in KINDS:
        for path, message in messages(of_kind(kind)):
            broken = any(
                (of, at) == (kind.kind, path) and refusal.endswith(f": {message}") for of, at, refusal in shown
            )
            unreachable = (kind.kind, path, message) in UNREACHABLE
            assert broken or unreachable, (
                f"no case breaks {kind.kind} {path}: {message!r}; add one below tests/e2e/bed/admission"
            )
            assert not (broken and unreachable), f"{kind.kind} {path}: {message!r} is broken and said to be unreachable"


def test_every_default_of_our_schemas_is_shown_with_its_value() -> None:
    shown = {
        (obj["kind"], re.sub(r"\[[0-9]*\]", "[]", path), value)
        for obj, added in DEFAULTS
        for path, value in added.items()
    }
    expected = {(kind.kind, *default) for kind in KINDS for default in defaults(of_kind(kind))}
    assert expected - shown == set(), "show each with its value in tests/e2e/bed/admission/defaults.py"
    assert shown - expected == set(), "no schema has these"


def test_every_item_of_the_list_of_rules_has_cases_or_a_reason_for_none() -> None:
    shown = {rule_cases.number.removesuffix(", by design") for rule_cases in ALL_RULES if rule_cases.cases}
    missing = {number for numbers in MISSING_KINDS.values() for number in numbers}
    assert [number for number in NUMBERED if number not in shown | missing | ELSEWHERE.keys()] == []
    assert shown & (missing | ELSEWHERE.keys()) == set()
    assert {kind.kind for kind in KINDS} & MISSING_KINDS.keys() == set()
