"""NVIDIA's DRA driver is installed where a pool's devices are claimed from it, and is never taken away again."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from function.composition import Composition, Manifest
from function.fleet import inference_cluster
from tests.fleet.builders import (
    DEVICE,
    cluster,
    compose_cluster,
    inference_class_of,
    manifests,
    message,
    observed,
    observed_child,
    pool,
    running_cluster,
)
from tests.fleet.stack.builders import OBJECTS, RELEASES, compose_stack, installed, part_keys, stack
from tests.support.observe import answer, reasons, with_condition

DRIVER: Final = {"dra-driver", "dra-driver-critical-pods-quota"}
LOOKED_FOR: Final = "installed-gpu.nvidia.com"
AMD: Final = {"name": "gpu", "driver": "gpu.amd.com", "deviceClassName": "gpu.amd.com"}
MIXED: Final = [pool(), pool("amd", "mi300x")]
UNNEEDED: Final = ["nvidiaDraDriver"]


def amd(name: str = "l4") -> Manifest:
    return inference_class_of(name, devices=[AMD])


def offering(**fields: Any) -> Manifest:
    """A class with one device: NVIDIA's, but for these fields."""
    return inference_class_of(devices=[{**DEVICE, **fields}])


def unneeded(answered: Composition) -> Any:
    return answered.children["serving-stack"].manifest["spec"].get("unneeded")


def without(bodies: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: body for key, body in bodies.items() if key not in keys}


# ---------------------------------------------------------------------- what pools need


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"deviceClassName": "h100.example.com"},
        {"driver": "nvidia.com", "deviceClassName": "gpu.nvidia.com"},
        {"driver": "nvidia.com", "deviceClassName": "mig.nvidia.com"},
        {"driver": "nvidia.com", "deviceClassName": "vfio.gpu.nvidia.com"},
    ],
)
def test_a_cluster_whose_pods_claim_devices_of_nvidias_driver_needs_it(fields: dict[str, Any]) -> None:
    answered = compose_cluster(cluster(), classes={"l4": [offering(**fields)]})
    assert manifests(answered) == manifests(compose_cluster(cluster()))
    assert unneeded(answered) is None


@pytest.mark.parametrize(
    "made", [amd(), offering(claim="Synthetic"), offering(driver="tpu.google.com", deviceClassName="tpu.google.com")]
)
def test_a_cluster_of_which_nobody_claims_such_a_device_does_not_need_it(made: Manifest) -> None:
    answered = compose_cluster(cluster(), classes={"l4": [made]})
    expected = manifests(compose_cluster(cluster()))
    expected["serving-stack"]["spec"]["unneeded"] = UNNEEDED
    assert manifests(answered) == expected


def test_a_cluster_without_pools_does_not_need_it() -> None:
    assert unneeded(compose_cluster(cluster(nodePools=[]), classes={})) == UNNEEDED


def test_one_pool_that_needs_it_is_enough() -> None:
    classes = {"l4": [inference_class_of()], "mi300x": [amd("mi300x")]}
    answered = compose_cluster(cluster(nodePools=MIXED), classes=classes)
    assert manifests(answered) == manifests(compose_cluster(cluster()))


# ---------------------------------------------------------------------- in doubt


BROKEN: Final[list[list[Manifest]]] = [[], [{**inference_class_of(), "spec": "junk"}]]


@pytest.mark.parametrize("found", BROKEN)
def test_a_new_cluster_whose_class_is_not_known_waits_with_it(found: list[Manifest]) -> None:
    assert unneeded(compose_cluster(cluster(), classes={"l4": found})) == UNNEEDED


@pytest.mark.parametrize("found", BROKEN)
@pytest.mark.parametrize("made", [inference_class_of(), amd()])
def test_while_a_class_is_missing_or_unreadable_the_stack_is_as_it_was(made: Manifest, found: list[Manifest]) -> None:
    obj, children = running_cluster(cluster(), classes={"l4": [made]})
    before = manifests(compose_cluster(obj, children, classes={"l4": [made]}))
    assert manifests(compose_cluster(obj, children, classes={"l4": found})) == before
    assert manifests(compose_cluster(cluster(), children, classes={"l4": found})) == before


def test_while_a_class_is_not_fetched_yet_the_stack_is_as_it_was() -> None:
    obj, children = running_cluster(cluster(), classes={"l4": [amd()]})
    answered = answer_without_class(obj, children)
    assert unneeded(answered) == UNNEEDED
    obj, children = running_cluster(cluster())
    assert unneeded(answer_without_class(obj, children)) is None


def answer_without_class(obj: Manifest, children: Mapping[str, Manifest]) -> Composition:
    return answer(inference_cluster.COMPOSER, obj, children, {"model-replicas": []})


@pytest.mark.parametrize("found", BROKEN)
def test_a_pool_that_comes_with_a_class_that_is_not_known_changes_nothing(found: list[Manifest]) -> None:
    obj, children = running_cluster(cluster(), classes={"l4": [amd()]})
    more = {**obj, "spec": {**obj["spec"], "nodePools": MIXED}}
    assert unneeded(compose_cluster(more, children, classes={"l4": [amd()], "mi300x": found})) == UNNEEDED
    gone = {**obj, "spec": {**obj["spec"], "nodePools": [pool("amd", "mi300x")]}}
    _, children = running_cluster(cluster())
    assert unneeded(compose_cluster(gone, children, classes={"mi300x": found})) is None


