"""Files that are generated from the code: what is stale, and the command that writes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
"""Root of the repository."""


@dataclass(frozen=True, slots=True)
class GeneratedFiles:
    """Files that are generated from the code.

    Attributes:
        texts: The text of each file, by its path below the root of the repository.
        folders: Folders that hold nothing else: any other file in them is removed.
    """

    texts: Mapping[str, str]
    folders: Sequence[str] = ()

    def __or__(self, other: GeneratedFiles) -> GeneratedFiles:
        """Join both."""
        return GeneratedFiles({**self.texts, **other.texts}, (*self.folders, *other.folders))

    def stale(self, root: Path) -> list[str]:
        """Name the files that are missing, differ, or are no longer generated."""
        changed = {path for path, text in self.texts.items() if _read(root / path) != text}
        found = {
            path.relative_to(root).as_posix()
            for folder in self.folders
            for path in (root / folder).glob("*")
            if path.is_file()
        }
        return sorted(changed | (found - self.texts.keys()))

    def write(self, root: Path, path: str) -> None:
        """Write a file, or remove it when it is no longer generated."""
        target = root / path
        if path not in self.texts:
            target.unlink()
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.texts[path], encoding="utf-8")

    def command(self, module: str, description: str, arguments: Sequence[str] | None = None) -> int:
        """Write what is stale, or with `--check` only name it.

        Args:
            module: The module that is run, as `python -m` takes it.
            description: What it generates, for `--help`.
            arguments: Command line; None for the process's own.

        Returns:
            Exit code: 1 when checking finds something stale, else 0.
        """
        parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is stale")
        parser.add_argument("--root", type=Path, default=ROOT, help="root of the repository")
        options = parser.parse_args(arguments)
        paths = self.stale(options.root)
        for path in paths:
            done = "stale" if options.check else "written" if path in self.texts else "removed"
            sys.stdout.write(f"{done}: {path}\n")
            if not options.check:
                self.write(options.root, path)
        return 1 if options.check and paths else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
