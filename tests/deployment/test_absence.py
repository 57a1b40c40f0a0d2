"""A cluster that is missing from a list that has others: a doubt for ten minutes, and a fact after that."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composers import answer as answered_by
from function.composition import Composition, Manifest, unstructured
from function.deployment.model_deployment import COMPOSER
from tests.support.deployments import cluster, composed, deployment, messages, running, seen
from tests.support.observe import NOW, reasons

FLEET = [cluster(name) for name in "abc"]
DEPLOYMENT = deployment(3)
CHILDREN = running(DEPLOYMENT, FLEET)
HELD = (
    "InferenceCluster b is not found any more; replicas there stay until 2026-01-01T00:10:00Z",
    "InferenceCluster c is not found any more; replicas there stay until 2026-01-01T00:10:00Z",
)


def remembering(since: Any, cluster: Any = "b") -> Manifest:
    return {**DEPLOYMENT, "status": {"missing": [{"cluster": cluster, "since": since}]}}


def without(*names: str, composite: Manifest = DEPLOYMENT, now: datetime = NOW) -> Composition:
    found = [obj for obj in FLEET if unstructured.name_of(obj) not in names]
    return composed(composite, found, CHILDREN, now=now)


def specs(answered: Composition) -> dict[str, Any]:
    return {key: child.manifest["spec"] for key, child in answered.children.items()}


def test_replicas_and_endpoints_of_a_missing_cluster_stay_as_they_are_and_it_is_said() -> None:
    answered = without("b", "c")
    assert specs(answered) == {key: child["spec"] for key, child in CHILDREN.items()}
    assert messages(answered)["Held"] == "; ".join(HELD)
    assert reasons(answered)["Held"] == "True/InputMissing"
    assert reasons(answered)["PlacementDrifted"] == "True/ClusterMissing"
    assert messages(answered)["PlacementDrifted"] == "; ".join(HELD)
    assert answered.status["missing"] == [
        {"cluster": "b", "since": "2026-01-01T00:00:00Z"},
        {"cluster": "c", "since": "2026-01-01T00:00:00Z"},
    ]
    assert answered.status["replicas"] == {"desired": 3, "total": 3, "ready": 3}
    assert answered.ready


def test_nothing_is_said_of_clusters_that_are_found() -> None:
    answered = composed(remembering("2025-12-31T23:00:00Z"), FLEET, CHILDREN)
    assert reasons(answered)["Held"] == "False/InputsResolved"
    assert reasons(answered)["PlacementDrifted"] == "False/InPlace"
    assert "missing" not in answered.status


@pytest.mark.parametrize(("seconds", "stays"), [(0, True), (599, True), (600, False), (9000, False)])
def test_it_counts_as_gone_ten_minutes_after_it_was_first_missing(seconds: int, stays: bool) -> None:  # noqa: FBT001  # a parameter
    answered = without("b", composite=remembering("2026-01-01T00:00:00Z"), now=NOW + timedelta(seconds=seconds))
    assert ({"replica-b-0", "endpoint-b-0"} <= set(answered.children)) is stays
    assert answered.status["missing"] == [{"cluster": "b", "since": "2026-01-01T00:00:00Z"}]
    assert reasons(answered)["Held"] == ("True/InputMissing" if stays else "False/InputsResolved")


def test_somebody_looks_again_when_it_counts_as_gone() -> None:
    later = NOW + timedelta(seconds=590)
    assert without("b", composite=remembering("2026-01-01T00:00:00Z"), now=later).ttl_seconds == 10


@pytest.mark.parametrize("since", ["2027-01-01T00:00:00Z", "junk", None, 7])
def test_what_cannot_be_or_be_read_began_now(since: Any) -> None:
    answered = without("b", composite=remembering(since))
    assert answered.status["missing"] == [{"cluster": "b", "since": "2026-01-01T00:00:00Z"}]
    assert "replica-b-0" in answered.children


def test_a_wait_begins_by_the_servers_own_clock_where_the_control_planes_time_is_long_past() -> None:
    """Where nothing was written for hours, a server that starts knows no later time of the API server."""
    quiet, later = NOW - timedelta(hours=5), NOW + timedelta(seconds=5)
    found = [obj for obj in FLEET if unstructured.name_of(obj) != "b"]
    first = answered_by(COMPOSER, replace(seen(DEPLOYMENT, found, CHILDREN, now=quiet), clock=NOW))
    assert first.status["missing"] == [{"cluster": "b", "since": "2026-01-01T00:00:00Z"}]
    second = composed({**DEPLOYMENT, "status": dict(first.status)}, found, CHILDREN, now=later)
    assert "replica-b-0" in second.children


def test_a_wait_that_another_server_began_by_a_clock_ahead_is_not_begun_anew_by_one_behind() -> None:
    behind = without("b", composite=remembering("2026-01-01T01:00:00Z"))
    assert behind.status["missing"] == [{"cluster": "b", "since": "2026-01-01T01:00:00Z"}]
    assert "replica-b-0" in behind.children


@pytest.mark.parametrize("junk", ["junk", [7], [{}], {"cluster": "b"}])
def test_a_memory_that_cannot_be_read_is_none(junk: Any) -> None:
    assert "replica-b-0" in without("b", composite={**DEPLOYMENT, "status": {"missing": junk}}).children


def test_a_replica_on_a_missing_cluster_may_still_be_the_one_that_is_too_many() -> None:
    answered = without("b", composite=deployment(2))
    assert set(answered.children) == set(CHILDREN)
    assert unstructured.dig(answered.children["endpoint-b-0"].manifest, "spec", "draining") is True


@given(missing=st.sets(st.sampled_from("abc")), age=st.integers(0, 599))
@settings(max_examples=60, deadline=None)
def test_no_list_that_is_short_for_less_than_ten_minutes_takes_anything_away(missing: set[str], age: int) -> None:
    since = [{"cluster": name, "since": "2026-01-01T00:00:00Z"} for name in sorted(missing)]
    answered = without(
        *missing, composite={**DEPLOYMENT, "status": {"missing": since}}, now=NOW + timedelta(seconds=age)
    )
    assert specs(answered) == {key: child["spec"] for key, child in CHILDREN.items()}
