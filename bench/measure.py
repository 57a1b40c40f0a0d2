"""Measuring one case in a process of its own: times of its processor, and what memory it took."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from bench import cases
from bench.cases import NOW, Case
from function import fn, server

_PROCESSES: Final = 3
_LOOKS: Final = 3

_PARSED: Final = -1
"""Instead of a number of replicas: parse the requests, and answer none."""


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
    """Measure a case and its floor in new processes of their own, equally often, and take the least of each figure."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, blob in enumerate(cases.requests(case)):
            paths.append(Path(folder) / str(number))
            paths[-1].write_bytes(blob)
        found = [(_in_a_process(_PARSED, paths), _in_a_process(case.replicas, paths)) for _ in range(processes)]
        megabytes = paths[-1].stat().st_size / 1e6
    return Figures(
        megabytes,
        min(floor.seconds for floor, _ in found),
        min(call.seconds for _, call in found),
        min(call.peak_mebibytes for _, call in found),
    )


def unresolved() -> float:
    """Measure the call before anything is fetched, in seconds."""
    blob = cases.unresolved()
    return min(_seconds(lambda: fn.answer(blob, NOW)) for _ in range(100))


class _Look(NamedTuple):
    """What one process has seen: the least time that the last request took, and the memory."""

    seconds: float
    peak_mebibytes: float


def _in_a_process(placed: int, paths: list[Path]) -> _Look:
    command = [sys.executable, "-m", "bench.measure", str(placed), *map(str, paths)]
    return _Look(*json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _look(placed: int, blobs: list[bytes]) -> _Look:
    """Parse or answer the last request, after those before it; several times when it is not the first."""
    server.tune_garbage_collection()
    *before, last = blobs
    work = _parse if placed == _PARSED else _answer
    work(cases.unresolved())
    for blob in before:
        work(blob)
    seconds = min(_seconds(lambda: work(last)) for _ in range(_LOOKS if before else 1))
    if work is _answer:
        cases.check(fn.answer(last, NOW).response, placed=placed)
    return _Look(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _parse(blob: bytes) -> None:
    fnv1.RunFunctionRequest.FromString(blob)


def _answer(blob: bytes) -> None:
    fn.answer(blob, NOW)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    replicas, *files = sys.argv[1:]
    print(json.dumps(_look(int(replicas), [Path(path).read_bytes() for path in files])))
