"""The files that the function runs from: its wheel and what that depends on, as pip unpacks them.

Wheels for another platform can be unpacked anywhere, so no machine of that platform is needed.
What pip writes about the machine that it ran on is left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from package.oci import File

PYTHON: Final = "3.13"
"""The Python that the function is unpacked for unless another is asked for: what is compiled fits no other."""

ARCHITECTURES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
"""What Python calls the processors that images are made for."""

LIBRARIES: Final = "app/lib"
PROGRAM: Final = "app/bin/function"

_GLIBC: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
_SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE", "function")
_OF_THIS_MACHINE: Final = re.compile(rb"^(\.\./)*bin/|^[^,]*/direct_url\.json,")
"""Lines of a RECORD about what has a path of this machine in it: scripts, and where a wheel came from."""

_PROGRAM: Final = b"""\
#!/usr/bin/env python3
import sys

from function.main import serve

sys.exit(serve())
"""


class PipError(Exception):
    """pip could not do it; the message is what it said."""


def wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of a repository from a copy, so that nothing of earlier builds gets in."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        for name in _SOURCES:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, copy / name)
        _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(copy))
    return next(folder.glob("modelplane-*.whl"))


def requirements(wheel_file: Path, architecture: str, python: str, folder: Path) -> None:
    """Unpack a wheel and all that it depends on into a folder, for one processor and one Python."""
    platforms = [word for old in _GLIBC for word in ("--platform", f"{old}_{ARCHITECTURES[architecture]}")]
    _pip(
        *("install", "--no-compile", "--only-binary=:all:", "--implementation", "cp", "--python-version", python),
        *(*platforms, "--target", str(folder), str(wheel_file)),
    )


def files(folder: Path) -> dict[str, File]:
    """Read a folder that pip filled as the files of an image."""
    found = {PROGRAM: File(_PROGRAM, executable=True)}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder).as_posix()
        if path.is_dir() or inside.startswith("bin/") or path.name == "direct_url.json":
            continue
        data = path.read_bytes()
        if path.name == "RECORD":
            data = b"".join(line for line in data.splitlines(keepends=True) if not _OF_THIS_MACHINE.match(line))
        found[f"{LIBRARIES}/{inside}"] = File(data)
    return found


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words and paths
    if done.returncode:
        raise PipError(f"pip {words[0]} failed:\n{done.stderr.strip()}")
