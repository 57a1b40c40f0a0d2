"""What a deployment asks of the scheduler, from its spec and its cache."""

from typing import Any

import pytest

from function.api.model_deployment import ModelDeploymentSpec
from function.composition import InvalidSpecError, Manifest, Required
from function.deployment.desired_state import CacheState, DesiredState, read_desired_state
from function.scheduling import (
    ClusterToleration,
    DeviceRequirement,
    EngineSpec,
    HoldReason,
    MemberSpec,
    SchedulingRequest,
)
from function.selectors.label_requirement import LabelRequirement
from tests.support.deployments import (
    GPU,
    NIC,
    cache,
    cluster,
    composed,
    deployment,
    engine,
    gang,
    member,
    messages,
    request,
    running,
    selecting,
    there,
)
from tests.support.observe import observation, reasons, with_condition

CACHED: Manifest = {"modelCacheRef": {"name": "weights"}}
FLEET = [cluster("a"), cluster("b", labels={"tier": "gold"})]


def desired(obj: Manifest, *caches: Manifest, fetched: bool = True) -> DesiredState:
    spec = ModelDeploymentSpec.model_validate(obj["spec"])
    workload = spec.workload()
    answer = Required("cache", tuple(caches) if fetched else None) if workload.model_cache_ref else None
    return read_desired_state(observation(obj), spec, workload, answer)


# ---------------------------------------------------------------------- the spec


def test_a_deployment_is_reduced_to_what_placing_depends_on() -> None:
    obj = deployment(
        3,
        engine("small", member(request("gpu", GPU, "true", count=2), request("nic", NIC)), copies=4),
        {**gang(5), "name": "large"},
        clusterSelector=selecting(tier="gold", region="north"),
        tolerations=[
            {"key": "upkeep", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "team", "value": "nlp"},
        ],
    )
    found = desired(obj)
    assert found.request == SchedulingRequest(
        namespace="ml-team",
        name="chat",
        replicas=3,
        revision=found.revision,
        engines=(
            EngineSpec(
                "small",
                4,
                (
                    MemberSpec(
                        "Standalone",
                        1,
                        (DeviceRequirement("gpu", 2, (GPU, "true")), DeviceRequirement("nic", 1, (NIC,))),
                    ),
                ),
            ),
            EngineSpec(
                "large", 1, (MemberSpec("Leader", 1), MemberSpec("Worker", 5, (DeviceRequirement("gpu", 1, (GPU,)),)))
            ),
        ),
        tolerations=(
            ClusterToleration("upkeep", "Exists", "", "NoSchedule"),
            ClusterToleration("team", "Equal", "nlp", ""),
        ),
        match_labels=(("region", "north"), ("tier", "gold")),
        hold_reason=None,
    )
    assert (found.namespace, found.name, found.cache, found.conflicts) == ("ml-team", "chat", CacheState.NOT_NEEDED, ())


def test_a_worker_without_a_size_is_one_pod() -> None:
    obj = deployment(1, engine("vllm", member(role="Leader"), member(request(), role="Worker")))
    assert [member_spec.pods for member_spec in desired(obj).request.engines[0].members] == [1, 1]


def test_mode_and_phase_make_no_difference_to_placing() -> None:
    plain = desired(deployment(1, engine("prefill"), engine("decode")))
    pair = [engine("prefill", phase="Prefill"), engine("decode", phase="Decode")]
    split = desired(deployment(1, *pair, serving={"mode": "PrefillDecode"}))
    assert split.request.engines == plain.request.engines
    assert split.revision != plain.revision


@pytest.mark.parametrize(
    ("replicas", "rollout", "needed"),
    [
        (0, {}, 0),
        (1, {}, 1),
        (2, {}, 1),
        (3, {}, 2),
        (200, {}, 199),
        (1, {"maxUnavailable": 1}, 1),
        (3, {"maxUnavailable": 0}, 3),
        (3, {"maxUnavailable": 3}, 1),
        (3, {"maxUnavailable": 200}, 1),
        (0, {"maxUnavailable": 0}, 0),
    ],
)
def test_enough_serve_when_no_more_than_max_unavailable_are_missing_and_at_least_one_does(
    replicas: int, rollout: dict[str, int], needed: int
) -> None:
    assert desired(deployment(replicas, rollout=rollout)).needed == needed


