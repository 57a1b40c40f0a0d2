from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from function.composition import Composition, Manifest, Observation, Requirement, unstructured
from function.preview.control_plane import START, ControlPlane
from function.preview.errors import InvalidObjectError, InvariantError, NotSettledError
from tests.support.small_plane import API_VERSION, KINDS, answer, app, config, part, plane, said, settled, the_app

LATER = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def until(deadline: datetime, *, ttl: bool) -> Any:
    """A composer that composes another child from a deadline on, and asks to be called then."""

    def composing(seen: Observation) -> Composition:
        if seen.now >= deadline:
            return answer({"late": config("late")})
        left = int((deadline - seen.now).total_seconds())
        return answer({"early": config("early")}, ttl_seconds=min(60, left) if ttl else 60)

    return composing


def test_a_settled_control_plane_stays_as_it_is() -> None:
    of = settled(lambda _: answer({"a": config(), "b": part()}, status={"x": 1}))
    before, now = of.everything(), of.now
    of.settle()
    assert (of.everything(), of.now) == (before, now)


def test_two_control_planes_with_the_same_input_are_the_same() -> None:
    one, other = (settled(lambda _: answer({"a": config(), "b": part()}, status={"x": 1})) for _ in range(2))
    assert one.everything() == other.everything()


def test_every_pass_that_changes_something_takes_a_second() -> None:
    of = plane(lambda _: answer())
    of.apply([app()])
    of.step()
    assert of.now == START + timedelta(seconds=1)


@pytest.mark.parametrize("ttl", [True, False], ids=["asked for", "found by looking ahead"])
def test_when_nothing_changes_time_jumps_to_the_next_deadline(ttl: bool) -> None:  # noqa: FBT001  # a parameter
    of = settled(until(LATER, ttl=ttl))
    assert [unstructured.name_of(obj) for obj in of.list("v1", "ConfigMap")] == ["late"]
    assert of.list("v1", "ConfigMap")[0]["metadata"]["creationTimestamp"] == "2026-01-01T00:05:00Z"


def test_a_deadline_beyond_the_horizon_is_not_waited_for() -> None:
    of = plane(until(LATER, ttl=False))
    of.apply([app()])
    of.settle(horizon=timedelta(minutes=4))
    assert [unstructured.name_of(obj) for obj in of.list("v1", "ConfigMap")] == ["early"]


def test_time_goes_to_the_earliest_of_several_deadlines_first() -> None:
    deadlines = {"a": START + timedelta(seconds=50), "b": START + timedelta(seconds=30)}

    def composing(seen: Observation) -> Composition:
        answered: Composition = until(deadlines[seen.name], ttl=True)(seen)
        return answered

    of = plane(composing)
    of.apply([app("a"), app("b", "other")])
    of.settle()
    made = {t["metadata"]["namespace"]: t["metadata"]["creationTimestamp"] for t in of.list("v1", "ConfigMap")}
    assert made == {"team": "2026-01-01T00:00:50Z", "other": "2026-01-01T00:00:30Z"}


def test_what_never_settles_is_named_with_who_changes_which_field() -> None:
    def composing(seen: Observation) -> Composition:
        return answer(
            {"a": config("a", key=seen.now.isoformat())}, status={"x": unstructured.integer(seen.status, "x") + 1}
        )

    of = plane(composing)
    of.apply([app()])
    with pytest.raises(NotSettledError) as stopped:
        of.settle(max_passes=5)
    assert str(stopped.value).splitlines() == [
        "It still changes after 5 passes:",
        "  App/team/shop: status.x (by App/team/shop)",
        "  ConfigMap/team/a: data.key (by App/team/shop)",
    ]


def test_two_composites_that_fight_over_a_child_are_both_named() -> None:
    def composing(seen: Observation) -> Composition:
        if seen.kind == "App":
            return answer({"part": part(size=1)})
        return answer(status={"flip": not seen.status.get("flip", False)})

    of = plane(composing, composing)
    of.apply([app()])
    with pytest.raises(NotSettledError, match=r"Part/team/shop-\w+: status\.flip \(by Part/team/shop"):
        of.settle(max_passes=6)


def test_a_composer_may_ask_to_be_called_for_ever() -> None:
    of = settled(lambda _: answer(ttl_seconds=7))
    assert of.now == START + timedelta(seconds=2), "two passes, and no waiting"


def test_a_composer_that_answers_otherwise_before_it_asks_to_be_called_is_named() -> None:
    of = plane(until(START + timedelta(seconds=30), ttl=False))
    of.apply([app()])
    with pytest.raises(InvariantError, match=r"shop is answered otherwise in \d+ s, and asks to be called in 60"):
        of.settle()


