"""`kubectl`, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from function.composition import Object
from tests.e2e.bed.processes import BedError


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl against a cluster.

    Attributes:
        program: The program.
        kubeconfig: Reaches the cluster.
    """

    program: Path
    kubeconfig: Path

    def __call__(self, *words: str, given: str = "", may_fail: bool = False) -> str:
        """Run it, and give what it prints.

        Args:
            words: Its arguments.
            given: What it reads from standard input.
            may_fail: Give what it says when it fails, too.

        Raises:
            BedError: When it fails.
        """
        command = (str(self.program), "--kubeconfig", str(self.kubeconfig), *words)
        environment = {**os.environ, "HOME": str(self.kubeconfig.parent)}  # where it caches discovery
        done = subprocess.run(  # noqa: S603  # the words of the tests
            command, input=given, capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode and not may_fail:
            raise BedError(f"kubectl {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout + (done.stderr if may_fail else "")

    def apply(self, *paths: Path, server_side: bool = False) -> str:
        """Apply files and folders; what no schema knows is refused."""
        mode = ("--server-side", "--force-conflicts") if server_side else ()
        files = [word for path in paths for word in ("-f", str(path))]
        return self("apply", "--recursive", "--validate=strict", *mode, *files)

    def apply_objects(self, things: Iterable[Object]) -> str:
        """Apply objects."""
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(things)})
        return self("apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-", given=given)

    def table(self, *words: str) -> list[list[str]]:
        """What `kubectl get` prints, by rows and columns."""
        lines = self("get", *words).splitlines()
        starts = [index for index, _ in enumerate(lines[0]) if _begins(lines[0], index)]
        ends = [*starts[1:], None]
        return [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines]


def _begins(header: str, index: int) -> bool:
    """Tell whether a column begins; a header may have single blanks."""
    return header[index] != " " and (index == 0 or header[max(0, index - 2) : index].isspace())
