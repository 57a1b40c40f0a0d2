"""The texts of files, folders and standard input: all that can be read, and a reason for all that cannot."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

STDIN: Final = "-"

MOST_BYTES: Final = 64 * 1024 * 1024
"""The largest text that is read: what takes minutes to parse, and more memory than most machines have."""

MOST_FILES: Final = 10_000
"""How many files of a folder are read: more are hardly manifests."""

_ENDS: Final = frozenset({".json", ".yaml", ".yml"})


def texts(paths: Sequence[str], stdin: TextIO, problems: list[str]) -> Iterator[tuple[str, str]]:
    """Give each file's name and text, a file that is named twice once.

    Args:
        paths: Files, folders (read with all below them), or `-` for standard input.
        stdin: Where standard input comes from.
        problems: Takes a line for all that cannot be read.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path == STDIN:
            yield from _bounded("standard input", stdin.read(MOST_BYTES + 1), problems)
            continue
        for file in _files(path, problems):
            try:
                found = os.stat(file)  # noqa: PTH116 - once: a pipe may be gone after it was asked twice
                if (found.st_dev, found.st_ino) not in seen:
                    seen.add((found.st_dev, found.st_ino))
                    with file.open("rb") as opened:
                        content = opened.read(MOST_BYTES + 1)
                    yield from _bounded(str(file), content.decode("utf-8"), problems)
            except FileNotFoundError:
                problems.append(f"{file}: no such file or folder")
            except UnicodeDecodeError as error:
                problems.append(f"{file}: is not text in UTF-8 (byte {error.start})")
            except (OSError, ValueError) as error:  # a path with a NUL byte is a ValueError
                problems.append(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}")


def _files(path: str, problems: list[str]) -> list[Path]:
    """List what a path names: itself, or the manifests in and below a folder."""
    place = Path(path)
    if not _is_folder(place):
        return [place]
    files: list[Path] = []
    for file in place.rglob("*"):
        if file.suffix in _ENDS and not _is_folder(file):
            files.append(file)
        if len(files) > MOST_FILES:
            problems.append(f"{path}: has more than {MOST_FILES:,} files; name the folder with the manifests")
            return []
    if not files:
        problems.append(f"{path}: no .yaml, .yml or .json files in this folder")
    return [file for file in sorted(files) if _is_readable(file, problems)]


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except ValueError:
        return False


def _is_readable(file: Path, problems: list[str]) -> bool:
    """Tell whether a file of a folder has an end; a pipe would be waited for without one."""
    if file.is_file():
        return True
    try:
        file.stat()
    except FileNotFoundError:
        problems.append(f"{file}: is a link to nothing")
    except OSError as error:
        looped = error.errno == errno.ELOOP
        problems.append(f"{file}: {'is a link to itself' if looped else f'cannot be read: {error.strerror}'}")
    else:
        problems.append(f"{file}: is no file")
    return False


def _bounded(source: str, text: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    if len(text) > MOST_BYTES:
        problems.append(f"{source}: has more than {MOST_BYTES // 1024**2} MiB; give fewer manifests at once")
    else:
        yield source, text
