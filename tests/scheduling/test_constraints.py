"""What the devices of a pod must have in common: refuted by what is published, and otherwise left to the node."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.scheduling import (
    ConstraintUnmet,
    CountTooSmall,
    DeviceRequirement,
    MatchAttribute,
    MemberSpec,
    TooComplex,
)
from function.scheduling.allocation import Allocation, AllocationFailure, allocate
from function.scheduling.packing import CycleBudget
from function.selectors import Claim, Device, Value
from tests.support.fleets import cluster, deployment, engine, places, plan, pool

NUMA = "example.com/numa"
ROOT = "resource.kubernetes.io/pcieRoot"


def device(name: str, count: int = 8, *, claim: Claim = Claim.DRA, **attributes: Value) -> Device:
    """A kind of device with a driver of its own; `_` stands for the domain `example.com` before a name."""
    keyed = {key.replace("_", "example.com/"): value for key, value in attributes.items()}
    driver = f"{name}.example.com"
    published = tuple(sorted(keyed.items()))
    return Device(name, driver, driver if claim is Claim.DRA else "", claim, count, published)


def on(name: str, numa: int | None, count: int = 8, claim: Claim = Claim.DRA) -> Device:
    return device(name, count, claim=claim, **({} if numa is None else {"_numa": Value.integer(numa)}))


def one_of(name: str, *drivers: str, count: int = 1) -> DeviceRequirement:
    wanted = " || ".join(f'device.driver == "{driver}.example.com"' for driver in drivers or (name,))
    return DeviceRequirement(name, count, (wanted,))


def allocated(
    requests: tuple[DeviceRequirement, ...], devices: tuple[Device, ...], *constraints: MatchAttribute
) -> Allocation | AllocationFailure:
    return allocate(requests, devices, constraints=constraints)


PAIR = (one_of("gpu"), one_of("nic"))


@pytest.mark.parametrize(("gpus", "nics", "fits"), [(0, 0, True), (0, 1, False), (None, 1, True), (None, None, True)])
def test_only_two_different_published_values_refute_it(gpus: int | None, nics: int | None, fits: bool) -> None:  # noqa: FBT001
    answer = allocated(PAIR, (on("gpu", gpus), on("nic", nics)), MatchAttribute(NUMA))
    if fits:
        assert isinstance(answer, Allocation)
        assert answer.constraints == (MatchAttribute(NUMA),)
    else:
        assert answer == ConstraintUnmet(NUMA, ("gpu", "nic"))


def test_a_number_is_not_the_text_that_looks_like_it() -> None:
    devices = (device("gpu", _numa=Value.integer(1)), device("nic", _numa=Value.string("1")))
    assert allocated(PAIR, devices, MatchAttribute(NUMA)) == ConstraintUnmet(NUMA, ("gpu", "nic"))


def test_a_value_that_cannot_be_read_is_not_known() -> None:
    devices = (device("gpu", _numa=Value.unreadable()), on("nic", 1))
    assert isinstance(allocated((one_of("nic"),), devices, MatchAttribute(NUMA)), Allocation)


def test_an_attribute_without_a_domain_is_of_the_drivers_own() -> None:
    devices = (device("gpu", numa=Value.integer(0)), device("nic", numa=Value.integer(1)))
    assert isinstance(allocated(PAIR, devices, MatchAttribute("gpu.example.com/numa")), Allocation)
    twice = (one_of("gpu", "gpu", "nic"), one_of("nic", "gpu", "nic"))
    assert isinstance(allocated(twice, devices, MatchAttribute("gpu.example.com/numa")), Allocation)


def test_only_the_requests_that_it_names_must_meet_it() -> None:
    devices = (on("gpu", 0), on("nic", 1), on("disk", 1))
    requests = (*PAIR, one_of("disk"))
    assert isinstance(allocated(requests, devices, MatchAttribute(NUMA, ("nic", "disk"))), Allocation)
    assert allocated(requests, devices, MatchAttribute(NUMA, ("gpu", "nic"))) == ConstraintUnmet(NUMA, ("gpu", "nic"))


def test_another_choice_of_devices_is_found_that_meets_it() -> None:
    devices = (on("gpu", 0), on("nic", 1), on("spare", 0))
    answer = allocated((one_of("gpu"), one_of("net", "nic", "spare")), devices, MatchAttribute(NUMA))
    assert isinstance(answer, Allocation)
    assert [request.device_class for request in answer.requests] == ["gpu.example.com", "spare.example.com"]


def test_a_synthetic_device_is_claimed_by_nobody_and_has_nothing_to_share() -> None:
    devices = (on("gpu", 0), on("nic", 1, claim=Claim.SYNTHETIC))
    every, named, other = MatchAttribute(NUMA), MatchAttribute(NUMA, ("gpu", "nic")), MatchAttribute(ROOT, ("nic",))
    answer = allocated(PAIR, devices, every, named, other)
    assert isinstance(answer, Allocation)
    assert answer.constraints == (every, MatchAttribute(NUMA, ("gpu",)))


def test_what_claims_nothing_is_constrained_by_nothing() -> None:
    answer = allocated((one_of("nic"),), (on("nic", 1, claim=Claim.SYNTHETIC),), MatchAttribute(NUMA))
    assert answer == Allocation()


def test_the_first_constraint_that_is_one_too_many_is_named() -> None:
    devices = (on("gpu", 0), on("nic", 1))
    constraints = (MatchAttribute(ROOT), MatchAttribute(NUMA, ("gpu", "nic")), MatchAttribute(NUMA))
    assert allocated(PAIR, devices, *constraints) == ConstraintUnmet(NUMA, ("gpu", "nic"))


def test_too_few_devices_are_reported_as_such_also_where_something_must_be_shared() -> None:
    requests = (one_of("gpu", count=5), one_of("more", "gpu", count=5))
    assert allocated(requests, (on("gpu", 0),), MatchAttribute(NUMA)) == CountTooSmall("more", 5, 8, shared=True)


def test_too_many_ways_to_share_are_given_up_and_never_taken_for_none() -> None:
    devices = tuple(
        Device(
            f"d{number}",
            f"d{number}.example.com",
            f"d{number}.example.com",
            attributes=tuple((f"example.com/a{key:02}", Value.integer(number)) for key in range(16)),
        )
        for number in range(16)
    )
    requests = tuple(one_of(f"r{number}", *(f"d{place}" for place in range(16))) for number in range(4))
    constraints = tuple(MatchAttribute(f"example.com/a{key:02}") for key in range(16))
    assert allocate(requests, devices, CycleBudget(steps=50), constraints) == TooComplex(requests=4, places=16)


def test_a_deployment_goes_where_its_devices_can_share() -> None:
    member = MemberSpec("Standalone", 1, PAIR, (MatchAttribute(NUMA),))
    apart, near = pool("apart", 4, on("gpu", 0), on("nic", 1)), pool("near", 4, on("gpu", 0), on("nic", 0))
    assert places(plan([cluster("x", apart), cluster("y", near)], deployment(1, engine(member)))) == ["y/0"]
    answer = plan([cluster("x", apart)], deployment(1, engine(member)))
    assert answer.diagnosis.reasons == (("x", ConstraintUnmet(NUMA, ("gpu", "nic"))),)


NAMES = ("a", "b", "c")
VALUE = st.none() | st.integers(0, 1)
NODES = st.lists(st.tuples(VALUE, VALUE, st.integers(1, 3), st.booleans()), min_size=1, max_size=4)
ASKED = st.lists(st.tuples(st.sets(st.integers(0, 3)), st.integers(1, 2)), min_size=1, max_size=3)
SHARED = st.lists(
    st.tuples(st.integers(0, 1), st.lists(st.sampled_from(NAMES), max_size=3, unique=True)), min_size=1, max_size=3
)


@given(NODES, ASKED, SHARED)
def test_allocating_agrees_with_trying_everything(
    kinds: list[tuple[int | None, int | None, int, bool]],
    asked: list[tuple[set[int], int]],
    shared: list[tuple[int, list[str]]],
) -> None:
    devices = tuple(
        device(
            f"d{place}",
            count,
            claim=Claim.DRA if real else Claim.SYNTHETIC,
            **{f"_k{key}": Value.integer(value) for key, value in enumerate((first, second)) if value is not None},
        )
        for place, (first, second, count, real) in enumerate(kinds)
    )
    requests = tuple(
        one_of(name, *(f"d{place}" for place in sorted(wanted)), count=count) if wanted else one_of(name, count=count)
        for name, (wanted, count) in zip(NAMES, asked, strict=False)
    )
    constraints = tuple(MatchAttribute(f"example.com/k{key}", tuple(names)) for key, names in shared)
    ways = [
        way
        for way in product(range(len(devices)), repeat=len(requests))
        if _fits(way, devices, requests) and all(_met(constraint, way, devices, requests) for constraint in constraints)
    ]
    answer = allocate(requests, devices, constraints=constraints)
    assert isinstance(answer, Allocation) == bool(ways)
    if isinstance(answer, Allocation):
        best = min(ways, key=lambda way: (all(devices[place].claim is not Claim.DRA for place in way), way))
        real = [name for name, place in zip(NAMES, best, strict=False) if devices[place].claim is Claim.DRA]
        assert [request.name for request in answer.requests] == real
        assert all(set(constraint.requests) <= set(real) for constraint in answer.constraints)


def _fits(way: tuple[int, ...], devices: tuple[Device, ...], requests: tuple[DeviceRequirement, ...]) -> bool:
    wanted = all(
        f'"{devices[place].driver}"' in request.selectors[0] for place, request in zip(way, requests, strict=True)
    )
    return wanted and all(
        sum(request.count for chosen, request in zip(way, requests, strict=True) if chosen == place) <= each.count
        for place, each in enumerate(devices)
    )


def _met(
    constraint: MatchAttribute,
    way: tuple[int, ...],
    devices: tuple[Device, ...],
    requests: tuple[DeviceRequirement, ...],
) -> bool:
    values = {
        dict(devices[place].attributes).get(constraint.attribute)
        for place, request in zip(way, requests, strict=True)
        if devices[place].claim is Claim.DRA and (not constraint.requests or request.name in constraint.requests)
    }
    return len(values - {None}) <= 1
