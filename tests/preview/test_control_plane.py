from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from function.composition import Composition, Manifest, Observation, Requirement, unstructured
from function.preview.control_plane import START, ControlPlane
from function.preview.errors import InvalidObjectError, InvariantError, NotSettledError
from tests.support.small_plane import (
    API_VERSION,
    KINDS,
    answer,
    app,
    conditions_of,
    config,
    new_plane,
    part,
    settled,
    the_app,
)

LATER = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def until(deadline: datetime, *, ttl: bool) -> Any:
    """A composer that composes another child from a deadline on, and asks to be called then."""

    def composing(observation: Observation) -> Composition:
        if observation.now >= deadline:
            return answer({"late": config("late")})
        seconds = int((deadline - observation.now).total_seconds())
        return answer({"early": config("early")}, ttl_seconds=min(60, seconds) if ttl else 60)

    return composing


def test_a_settled_control_plane_stays_as_it_is() -> None:
    plane = settled(lambda _: answer({"a": config(), "b": part()}, status={"x": 1}))
    before, now = plane.everything(), plane.now
    plane.settle()
    assert (plane.everything(), plane.now) == (before, now)


def test_two_control_planes_with_the_same_input_are_the_same() -> None:
    first, second = (settled(lambda _: answer({"a": config(), "b": part()}, status={"x": 1})) for _ in range(2))
    assert first.everything() == second.everything()


def test_every_pass_that_changes_something_takes_a_second() -> None:
    plane = new_plane(lambda _: answer())
    plane.apply([app()])
    plane.step()
    assert plane.now == START + timedelta(seconds=1)


@pytest.mark.parametrize("ttl", [True, False], ids=["asked for", "found by looking ahead"])
def test_when_nothing_changes_time_jumps_to_the_next_deadline(ttl: bool) -> None:  # noqa: FBT001  # a parameter
    plane = settled(until(LATER, ttl=ttl))
    assert [unstructured.name_of(obj) for obj in plane.list("v1", "ConfigMap")] == ["late"]
    assert plane.list("v1", "ConfigMap")[0]["metadata"]["creationTimestamp"] == "2026-01-01T00:05:00Z"


def test_a_deadline_beyond_the_horizon_is_not_waited_for() -> None:
    plane = new_plane(until(LATER, ttl=False))
    plane.apply([app()])
    plane.settle(horizon=timedelta(minutes=4))
    assert [unstructured.name_of(obj) for obj in plane.list("v1", "ConfigMap")] == ["early"]


def test_time_goes_to_the_earliest_of_several_deadlines_first() -> None:
    deadlines = {"a": START + timedelta(seconds=50), "b": START + timedelta(seconds=30)}

    def composing(observation: Observation) -> Composition:
        answered: Composition = until(deadlines[observation.name], ttl=True)(observation)
        return answered

    plane = new_plane(composing)
    plane.apply([app("a"), app("b", "other")])
    plane.settle()
    made = {t["metadata"]["namespace"]: t["metadata"]["creationTimestamp"] for t in plane.list("v1", "ConfigMap")}
    assert made == {"team": "2026-01-01T00:00:50Z", "other": "2026-01-01T00:00:30Z"}


def test_what_never_settles_is_named_with_who_changes_which_field() -> None:
    def composing(observation: Observation) -> Composition:
        return answer(
            {"a": config("a", key=observation.now.isoformat())},
            status={"x": unstructured.integer(observation.status, "x") + 1},
        )

    plane = new_plane(composing)
    plane.apply([app()])
    with pytest.raises(NotSettledError) as caught:
        plane.settle(max_passes=5)
    assert str(caught.value).splitlines() == [
        "It still changes after 5 passes:",
        "  App/team/shop: status.x (by App/team/shop)",
        "  ConfigMap/team/a: data.key (by App/team/shop)",
    ]


def test_two_composites_that_fight_over_a_child_are_both_named() -> None:
    def composing(observation: Observation) -> Composition:
        if observation.kind == "App":
            return answer({"part": part(size=1)})
        return answer(status={"flip": not observation.status.get("flip", False)})

    plane = new_plane(composing, composing)
    plane.apply([app()])
    with pytest.raises(NotSettledError, match=r"Part/team/shop-\w+: status\.flip \(by Part/team/shop"):
        plane.settle(max_passes=6)


def test_a_composer_may_ask_to_be_called_for_ever() -> None:
    plane = settled(lambda _: answer(ttl_seconds=7))
    assert plane.now == START + timedelta(seconds=2), "two passes, and no waiting"


def test_a_composer_that_answers_otherwise_before_it_asks_to_be_called_is_named() -> None:
    plane = new_plane(until(START + timedelta(seconds=30), ttl=False))
    plane.apply([app()])
    with pytest.raises(InvariantError, match=r"shop is answered otherwise in \d+ s, and asks to be called in 60"):
        plane.settle()


def test_a_composer_whose_answers_turn_for_ever_without_effect_is_named() -> None:
    plane = new_plane(
        lambda observation: answer(
            requirements={f"at-{observation.now:%H-%M}": Requirement("v1", "ConfigMap")}, ttl_seconds=1
        )
    )
    plane.apply([app()])
    with pytest.raises(NotSettledError, match=r"App/team/shop is answered otherwise at \d\d:\d\d:00"):
        plane.settle()