def test_it_is_needed_once_a_class_says_so() -> None:
    _, children = running_cluster(cluster(), classes={"l4": [amd()]})
    assert unneeded(compose_cluster(cluster(), children)) is None


@pytest.mark.parametrize("said", [7, "nvidiaDraDriver", {"nvidiaDraDriver": True}, None])
def test_what_was_said_of_it_and_cannot_be_read_is_as_if_it_were_needed(said: Any) -> None:
    _, children = running_cluster(cluster(), classes={"l4": [amd()]})
    spec = {**children["serving-stack"]["spec"], "unneeded": said}
    junk = {**children, "serving-stack": {**children["serving-stack"], "spec": spec}}
    assert unneeded(compose_cluster(cluster(), junk, classes={"l4": []})) is None


# ---------------------------------------------------------------------- the stack


def test_a_pool_that_turns_to_another_vendor_takes_nothing_of_a_running_stack_away() -> None:
    obj, children = running_cluster(cluster())
    turned = {**obj, "spec": {**obj["spec"], "nodePools": [pool("amd", "mi300x")]}}
    before, after = (
        compose_cluster(found, children, classes=classes).children["serving-stack"].manifest
        for found, classes in ((obj, {"l4": [inference_class_of()]}), (turned, {"mi300x": [amd("mi300x")]}))
    )
    assert (before["spec"].get("unneeded"), after["spec"]["unneeded"]) == (None, UNNEEDED)
    parts = installed(before)
    answered, expected = compose_stack(after, parts), compose_stack(before, parts)
    assert set(answered.children) == set(parts)
    assert (manifests(answered), answered.ready) == (manifests(expected), True)


def test_a_stack_without_the_driver_is_whole_and_says_so() -> None:
    everything = compose_stack(stack(), installed(stack()))
    obj = stack(unneeded=UNNEEDED)
    answered = compose_stack(obj, installed(obj))
    assert manifests(answered) == without(manifests(everything), *DRIVER)
    assert answered.ready
    assert reasons(answered) == reasons(everything)
    assert message(answered, "StackReady") == "16 of 16 parts are ready; needed by no node pool: nvidiaDraDriver"


@pytest.mark.parametrize("there", [DRIVER, {"dra-driver"}, {"dra-driver-critical-pods-quota"}])
def test_a_driver_that_is_installed_stays_and_is_looked_after_when_no_pool_needs_it(there: set[str]) -> None:
    children = without(installed(stack()), *(DRIVER - there))
    options: dict[str, Any] = {"versions": {"nvidiaDraDriver": "0.4.1"}, "nvidiaDriverRoot": "/opt/nvidia"}
    answered, expected = (
        compose_stack(stack(**options, **more), children) for more in ({"unneeded": UNNEEDED}, dict[str, Any]())
    )
    assert set(answered.children) >= DRIVER
    assert (manifests(answered), answered.conditions) == (manifests(expected), expected.conditions)
    assert answered.ready is expected.ready is (there == DRIVER)


def test_a_driver_that_is_installed_and_fails_is_said_until_it_is_left_alone() -> None:
    children = installed(stack())
    children["dra-driver"] = observed_child("dra-driver", children["dra-driver"], "False", "no such image")
    answered = compose_stack(stack(unneeded=UNNEEDED), children)
    assert not answered.ready
    assert message(answered, "StackReady").endswith("dra-driver: Ready is False: no such image")
    alone = compose_stack(stack(unneeded=UNNEEDED, installed=UNNEEDED), children)
    assert set(alone.children) == set(children)
    assert alone.ready


def test_a_driver_that_is_needed_later_is_installed_and_waited_for() -> None:
    obj = stack(unneeded=UNNEEDED)
    answered = compose_stack(with_condition(stack(), "Ready"), installed(obj))
    assert part_keys(answered) == (RELEASES | OBJECTS) - {"dra-driver-critical-pods-quota"}
    assert not answered.ready
    assert reasons(answered)["StackReady"] == "False/Installing"
    assert part_keys(compose_stack(stack(), observed(answered))) == RELEASES | OBJECTS


def test_a_driver_that_is_said_to_be_there_is_not_looked_for_when_no_pool_needs_it() -> None:
    obj = stack(unneeded=UNNEEDED, installed=UNNEEDED)
    answered = compose_stack(obj, installed(obj))
    expected = compose_stack(stack(unneeded=UNNEEDED), installed(stack(unneeded=UNNEEDED)))
    assert (manifests(answered), answered.ready, answered.conditions) == (
        manifests(expected),
        True,
        expected.conditions,
    )


def test_a_driver_that_was_looked_for_is_not_any_more_when_no_pool_needs_it() -> None:
    there = installed(stack(installed=UNNEEDED))
    assert LOOKED_FOR in there
    answered = compose_stack(stack(unneeded=UNNEEDED, installed=UNNEEDED), there)
    assert set(answered.children) == set(there) - {LOOKED_FOR}
    assert answered.ready
