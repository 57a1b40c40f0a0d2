"""Measuring one case in a process of its own: times of its processor, and what memory it took."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from bench import cases
from bench.cases import NOW, Case
from function import fn, server

_PROCESSES: Final = 3
_LOOKS: Final = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What a call took.

    Attributes:
        megabytes: Size of the request.
        floor: Seconds to parse the request's bytes with protobuf, and nothing else.
        call: Seconds to answer it.
        peak_mebibytes: The most memory that the process took, request and answer included.
    """

    megabytes: float
    floor: float
    call: float
    peak_mebibytes: float

    @property
    def ratio(self) -> float:
        """How many times the floor the call took."""
        return self.call / self.floor


def measure(case: Case, processes: int = _PROCESSES) -> Figures:
    """Measure a case in new processes, and take the least of each figure."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, blob in enumerate(cases.requests(case)):
            paths.append(Path(folder) / str(number))
            paths[-1].write_bytes(blob)
        found = [_in_a_process(case.replicas, paths) for _ in range(processes)]
    return Figures(
        found[0].megabytes,
        min(figures.floor for figures in found),
        min(figures.call for figures in found),
        min(figures.peak_mebibytes for figures in found),
    )


def unresolved() -> float:
    """Measure the call before anything is fetched, in seconds."""
    blob = cases.unresolved()
    return min(_seconds(lambda: fn.answer(blob, NOW)) for _ in range(100))


def _in_a_process(placed: int, paths: list[Path]) -> Figures:
    command = [sys.executable, "-m", "bench.measure", str(placed), *map(str, paths)]
    return Figures(**json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _look(placed: int, blobs: list[bytes]) -> Figures:
    """Answer the last request, after those before it; several times when it is not the first."""
    server.tune_garbage_collection()
    fn.answer(cases.unresolved(), NOW)
    *before, last = blobs
    for blob in before:
        fn.answer(blob, NOW)
    call = min(_seconds(lambda: fn.answer(last, NOW)) for _ in range(_LOOKS if before else 1))
    cases.check(fn.answer(last, NOW).response, placed=placed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    floor = min(_seconds(lambda: fnv1.RunFunctionRequest.FromString(last)) for _ in range(_LOOKS))
    return Figures(len(last) / 1e6, floor, call, peak)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    replicas, *files = sys.argv[1:]
    print(json.dumps(asdict(_look(int(replicas), [Path(path).read_bytes() for path in files]))))
