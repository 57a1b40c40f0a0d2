from typing import Any

import pytest

from function.composition import Manifest, unstructured
from function.preview.errors import InUseError, InvariantError
from tests.support.small_plane import API_VERSION, answer, app, conditions_of, config, new_plane, with_children


def usage(**sides: Any) -> Manifest:
    return {"apiVersion": "protection.crossplane.io/v1beta1", "kind": "Usage", "spec": sides}


OF = {"apiVersion": "v1", "kind": "ConfigMap", "resourceRef": {"name": "used"}}
BY = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "resourceSelector": {"matchControllerRef": True, "matchLabels": {"x": "y"}},
}


def user() -> Manifest:
    labelled = config("user")
    labelled["metadata"]["labels"] = {"x": "y"}
    return labelled


def test_a_usage_is_ready_when_both_sides_exist_and_marks_what_is_used() -> None:
    plane = with_children({"used": config("used"), "user": user(), "usage": usage(of=OF, by=BY)})
    plane.settle()
    found = plane.list("protection.crossplane.io/v1beta1", "Usage")[0]
    assert conditions_of(found) == {"Ready": "True/Available"}
    assert found["spec"]["by"]["resourceRef"] == {"name": "user"}
    used = plane.get("v1", "ConfigMap", "team", "used")
    assert unstructured.labels(used)["crossplane.io/in-use"] == "true"


@pytest.mark.parametrize("at_once", [True, False])
def test_the_mark_stays_when_two_usages_go_at_once_and_hinders_no_deletion(*, at_once: bool) -> None:
    children = {key: usage(of=OF, reason="needed") for key in ("one", "two")}
    plane = new_plane(lambda _: answer(children))
    used = config("used")
    used["metadata"]["namespace"] = "team"
    plane.apply([app(), used])
    plane.settle()
    if not at_once:
        del children["one"]
        plane.settle()
    children.clear()
    plane.settle()
    labels = unstructured.labels(plane.get("v1", "ConfigMap", "team", "used"))
    assert labels == ({"crossplane.io/in-use": "true"} if at_once else {})
    plane.delete("v1", "ConfigMap", "team", "used")
    assert plane.get("v1", "ConfigMap", "team", "used") is None


def test_what_is_used_cannot_be_deleted_and_can_when_the_usage_is_gone() -> None:
    children = {"usage": usage(of=OF, reason="needed")}
    plane = new_plane(lambda _: answer(children))
    used = config("used")
    used["metadata"]["namespace"] = "team"
    plane.apply([app(), used])
    plane.settle()
    with pytest.raises(InUseError, match="ConfigMap/team/used is in use by 1 usage"):
        plane.delete("v1", "ConfigMap", "team", "used")
    children.clear()
    plane.settle()
    plane.delete("v1", "ConfigMap", "team", "used")
    plane.settle()
    assert plane.list("v1", "ConfigMap") == ()


def test_dropping_a_child_that_a_usage_protects_stops_the_preview() -> None:
    children = {"used": config("used"), "usage": usage(of=OF, reason="needed")}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app()])
    plane.settle()
    del children["used"]
    with pytest.raises(InvariantError, match="App/team/shop drops ConfigMap/team/used, which is in use"):
        plane.settle()


def test_the_used_object_outlives_the_using_one_when_their_composite_is_deleted() -> None:
    plane = with_children({"used": config("used"), "user": user(), "usage": usage(of=OF, by=BY)})
    plane.settle()
    plane.delete(API_VERSION, "App", "team", "shop")
    names_by_step = []
    for _ in range(10):
        plane.step()
        names_by_step.append([unstructured.name_of(obj) for obj in plane.list("v1", "ConfigMap")])
    assert ["used"] in names_by_step
    assert ["user"] not in names_by_step
    assert names_by_step[-1] == []
