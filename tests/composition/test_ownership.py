"""Whose an object is: namespace, group, kind, name and uid tell together, and none of them alone."""

from typing import Any

import pytest

from function.composition import Manifest, ownership

APP: Manifest = {
    "apiVersion": "example.com/v1",
    "kind": "App",
    "metadata": {"name": "shop", "namespace": "team", "uid": "u-1"},
}
OWNER = {"apiVersion": "example.com/v1", "kind": "App", "name": "shop", "uid": "u-1", "controller": True}


def owned_object(*owners: Any, namespace: str = "team") -> Manifest:
    return {"metadata": {"name": "it", "namespace": namespace, "ownerReferences": list(owners)}}


def test_an_object_is_its_controllers_in_whatever_version() -> None:
    other = {**OWNER, "uid": "u-2", "controller": False}
    assert ownership.controls(APP, owned_object(OWNER))
    assert ownership.controls(APP, owned_object(other, OWNER))
    assert ownership.controls(APP, owned_object({**OWNER, "apiVersion": "example.com/v2"}))


@pytest.mark.parametrize(
    "change",
    [
        {"uid": "u-2"},
        {"name": "shed"},
        {"kind": "Api"},
        {"apiVersion": "example.org/v1"},
        {"apiVersion": "v1"},
        {"apiVersion": ""},
        {"apiVersion": None},
        {"controller": False},
        {"controller": "true"},
    ],
)
def test_an_object_whose_controller_differs_in_one_thing_is_not(change: dict[str, Any]) -> None:
    assert not ownership.controls(APP, owned_object({**OWNER, **change}))


@pytest.mark.parametrize("owners", [(), (OWNER, OWNER), ("junk",)])
def test_an_object_that_does_not_name_one_controller_has_none(owners: tuple[Any, ...]) -> None:
    assert ownership.controller_of(owned_object(*owners)) is None
    assert not ownership.controls(APP, owned_object(*owners))


def test_an_object_of_another_namespace_is_nobodys_who_has_one() -> None:
    assert not ownership.controls(APP, owned_object(OWNER, namespace="other"))
    fleet = {**APP, "metadata": {"name": "shop", "uid": "u-1"}}
    assert ownership.controls(fleet, owned_object(OWNER, namespace="other"))


def test_kinds_of_the_core_group_own_too() -> None:
    core = {**APP, "apiVersion": "v1"}
    assert ownership.controls(core, owned_object({**OWNER, "apiVersion": "v1"}))


def test_without_a_uid_nothing_is_owned() -> None:
    offline = {**APP, "metadata": {"name": "shop", "namespace": "team"}}
    assert not ownership.controls(offline, owned_object({**OWNER, "uid": ""}))
    assert not ownership.controls(offline, owned_object({key: value for key, value in OWNER.items() if key != "uid"}))
