"""The list of pitfalls: read from pitfalls.yaml, and given as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = "docs/pitfalls.md"

_HEAD: Final = """# Pitfalls, and what holds what is done about each

Ways in which a model comes to harm, or nobody can tell why it does not run. Each has the tests that hold what is done
about it, or the reason why nothing, or a part, is not. `make generate` writes this page from
[tests/pitfalls.yaml](../tests/pitfalls.yaml).
"""


@dataclass(frozen=True, slots=True)
class Pitfall:
    """A pitfall.

    Attributes:
        area: What it belongs to.
        name: Its name, which is unique in its area.
        text: What happens.
        tests: The tests that hold what is done about it, as pytest names them.
        reason: Why nothing is done about it, or about a part of it; empty when all is done.
    """

    area: str
    name: str
    text: str
    tests: Sequence[str]
    reason: str


def pitfalls() -> Iterator[Pitfall]:
    """Read the list.

    Raises:
        ValueError: When an entry has neither tests nor a reason, or something else.
    """
    areas: Mapping[str, Mapping[str, Mapping[str, Any]]] = yaml.safe_load(
        (ROOT / "tests" / "pitfalls.yaml").read_text("utf-8")
    )
    for area, entries in areas.items():
        for name, entry in entries.items():
            if not {"pitfall"} < set(entry) <= {"pitfall", "tests", "reason"}:
                raise ValueError(f"{area} {name} has {', '.join(entry)}")
            yield Pitfall(area, name, entry["pitfall"], entry.get("tests", []), entry.get("reason", ""))


def page() -> str:
    """Write the page."""
    lines, area = [_HEAD], ""
    for pitfall in pitfalls():
        if pitfall.area != area:
            area = pitfall.area
            lines += [f"## {area.capitalize()}", "", "| | Pitfall | Held by |", "|---|---|---|"]
        lines.append(f"| {pitfall.name} | {pitfall.text} | {'<br>'.join(_held_by(pitfall))} |")
    return "\n".join(lines) + "\n"


def _held_by(pitfall: Pitfall) -> Iterator[str]:
    for test in pitfall.tests:
        path, _, name = test.partition("::")
        words = name.removeprefix("test_").replace("_", " ")
        yield f"[{words}](../{path})"
    if pitfall.reason:
        yield f"not done: {pitfall.reason}"
