"""A request without selectors means a DeviceClass, as a request of DRA does, and says so by its name."""

from itertools import product
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.scheduling import CountTooSmall, DeviceRequirement, NoDevice, ResolvedRequest
from function.scheduling.allocation import Allocation, allocate
from function.selectors import Claim, Device
from tests.support.fleets import GPU, cluster, deployment, engine, gpu, nic, plan, pool, request, standalone


def device(name: str, device_class: str, *, count: int = 8, claim: Claim = Claim.DRA) -> Device:
    return Device(name, device_class, device_class if claim is Claim.DRA else "", claim, count)


def any_of(name: str, count: int = 1) -> DeviceRequirement:
    return DeviceRequirement(name, count)


def claimed(name: str, device_class: str, count: int = 1) -> ResolvedRequest:
    return ResolvedRequest(name, device_class, count, ())


RDMA = device("rdma", "dra.net")
XPU = device("xpu", "gpu.intel.com")


def test_it_takes_any_device_of_the_class_of_the_device_that_is_named_like_it() -> None:
    assert allocate((any_of("xpu", 4),), (RDMA, XPU)) == Allocation((claimed("xpu", "gpu.intel.com", 4),))
    small = device("xpu-small", "gpu.intel.com", count=16)
    assert allocate((any_of("xpu", 12),), (XPU, small)) == Allocation((claimed("xpu", "gpu.intel.com", 12),))


@pytest.mark.parametrize(
    ("devices", "names"), [((XPU,), ("xpu",)), ((XPU, RDMA), ("rdma", "xpu")), ((nic(), XPU), ("xpu",))]
)
def test_which_class_another_name_means_is_never_guessed(devices: tuple[Device, ...], names: tuple[str, ...]) -> None:
    assert allocate((any_of("accelerator"),), devices) == NoDevice("accelerator", unnamed=names)


def test_each_of_several_requests_takes_the_class_that_it_is_named_after() -> None:
    both = Allocation((claimed("xpu", "gpu.intel.com"), claimed("rdma", "dra.net")))
    assert allocate((any_of("xpu"), any_of("rdma")), (XPU, RDMA)) == both
    assert allocate((any_of("xpu"), any_of("rdma")), (XPU,)) == NoDevice("rdma", unnamed=("xpu",))


@pytest.mark.parametrize(
    "devices", [(), (nic(),), (device("nic", "", claim=Claim.SYNTHETIC),), (Device("nic", "x", claim=Claim.DRA),)]
)
def test_it_never_takes_what_pods_cannot_claim(devices: tuple[Device, ...]) -> None:
    assert allocate((any_of("nic"),), devices) == NoDevice("nic")


def test_it_needs_its_whole_count_from_one_device() -> None:
    assert allocate((any_of("xpu", 9),), (XPU, device("more", "gpu.intel.com"))) == CountTooSmall("xpu", 9, 8)


def test_it_shares_the_devices_of_a_node_with_requests_that_have_selectors() -> None:
    answer = allocate((request("big", 4), any_of("gpu", 5)), (gpu(),))
    assert answer == CountTooSmall("gpu", 5, 8, shared=True)


def test_the_message_says_what_there_is_and_what_to_do() -> None:
    fleet = [cluster("a", pool("p", 1, RDMA, XPU))]
    diagnosis = plan(fleet, deployment(1, engine(standalone(any_of("accelerator"))))).diagnosis
    assert diagnosis.message(0, 1) == (
        "0 of 1 placed, 1 cluster: 1 no device for request accelerator (it has no selectors, and is not named like one "
        "of rdma, xpu). Give the request a selector, or the name of a device in the clusters' status.gpuPools."
    )


NAMES = st.sampled_from(["a", "b", "c"])
CLASSES = st.sampled_from(["one", "two"])
KINDS = st.tuples(NAMES, CLASSES, st.integers(0, 4), st.booleans())
NODES = st.lists(KINDS, max_size=3, unique_by=itemgetter(0))
ASKED = st.lists(st.tuples(NAMES, st.integers(1, 4), st.booleans()), max_size=3, unique_by=itemgetter(0))


@given(NODES, ASKED)
def test_allocating_agrees_with_trying_everything(
    kinds: list[tuple[str, str, int, bool]], asked: list[tuple[str, int, bool]]
) -> None:
    devices = tuple(
        device(name, kind, count=count, claim=Claim.DRA if real else Claim.SYNTHETIC)
        for name, kind, count, real in kinds
    )
    requests = tuple(
        DeviceRequirement(name, count, ('device.driver == "one"',) if selects else ()) for name, count, selects in asked
    )
    ways = [
        way
        for way in product(devices, repeat=len(requests))
        if all(_does(request, place, devices) for request, place in zip(requests, way, strict=True))
        and all(
            sum(request.count for request, place in zip(requests, way, strict=True) if place is each) <= each.count
            for each in devices
        )
    ]
    assert isinstance(allocate(requests, devices), Allocation) == bool(ways)


def _does(request: DeviceRequirement, place: Device, devices: tuple[Device, ...]) -> bool:
    if request.selectors:
        return place.driver == "one"
    if place.claim is not Claim.DRA:
        return False
    real = {each.name: each.device_class for each in devices if each.claim is Claim.DRA}
    return place.device_class == real.get(request.name)


def test_selectors_decide_alone_where_there_are_any() -> None:
    asked = DeviceRequirement("rdma", 1, (GPU,))
    assert allocate((asked,), (RDMA, gpu())) == Allocation((ResolvedRequest("rdma", "gpu.example.com", 1, (GPU,)),))
