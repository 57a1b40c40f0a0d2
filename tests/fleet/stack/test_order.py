"""What of a ServingStack must outlive what when it is deleted, kept by owners that wait."""

from typing import Any

from function.composition import Manifest, unstructured
from tests.fleet.builders import cluster, compose_cluster, observed, running, shown
from tests.fleet.stack.builders import CONFIGS, OBJECTS, RELEASES, compose_stack, installed, parts, stack, whole

KEEPERS = {
    **dict.fromkeys(RELEASES, "provider-config-helm"),
    **dict.fromkeys(OBJECTS, "provider-config-kubernetes"),
    "gateway": "gateway-class",
    "provider-config-kubernetes": "envoy-gateway",
}


def keepers(children: dict[str, Manifest], composed: dict[str, Manifest]) -> dict[str, str]:
    """Which child goes only after which other one."""
    keys = {seen["metadata"]["uid"]: key for key, seen in children.items()}
    found = {}
    for key, body in composed.items():
        for owner in unstructured.items(body, "metadata", "ownerReferences"):
            assert owner["blockOwnerDeletion"] is True
            assert (owner["apiVersion"], owner["kind"]) == (
                children[keys[owner["uid"]]]["apiVersion"],
                children[keys[owner["uid"]]]["kind"],
            )
            assert key not in found, "an object with two keepers would lose one"
            found[key] = keys[owner["uid"]]
    return found


def waiting(composed: dict[str, Manifest]) -> set[str]:
    return {key for key, body in composed.items() if unstructured.dig(body, "metadata", "finalizers")}


def going(children: dict[str, Manifest], key: str, **metadata: Any) -> dict[str, Manifest]:
    """The children with one that somebody has deleted."""
    seen = children[key]
    gone = {**seen["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z", **metadata}
    return {**children, key: {**seen, "metadata": gone}}


def test_a_whole_stack_is_seventeen_parts_and_two_provider_configs() -> None:
    assert set(whole().children) == CONFIGS | RELEASES | OBJECTS


def test_configs_outlive_their_users_the_class_its_gateway_and_envoy_gateway_both() -> None:
    children = installed(stack())
    composed = shown(compose_stack(stack(), children))
    assert keepers(children, composed) == KEEPERS
    assert waiting(composed) == set(KEEPERS.values())
    for key in waiting(composed):
        assert composed[key]["metadata"]["finalizers"] == ["foregroundDeletion"]


def test_every_part_is_kept_from_the_moment_at_which_it_is_first_composed() -> None:
    children: dict[str, Manifest] = {}
    for _ in range(8):
        composed = shown(compose_stack(stack(), children))
        kept = keepers(children, composed)
        assert {key for key in kept if key in RELEASES | OBJECTS} == parts(compose_stack(stack(), children))
        assert set(kept.values()) <= waiting(composed)
        children = observed(compose_stack(stack(), children))


def test_without_envoy_gateway_the_provider_configs_go_each_after_its_own_users() -> None:
    wanted = stack(installed=["envoyGateway"])
    children = installed(wanted)
    found = keepers(children, shown(compose_stack(wanted, children)))
    assert found == {key: keeper for key, keeper in KEEPERS.items() if "envoy-gateway" not in (key, keeper)}


def test_a_keeper_that_is_being_deleted_keeps_nothing_and_gets_no_finalizer() -> None:
    children = going(installed(stack()), "gateway-class")
    composed = shown(compose_stack(stack(), children))
    assert "gateway" not in keepers(children, composed)
    assert "gateway-class" not in waiting(composed)
    assert "gateway-class" in composed


def test_a_keeper_that_waits_goes_on_waiting() -> None:
    children = going(installed(stack()), "gateway-class", finalizers=["foregroundDeletion", "other"])
    assert "gateway-class" in waiting(shown(compose_stack(stack(), children)))


def test_a_stack_goes_only_after_everything_that_it_composes() -> None:
    obj, children = running(cluster())
    assert waiting(shown(compose_cluster(obj))) == {"serving-stack"}
    assert waiting(shown(compose_cluster(obj, children))) == {"serving-stack"}
