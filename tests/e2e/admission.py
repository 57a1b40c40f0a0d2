"""What Crossplane and an API server say to definitions and to objects, asked of their own code."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.binaries import Binaries

_REFUSED = 1


@dataclass(frozen=True, slots=True)
class Admission:
    """Asks `xrdcheck`. Every answer is the list of what is wrong, empty when it is accepted."""

    binaries: Binaries

    def definition(self, definition: Path) -> list[str]:
        """Whether a composite resource definition is accepted, and the CRD that Crossplane derives of it."""
        return self._ask("definitions", definition)

    def create(self, definition: Path, obj: Mapping[str, Any]) -> list[str]:
        """Whether an object of a definition, or of a CRD, is accepted when it is created."""
        return self._ask("create", definition, obj)

    def update(self, definition: Path, obj: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
        """Whether an object may take the place of an accepted one."""
        return self._ask("update", definition, obj, old)

    def status(self, definition: Path, obj: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
        """Whether the status of an object may become the status of an accepted one."""
        return self._ask("status", definition, obj, old)

    def _ask(self, question: str, definition: Path, *objs: Mapping[str, Any]) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            files: list[Path] = []
            for obj, name in zip(objs, ("manifest", "old"), strict=False):
                file = Path(folder, name)  # JSON is YAML
                file.write_text(json.dumps(obj))
                files.append(file)
            arguments = (question, *map(str, (definition, *files)))
            command = (str(self.binaries.xrdcheck), "-crds", str(self.binaries.crds), *arguments)
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
            if done.returncode not in {0, _REFUSED}:
                raise RuntimeError(f"xrdcheck could not answer: {done.stderr.strip()}")
            return [line.replace(f"{folder}/", "") for line in done.stdout.splitlines()]
