from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.scheduling import CountTooSmall, DeviceRequirement, NoDevice, ResolvedRequest
from function.scheduling.allocation import Allocation, allocate
from function.selectors import Claim, Device
from tests.support.fleets import ANY, GPU, gpu, is_model, nic, request

BOTH = is_model("a") + " || " + is_model("b")


def resolved(name: str, count: int, *selectors: str) -> ResolvedRequest:
    return ResolvedRequest(name, "gpu.example.com", count, selectors or (GPU,))


def test_no_requests_are_met_by_any_devices_and_claim_nothing() -> None:
    assert allocate((), ()) == Allocation()


def test_two_requests_do_not_share_a_device_that_is_there_once() -> None:
    answer = allocate((request("x"), request("y")), (gpu(count=1),))
    assert answer == CountTooSmall("y", 1, 1, shared=True)


@pytest.mark.parametrize(("count", "fits"), [(4, True), (5, False)])
def test_counts_of_one_device_are_used_up_by_all_requests(count: int, fits: bool) -> None:  # noqa: FBT001
    answer = allocate((request("x", count), request("y", count)), (gpu(count=8),))
    both = Allocation((resolved("x", count), resolved("y", count)))
    assert answer == (both if fits else CountTooSmall("y", count, 8, shared=True))


def test_counts_of_several_devices_are_never_added_up() -> None:
    assert allocate((request("x", 8),), (gpu(count=4), gpu(count=4))) == CountTooSmall("x", 8, 4)


def test_a_device_there_zero_times_meets_no_request() -> None:
    assert allocate((request("x", 1),), (gpu(count=0),)) == CountTooSmall("x", 1, 0)


def test_a_flexible_request_leaves_the_only_device_that_a_picky_one_can_use() -> None:
    requests = (request("flexible", 1, BOTH), request("picky", 1, is_model("a")))
    answer = allocate(requests, (gpu("a", count=1), gpu("b", count=1)))
    assert answer == Allocation((resolved("flexible", 1, BOTH), resolved("picky", 1, is_model("a"))))


def test_a_device_that_pods_claim_is_preferred_when_nothing_else_would_be_claimed() -> None:
    assert allocate((request("x", 1, ANY),), (nic(), gpu())) == Allocation((resolved("x", 1, ANY),))


def test_a_synthetic_device_is_used_up() -> None:
    answer = allocate(
        (request("gpu"), request("x", 1, "!(" + GPU + ")"), request("y", 1, "!(" + GPU + ")")), (gpu(), nic())
    )
    assert answer == CountTooSmall("y", 1, 1, shared=True)


def test_a_device_without_a_class_cannot_be_claimed() -> None:
    device = Device("gpu", "gpu.example.com", claim=Claim.DRA, count=8)
    message = "the device has no device class to claim it through"
    assert allocate((request("x"),), (device,)) == NoDevice("x", 0, errors=1, error=message)


def test_the_selector_that_the_most_promising_devices_fail_is_named() -> None:
    asked = request("x", 1, GPU, is_model("a"), 'device.attributes["gpu.example.com"].size == 1')
    answer = allocate((asked,), (nic(), gpu("b"), gpu("a"), gpu("a")))
    assert answer == NoDevice("x", 2, false=0, errors=2, error="no such key: size")


def test_without_devices_nothing_is_false() -> None:
    assert allocate((request("x"),), ()) == NoDevice("x")


def test_an_allocation_is_never_asked_for_with_a_selector_that_does_not_compile() -> None:
    with pytest.raises(ValueError, match="does not compile"):
        allocate((request("x", 1, "("),), (gpu(),))


DEVICES = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 4), st.booleans()), max_size=4)
REQUESTS = st.lists(st.tuples(st.sampled_from([is_model("a"), is_model("b"), BOTH]), st.integers(1, 4)), max_size=4)


@given(DEVICES, REQUESTS)
def test_allocating_agrees_with_trying_everything(
    kinds: list[tuple[str, int, bool]],
    asked: list[tuple[str, int]],
) -> None:
    devices = tuple(
        gpu(model, count=count) if real else _synthetic(gpu(model, count=count)) for model, count, real in kinds
    )
    requests = tuple(DeviceRequirement(f"r{place}", count, (text,)) for place, (text, count) in enumerate(asked))
    ways = [way for way in product(range(len(devices)), repeat=len(requests)) if _holds(way, devices, kinds, asked)]
    answer = allocate(requests, devices)
    assert isinstance(answer, Allocation) == bool(ways)
    if isinstance(answer, Allocation):
        claims = [
            tuple(request for request, place in zip(requests, way, strict=True) if kinds[place][2]) for way in ways
        ]
        first = next((claim for claim in claims if claim), ())
        assert [one.name for one in answer.requests] == [one.name for one in first]


def _synthetic(device: Device) -> Device:
    return Device(device.name, device.driver, "", Claim.SYNTHETIC, device.count, device.attributes, device.capacity)


def _holds(
    way: tuple[int, ...],
    devices: tuple[Device, ...],
    kinds: list[tuple[str, int, bool]],
    asked: list[tuple[str, int]],
) -> bool:
    right = all(f'"{kinds[place][0]}"' in text for place, (text, _) in zip(way, asked, strict=True))
    return right and all(
        sum(count for place, (_, count) in zip(way, asked, strict=True) if place == one) <= device.count
        for one, device in enumerate(devices)
    )
