"""YAML and JSON as Kubernetes reads them, refusing what would be lost or never end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

MOST_REPEATED: Final = 1024 * 1024
"""How much of a document its anchors may repeat, in characters. Within ten lines they can repeat more than fits into
memory; an API server takes no object of more than 3 MiB."""


MOST_NESTED: Final = 100
"""How deep lists and maps may be nested; no field of Kubernetes comes near it."""


class ParseError(Exception):
    """A text is not what it should be.

    Attributes:
        where: Line and column, as `:2:1`, when they are known.
    """

    def __init__(self, problem: str, where: str = "") -> None:
        self.where = where
        super().__init__(problem)


def parse(text: str, *, language: str) -> list[Any]:
    """Parse the documents of a text; empty ones are left out.

    Args:
        text: What to parse.
        language: `JSON`, which has one document, or `YAML`.

    Raises:
        ParseError: It cannot be parsed.
    """
    try:
        contents = [_json(text)] if language == "JSON" else list(_yaml(text))
    except json.JSONDecodeError as error:
        raise ParseError(f"is not JSON: {error.msg}", f":{error.lineno}:{error.colno}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ParseError(f"is not YAML: {error.problem or error.context}", where) from None
    except (yaml.YAMLError, ValueError) as error:
        many = "has a number of too many digits" if "integer string conversion" in str(error) else ""
        raise ParseError(many or f"is not {language}: {error}") from None
    except RecursionError:
        raise ParseError("is nested too deeply") from None
    except (AttributeError, LookupError, TypeError):  # what the parser makes of a text under a tag it cannot have
        raise ParseError("is not YAML: a value does not fit its tag") from None
    for content in contents:
        _check_nested(content)
    return [content for content in contents if content is not None]


def _check_nested(content: Any) -> None:
    """Refuse what is nested too deeply to be walked through, whether it is written so or made so by anchors."""
    level = [content]
    for _ in range(MOST_NESTED):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        if not level:
            return
    raise ParseError("is nested too deeply")


# ---------------------------------------------------------------------- JSON


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the key "{twice}" is there twice')
    return found


# ---------------------------------------------------------------------- YAML


def _yaml(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            _check_repeated(node)
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def _check_repeated(root: Any) -> None:
    """Refuse a document whose anchors repeat too much, before any of it is built."""
    whole: dict[int, int] = {}
    written = 0

    def measure(node: Any) -> int:
        nonlocal written
        if id(node) in whole:
            return whole[id(node)]
        own = 1 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
        written += own
        whole[id(node)] = own  # of a node within itself, which is refused when it is built
        if isinstance(node, yaml.MappingNode):
            own += sum(measure(part) for entry in node.value for part in entry)
        elif isinstance(node, yaml.SequenceNode):
            own += sum(map(measure, node.value))
        whole[id(node)] = own
        return own

    if measure(root) - written > MOST_REPEATED:
        problem = f"its anchors repeat more than {MOST_REPEATED // 1024**2} MiB of it"
        raise yaml.constructor.ConstructorError(None, None, problem, root.start_mark)


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    """Build a map, refusing keys that are there twice, of which all but one would be lost."""
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "a map is needed here", node.start_mark)
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
        if key.value in seen and key.value != "<<":
            raise yaml.constructor.ConstructorError(None, None, f'the key "{key.value}" is there twice', key.start_mark)
        seen.add(key.value)
    loader.flatten_mapping(node)
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


def _number(loader: Any, node: Any) -> Any:
    """Build a number; what looks like hours and minutes is a text."""
    value = loader.construct_scalar(node)
    if ":" in value:
        return value
    tag = node.tag.rpartition(":")[2]
    return loader.construct_yaml_int(node) if tag == "int" else loader.construct_yaml_float(node)


_Loader: Any = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
    for first, rules in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
