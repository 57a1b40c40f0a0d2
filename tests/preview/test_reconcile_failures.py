from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from function.composition import Composition, Observation, Requirement, unstructured
from function.preview.errors import InvariantError
from tests.support.small_plane import answer, app, conditions_of, config, names, new_plane, the_app

SYNCED = "True/ReconcileSuccess"


def settled_then(after: Composition) -> Any:
    """A settled App with a child, a status and two conditions, and then another answer."""
    now = answer({"a": config("a")}, status={"x": 1}, conditions={"Fine": "Yes", "Other": "Yes"})
    plane = new_plane(lambda _: now)
    plane.apply([app()])
    plane.settle()
    now = after
    plane.settle()
    return plane


def test_a_fatal_answer_leaves_children_status_and_ready_and_applies_its_conditions() -> None:
    plane = settled_then(replace(answer(status={"x": 2}, conditions={"Fine": "Broken"}), fatal="no way"))
    found = the_app(plane)
    assert names(plane) == ["a"]
    assert found["status"]["x"] == 1
    assert conditions_of(found) == {
        "Fine": "True/Broken",
        "Other": "Unknown/FatalError",
        "Ready": "True/Available",
        "Synced": "False/ReconcileError",
    }
    assert unstructured.condition(found, "Synced")["message"] == (
        'cannot compose resources: pipeline step "run" returned a fatal result: no way'
    )


def test_a_fatal_first_call_ends_the_requirement_loop() -> None:
    calls: list[Observation] = []

    def composing(observation: Observation) -> Composition:
        calls.append(observation)
        return answer(fatal="no way", requirements={"it": Requirement("v1", "Secret")})

    plane = new_plane(composing)
    plane.apply([app()])
    plane.step()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("child", "message"),
    [
        ({"apiVersion": "nobody.example.com/v1", "kind": "Thing"}, "no matches for kind"),
        ({"apiVersion": "v1", "kind": "Namespace"}, "cannot compose a cluster-scoped Namespace"),
    ],
)
def test_a_child_that_cannot_be_composed_fails_all_and_nothing_is_deleted_or_applied(
    child: dict[str, Any], message: str
) -> None:
    plane = settled_then(answer({"b": config("b"), "bad": child}))
    assert names(plane) == ["a"]
    found = the_app(plane)
    assert message in unstructured.condition(found, "Synced")["message"]
    assert conditions_of(found)["Fine"] == "Unknown/FatalError"


def test_a_child_that_another_composite_controls_is_left_alone_and_the_others_are_applied() -> None:
    children = {"shared": config("shared"), "own": config("own")}
    plane = new_plane(lambda observation: answer({"shared": config("shared")} if observation.name == "a" else children))
    plane.apply([app("a"), app("b")])
    plane.settle()
    assert names(plane) == ["own", "shared"]
    assert unstructured.condition(the_app(plane, "b"), "Synced")["message"] == "Unsynced resources: shared"
    assert conditions_of(the_app(plane, "a"))["Synced"] == SYNCED


def test_a_composed_object_that_our_own_schema_refuses_names_the_composer() -> None:
    bad = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelEndpoint", "spec": {"url": "ftp://x"}}
    plane = new_plane(lambda _: answer({"endpoint": bad}))
    plane.apply([app()])
    with pytest.raises(InvariantError, match=r"App/team/shop: its composer makes endpoint .*spec\.url"):
        plane.settle()


def test_a_status_with_a_null_is_refused_and_names_the_composer() -> None:
    plane = new_plane(lambda _: answer(status={"a": {"b": None}}))
    plane.apply([app()])
    with pytest.raises(
        InvariantError, match=r"App/team/shop: .* status that is refused: status\.a\.b: must not be null"
    ):
        plane.settle()


def test_a_composed_resource_with_another_kind_under_its_old_name_loses_the_old_object() -> None:
    child: Mapping[str, Any] = config("a")
    plane = new_plane(lambda _: answer({"it": child}))
    plane.apply([app()])
    plane.settle()
    child = {"apiVersion": "v1", "kind": "Secret"}
    with pytest.raises(InvariantError, match="ConfigMap/team/a was composed as 'it' by App/team/shop, which has lost"):
        plane.settle()
