"""A registry on loopback, to which packages are pushed as a user does."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.ports import free_ports
from tests.e2e.bed.processes import BedError, Command, Processes, answers
from tests.e2e.bed.retries import retry
from tests.e2e.binaries import Binaries

_PUSH_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry.

    Attributes:
        crane: The program that serves it, and pushes.
        folder: Where it keeps things.
        address: Host and port.
    """

    crane: Path
    folder: Path
    address: str

    def push(self, archive: Path, reference: str) -> None:
        """Push the image of an archive, layer by layer as it is.

        Raises:
            BedError: When it is refused.
        """
        layout = self.folder / archive.stem
        with tarfile.open(archive) as tar:
            tar.extractall(layout, filter="data")
        retry(f"crane push {reference}", lambda: self._push(layout, reference))

    def _push(self, layout: Path, reference: str) -> None:
        command = (str(self.crane), "push", str(layout), reference)
        try:
            done = subprocess.run(  # noqa: S603  # fixed words
                command, capture_output=True, text=True, check=False, timeout=MACHINE_SPEED.timeout(_PUSH_SECONDS)
            )
        except subprocess.TimeoutExpired as error:
            raise BedError(f"crane push {reference} did not end within {error.timeout:.0f} s") from error
        if done.returncode:
            raise BedError(f"{layout.name} could not be pushed to {reference}: {done.stderr.strip()}")


def serve(binaries: Binaries, processes: Processes) -> Registry:
    """Start a registry."""
    folder = processes.folder / "registry"
    (folder / "blobs").mkdir(parents=True)

    def command(ports: Sequence[int]) -> Command:
        keeps = f"--disk={folder / 'blobs'}"
        return Command((binaries["crane"], "registry", "serve", f"--address=127.0.0.1:{ports[0]}", keeps))

    server = processes.start_on("registry", free_ports(1), command)
    processes.until("the registry answers", lambda: answers(f"http://127.0.0.1:{server.ports[0]}/v2/"), 30)
    return Registry(binaries["crane"], folder, f"127.0.0.1:{server.ports[0]}")