def test_a_composite_that_was_composed_is_composed_in_turn() -> None:
    plane = settled(lambda _: answer({"part": part()}), lambda _: answer({"settings": config()}, status={"made": 1}))
    found = plane.list(API_VERSION, "Part")[0]
    assert found["status"]["made"] == 1
    assert len(plane.list("v1", "ConfigMap")) == 1


def test_an_applied_change_is_composed_and_a_field_that_is_left_out_goes() -> None:
    plane = new_plane(lambda observation: answer({"a": config("a", size=str(observation.spec.get("size")))}))
    plane.apply([app(size=1, colour="red")])
    plane.settle()
    plane.apply([app(size=2)])
    plane.settle()
    assert {key: value for key, value in the_app(plane)["spec"].items() if key != "crossplane"} == {"size": 2}
    assert plane.list("v1", "ConfigMap")[0]["data"] == {"size": "2"}


def test_a_manifest_that_was_read_from_a_cluster_counts_without_what_the_cluster_added() -> None:
    plane = new_plane(lambda _: answer())
    manifest = app()
    manifest["metadata"] |= {"uid": "x", "resourceVersion": "9", "generation": 7, "managedFields": []}
    plane.apply([{**manifest, "status": {"x": 1}}])
    plane.settle()
    found = the_app(plane)
    assert (found["metadata"]["generation"], "x" in found["status"], found["metadata"]["uid"] == "x") == (
        1,
        False,
        False,
    )


def test_an_observation_is_complete_with_requirements_resolved() -> None:
    requirements = {"all": Requirement("v1", "ConfigMap", namespace="team")}
    plane = settled(lambda _: answer({"a": config("a")}, requirements=requirements))
    observation = plane.observe(API_VERSION, "App", "team", "shop")
    assert observation.composite == the_app(plane)
    assert (list(observation.children), [unstructured.name_of(obj) for obj in observation.required["all"]]) == (
        ["a"],
        ["a"],
    )
    assert observation.now == plane.now


def test_observing_changes_nothing() -> None:
    plane = settled(lambda _: answer({"a": config("a")}))
    before = plane.everything()
    plane.observe(API_VERSION, "App", "team", "shop")
    assert plane.everything() == before


def test_what_does_not_exist_cannot_be_observed() -> None:
    with pytest.raises(LookupError, match="App/team/other does not exist"):
        settled(lambda _: answer()).observe(API_VERSION, "App", "team", "other")


def test_what_is_read_are_copies() -> None:
    plane = settled(lambda _: answer())
    the_app(plane)["spec"]["size"] = 9
    plane.everything()[0]["metadata"].clear()
    assert the_app(plane)["spec"]["size"] == 1


# ---------------------------------------------------------------------- what is there from the start


def test_a_control_plane_starts_as_the_installation_leaves_it() -> None:
    plane = ControlPlane(lambda _: answer(), kinds=KINDS)
    plane.settle()
    assert plane.get("v1", "Namespace", "", "modelplane-system") is not None
    crds = plane.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert [unstructured.name_of(crd).partition(".")[0] for crd in crds] == [
        "backendtlspolicies",
        "gatewayclasses",
        "gateways",
        "grpcroutes",
        "httproutes",
        "referencegrants",
        "tlsroutes",
    ]
    for crd in crds:
        assert crd["metadata"]["annotations"] == {
            "gateway.networking.k8s.io/bundle-version": "v1.5.1",
            "gateway.networking.k8s.io/channel": "standard",
        }
        assert conditions_of(crd)["Established"] == "True/InitialNamesAccepted"


def inference_cluster(**existing: Any) -> Manifest:
    return {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceCluster",
        "metadata": {"name": "oslo"},
        "spec": {"cluster": {"source": "Existing", "existing": existing}},
    }


def test_the_secrets_that_a_cluster_names_are_assumed_to_exist() -> None:
    plane = ControlPlane(lambda _: answer(), kinds=KINDS)
    plane.apply([inference_cluster(secretRef={"name": "kube"}, identitySecretRef={"name": "id", "key": "json"})])
    found = plane.list("v1", "Secret")
    assert [(s["metadata"]["namespace"], s["metadata"]["name"], list(s["data"])) for s in found] == [
        ("modelplane-system", "id", ["json"]),
        ("modelplane-system", "kube", ["kubeconfig"]),
    ]


def test_a_manifest_without_a_namespace_lands_in_default() -> None:
    plane = new_plane(lambda _: answer())
    body = app()
    del body["metadata"]["namespace"]
    plane.apply([body])
    assert plane.get(API_VERSION, "App", "default", "shop") is not None


def test_a_manifest_that_is_refused_changes_nothing() -> None:
    plane = ControlPlane(lambda _: answer(), kinds=KINDS)
    with pytest.raises(InvalidObjectError, match=r"spec\.cluster\.existing\.secretRef"):
        plane.apply([inference_cluster()])
    assert plane.list("modelplane.ai/v1alpha1", "InferenceCluster") == ()
