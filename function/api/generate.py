"""Write what is made from the models: definitions, Compositions and the API reference.

python -m function.api.generate           write what is stale, remove what nothing makes any more
python -m function.api.generate --check   write nothing; exit 1 and name what is stale
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from function.api.compositions import composition
from function.api.kinds import KINDS
from function.api.reference import page
from function.api.xrd import definition

ROOT: Final = Path(__file__).resolve().parents[2]
DEFINITIONS: Final = "xrds"
COMPOSITIONS: Final = "compositions"
REFERENCE: Final = "docs/api.md"

_HEAD: Final = "# Made from function/api by python -m function.api.generate; do not edit it here.\n"


def files() -> dict[str, str]:
    """Make every file, by its path below the root of the repository."""
    made = {REFERENCE: page(KINDS)}
    for kind in KINDS:
        made[f"{DEFINITIONS}/{kind.name}.yaml"] = _yaml(definition(kind))
        if composed := composition(kind):
            made[f"{COMPOSITIONS}/{kind.name}.yaml"] = _yaml(composed)
    return made


def stale(root: Path, made: Mapping[str, str]) -> list[str]:
    """Name the files that are missing, differ, or are made by nothing any more."""
    changed = {path for path, text in made.items() if _read(root / path) != text}
    found = {
        path.relative_to(root).as_posix()
        for folder in (DEFINITIONS, COMPOSITIONS)
        for path in (root / folder).glob("*")
        if path.is_file()
    }
    return sorted(changed | (found - made.keys()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Command line; None for the process's own.

    Returns:
        Exit code: 1 when checking finds something stale, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m function.api.generate", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="root of the repository")
    options = parser.parse_args(arguments)
    made = files()
    names = stale(options.root, made)
    for name in names:
        sys.stdout.write(f"{'stale' if options.check else 'written' if name in made else 'removed'}: {name}\n")
        if not options.check:
            _write(options.root / name, made.get(name))
    return 1 if options.check and names else 0


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _yaml(manifest: dict[str, Any]) -> str:
    return _HEAD + yaml.dump(manifest, Dumper=_YamlDumper, sort_keys=False, width=120, allow_unicode=True)


class _YamlDumper(yaml.SafeDumper):
    """Writes every value out: anchors would make one schema depend on another's place."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is the library's
        return True


if __name__ == "__main__":
    sys.exit(main())
