"""Cases from the public record: reading them, previewing them, and checking what is right."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from function.composition import Manifest
from function.preview.control_plane import ControlPlane
from function.preview.inputs import InputError, read
from function.preview.views import show_tree

FOLDER: Final = Path(__file__).parent
CASES: Final = tuple(sorted((FOLDER / "cases").rglob("*.yaml")))
KINDS: Final[Mapping[str, Sequence[str]]] = {
    kind["kind"]: kind["cases"] for kind in yaml.safe_load((FOLDER / "kinds.yaml").read_text(encoding="utf-8"))
}
"""The kinds of faults, each with the names of its cases."""

_STEP: Final = re.compile(r"\.\.(?P<deep>[\w-]+)|\[(?P<inside>[^\]]*)\]|\.?(?P<key>[\w-]+)")
_MOMENT: Final = timedelta(seconds=1)
"""How far ahead to look when all is quiet: nothing here waits."""

Check = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """A fault that somebody has run into.

    Attributes:
        fault: What was wrong.
        source: Where it was said.
        brings_fleet: Whether its manifests have a fleet of their own.
        checks: What is right.
        manifests: The input, as text.
    """

    fault: str
    source: str
    brings_fleet: bool
    checks: tuple[Check, ...]
    manifests: str


@dataclass(frozen=True, slots=True)
class PreviewedCase:
    """What became of an input: objects on all clusters and the tree, or why it was refused."""

    objects: tuple[Manifest, ...] = ()
    tree: str = ""
    refusal: str = ""


def read_case(path: Path) -> RecordedCase:
    """Read a case: a head, and manifests after the first line of dashes."""
    head, _, manifests = path.read_text(encoding="utf-8").partition("\n---\n")
    about = yaml.safe_load(head)
    return RecordedCase(about["fault"], about["source"], about.get("fleet") == "own", tuple(about["right"]), manifests)


def preview(case: RecordedCase, folder: Path) -> PreviewedCase:
    """Preview the input of a case; its manifests are judged as those of a user."""
    file = folder / "input.yaml"
    file.write_text(case.manifests, encoding="utf-8")
    try:
        manifests = read([str(file)])
    except InputError as error:
        return PreviewedCase(refusal=str(error))
    plane = ControlPlane() if case.brings_fleet else copy.deepcopy(_fleet())
    plane.apply(manifests)
    plane.settle(horizon=_MOMENT)
    out = io.StringIO()
    show_tree(plane, out)
    return PreviewedCase((*plane.everything(), *(remote.applied for remote in plane.remote())), out.getvalue())


@cache
def _fleet() -> ControlPlane:
    plane = ControlPlane()
    plane.apply(read([str(FOLDER / "fleet.yaml")]))
    plane.settle(horizon=_MOMENT)
    return plane


def unmet(checks: Iterable[Check], previewed: PreviewedCase) -> Iterator[str]:
    """Say which checks do not hold, and what was found instead."""
    for check in checks:
        if "any" in check:
            missed = [list(unmet([other], previewed)) for other in check["any"]]
            if all(missed):
                yield f"{check['that']}: " + "; or ".join(line for lines in missed for line in lines)
            continue
        found = objects_of(check, previewed)
        values = [value for obj in found for value in (values_at(obj, check["at"]) if "at" in check else [obj])]
        if not _holds(check, found, values):
            what = "no such object" if not found else repr(values)
            yield f"{check.get('that', 'a check')}: {check['of']} {check.get('at', '')} has {what}"


def objects_of(check: Check, previewed: PreviewedCase) -> list[Any]:
    """Find what a check is about."""
    if check["of"] in {"tree", "refusal"}:
        text = previewed.tree if check["of"] == "tree" else previewed.refusal
        return [text] if text else []
    named, where = re.compile(check.get("named", "")), check.get("where", {}).items()
    return [
        obj
        for obj in previewed.objects
        if obj["kind"] == check["of"]
        and named.search(obj["metadata"]["name"])
        and all(value in values_at(obj, path) for path, value in where)
    ]


def _holds(check: Check, found: list[Any], values: list[Any]) -> bool:
    if check.get("absent"):
        return not found
    if not found:
        return False
    distinct = [value for place, value in enumerate(values) if value not in values[:place]]
    texts = [yaml.safe_dump(value) if isinstance(value, dict | list) else str(value) for value in values]
    verdicts: dict[str, Callable[[], bool]] = {
        "are": lambda: distinct == check["are"],
        "include": lambda: all(value in values for value in check["include"]),
        "exclude": lambda: not any(value in values for value in check["exclude"]),
        "match": lambda: any(re.search(check["match"], text) for text in texts),
        "never": lambda: not any(re.search(check["never"], text) for text in texts),
    }
    asked = [verdict() for verb, verdict in verdicts.items() if verb in check]
    return bool(asked) and all(asked)


def values_at(value: Any, path: str) -> list[Any]:
    """Find all values at a path."""
    found = [value]
    for step in _STEP.finditer(path):
        found = [inner for outer in found for inner in _inside(outer, step)]
    return found


def _inside(value: Any, step: re.Match[str]) -> Iterator[Any]:
    inside, key = step["inside"], step["deep"] or step["key"]
    if step["deep"]:
        yield from _below(value, key)
    elif inside is None:
        if isinstance(value, dict) and key in value:
            yield value[key]
    elif inside == "*":
        yield from value.values() if isinstance(value, dict) else value
    elif inside.isdigit():
        yield from value[int(inside) : int(inside) + 1]
    elif "=" in inside:
        name, _, wanted = inside.partition("=")
        yield from (item for item in value if str(item.get(name)) == wanted)
    elif isinstance(value, dict) and inside in value:
        yield value[inside]


def _below(value: Any, key: str) -> Iterator[Any]:
    """All values of a key, at any depth."""
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if name == key:
            yield item
        yield from _below(item, key)
