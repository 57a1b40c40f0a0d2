"""Join the fragments of changelog.d into CHANGELOG.md, below a heading for a new version.

python -m package.changelog 0.2.0 --date 2026-12-01
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from function.packages.metadata import ROOT

SECTIONS: Final = ("added", "changed", "deprecated", "removed", "fixed", "security")
FRAGMENT: Final = re.compile(rf"[a-z0-9-]+\.({'|'.join(SECTIONS)})\.md")

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_UNRELEASED: Final = "## [Unreleased]\n"


class FragmentError(Exception):
    """A fragment, or the changelog itself, is not what it should be; the message says which."""


def fragments(root: Path) -> dict[Path, str]:
    """Read every fragment.

    Raises:
        FragmentError: When a file has another name, or more or less than one entry.
    """
    found = {}
    for path in sorted((root / "changelog.d").iterdir()):
        if path.name == "README.md":
            continue
        text = path.read_text(encoding="utf-8").strip()
        if not FRAGMENT.fullmatch(path.name):
            raise FragmentError(f"{path.name} is not named <short-name>.<{' | '.join(SECTIONS)}>.md")
        if not text or "\n\n" in text or text[0] in "-*#":
            raise FragmentError(f"{path.name} is not one entry of plain sentences")
        found[path] = text
    return found


def joined(changelog: str, texts: Mapping[Path, str], version: str, date: str) -> str:
    """Move what is unreleased, and the fragments, below a heading for a version.

    Raises:
        FragmentError: When there is nothing to release, the version is there already, or there is no unreleased part.
    """
    head, separator, rest = changelog.partition(_UNRELEASED)
    if not separator:
        raise FragmentError("CHANGELOG.md has no heading [Unreleased]")
    if f"\n## [{version}]" in rest:
        raise FragmentError(f"CHANGELOG.md has version {version} already")
    unreleased, following, older = rest.partition("\n## [")
    entries = _entries(unreleased)
    for path, text in texts.items():
        lines = "\n  ".join(text.splitlines())
        entries[path.name.split(".")[1]].append(f"- {lines}")
    if not any(entries.values()):
        raise FragmentError("nothing has changed since the last version")
    parts = [f"### {name.capitalize()}\n\n" + "\n".join(entries[name]) + "\n" for name in SECTIONS if entries[name]]
    released = f"\n## [{version}] - {date}\n\n" + "\n".join(parts)
    return f"{head}{separator}{released}{following}{older}"


def _entries(unreleased: str) -> dict[str, list[str]]:
    entries: dict[str, list[str]] = defaultdict(list)
    for section in unreleased.split("\n### ")[1:]:
        name, _, body = section.partition("\n")
        entries[name.strip().lower()] += [body.strip()]
    return entries


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version like 0.2.0")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        Exit code: 1 when nothing could be joined, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m package.changelog", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("version", type=_version, help="the version to release, without v")
    parser.add_argument(
        "--date", type=dt.date.fromisoformat, required=True, help="the day of the release, as 2026-12-01"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="root of the repository")
    options = parser.parse_args(arguments)
    path = options.root / "CHANGELOG.md"
    try:
        texts = fragments(options.root)
        text = joined(path.read_text(encoding="utf-8"), texts, options.version, str(options.date))
    except FragmentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    path.write_text(text, encoding="utf-8")
    for fragment in texts:
        fragment.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
