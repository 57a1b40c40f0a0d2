"""CEL queries over an object, as provider-kubernetes asks them for readiness."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import celpy
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError

from function.composition import Object


def holds(query: str, obj: Object) -> tuple[bool, str]:
    """Tell whether a query is true of an object; an error is not true, and gives its message."""
    try:
        result = _program(query).evaluate({"object": json_to_cel(dict(obj))})
    except CELParseError as error:
        return False, f"failed to compile query: {_text(error)}"
    except CELEvalError as error:
        return False, f"failed to evaluate query: {_text(error)}"
    if not isinstance(result, celpy.celtypes.BoolType):
        return False, "the query does not give a boolean"
    return bool(result), ""


@lru_cache(maxsize=256)
def _program(query: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(query))


def _text(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
