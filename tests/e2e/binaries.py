"""The programs that the end-to-end tests drive, built from Go modules once and kept outside the tree.

`python -m tests.e2e.binaries` builds those that answer without a cluster, `python -m
tests.e2e.binaries bed` all of them; both print where each is. A program is built again when a
pinned version, a flag or a source of ours changes. All work trees of a machine share them.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e.programs import BED, FLAGS, LINKER, RENDERING, Files, Program

_HEARTBEAT_SECONDS: Final = 30
_LAST_LINES: Final = 15
_UNUSED_SECONDS: Final = 14 * 86400


class BinariesError(Exception):
    """The programs cannot be had; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """What was built, and what its modules have beside their code.

    Attributes:
        folders: Where each program and its files are.
    """

    folders: Mapping[str, Path]

    def __getitem__(self, program: str) -> Path:
        """A program."""
        return self.folders[program] / program

    @property
    def crossplane(self) -> Path:
        """Crossplane's core."""
        return self["crossplane"]

    @property
    def xrdcheck(self) -> Path:
        """What decides about definitions and composites; see tools/xrdcheck."""
        return self["xrdcheck"]

    @property
    def render_proto(self) -> Path:
        """The protocol of `crossplane internal render`."""
        return self.folders["crossplane"] / "render.proto"

    @property
    def crds(self) -> Path:
        """Crossplane's own CRDs."""
        return self.folders["crossplane"] / "crds"


def build(programs: Sequence[Program] = RENDERING, cache: Path | None = None) -> Binaries:
    """Give programs, building those that are not in the cache.

    Args:
        programs: Which.
        cache: Where to keep them; by default a folder in the user's cache folder.

    Raises:
        BinariesError: When Go is missing or a build fails.
    """
    cache = cache or _cache()
    cache.mkdir(parents=True, exist_ok=True)
    return Binaries({program.name: _built(program, cache) for program in programs})


def _built(program: Program, cache: Path) -> Path:
    folder = cache / program.key()
    if not folder.is_dir():
        with _locked(cache / "lock"):
            if not folder.is_dir():
                partial = cache / f".{folder.name}.partial"
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir()
                _build(program, partial)
                partial.rename(folder)
    os.utime(folder)
    _prune(program, cache)
    return folder


def _prune(program: Program, cache: Path) -> None:
    """Remove builds of the same program that no work tree has used for long."""
    for folder in cache.glob(f"{program.name}-{'[0-9a-f]' * 16}"):
        if time.time() - folder.stat().st_mtime > _UNUSED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelplane" / "e2e"


def _build(program: Program, folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise BinariesError(
            "NOT CHECKED: the end-to-end tests need Go to build Crossplane, and there is no `go` on the PATH; "
            "install the version that tests/e2e/tools/go.mod names, or a later one"
        )
    started = time.monotonic()
    _say(f"building {program.name} into {folder.parent}; the first time takes some minutes")
    version = ""
    for files in program.files:
        version = _copy(go, program, files, folder)
    if program.package:
        flags = f"{LINKER} {program.linker.format(version=version)}".strip()
        output = str(folder / program.name)
        command = (go, "build", *FLAGS, "-ldflags", flags, "-o", output, program.package)
        _run(f"build of {program.name}", program.module, *command)
    _say(f"built {program.name} in {time.monotonic() - started:.0f} s")


def _copy(go: str, program: Program, files: Files, folder: Path) -> str:
    """Copy files of a module, and give the module's version."""
    # A module that is named with its version has no go.sum of ours, and must not get into one.
    where = folder if files.checksum else program.module
    answer = _run(f"download of {files.module}", where, go, "mod", "download", "-json", files.module)
    module: dict[str, Any] = json.loads(answer)
    if files.checksum and module["Sum"] != files.checksum:
        raise BinariesError(f"{files.module} has the checksum {module['Sum']}, not {files.checksum}: do not use it")
    found = sorted(Path(module["Dir"]).glob(files.pattern))
    if not found:
        raise BinariesError(f"{files.module} has no files {files.pattern}")
    target = folder / files.folder
    target.mkdir(exist_ok=True)
    for source in found:
        shutil.copyfile(source, target / source.name)
    version: str = module["Version"]
    return version


def _run(description: str, where: Path, *command: str) -> str:
    """Run a command at low priority, telling now and then that it is still at it."""
    nice = shutil.which("nice")
    line = [*((nice, "-n", "10") if nice else ()), *command]
    with _heartbeat(description):
        done = subprocess.run(line, cwd=where, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise BinariesError(f"{description} failed with exit status {done.returncode}:\n{last}")
    return done.stdout


@contextmanager
def _heartbeat(description: str) -> Iterator[None]:
    started, ended = time.monotonic(), threading.Event()

    def beat() -> None:
        while not ended.wait(_HEARTBEAT_SECONDS):
            _say(f"{description}: {time.monotonic() - started:.0f} s so far")

    _say(description)
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process build at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    sys.stderr.write(f"e2e: {text}\n")
    sys.stderr.flush()


def main(words: Sequence[str]) -> int:
    """Build, and print where each program is."""
    try:
        built = build((*RENDERING, *BED) if "bed" in words else RENDERING)
    except BinariesError as error:
        _say(str(error))
        return 1
    sys.stdout.write("".join(f"{name} {folder}\n" for name, folder in built.folders.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
