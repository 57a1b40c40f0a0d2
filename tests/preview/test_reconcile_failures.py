from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from function.composition import Composition, Observation, Requirement, unstructured
from function.preview.errors import InvariantError
from tests.support.small_plane import answer, app, config, names, plane, said, the_app

SYNCED = "True/ReconcileSuccess"


def settled_then(after: Composition) -> Any:
    """A settled App with a child, a status and two conditions, and then another answer."""
    now = answer({"a": config("a")}, status={"x": 1}, conditions={"Fine": "Yes", "Other": "Yes"})
    of = plane(lambda _: now)
    of.apply([app()])
    of.settle()
    now = after
    of.settle()
    return of


def test_a_fatal_answer_leaves_children_status_and_ready_and_applies_its_conditions() -> None:
    of = settled_then(replace(answer(status={"x": 2}, conditions={"Fine": "Broken"}), fatal="no way"))
    found = the_app(of)
    assert names(of) == ["a"]
    assert found["status"]["x"] == 1
    assert said(found) == {
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

    def composing(seen: Observation) -> Composition:
        calls.append(seen)
        return answer(fatal="no way", requirements={"it": Requirement("v1", "Secret")})

    of = plane(composing)
    of.apply([app()])
    of.step()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("child", "why"),
    [
        ({"apiVersion": "nobody.example.com/v1", "kind": "Thing"}, "no matches for kind"),
        ({"apiVersion": "v1", "kind": "Namespace"}, "cannot compose a cluster-scoped Namespace"),
    ],
)
def test_a_child_that_cannot_be_composed_fails_all_and_nothing_is_deleted_or_applied(
    child: dict[str, Any], why: str
) -> None:
    of = settled_then(answer({"b": config("b"), "bad": child}))
    assert names(of) == ["a"]
    found = the_app(of)
    assert why in unstructured.condition(found, "Synced")["message"]
    assert said(found)["Fine"] == "Unknown/FatalError"


def test_a_child_that_another_composite_controls_is_left_alone_and_the_others_are_applied() -> None:
    children = {"shared": config("shared"), "own": config("own")}
    of = plane(lambda seen: answer({"shared": config("shared")} if seen.name == "a" else children))
    of.apply([app("a"), app("b")])
    of.settle()
    assert names(of) == ["own", "shared"]
    assert unstructured.condition(the_app(of, "b"), "Synced")["message"] == "Unsynced resources: shared"
    assert said(the_app(of, "a"))["Synced"] == SYNCED


def test_a_composed_object_that_our_own_schema_refuses_names_the_composer() -> None:
    bad = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelEndpoint", "spec": {"url": "ftp://x"}}
    of = plane(lambda _: answer({"endpoint": bad}))
    of.apply([app()])
    with pytest.raises(InvariantError, match=r"App/team/shop: its composer makes endpoint .*spec\.url"):
        of.settle()


def test_a_status_with_a_null_is_refused_and_names_the_composer() -> None:
    of = plane(lambda _: answer(status={"a": {"b": None}}))
    of.apply([app()])
    with pytest.raises(
        InvariantError, match=r"App/team/shop: .* status that is refused: status\.a\.b: must not be null"
    ):
        of.settle()


def test_a_composed_resource_with_another_kind_under_its_old_name_loses_the_old_object() -> None:
    child: Mapping[str, Any] = config("a")
    of = plane(lambda _: answer({"it": child}))
    of.apply([app()])
    of.settle()
    child = {"apiVersion": "v1", "kind": "Secret"}
    with pytest.raises(InvariantError, match="ConfigMap/team/a was composed as 'it' by App/team/shop, which has lost"):
        of.settle()
