from typing import Any

import pytest

from function.composition import Composition, Observation, Requirement, unstructured
from tests.support.small_plane import API_VERSION, answer, app, config, names, new_plane, settled, the_app


def test_the_function_is_called_again_until_its_requirements_are_stable() -> None:
    calls: list[dict[str, Any]] = []

    def composing(observation: Observation) -> Composition:
        calls.append(dict(observation.required))
        more = {"second": Requirement("v1", "ConfigMap", labels={"a": "b"})} if "first" in observation.required else {}
        return answer(requirements={"first": Requirement("v1", "ConfigMap", name="x", namespace="team"), **more})

    plane = new_plane(composing)
    plane.apply([app()])
    plane.step()
    assert calls == [{}, {"first": ()}, {"first": (), "second": ()}]


def test_an_answer_without_requirements_takes_one_call() -> None:
    calls: list[Observation] = []

    def composing(observation: Observation) -> Composition:
        calls.append(observation)
        return answer()

    plane = new_plane(composing)
    plane.apply([app()])
    plane.step()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("requirement", "found"),
    [
        (Requirement("v1", "ConfigMap", name="a", namespace="team"), ["team/a"]),
        (Requirement("v1", "ConfigMap", name="a"), []),
        (Requirement("v1", "ConfigMap", name="z", namespace="team"), []),
        (Requirement("v1", "ConfigMap", labels={"x": "y"}), ["other/b"]),
        (Requirement("v1", "ConfigMap", labels={"x": "y"}, namespace="team"), []),
        (Requirement("v1", "ConfigMap", namespace="team"), ["team/a"]),
        (Requirement("v1", "ConfigMap"), ["other/b", "team/a"]),
        (Requirement("v1", "Namespace", name="team", namespace="ignored"), ["/team"]),
    ],
    ids=["name", "name without namespace", "other name", "labels", "labels elsewhere", "namespace", "all", "cluster"],
)
def test_a_requirement_finds_what_crossplane_would_find(requirement: Requirement, found: list[str]) -> None:
    second = config("b")
    second["metadata"] |= {"namespace": "other", "labels": {"x": "y"}}
    plane = new_plane(lambda _: answer(requirements={"it": requirement}))
    first = config("a")
    first["metadata"]["namespace"] = "team"
    plane.apply([app(), first, second])
    plane.settle()
    required = plane.observe(API_VERSION, "App", "team", "shop").required["it"]
    assert [f"{unstructured.namespace_of(obj)}/{unstructured.name_of(obj)}" for obj in required] == found


def test_requirements_that_never_become_stable_fail_the_reconcile() -> None:
    def composing(observation: Observation) -> Composition:
        count = len(observation.required)
        return answer({"a": config()}, requirements={f"r{i}": Requirement("v1", "Secret") for i in range(count + 1)})

    plane = settled(composing)
    assert names(plane) == []
    assert unstructured.condition(the_app(plane), "Synced")["message"] == (
        "cannot compose resources: requirements didn't stabilize after the maximum number of iterations (5)"
    )


def test_requiring_a_kind_that_is_not_installed_fails_the_reconcile_before_any_change() -> None:
    requirements = {"it": Requirement("nobody.example.com/v1", "Thing")}
    plane = settled(lambda _: answer({"a": config()}, requirements=requirements))
    assert names(plane) == []
    assert "no matches for kind" in unstructured.condition(the_app(plane), "Synced")["message"]
