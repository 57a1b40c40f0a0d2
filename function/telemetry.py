"""What the server tells about itself: metrics and logs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from function.calls import Calls
from function.composition import Composition, Observation, Status
from function.composition.conditions import DEADLINE_EXCEEDED, HELD
from function.selectors import cache_statistics

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BYTES = tuple(float(4**exponent * 1024) for exponent in range(10))

_SCHEDULED = "ReplicasScheduled"


@dataclass(slots=True)
class Metrics:
    """The server's metrics.

    Attributes:
        in_flight: The calls that are not answered.
        registry: The registry of all metrics.
    """

    in_flight: Calls
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    calls: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    request_bytes: Histogram = field(init=False)
    response_bytes: Histogram = field(init=False)
    scheduling: Counter = field(init=False)
    refusals: Counter = field(init=False)

    def __post_init__(self) -> None:
        kind = ("kind",)
        self.registry.register(_SelectorCacheCollector())
        self.registry.register(_CallCollector(self.in_flight))
        self.calls = Counter(
            "modelplane_calls_total", "Calls by kind and outcome.", ("kind", "outcome"), registry=self.registry
        )
        self.seconds = Histogram(
            "modelplane_call_seconds", "Time of a call, by kind.", kind, buckets=_SECONDS, registry=self.registry
        )
        self.request_bytes = Histogram(
            "modelplane_request_bytes", "Size of a request, by kind.", kind, buckets=_BYTES, registry=self.registry
        )
        self.response_bytes = Histogram(
            "modelplane_response_bytes", "Size of a response, by kind.", kind, buckets=_BYTES, registry=self.registry
        )
        self.scheduling = Counter(
            "modelplane_scheduling_total",
            "Answers for deployments, by the reason of their condition ReplicasScheduled.",
            ("reason",),
            registry=self.registry,
        )
        self.refusals = Counter(
            "modelplane_calls_refused_total",
            "Calls that were not begun, by cause: busy (no thread or memory in time), size (no request, or too large).",
            ("cause",),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Write the metrics as Prometheus reads them."""
        return generate_latest(self.registry)

    def refused(self, cause: str) -> None:
        """Count a call that was refused."""
        self.refusals.labels(cause).inc()

    def record(self, composition: Composition, kind: str, *, seconds: float, received: int, sent: int) -> None:
        """Count one answered call."""
        self.calls.labels(kind, outcome(composition)).inc()
        self.seconds.labels(kind).observe(seconds)
        self.request_bytes.labels(kind).observe(received)
        self.response_bytes.labels(kind).observe(sent)
        for condition in composition.conditions:
            if condition.type == _SCHEDULED:
                self.scheduling.labels(condition.reason).inc()


@dataclass(frozen=True, slots=True, eq=False)
class _CallCollector(Collector):
    """Collects metrics of calls in flight."""

    calls: Calls

    def collect(self) -> Iterator[Metric]:
        """Give the metrics as they are now."""
        in_flight = GaugeMetricFamily("modelplane_calls_under_way", "Calls that have come and are not answered.")
        in_flight.add_metric([], self.calls.in_flight)
        busy = GaugeMetricFamily("modelplane_threads_working", "Threads that are at work on a call.")
        busy.add_metric([], self.calls.busy_threads)
        yield from (in_flight, busy)


class _SelectorCacheCollector(Collector):
    """Collects statistics of the caches of device selectors."""

    def collect(self) -> Iterator[Metric]:
        """Give the metrics as they are now."""
        hits, misses, entries = (
            kind(f"modelplane_selector_cache_{what}", text, labels=["cache"])
            for kind, what, text in (
                (CounterMetricFamily, "hits", "Answers about device selectors that were known."),
                (CounterMetricFamily, "misses", "Answers about device selectors that were not known."),
                (GaugeMetricFamily, "entries", "Answers about device selectors that are known."),
            )
        )
        for name, statistics in sorted(cache_statistics().items()):
            hits.add_metric([name], statistics.hits)
            misses.add_metric([name], statistics.misses)
            entries.add_metric([name], statistics.entries)
        yield from (hits, misses, entries)


def outcome(composition: Composition) -> str:
    """Name the outcome of a call: ended before it was answered, fatal, held, ready or unready."""
    held = next((c.reason for c in composition.conditions if c.type == HELD and c.status is Status.TRUE), "")
    if composition.fatal:
        return "ended" if held == DEADLINE_EXCEEDED else "fatal"
    if held:
        return "held"
    return "ready" if composition.ready else "unready"


def configure_logs(*, debug: bool) -> None:
    """Write logs as one JSON object a line to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def log_call(log: Any, observation: Observation, composition: Composition, seconds: float) -> None:
    """Write the one line of a call: louder than at DEBUG when it was fatal, ended or has events."""
    fields = {
        "tag": observation.tag,
        "kind": observation.kind,
        "name": "/".join(filter(None, (observation.namespace, observation.name))),
        "outcome": outcome(composition),
        "children": len(composition.children),
        "milliseconds": round(seconds * 1000, 1),
    }
    if fields["outcome"] == "ended":
        log.warning("call ended", reason=composition.fatal, **fields)
    elif composition.fatal:
        log.error("composing failed", reason=composition.fatal, **fields)
    elif composition.events:
        log.info("composed", events=[event.reason for event in composition.events], **fields)
    else:
        log.debug("composed", **fields)
