"""What of a ServingStack must outlive what when it is deleted, kept by owners that wait."""

from typing import Any

from function.composition import Manifest, unstructured
from function.fleet.stack.promises import PROMISES
from tests.fleet.builders import cluster, compose_cluster, manifests, observed, running_cluster
from tests.fleet.stack.builders import (
    CONFIGS,
    OBJECTS,
    RELEASES,
    compose_installed,
    compose_stack,
    installed,
    part_keys,
    stack,
)

OWNERS = {
    **dict.fromkeys(RELEASES, "provider-config-helm"),
    **dict.fromkeys(OBJECTS, "provider-config-kubernetes"),
    "gateway": "gateway-class",
    "provider-config-kubernetes": "envoy-gateway",
}


def owners(children: dict[str, Manifest], composed: dict[str, Manifest]) -> dict[str, str]:
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
            assert key not in found, "an object with two owners would lose the other"
            found[key] = keys[owner["uid"]]
    return found


def foreground_deleted(composed: dict[str, Manifest]) -> set[str]:
    return {key for key, body in composed.items() if unstructured.dig(body, "metadata", "finalizers")}


def being_deleted(children: dict[str, Manifest], key: str, **metadata: Any) -> dict[str, Manifest]:
    """The children with one that somebody has deleted."""
    seen = children[key]
    gone = {**seen["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z", **metadata}
    return {**children, key: {**seen, "metadata": gone}}


def test_a_whole_stack_is_seventeen_parts_and_two_provider_configs() -> None:
    assert set(compose_installed().children) == CONFIGS | RELEASES | OBJECTS


def test_configs_outlive_their_users_the_class_its_gateway_and_envoy_gateway_both() -> None:
    children = installed(stack())
    composed = manifests(compose_stack(stack(), children))
    assert owners(children, composed) == OWNERS
    assert foreground_deleted(composed) == set(OWNERS.values())
    for key in foreground_deleted(composed):
        assert composed[key]["metadata"]["finalizers"] == ["foregroundDeletion"]


def test_every_part_is_kept_from_the_moment_at_which_it_is_first_composed() -> None:
    children: dict[str, Manifest] = {}
    for _ in range(8):
        composed = manifests(compose_stack(stack(), children))
        kept = owners(children, composed)
        assert {key for key in kept if key in RELEASES | OBJECTS} == part_keys(compose_stack(stack(), children))
        assert set(kept.values()) <= foreground_deleted(composed)
        children = observed(compose_stack(stack(), children))


def test_without_envoy_gateway_the_provider_configs_go_each_after_its_own_users() -> None:
    wanted = stack(installed=["envoyGateway"])
    children = installed(wanted)
    found = owners(children, manifests(compose_stack(wanted, children)))
    looked_for = {promise.key for promise in PROMISES if promise.component == "envoyGateway"}
    assert found == {
        **{key: owner for key, owner in OWNERS.items() if "envoy-gateway" not in (key, owner)},
        **dict.fromkeys(looked_for, "provider-config-kubernetes"),
    }


def test_an_owner_that_is_being_deleted_keeps_nothing_and_gets_no_finalizer() -> None:
    children = being_deleted(installed(stack()), "gateway-class")
    composed = manifests(compose_stack(stack(), children))
    assert "gateway" not in owners(children, composed)
    assert "gateway-class" not in foreground_deleted(composed)
    assert "gateway-class" in composed


def test_an_owner_that_waits_goes_on_waiting() -> None:
    children = being_deleted(installed(stack()), "gateway-class", finalizers=["foregroundDeletion", "other"])
    assert "gateway-class" in foreground_deleted(manifests(compose_stack(stack(), children)))


def test_a_stack_goes_only_after_everything_that_it_composes() -> None:
    obj, children = running_cluster(cluster())
    assert foreground_deleted(manifests(compose_cluster(obj))) == {"serving-stack"}
    assert foreground_deleted(manifests(compose_cluster(obj, children))) == {"serving-stack"}