def test_a_composer_whose_answers_turn_for_ever_without_effect_is_named() -> None:
    of = plane(
        lambda seen: answer(requirements={f"at-{seen.now:%H-%M}": Requirement("v1", "ConfigMap")}, ttl_seconds=1)
    )
    of.apply([app()])
    with pytest.raises(NotSettledError, match=r"App/team/shop is answered otherwise at \d\d:\d\d:00"):
        of.settle()


def test_a_composite_that_was_composed_is_composed_in_turn() -> None:
    of = settled(lambda _: answer({"part": part()}), lambda _: answer({"settings": config()}, status={"made": 1}))
    found = of.list(API_VERSION, "Part")[0]
    assert found["status"]["made"] == 1
    assert len(of.list("v1", "ConfigMap")) == 1


def test_an_applied_change_is_composed_and_a_field_that_is_left_out_goes() -> None:
    of = plane(lambda seen: answer({"a": config("a", size=str(seen.spec.get("size")))}))
    of.apply([app(size=1, colour="red")])
    of.settle()
    of.apply([app(size=2)])
    of.settle()
    assert {key: value for key, value in the_app(of)["spec"].items() if key != "crossplane"} == {"size": 2}
    assert of.list("v1", "ConfigMap")[0]["data"] == {"size": "2"}


def test_a_manifest_that_was_read_from_a_cluster_counts_without_what_the_cluster_added() -> None:
    of = plane(lambda _: answer())
    given = app()
    given["metadata"] |= {"uid": "x", "resourceVersion": "9", "generation": 7, "managedFields": []}
    of.apply([{**given, "status": {"x": 1}}])
    of.settle()
    found = the_app(of)
    assert (found["metadata"]["generation"], "x" in found["status"], found["metadata"]["uid"] == "x") == (
        1,
        False,
        False,
    )


def test_an_observation_is_complete_with_requirements_resolved() -> None:
    wanted = {"all": Requirement("v1", "ConfigMap", namespace="team")}
    of = settled(lambda _: answer({"a": config("a")}, requirements=wanted))
    seen = of.observe(API_VERSION, "App", "team", "shop")
    assert seen.composite == the_app(of)
    assert (list(seen.children), [unstructured.name_of(obj) for obj in seen.required["all"]]) == (["a"], ["a"])
    assert seen.now == of.now


def test_observing_changes_nothing() -> None:
    of = settled(lambda _: answer({"a": config("a")}))
    before = of.everything()
    of.observe(API_VERSION, "App", "team", "shop")
    assert of.everything() == before


def test_what_does_not_exist_cannot_be_observed() -> None:
    with pytest.raises(LookupError, match="App/team/other does not exist"):
        settled(lambda _: answer()).observe(API_VERSION, "App", "team", "other")


def test_what_is_read_are_copies() -> None:
    of = settled(lambda _: answer())
    the_app(of)["spec"]["size"] = 9
    of.everything()[0]["metadata"].clear()
    assert the_app(of)["spec"]["size"] == 1


# ---------------------------------------------------------------------- what is there from the start


def test_a_control_plane_starts_as_the_installation_leaves_it() -> None:
    of = ControlPlane(lambda _: answer(), kinds=KINDS)
    of.settle()
    assert of.get("v1", "Namespace", "", "modelplane-system") is not None
    crds = of.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
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
        assert said(crd)["Established"] == "True/InitialNamesAccepted"


def inference_cluster(**existing: Any) -> Manifest:
    return {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceCluster",
        "metadata": {"name": "oslo"},
        "spec": {"cluster": {"source": "Existing", "existing": existing}},
    }


def test_the_secrets_that_a_cluster_names_are_assumed_to_exist() -> None:
    of = ControlPlane(lambda _: answer(), kinds=KINDS)
    of.apply([inference_cluster(secretRef={"name": "kube"}, identitySecretRef={"name": "id", "key": "json"})])
    found = of.list("v1", "Secret")
    assert [(s["metadata"]["namespace"], s["metadata"]["name"], list(s["data"])) for s in found] == [
        ("modelplane-system", "id", ["json"]),
        ("modelplane-system", "kube", ["kubeconfig"]),
    ]


def test_a_manifest_without_a_namespace_lands_in_default() -> None:
    of = plane(lambda _: answer())
    body = app()
    del body["metadata"]["namespace"]
    of.apply([body])
    assert of.get(API_VERSION, "App", "default", "shop") is not None


def test_a_manifest_that_is_refused_changes_nothing() -> None:
    of = ControlPlane(lambda _: answer(), kinds=KINDS)
    with pytest.raises(InvalidObjectError, match=r"spec\.cluster\.existing\.secretRef"):
        of.apply([inference_cluster()])
    assert of.list("modelplane.ai/v1alpha1", "InferenceCluster") == ()
