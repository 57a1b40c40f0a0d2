"""Every reason carries its own words."""

import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from function.scheduling import (
    BackedOff,
    ConstraintUnmet,
    CountTooSmall,
    EnginesTooLarge,
    NodesTooSmall,
    NoDevice,
    NoGateway,
    NoNodePools,
    NotEnoughNodes,
    NotPermitted,
    NotReady,
    NotSelected,
    PodsTooPrivileged,
    PoolsUnknown,
    ReservedNamespace,
    SyntheticOnly,
    Tainted,
    Terminating,
    TooComplex,
    UnschedulableReason,
)

PHRASES: dict[UnschedulableReason, str] = {
    NotSelected(): "not selected",
    NotSelected((("tier", "gold"), ("zone", "x"))): "not selected (lacks tier=gold,zone=x)",
    ReservedNamespace("ml"): "with namespace ml reserved",
    NotPermitted(("a", "b")): "without permission for a, b",
    NotPermitted(("a", "b", "c", "d", "e")): "without permission for a, b, c and 2 more",
    PodsTooPrivileged("baseline", "privileged", ("spec.hostNetwork: true", "spec.hostIPC: true")): (
        "with pod security baseline, which does not admit spec.hostNetwork: true, spec.hostIPC: true"
    ),
    Terminating(): "being deleted",
    NotReady(): "not ready",
    NoGateway(): "without a gateway address",
    PoolsUnknown(): "without published node pools",
    NoNodePools(): "without GPU node pools",
    Tainted("team"): "tainted team",
    Tainted("team", "NoExecute"): "tainted team:NoExecute",
    BackedOff("a100"): "left a moment ago (pool a100)",
    BackedOff("a100", "10:00"): "left a moment ago (pool a100, not before 10:00)",
    NotEnoughNodes("a100", 1, 0, "decode"): "needs 1 free node in pool a100 for engine decode (0 free)",
    NotEnoughNodes("a100", 2, -1): "needs 2 free nodes in pool a100 (0 free)",
    EnginesTooLarge(8, 6): "too small for all engines at once (8 nodes needed, 6 free)",
    NodesTooSmall("l4", "cpu", 64_000, 6_900): (
        "with nodes that are too small (a pod requests 64 processors, and a node of pool l4 has 6.9 for pods)"
    ),
    NodesTooSmall("l4", "memory", 24 * 2**30, 24 * 2**30 - 1, "a"): (
        "with nodes that are too small for engine a (a pod requests 24 GiB of memory, and a node of pool l4 has 23.99 "
        "GiB for pods)"
    ),
    TooComplex(requests=16, places=8): "too complex to match (16 requests of a pod over 8 kinds of devices)",
    TooComplex(requests=1, places=8, engine="a"): (
        "too complex to match for engine a (1 request of a pod over 8 kinds of devices)"
    ),
    TooComplex(engines=9, places=2): "too complex to place (9 engines over 2 node pools)",
    CountTooSmall("gpu", 8, 4): "too few devices for request gpu (8 needed, a node has at most 4 of a kind)",
    CountTooSmall("nic", 2, 2, shared=True, engine="b"): (
        "too few devices for request nic of engine b (2 needed beside other requests, a node has at most 2 of a kind)"
    ),
    ConstraintUnmet("example.com/numa", ("gpu", "nic", "disk")): (
        "no devices for requests gpu, nic and disk with the same example.com/numa"
    ),
    ConstraintUnmet(
        "example.com/numa", ("gpu",), "a"
    ): "no devices for request gpu of engine a with the same example.com/numa",
    NoDevice("nic", unnamed=("gpu", "rdma")): (
        "no device for request nic (it has no selectors, and is not named like one of gpu, rdma)"
    ),
    SyntheticOnly(): "nothing to claim (only synthetic devices match)",
    SyntheticOnly("decode"): "nothing to claim for engine decode (only synthetic devices match)",
    NoDevice("gpu"): "no device for request gpu (no devices)",
    NoDevice("gpu", 1, false=1, engine="a"): "no device for request gpu of engine a (selector 2 false on 1 device)",
    NoDevice("gpu", 0, false=2, errors=1): "no device for request gpu (selector 1 false on 2 devices, error on 1)",
    NoDevice("gpu", 0, errors=1, error="no such key: x"): (
        "no device for request gpu (selector 1 error on 1 device: no such key: x)"
    ),
}


def every_reason(base: type[UnschedulableReason] = UnschedulableReason) -> Iterator[type[UnschedulableReason]]:
    """All classes of reasons in the package; a dataclass with slots replaces the class that it was made from."""
    gc.collect()
    for reason in base.__subclasses__():
        if (
            reason.__module__.startswith("function.")
            and vars(sys.modules[reason.__module__])[reason.__name__] is reason
        ):
            yield reason
            yield from every_reason(reason)


@pytest.mark.parametrize(("reason", "phrase"), PHRASES.items(), ids=PHRASES.values())
def test_a_reason_is_put_into_words_for_one_cluster(reason: UnschedulableReason, phrase: str) -> None:
    assert reason.phrase == phrase


def test_every_reason_has_an_example_here() -> None:
    assert {type(reason) for reason in PHRASES} == set(every_reason())


@pytest.mark.parametrize("reason", PHRASES, ids=PHRASES.values())
def test_every_reason_can_be_summed_up_and_advised_on(reason: UnschedulableReason) -> None:
    assert reason.general
    assert type(reason).summarize([reason, reason])
    assert type(reason).advise([reason]).endswith(".") or isinstance(reason, Terminating)


def test_no_two_reasons_share_a_position_or_a_distance() -> None:
    reasons = list(every_reason())
    assert len({reason.position for reason in reasons}) == len({reason.distance for reason in reasons}) == len(reasons)


def test_the_reason_that_is_nearest_to_a_place_gives_the_remedy() -> None:
    assert sorted(every_reason(), key=lambda reason: reason.distance) == [
        BackedOff,
        NotEnoughNodes,
        EnginesTooLarge,
        Tainted,
        PodsTooPrivileged,
        NotPermitted,
        ReservedNamespace,
        NodesTooSmall,
        TooComplex,
        ConstraintUnmet,
        CountTooSmall,
        SyntheticOnly,
        NoDevice,
        NoNodePools,
        PoolsUnknown,
        NoGateway,
        NotReady,
        NotSelected,
        Terminating,
    ]


def test_a_reason_without_all_of_its_words_is_refused_where_it_is_defined() -> None:
    with pytest.raises(TypeError, match="Wordless lacks general, remedy, phrase: every reason carries its own words"):

        @dataclass(frozen=True, slots=True)
        class Wordless(UnschedulableReason):
            position = 1
            distance = 1
