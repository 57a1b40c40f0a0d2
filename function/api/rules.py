"""Rules: the CEL of the schemas, evaluated offline from the same text that the API server has."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final, cast

import celpy
from celpy.adapter import json_to_cel
from celpy.celtypes import BoolType, IntType, ListType
from celpy.evaluation import CELEvalError

from function.api.base import LIST_MAP_KEYS, VALIDATIONS
from function.api.rule_details import detail_of
from function.api.schema import Schema
from function.api.structure import Problem, child, entry

_ABSENT: Final = object()
_TRANSITION: Final = "oldSelf"


def broken(new: Any, old: Any, schema: Schema, path: str, doubtful: Collection[str]) -> Iterator[Problem]:
    """Evaluate the rules of a schema on a completed value.

    A rule over `oldSelf` counts only where the old value is known: the same field of an object, or the item
    with the same keys of a list that has keys. A rule over something that is malformed itself is passed over.

    Args:
        new: The value to judge.
        old: What it was; `absent()` when there was nothing, as for an object that is created.
        schema: The value's schema.
        path: The value's path.
        doubtful: Paths that are malformed.
    """
    for rule in schema.get(VALIDATIONS, ()):
        transition = _TRANSITION in rule["rule"]
        if (transition and old is _ABSENT) or any(_within(place, path) for place in doubtful):
            continue
        if not _holds(rule["rule"], new, old if transition else _ABSENT):
            yield Problem(path, rule["message"], detail=detail_of(rule["message"], new))
    if isinstance(new, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, item in new.items():
            inner = properties.get(key, others)
            if inner is not None:
                was = old.get(key, _ABSENT) if isinstance(old, dict) else _ABSENT
                below = entry(path, key) if others is not None else child(path, key)
                yield from broken(item, was, inner, below, doubtful)
    elif isinstance(new, list) and "items" in schema:
        former = _former(old, schema)
        for index, item in enumerate(new):
            yield from broken(item, former(item), schema["items"], entry(path, index), doubtful)


def absent() -> Any:
    """The old value of something that was not there."""
    return _ABSENT


def _former(old: Any, schema: Schema) -> Callable[[Any], Any]:
    """Find what an item of a list was; only lists with keys can tell."""
    keys = schema.get(LIST_MAP_KEYS, ())
    if not keys or not isinstance(old, list):
        return lambda _: _ABSENT

    def mark(item: Any) -> str:
        return repr([item.get(key) for key in keys]) if isinstance(item, Mapping) else ""

    known = {mark(item): item for item in old}
    return lambda item: known.get(mark(item), _ABSENT)


def _within(place: str, path: str) -> bool:
    """Tell whether a place is at a path or below it."""
    return not path or place == path or place.startswith((f"{path}.", f"{path}["))


def _holds(rule: str, new: Any, old: Any) -> bool:
    return _verdict(rule, json.dumps(new), None if old is _ABSENT else json.dumps(old))


@lru_cache(maxsize=4096)
def _verdict(rule: str, new: str, old: str | None) -> bool:
    """Evaluate a rule on values written as JSON: most objects are judged again and again as they are."""
    activation = {"self": json_to_cel(json.loads(new))}
    if old is not None:
        activation[_TRANSITION] = json_to_cel(json.loads(old))
    try:
        return bool(_program(rule).evaluate(activation) == BoolType(True))  # noqa: FBT003 - CEL's own true
    except CELEvalError:
        return False


def evaluate(expression: str, value: Any) -> Any:
    """Evaluate an expression of a rule over `self`."""
    return _program(expression).evaluate({"self": json_to_cel(value)})


@cache
def _program(rule: str) -> celpy.Runner:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule), functions={"sum": _sum})


def _sum(numbers: ListType) -> IntType:
    """Add up a list, as Kubernetes' own library for CEL does."""
    return IntType(sum(int(cast("IntType", number)) for number in numbers))
