"""The programs that the end-to-end tests drive, built from Go modules once and kept outside the tree.

`python -m tests.e2e.binaries` builds them and prints their folder. They are built again when a
pinned version, a flag or a source of ours changes, and shared by all work trees of a machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TOOLS: Final = Path(__file__).parent / "tools"
CROSSPLANE: Final = "github.com/crossplane/crossplane/v2"

PROGRAMS: Final[Mapping[str, tuple[str, str]]] = {
    "xrdcheck": ("./xrdcheck", ""),
    "crossplane": (
        f"{CROSSPLANE}/cmd/crossplane",
        "-X github.com/crossplane/crossplane-runtime/v2/pkg/version.version={version}",
    ),
}
"""Each program's package and the linker flags of its own."""

FLAGS: Final = ("-trimpath", "-buildvcs=false")
LINKER: Final = "-s -w"
"""The same for all programs, or Go compiles everything once for each."""

_PROTO: Final = "proto/render/v1alpha1/render.proto"
_CRDS: Final = "cluster/crds"
_HEARTBEAT_SECONDS: Final = 30
_LAST_LINES: Final = 15


class BinariesError(Exception):
    """The programs cannot be had; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """What was built, and what Crossplane's module has beside its code.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    @property
    def crossplane(self) -> Path:
        """Crossplane's core."""
        return self.folder / "crossplane"

    @property
    def xrdcheck(self) -> Path:
        """What decides about definitions and composites; see tools/xrdcheck."""
        return self.folder / "xrdcheck"

    @property
    def render_proto(self) -> Path:
        """The protocol of `crossplane internal render`."""
        return self.folder / Path(_PROTO).name

    @property
    def crds(self) -> Path:
        """Crossplane's own CRDs."""
        return self.folder / "crds"


def build(cache: Path | None = None) -> Binaries:
    """Give the programs, building them when they are not in the cache.

    Args:
        cache: Where to keep them; by default a folder in the user's cache folder.

    Raises:
        BinariesError: When Go is missing or a build fails.
    """
    cache = cache or _cache()
    built = Binaries(cache / key())
    if built.folder.is_dir():
        return built
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if not built.folder.is_dir():
            partial = cache / f".{built.folder.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _build(partial)
            partial.rename(built.folder)
    return built


def key() -> str:
    """What the programs depend on, as a name."""
    digest = hashlib.sha256()
    for part in (platform.system(), platform.machine(), LINKER, *FLAGS, *(" ".join(of) for of in PROGRAMS.values())):
        digest.update(part.encode() + b"\0")
    sources = (TOOLS / "go.mod", TOOLS / "go.sum", *sorted(TOOLS.rglob("*.go")))
    for source in sources:
        digest.update(source.relative_to(TOOLS).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelplane" / "e2e"


def _build(folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise BinariesError(
            "NOT CHECKED: the end-to-end tests need Go to build Crossplane, and there is no `go` on the PATH; "
            "install the version that tests/e2e/tools/go.mod names, or a later one"
        )
    started = time.monotonic()
    _say(f"building into {folder.parent}; the first time takes some minutes")
    _run("download of the Go modules", go, "mod", "download", CROSSPLANE)
    version, module = _run("go list", go, "list", "-m", "-f", "{{.Version}}\n{{.Dir}}", CROSSPLANE).split()
    (folder / "crds").mkdir()
    for source in sorted((Path(module) / _CRDS).glob("*.yaml")):
        shutil.copyfile(source, folder / "crds" / source.name)
    shutil.copyfile(Path(module) / _PROTO, folder / Path(_PROTO).name)
    for name, (package, linker) in PROGRAMS.items():
        flags = f"{LINKER} {linker.format(version=version)}".strip()
        _run(f"build of {name}", go, "build", *FLAGS, "-ldflags", flags, "-o", str(folder / name), package)
    _say(f"built in {time.monotonic() - started:.0f} s")


def _run(what: str, *command: str) -> str:
    """Run a command at low priority, telling now and then that it is still at it."""
    nice = shutil.which("nice")
    line = [*((nice, "-n", "10") if nice else ()), *command]
    with _heartbeat(what):
        done = subprocess.run(line, cwd=TOOLS, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise BinariesError(f"{what} failed with exit status {done.returncode}:\n{last}")
    return done.stdout


@contextmanager
def _heartbeat(what: str) -> Iterator[None]:
    started, ended = time.monotonic(), threading.Event()

    def beat() -> None:
        while not ended.wait(_HEARTBEAT_SECONDS):
            _say(f"{what}: {time.monotonic() - started:.0f} s so far")

    _say(what)
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


def main() -> int:
    """Build, and print the folder."""
    try:
        sys.stdout.write(f"{build().folder}\n")
    except BinariesError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
