"""Reasons that lie with devices: no pool has what the pods request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from function.scheduling.reasons.base import UnschedulableReason
from function.scheduling.words import for_engine, of_engine, plural

_NAME: Final = "Give the request a selector, or the name of a device in the clusters' status.gpuPools."
_GUARD: Final = "Guard with has() what a device may lack: where a selector fails, Kubernetes allocates nothing at all."


@dataclass(frozen=True, slots=True)
class CountTooSmall(UnschedulableReason):
    """Devices match, but no single entry of a node's devices has as many as are requested.

    Attributes:
        request: The device request.
        needed: How many it asks for.
        available: The largest count among the devices that match.
        shared: Whether the devices would do for this request alone, but others need them too.
        engine: The engine; empty when the deployment has only one.
    """

    position = 140
    distance = 80
    general = "with too few devices per node"
    remedy = "Request fewer devices per pod, or add a pool with larger nodes."

    request: str
    needed: int
    available: int
    shared: bool = False
    engine: str = ""

    @property
    def phrase(self) -> str:
        """How many are needed, and how many a node has."""
        beside = " beside other requests" if self.shared else ""
        figures = f"({self.needed} needed{beside}, a node has at most {self.available} of a kind)"
        return f"too few devices for request {self.request}{of_engine(self.engine)} {figures}"

    @property
    def gist(self) -> Self:
        """What nodes have may differ."""
        return replace(self, available=0)

    @classmethod
    def summarize(cls, alike: Sequence[Self]) -> str:
        """The most that a node has."""
        return replace(alike[0], available=max(reason.available for reason in alike)).phrase


@dataclass(frozen=True, slots=True)
class ConstraintUnmet(UnschedulableReason):
    """Devices match every request, but those that do differ in what they must have in common.

    Attributes:
        attribute: The attribute that they must have in common.
        requests: The requests whose devices they are.
        engine: The engine; empty when the deployment has only one.
    """

    position = 145
    distance = 75
    general = "with devices that differ in what they must share"
    remedy = "Compare the constraint with the devices in the clusters' status.gpuPools."

    attribute: str
    requests: tuple[str, ...] = ()
    engine: str = ""

    @property
    def phrase(self) -> str:
        """The attribute and the requests."""
        return f"no devices for {_requests(self.requests)}{of_engine(self.engine)} with the same {self.attribute}"


def _requests(names: Sequence[str]) -> str:
    """Name requests."""
    *others, last = names or ("",)
    return f"requests {', '.join(others)} and {last}" if others else f"request {last}"


@dataclass(frozen=True, slots=True)
class SyntheticOnly(UnschedulableReason):
    """Devices match, but none that pods can claim, so the engine would hold no accelerator."""

    position = 150
    distance = 90
    general = "with nothing to claim"
    remedy = "Request a device that pods claim through DRA."

    engine: str = ""

    @property
    def phrase(self) -> str:
        """The engine."""
        return f"nothing to claim{for_engine(self.engine)} (only synthetic devices match)"


@dataclass(frozen=True, slots=True)
class NoDevice(UnschedulableReason):
    """No device passes every selector of a request.

    Attributes:
        request: The device request.
        selector: Index of the selector that rejected the most promising devices, from 0.
        false: On how many devices it was not true.
        errors: On how many devices it could not be evaluated.
        error: The message of one such error.
        misspelt: A key that the selector asks for and no device of the node has; empty unless one is much like it.
        meant: The key that it is like.
        unnamed: The devices that pods could claim, for a request that has no selectors and means none of them.
        engine: The engine; empty when the deployment has only one.
    """

    position = 160
    distance = 100
    general = "without a device for a request"
    remedy = "Compare the selectors with the devices in the clusters' status.gpuPools."

    request: str
    selector: int = 0
    false: int = 0
    errors: int = 0
    error: str = ""
    engine: str = ""
    unnamed: tuple[str, ...] = ()
    misspelt: str = ""
    meant: str = ""

    @property
    def phrase(self) -> str:
        """The selector, and what it was on how many devices."""
        if self.unnamed:
            devices = ", ".join(self.unnamed)
            return (
                f"no device for request {self.request}{of_engine(self.engine)}"
                f" (it has no selectors, and is not named like one of {devices})"
            )
        error = f": {self.error}" if self.error else ""
        return f"no device for request {self.request}{of_engine(self.engine)} ({self._verdicts}{error})"

    @property
    def _verdicts(self) -> str:
        number = self.selector + 1
        if self.false and self.errors:
            return f"selector {number} false on {plural(self.false, 'device')}, error on {self.errors}"
        if self.errors:
            return f"selector {number} error on {plural(self.errors, 'device')}"
        if self.false:
            return f"selector {number} false on {plural(self.false, 'device')}"
        return "no devices"

    @property
    def gist(self) -> Self:
        """The figures may differ."""
        return replace(self, false=0, errors=0, error="", misspelt="", meant="")

    @classmethod
    def summarize(cls, alike: Sequence[Self]) -> str:
        """The devices of all clusters together."""
        false, errors = sum(reason.false for reason in alike), sum(reason.errors for reason in alike)
        return replace(alike[0], false=false, errors=errors, error="").phrase

    @classmethod
    def advise(cls, alike: Sequence[Self]) -> str:
        """What a key was probably meant to be, how to guard a selector that has failed, and how to do without."""
        misspelt = min((reason for reason in alike if reason.meant), key=lambda each: each.misspelt, default=None)
        if misspelt is not None:
            key, meant = misspelt.misspelt, misspelt.meant
            return f"Devices that lack {key} have {meant}: write that in the selector, if it is what is meant."
        if any(reason.errors for reason in alike):
            return _GUARD
        return _NAME if any(reason.unnamed for reason in alike) else cls.remedy