@pytest.mark.parametrize(
    ("engines", "needed"),
    [
        ([], "at least one engine is needed"),
        ([engine("qwen", member(request(), template={"spec": {"containers": []}}))], "every member needs a container"),
    ],
)
def test_a_deployment_without_engines_or_containers_is_a_spec_that_cannot_be_read(
    engines: list[Manifest], needed: str
) -> None:
    bare = {**deployment(), "spec": {"replicas": 1, "engines": engines}}
    with pytest.raises(InvalidSpecError, match=rf"spec\.engines: {needed}"):
        desired(bare)
    children = running(deployment(2), FLEET)
    answered = composed(bare, FLEET, children)
    assert set(answered.children) == set(children)
    assert reasons(answered)["Held"] == "True/InvalidSpec"


def test_a_spec_that_cannot_be_read_keeps_everything_and_names_the_field() -> None:
    children = running(deployment(2), FLEET)
    answered = composed(deployment(2, tolerations="junk"), FLEET, children)
    assert {key: child.manifest["spec"] for key, child in answered.children.items()} == {
        key: child["spec"] for key, child in children.items()
    }
    assert reasons(answered)["Held"] == "True/InvalidSpec"
    assert messages(answered)["Held"].startswith("spec.tolerations: ")


# ---------------------------------------------------------------------- the cache


@pytest.mark.parametrize(
    ("caches", "fetched", "state", "reason"),
    [
        ((), False, CacheState.UNRESOLVED, HoldReason.WAITING_FOR_CACHE),
        ((), True, CacheState.MISSING, HoldReason.CACHE_NOT_FOUND),
        (({"metadata": {"name": "weights"}},), True, CacheState.UNREADABLE, HoldReason.INPUT_IN_DOUBT),
        (({"spec": "junk"},), True, CacheState.UNREADABLE, HoldReason.INPUT_IN_DOUBT),
        (({"spec": {"clusterSelector": "junk"}},), True, CacheState.UNREADABLE, HoldReason.INPUT_IN_DOUBT),
        (
            ({"spec": {"clusterSelector": {"matchLabels": [1]}}},),
            True,
            CacheState.UNREADABLE,
            HoldReason.INPUT_IN_DOUBT,
        ),
        (
            ({"spec": {"clusterSelector": {"matchLabels": {"a": 1}}}},),
            True,
            CacheState.UNREADABLE,
            HoldReason.INPUT_IN_DOUBT,
        ),
        (({"spec": {}},), True, CacheState.FOUND, None),
        ((cache(),), True, CacheState.FOUND, None),
        ((cache(tier="gold"),), True, CacheState.FOUND, None),
    ],
)
def test_nothing_new_is_placed_until_the_cache_is_known(
    caches: tuple[Any, ...],
    fetched: bool,  # noqa: FBT001  # a parameter
    state: CacheState,
    reason: HoldReason | None,
) -> None:
    found = desired(deployment(**CACHED), *caches, fetched=fetched)
    assert (found.cache, found.request.hold_reason, found.request.places) == (state, reason, reason is None)


def test_the_selectors_of_deployment_and_cache_must_both_match() -> None:
    """In place of rules 42 and 43."""
    obj = deployment(clusterSelector=selecting(region="north", tier="gold"), **CACHED)
    assert desired(obj, cache(tier="gold", disk="fast")).request.match_labels == (
        ("disk", "fast"),
        ("region", "north"),
        ("tier", "gold"),
    )


def test_selectors_that_ask_for_different_values_of_a_label_conflict() -> None:
    found = desired(deployment(clusterSelector=selecting(region="north", tier="gold"), **CACHED), cache(tier="lead"))
    assert found.request.hold_reason is HoldReason.SELECTOR_CONFLICT
    assert found.conflicts == ("tier is gold here and lead in the cache",)


