"""`kubectl`, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from function.composition import Object
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.processes import BedError
from tests.e2e.bed.retries import is_transient, retry

_REQUEST_SECONDS: Final = 120
"""How long kubectl waits for an answer: its own 32 seconds are not enough for the schemas of a busy server."""

_SECONDS: Final = 180
"""How long a command may take when it does not say so itself."""


class KubectlError(BedError):
    """kubectl has failed.

    Attributes:
        error: Why it failed.
        output: All that it printed.
    """

    def __init__(self, words: Iterable[str], error: str, printed: str = "") -> None:
        super().__init__(f"kubectl {' '.join(words)} failed: {error}")
        self.error, self.output = error, printed + error


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl against a cluster.

    Attributes:
        program: The program.
        kubeconfig: Reaches the cluster.
    """

    program: Path
    kubeconfig: Path

    def __call__(self, *words: str, stdin: str = "", may_fail: bool = False) -> str:
        """Run it, and give what it prints. When its time runs out before it has an answer, it is run again.

        Args:
            words: Its arguments.
            given: What it reads from standard input.
            may_fail: Give what it says when it fails, too.

        Raises:
            BedError: When it fails.
        """
        run = partial(self._run, stdin=stdin)
        again = (*words, "--ignore-not-found") if words[0] == "delete" else words
        try:
            return retry(f"kubectl {' '.join(words)}", lambda: run(words), _is_transient, again=lambda: run(again))
        except KubectlError as error:
            if may_fail:
                return error.output
            raise

    def waiting(self, *words: str, seconds: float = 60) -> str:
        """Run a command that waits, for as long as the bed waits for what takes so many seconds when all is well."""
        return self(*words, f"--timeout={MACHINE_SPEED.timeout(seconds):.0f}s")

    def _run(self, words: Sequence[str], stdin: str) -> str:
        command = (str(self.program), "--kubeconfig", str(self.kubeconfig), *words)
        environment = {**os.environ, "HOME": str(self.kubeconfig.parent)}  # where it caches discovery
        try:
            done = subprocess.run(  # noqa: S603  # the words of the tests
                (*command, f"--request-timeout={_REQUEST_SECONDS}s"),
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                env=environment,
                timeout=MACHINE_SPEED.timeout(_SECONDS),
            )
        except subprocess.TimeoutExpired as error:
            raise KubectlError(words, f"it did not end within {error.timeout:.0f} s") from error
        if done.returncode:
            raise KubectlError(words, done.stderr.strip(), done.stdout)
        return done.stdout

    def apply(self, *paths: Path, server_side: bool = False) -> str:
        """Apply files and folders; what no schema knows is refused."""
        mode = ("--server-side", "--force-conflicts") if server_side else ()
        files = [word for path in paths for word in ("-f", str(path))]
        return self("apply", "--recursive", "--validate=strict", *mode, *files)

    def apply_objects(self, objs: Iterable[Object]) -> str:
        """Apply objects."""
        stdin = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objs)})
        return self("apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-", stdin=stdin)

    def table(self, *words: str) -> list[list[str]]:
        """What `kubectl get` prints, by rows and columns."""
        lines = self("get", *words).splitlines()
        starts = [index for index, _ in enumerate(lines[0]) if _begins(lines[0], index)]
        ends = [*starts[1:], None]
        return [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines]


def _is_transient(error: Exception) -> bool:
    return isinstance(error, KubectlError) and is_transient(error.error)


def _begins(header: str, index: int) -> bool:
    """Tell whether a column begins; a header may have single blanks."""
    return header[index] != " " and (index == 0 or header[max(0, index - 2) : index].isspace())
