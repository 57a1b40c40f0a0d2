"""What an endpoint picker reads of its engines: which metrics each has, and whether they tell its queue.

Facts of llm-d's picker 0.9.0: it asks each pod's serving port for `/metrics` over HTTP, unless its
`metrics-data-source` says another path; it knows the metrics of `vllm`, `sglang`, `trtllm-serve`,
`triton-tensorrt-llm` and `triton` by the label `llm-d.ai/engine-type`, takes an engine without a known label for its
`defaultEngine` (vllm unless said), and can be told of others by `engineConfigs` of its `core-metrics-extractor`.
A queue that it cannot read counts as empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from function.api.engines import EngineType, PlacedEngine
from function.api.pod_template import Container
from function.composition import Manifest
from function.replica.engines import OTHER, read_engine

ENGINE_TYPE: Final = "llm-d.ai/engine-type"
"""The label by which a picker tells what metrics a pod has."""

_DEFAULT_PATH: Final = "/metrics"
_DEFAULT_NAME: Final = "vllm"


@dataclass(frozen=True, slots=True)
class EngineMetrics:
    """How the metrics of a program are read.

    Attributes:
        name: The program's name to the picker.
        path: Where it shows them, on its serving port.
        flag: The flag without which it shows none; empty when it needs none.
        variable: The environment variable that does the same.
        queued: The metric that counts waiting requests; empty when the picker knows it by the name.
        running: The metric that counts requests being worked on; likewise.
        on_serving_port: Whether the serving port shows them.
    """

    name: str
    path: str = _DEFAULT_PATH
    flag: str = ""
    variable: str = ""
    queued: str = ""
    running: str = ""
    on_serving_port: bool = True

    def shown_by(self, words: Sequence[str], container: Container) -> bool:
        """Tell whether the words of the command that serves, or its container's environment, have them shown."""
        if not self.flag:
            return True
        set_ = any(variable.name == self.variable and variable.value for variable in container.env)
        return set_ or any(word == self.flag or word.startswith(f"{self.flag}=") for word in words)


_METRICS: Final = {
    EngineType.VLLM: EngineMetrics(_DEFAULT_NAME),
    EngineType.SGLANG: EngineMetrics("sglang", flag="--enable-metrics"),
    EngineType.TENSORRT_LLM: EngineMetrics("trtllm-serve", path="/prometheus/metrics"),
    EngineType.TRITON: EngineMetrics("triton-tensorrt-llm", on_serving_port=False),
    EngineType.LLAMA_CPP: EngineMetrics(
        "llama.cpp",
        flag="--metrics",
        variable="LLAMA_ARG_ENDPOINT_METRICS",
        queued="llamacpp:requests_deferred",
        running="llamacpp:requests_processing",
    ),
    EngineType.TGI: EngineMetrics("tgi", queued="tgi_queue_size", running="tgi_batch_current_size"),
}
"""The programs whose metrics are known."""


@dataclass(frozen=True, slots=True)
class PoolMetrics:
    """What a picker is told of the metrics of its pods.

    Attributes:
        plugins: The plugins of its configuration that say it.
        tell_queues: Whether every queue can be read.
        warnings: Which queues cannot be, and why.
    """

    plugins: tuple[Manifest, ...]
    tell_queues: bool
    warnings: tuple[str, ...]


def labels(engine: PlacedEngine, container: Container) -> dict[str, str]:
    """The label that names the program of a pod that answers requests; none when its metrics are not known.

    Args:
        engine: The engine.
        container: The container that answers requests.
    """
    metrics = _METRICS.get(read_engine(engine, container).type)
    return {ENGINE_TYPE: metrics.name} if metrics else {}


def read(engines: Iterable[tuple[PlacedEngine, Container]]) -> PoolMetrics:
    """Work out what a picker is told of its engines' metrics.

    Args:
        engines: The engines whose pods it picks among, each with the container that answers requests.
    """
    given = list(engines)
    known = {engine.name: _METRICS.get(read_engine(engine, container).type) for engine, container in given}
    found = {metrics.name: metrics for metrics in known.values() if metrics}
    paths = {metrics.path for metrics in found.values()}
    path = paths.pop() if len(paths) == 1 else _DEFAULT_PATH
    reasons = (_unreadable(engine, container, path) for engine, container in given)
    unreadable = tuple(filter(None, reasons))
    default = next(iter(found)) if len(found) == 1 and None not in known.values() else _DEFAULT_NAME
    return PoolMetrics(
        plugins=tuple(chain(_source(path), _extractor(found.values(), default))),
        tell_queues=not unreadable,
        warnings=unreadable,
    )


def _unreadable(engine: PlacedEngine, container: Container, path: str) -> str:
    """Say why an engine's queue cannot be read; empty when it can."""
    facts = read_engine(engine, container)
    program, metrics = facts.program, _METRICS.get(facts.type)
    counted = "the picker cannot read its queue, and counts the requests that it sends there itself"
    if metrics is None and program is OTHER:
        return f"engine {engine.name}: its program is not known, so {counted}; engines[].serving.engineType says it"
    if metrics is None:
        return f"engine {engine.name}: metrics of {program.name} are not known, so {counted}"
    if not metrics.on_serving_port or metrics.path != path:
        return f"engine {engine.name}: {program.name} shows no metrics where the picker asks, so {counted}"
    if not metrics.shown_by(facts.words, container):
        return f"engine {engine.name}: {program.name} shows no metrics without {metrics.flag}, so {counted}"
    return ""


def _source(path: str) -> Iterable[Manifest]:
    if path != _DEFAULT_PATH:
        yield {"type": "metrics-data-source", "parameters": {"path": path}}


def _extractor(found: Iterable[EngineMetrics], default: str) -> Iterable[Manifest]:
    configs = [
        {"name": metrics.name, "queuedRequestsSpec": metrics.queued, "runningRequestsSpec": metrics.running}
        for metrics in found
        if metrics.queued
    ]
    parameters: Manifest = {
        **({"defaultEngine": default} if default != _DEFAULT_NAME else {}),
        **({"engineConfigs": configs} if configs else {}),
    }
    if parameters:
        yield {"type": "core-metrics-extractor", "parameters": parameters}
