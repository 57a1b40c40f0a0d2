"""The reference of conditions, docs/conditions.md, made from the composers' own vocabularies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from function.composers import COMPOSERS
from function.composition import Composer, Reason, Vocabulary
from function.composition.conditions import COMMON

PAGE: Final = "docs/conditions.md"

_INTRO = """\
# Conditions

What each kind says about itself in `status.conditions`, every reason with what it means and what to do.
`kubectl describe` shows them with a message that names the objects and the numbers.

Beside these, Crossplane sets `Synced` (everything could be applied) and `Ready`. `Ready` is True when a user's
request would be answered, or when a cluster can be scheduled on.

A condition whose inputs have never been known is `Unknown` with reason `NotKnownYet`.
"""


def render() -> str:
    """Give the text of the reference."""
    lines = [_INTRO, "## Every kind", "", *_table(COMMON)]
    for composer in sorted(COMPOSERS.values(), key=lambda c: c.kind):
        lines += ["", f"## {composer.kind}", "", *_table(composer.vocabulary), *_names(composer)]
    return "\n".join(lines) + "\n"


def _table(vocabulary: Vocabulary) -> Iterator[str]:
    yield "| Condition | Status | Reason | Meaning | What to do |"
    yield "|---|---|---|---|---|"
    for kind, reasons in vocabulary.items():
        for name, reason in _ordered(reasons):
            cells = (f"`{kind}`", reason.status.value, f"`{name}`", reason.meaning, reason.remedy or "Nothing.")
            yield f"| {' | '.join(cell for cell in cells)} |"


def _ordered(reasons: Mapping[str, Reason]) -> list[tuple[str, Reason]]:
    return sorted(reasons.items(), key=lambda item: (item[1].status.value != "True", item[0]))


def _names(composer: Composer) -> Iterator[str]:
    if not composer.children:
        yield from ("", "Composes nothing.")
        return
    yield from ("", "Composes, by composition resource name:", "", "| Name | Kind |", "|---|---|")
    for name, kind in sorted(composer.children.items()):
        yield f"| `{name}` | {kind} |"
