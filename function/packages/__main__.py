"""Write what is installed around the function, from the code's own list of composed kinds.

python -m function.packages           write what is stale
python -m function.packages --check   write nothing; exit 1 and name what is stale
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from function.packages.files import files
from function.packages.metadata import ROOT, release


def stale(root: Path) -> list[str]:
    """Name the files that are missing or differ."""
    made = files(release())
    return [path for path, text in made.items() if not (root / path).is_file() or (root / path).read_text() != text]


def write(root: Path, paths: Iterable[str]) -> None:
    """Write files below a folder."""
    made = files(release())
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(made[path], encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        Exit code: 1 when checking finds something stale, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m function.packages", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="root of the repository")
    options = parser.parse_args(arguments)
    names = stale(options.root)
    for name in names:
        sys.stdout.write(f"{'stale' if options.check else 'written'}: {name}\n")
    if not options.check:
        write(options.root, names)
    return 1 if options.check and names else 0


if __name__ == "__main__":
    sys.exit(main())
