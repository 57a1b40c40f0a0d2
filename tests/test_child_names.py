"""The names of what is composed are API: users' scripts and upgrades rely on them, so they change only on purpose."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from function.composers import compose
from function.composition import objects, unstructured
from tests.support.doubts import subjects
from tests.support.settled import observe

SNAPSHOT = Path(__file__).parent / "child_names.json"


def qualified_name(obj: Mapping[str, Any]) -> str:
    return "/".join(
        filter(None, (unstructured.text(obj, "kind"), unstructured.namespace_of(obj), unstructured.name_of(obj)))
    )


def named(child: Mapping[str, Any], *, new: bool) -> str:
    """A new child as it is named, an Object by what it holds, a Release by its name at Helm; empty if generated."""
    if objects.is_object(child):
        return qualified_name(objects.desired(child))
    external = unstructured.annotations(child).get("crossplane.io/external-name", "")
    return external or (qualified_name(child) if new and unstructured.name_of(child) else "")


def names() -> dict[str, dict[str, str]]:
    """What composites of every kind, and replicas of every topology, name their children."""
    found: dict[str, dict[str, str]] = {}
    for composer, obj, plane in subjects():
        seen = observe(plane, obj)
        children = {key: (child.manifest, False) for key, child in compose(seen).children.items()}
        fresh = compose(replace(seen, children={}))
        children |= {key: (child.manifest, True) for key, child in fresh.children.items()}
        listed = {key: named(body, new=new) for key, (body, new) in sorted(children.items())}
        known = found.setdefault(f"{composer.kind}/{unstructured.name_of(obj)}", {})
        known |= {key: name for key, name in listed.items() if name}
    return found


def test_the_names_of_children_and_of_remote_objects_change_only_on_purpose() -> None:
    assert names() == json.loads(SNAPSHOT.read_text(encoding="utf-8"))
