"""What the tests of doubt share: composites of settled examples, junk, and what must not be lost."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pytest

from function.composition import Composer, Composition, Manifest, Observation, unstructured
from function.preview.control_plane import ControlPlane
from tests.support.settled import EXAMPLES, brought, composites, example, governed, observe, quickstart, settle

JUNK: Final[tuple[Any, ...]] = ("junk", 7, [], [1, "x"], {"x": 1}, True)


TOPOLOGIES: Final = ("multi-node", "several-copies", "prefill-decode")
"""Examples whose replicas have what those of the quickstart have not."""


@cache
def subjects() -> list[tuple[Composer, Manifest, ControlPlane]]:
    """Every composite of the quickstart, of a front door and of a cluster with all they can have; other replicas."""
    others = [settle(*example(EXAMPLES / name)) for name in TOPOLOGIES]
    replicas = [
        (composer, composite, plane)
        for plane in others
        for composer, composite in composites(plane)
        if composer.kind == "ModelReplica"
    ]
    whole = [
        (composer, composite, plane)
        for plane in (quickstart(), brought(), governed())
        for composer, composite in composites(plane)
    ]
    return whole + replicas


def ids() -> list[str]:
    return [f"{composer.kind}/{unstructured.name_of(obj)}" for composer, obj, _ in subjects()]


@cache
def seen(index: int) -> tuple[Composer, Observation]:
    composer, obj, plane = subjects()[index]
    return composer, observe(plane, obj)


EACH = pytest.mark.parametrize("index", range(len(ids())), ids=ids())


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from paths(value[key], (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from paths(item, (*path, position))


def spoiled(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    result = copy.deepcopy(value)
    target = result
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = junk
    return result


def without_item(observation: Observation, key: str, position: int) -> Observation:
    """The same, with one of the objects that a requirement found missing from the list."""
    found = observation.required[key]
    return replace(observation, required={**observation.required, key: found[:position] + found[position + 1 :]})


def not_ready(observation: Observation) -> Observation:
    """The same composite and children, none of them ready."""

    def cooled(obj: Mapping[str, Any]) -> dict[str, Any]:
        result = copy.deepcopy(dict(obj))
        for condition in unstructured.items(result, "status", "conditions"):
            if condition.get("type") in {"Ready", "Accepted", "Programmed"}:
                condition["status"] = "False"  # type: ignore[index]  # a deep copy of plain dicts
        return result

    return replace(
        observation,
        composite=cooled(observation.composite),
        children={key: cooled(child) for key, child in observation.children.items()},
    )


def backends(children: Mapping[str, Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Every backend of every route among some children, on this cluster and on others."""
    found = set()
    for key, child in children.items():
        for route in (child, unstructured.mapping(child, "spec", "forProvider", "manifest")):
            for rule in unstructured.items(route, "spec", "rules"):
                found |= {
                    (key, unstructured.name_of({"metadata": ref})) for ref in unstructured.items(rule, "backendRefs")
                }
    return found


def draining(children: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {key for key, child in children.items() if unstructured.dig(child, "spec", "draining") is True}


def assert_nothing_lost(observation: Observation, answer: Composition) -> None:
    """No child is gone, no endpoint or backend withdrawn, no status field wiped."""
    emitted = {key: child.manifest for key, child in answer.children.items()}
    assert not answer.fatal
    assert set(observation.children) <= set(emitted)
    assert backends(observation.children) <= backends(emitted)
    assert draining(emitted) <= draining(observation.children)
    kept = {key for key in observation.status if key != "conditions"}
    assert kept <= set(answer.status)
