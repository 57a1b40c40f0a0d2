"""Reasons that lie with nodes: pools suit the engines, and are too full or too small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Final, Self

from function.scheduling.reasons.base import UnschedulableReason
from function.scheduling.words import for_engine, plural

_ENLARGE: Final = "Free nodes or enlarge a pool: a pod takes its node whole."


@dataclass(frozen=True, slots=True)
class NotEnoughNodes(UnschedulableReason):
    """A pool matches the engine, but has too few free nodes; the roomiest of such pools.

    Attributes:
        pool: The pool.
        needed: Nodes that the engine takes.
        free: Nodes that are free in the pool; negative when it is overcommitted.
        engine: The engine; empty when the deployment has only one.
    """

    position = 110
    distance = 20
    general = "with too few free nodes"
    remedy = _ENLARGE

    pool: str
    needed: int
    free: int
    engine: str = ""

    @property
    def phrase(self) -> str:
        """How many nodes are needed, where, and how many are free."""
        where = f"{self.pool}{for_engine(self.engine)}"
        return f"needs {plural(self.needed, 'free node')} in pool {where} ({max(self.free, 0)} free)"

    @property
    def gist(self) -> Self:
        """Pools and what is free in them may differ."""
        return replace(self, pool="", free=0)

    @classmethod
    def summarize(cls, alike: Sequence[Self]) -> str:
        """The most that is free in one pool."""
        first = alike[0]
        if len(alike) == 1:
            return first.phrase
        names = {reason.pool for reason in alike}
        where = f"pool {names.pop()}" if len(names) == 1 else "one pool"
        free = {max(reason.free, 0) for reason in alike}
        most = f"{max(free)} free at most" if len(free) > 1 else f"{max(free)} free"
        return f"need {plural(first.needed, 'free node')} in {where}{for_engine(first.engine)} ({most})"


@dataclass(frozen=True, slots=True)
class EnginesTooLarge(UnschedulableReason):
    """Each engine would fit alone, but all of them do not fit together.

    Attributes:
        needed: Nodes that all engines take.
        free: Nodes that are free in the pools that match any of them.
    """

    position = 120
    distance = 30
    general = "too small for all engines at once"
    remedy = _ENLARGE

    needed: int
    free: int

    @property
    def phrase(self) -> str:
        """How many nodes are needed, and how many are free."""
        return f"{self.general} ({plural(self.needed, 'node')} needed, {self.free} free)"


@dataclass(frozen=True, slots=True)
class NodesTooSmall(UnschedulableReason):
    """Pools have the devices for the engine, but a pod requests more of its node than any of them has.

    Attributes:
        pool: The pool that comes closest.
        resource: What its nodes have too little of: `cpu` or `memory`.
        needed: How much of it a pod requests, in thousandths of processors or in bytes.
        available: How much of it a node has for pods, likewise.
        engine: The engine; empty when the deployment has only one.
    """

    position = 125
    distance = 65
    general = "with nodes that are too small"
    remedy = "Request less, add a pool with larger nodes, or correct spec.node (reserved too) of the InferenceClass."

    pool: str
    resource: str
    needed: int
    available: int
    engine: str = ""

    @property
    def phrase(self) -> str:
        """What a pod requests, and what a node has."""
        return _worded(self, f"a node of pool {self.pool}", "for pods")

    @property
    def gist(self) -> Self:
        """Pools and what their nodes have may differ."""
        return replace(self, pool="", available=0)

    @classmethod
    def summarize(cls, alike: Sequence[Self]) -> str:
        """The most that a node has."""
        largest = max(alike, key=lambda reason: (reason.available, reason.pool))
        return largest.phrase if len(set(alike)) == 1 else _worded(largest, "a node", "for pods at most")


def _worded(reason: NodesTooSmall, node: str, whose: str) -> str:
    amount, unit = _AMOUNTS[reason.resource]
    figures = f"requests {amount(reason.needed)}{unit}, and {node} has {amount(reason.available)} {whose}"
    return f"{reason.general}{for_engine(reason.engine)} (a pod {figures})"


def _gibibytes(amount: int) -> str:
    """Round down, so that too little never looks like enough."""
    return f"{floor(amount / 2**30 * 100) / 100:g} GiB"


_AMOUNTS: Final[Mapping[str, tuple[Callable[[int], str], str]]] = {
    "cpu": (lambda amount: f"{amount / 1000:g}", " processors"),
    "memory": (_gibibytes, " of memory"),
}
"""How an amount of a resource is written, and what it is an amount of."""


@dataclass(frozen=True, slots=True)
class TooComplex(UnschedulableReason):
    """There are too many ways to place several things to try them all, and the likeliest do not work.

    Or evaluating the selectors on all kinds of devices of the fleet costs too much.

    Attributes:
        requests: How many device requests of one pod are to be met together; 0 when it is engines.
        engines: How many engines are to be placed together; 0 when it is device requests.
        places: Over how many entries of a node's devices, or node pools.
        engine: The engine whose requests they are; empty when the deployment has only one.
    """

    position = 130
    distance = 70
    general = "too complex to match"
    remedy = "Put requests for the same devices into one with a count, loop less in selectors, or split it."

    requests: int = 0
    engines: int = 0
    places: int = 0
    engine: str = ""

    @property
    def phrase(self) -> str:
        """How many of what have to be placed together."""
        if self.engines:
            return f"too complex to place ({plural(self.engines, 'engine')} over {self.places} node pools)"
        figures = f"{plural(self.requests, 'request')} of a pod over {self.places} kinds of devices"
        return f"{self.general}{for_engine(self.engine)} ({figures})"