def test_what_deployment_and_cache_require_of_a_label_must_both_be_met() -> None:
    selector = {**selecting(tier="gold"), "matchExpressions": [{"key": "ring", "operator": "Exists"}]}
    weights = cache(disk="fast")
    weights["spec"]["clusterSelector"]["matchExpressions"] = [{"key": "zone", "operator": "NotIn", "values": ["b"]}]
    found = desired(deployment(clusterSelector=selector, **CACHED), weights).request
    assert found.match_labels == (("disk", "fast"), ("tier", "gold"))
    assert found.match_expressions == (LabelRequirement("ring", "Exists"), LabelRequirement("zone", "NotIn", ("b",)))


def test_selectors_that_no_cluster_can_meet_together_conflict() -> None:
    selector = {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold", "lead"]}]}
    found = desired(deployment(clusterSelector=selector, **CACHED), cache(tier="gold"))
    assert (found.request.hold_reason, found.request.match_labels, found.request.match_expressions) == (
        HoldReason.SELECTOR_CONFLICT,
        (),
        (),
    )
    assert found.conflicts == ("tier notin (gold,lead) here and tier in (gold) in the cache exclude each other",)


def test_a_cache_whose_requirements_cannot_be_read_is_in_doubt() -> None:
    weights = cache(disk="fast")
    weights["spec"]["clusterSelector"]["matchExpressions"] = [{"key": "zone", "operator": "Near"}]
    assert desired(deployment(**CACHED), weights).cache is CacheState.UNREADABLE


@pytest.mark.parametrize(
    "namespace", ["kube-system", "modelplane-system", "crossplane-system", "monitoring", "lws-system"]
)
def test_a_reserved_namespace_is_said_before_everything_else(namespace: str) -> None:
    obj = deployment(namespace=namespace, clusterSelector=selecting(tier="gold"), **CACHED)
    for caches in ((), (cache(tier="lead"),), ({"spec": "junk"},)):
        assert desired(obj, *caches).request.hold_reason is HoldReason.NAMESPACE_RESERVED


# ---------------------------------------------------------------------- the cache at the composer


def test_a_cache_without_a_selector_is_copied_into_the_replica_and_limits_nothing() -> None:
    answered = composed(deployment(2, **CACHED), FLEET, caches=[cache()])
    assert sorted(answered.children) == ["replica-a-0", "replica-b-0"]
    assert answered.children["replica-a-0"].manifest["spec"]["modelCacheRef"] == {"name": "weights"}
    assert reasons(answered)["ModelCacheResolved"] == "True/ModelCacheResolved"


def test_a_cache_limits_the_clusters_that_new_replicas_go_to() -> None:
    assert sorted(composed(deployment(2, **CACHED), FLEET, caches=[cache(tier="gold")]).children) == [
        "replica-b-0",
        "replica-b-1",
    ]


def test_a_missing_cache_keeps_a_replica_that_serves_with_its_endpoint_and_warns() -> None:
    """Rule 45."""
    obj = deployment(**CACHED)
    placed = running(deployment(), FLEET)
    answered = composed(obj, FLEET, placed, caches=[])
    assert {key: child.manifest["spec"] for key, child in answered.children.items()} == {
        key: child["spec"] for key, child in placed.items()
    }
    message = "ModelCache weights not found in namespace ml-team; holding replica placement"
    assert reasons(answered)["ModelCacheResolved"] == "False/ModelCacheNotFound"
    assert reasons(answered)["Held"] == "True/InputMissing"
    assert reasons(answered)["ReplicasScheduled"] == "True/ReplicasCreated"
    assert (messages(answered)["ModelCacheResolved"], messages(answered)["Held"]) == (message, message)
    assert ("Warning", "ModelCacheNotFound", message) in [
        (event.severity.value, event.reason, event.message) for event in answered.events
    ]
    assert answered.ready


def test_a_replica_keeps_the_cache_that_it_names_when_the_cache_is_gone() -> None:
    obj = deployment(**CACHED)
    children = there(composed(obj, FLEET, caches=[cache()]), obj)
    answered = composed(obj, FLEET, children, caches=[])
    assert answered.children["replica-a-0"].manifest["spec"]["modelCacheRef"] == {"name": "weights"}


def test_before_the_cache_is_fetched_nothing_is_composed_and_nothing_is_told() -> None:
    answered = composed(deployment(**CACHED), FLEET)
    assert (answered.children, answered.status, answered.ready, answered.events) == ({}, {}, False, ())
    assert reasons(answered)["ModelCacheResolved"] == "False/ModelCacheUnresolved"
    assert messages(answered)["ModelCacheResolved"] == "Waiting for ModelCache weights"
    assert messages(answered)["Held"] == "ModelCache weights not fetched yet"


def test_while_the_cache_does_not_exist_no_replica_is_placed_and_all_are_said_to_wait_for_it() -> None:
    answered = composed(deployment(3, **CACHED), FLEET, caches=[])
    assert (answered.children, answered.ready) == ({}, False)
    assert answered.status["replicas"] == {"desired": 3, "total": 0, "ready": 0}
    assert reasons(answered)["ReplicasScheduled"] == "False/WaitingForCache"
    assert messages(answered)["ReplicasScheduled"] == "0 of 3 placed; the others wait for ModelCache weights"


@pytest.mark.parametrize("found", [[], [{"spec": "junk"}]], ids=["missing", "unreadable"])
def test_while_the_cache_is_not_known_one_of_three_stays_one(found: list[Manifest]) -> None:
    """Rule 46."""
    placed = running(deployment(), FLEET)
    answered = composed(deployment(3, **CACHED), FLEET, placed, caches=found)
    assert set(answered.children) == set(placed)
    assert answered.status["replicas"] == {"desired": 3, "total": 1, "ready": 1}
    assert reasons(answered)["ReplicasScheduled"] == "False/WaitingForCache"
    assert messages(answered)["ReplicasScheduled"] == "1 of 3 placed; the others wait for ModelCache weights"


@pytest.mark.parametrize("before", ["True", "False"])
def test_a_cache_that_cannot_be_read_neither_makes_a_deployment_ready_nor_takes_that_away(before: str) -> None:
    obj = with_condition(deployment(**CACHED), "Ready", before)
    answered = composed(obj, FLEET, running(deployment(), FLEET), caches=[{"spec": "junk"}])
    assert reasons(answered)["ModelCacheResolved"] == "False/ModelCacheUnreadable"
    assert reasons(answered)["Held"] == "True/InputInvalid"
    assert messages(answered)["Held"] == "ModelCache weights cannot be read; holding replica placement"
    assert answered.ready is (before == "True")


def test_while_the_cache_is_not_known_replicas_still_scale_down() -> None:
    placed = running(deployment(2), FLEET)
    answered = composed(deployment(1, **CACHED), FLEET, placed, caches=[])
    assert answered.children["endpoint-b-0"].manifest["spec"]["draining"] is True


def test_conflicting_selectors_keep_what_runs_and_name_the_label() -> None:
    placed = running(deployment(), FLEET)
    obj = deployment(2, clusterSelector=selecting(tier="gold"), **CACHED)
    answered = composed(obj, FLEET, placed, caches=[cache(tier="lead")])
    assert set(answered.children) == set(placed)
    assert reasons(answered)["ReplicasScheduled"] == "False/SelectorConflict"
    assert messages(answered)["ReplicasScheduled"] == (
        "1 of 2 placed; no cluster can match both selectors: tier is gold here and lead in the cache"
    )


def test_a_deployment_that_names_no_cache_any_more_says_so() -> None:
    """The condition of earlier does not stay behind."""
    assert reasons(composed(deployment(), FLEET))["ModelCacheResolved"] == "True/NoCacheNeeded"
