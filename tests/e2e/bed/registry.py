"""A registry on loopback, to which packages are pushed as a user does."""

from __future__ import annotations

import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.bed.processes import BedError, Processes, answers, free_ports
from tests.e2e.binaries import Binaries


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
        command = (str(self.crane), "push", str(layout), reference)
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
        if done.returncode:
            raise BedError(f"{archive.name} could not be pushed to {reference}: {done.stderr.strip()}")


def serve(binaries: Binaries, processes: Processes) -> Registry:
    """Start a registry."""
    (port,) = free_ports(1)
    address, folder = f"127.0.0.1:{port}", processes.folder / "registry"
    (folder / "blobs").mkdir(parents=True)
    command = (binaries["crane"], "registry", "serve", f"--address={address}", f"--disk={folder / 'blobs'}")
    processes.start("registry", command)
    processes.until("the registry answers", lambda: answers(f"http://{address}/v2/"), 30)
    return Registry(binaries["crane"], folder, address)
