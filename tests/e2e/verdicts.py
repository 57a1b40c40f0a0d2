"""What Kubernetes' own compiler of device selectors makes of the corpus.

`python -m tests.e2e.verdicts` records it beside the corpus.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.e2e.binaries import Binaries, build
from tests.e2e.programs import DRACEL
from tests.support import corpus

_REASON = 120
"""The most characters of a reason that are recorded."""


def ask(binaries: Binaries) -> dict[str, Any]:
    """Ask Kubernetes, and give its answers as they are recorded."""
    question = json.dumps(corpus.question())
    done = subprocess.run([binaries["dracel"]], input=question, capture_output=True, text=True, check=True)  # noqa: S603  # our program
    answer: dict[str, Any] = json.loads(done.stdout)
    return {
        "corpus": corpus.digest(),
        "expressions": [_entry(verdict) for verdict in answer["expressions"]],
        "quantities": dict(zip(corpus.quantities(), map(_quantity, answer["quantities"]), strict=True)),
        "versions": dict(zip(corpus.versions(), map(_version, answer["versions"]), strict=True)),
    }


def _entry(verdict: Mapping[str, Any]) -> str | list[Any]:
    """Write a reason, or estimate and outcomes."""
    if "refused" in verdict:
        return str(verdict["refused"])[:_REASON]
    return [verdict["estimate"], verdict["outcomes"]]


def _quantity(answer: Mapping[str, Any]) -> list[Any] | None:
    """Write rank, integer, approximate value, and sum with the one before as an integer."""
    if not answer["valid"]:
        return None
    return [answer["rank"], answer.get("integer"), float(answer["approximate"]), answer.get("sum")]


def _version(answer: Mapping[str, Any]) -> list[int | None]:
    """Write the ranks as a strict version and as a normalised one."""
    return [answer[kind]["rank"] if answer[kind]["valid"] else None for kind in ("strict", "normalized")]


def write(found: Mapping[str, Any]) -> str:
    """Write what is recorded, with a line for each answer."""
    parts = [f'"corpus": {json.dumps(found["corpus"])}']
    lines = ",\n".join(json.dumps(entry) for entry in found["expressions"])
    parts.append(f'"expressions": [\n{lines}\n]')
    for name in ("quantities", "versions"):
        lines = ",\n".join(f"{json.dumps(text)}: {json.dumps(entry)}" for text, entry in found[name].items())
        parts.append(f'"{name}": {{\n{lines}\n}}')
    return "{{\n{}\n}}\n".format(",\n".join(parts))


def main() -> int:
    """Record."""
    corpus.RECORDED.write_text(write(ask(build([DRACEL]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
