import pytest

from function.scheduling import (
    ClusterTaint,
    ClusterToleration,
)
from tests.support.fleets import (
    cluster,
    deletions,
    deployment,
    kept,
    own,
    places,
    plan,
)

MAINTENANCE = ClusterTaint("maintenance")


def test_the_most_loaded_cluster_gives_up_its_highest_index() -> None:
    assert deletions(plan([cluster("a"), cluster("b")], deployment(2), own("a", 0), own("a", 1), own("b"))) == ["a/1"]


def test_load_comes_before_index() -> None:
    assert deletions(plan([cluster("a"), cluster("b")], deployment(2), own("a", 0), own("a", 1), own("b", 3))) == [
        "a/1"
    ]


def test_between_equally_loaded_clusters_the_last_by_name_gives_up_a_replica() -> None:
    assert deletions(plan([cluster("b"), cluster("a")], deployment(1), own("b"), own("a"))) == ["b/0"]


def test_a_replica_that_does_not_serve_leaves_before_all_others() -> None:
    fleet = [cluster("a"), cluster("b"), cluster("c", ready=False)]
    idle = own("a", serving=False)
    assert deletions(plan(fleet, deployment(2), idle, own("b", 0), own("b", 1), own("c"))) == ["a/0", "c/0"]


@pytest.mark.parametrize("weak", [cluster("a", ready=False), cluster("a", address="")])
def test_a_replica_on_a_degraded_cluster_leaves_before_one_on_a_cordoned_cluster(weak: object) -> None:
    fleet = [weak, cluster("b", taints=(MAINTENANCE,)), cluster("c")]
    answer = plan(fleet, deployment(1), own("a"), own("b"), own("c"))  # type: ignore[arg-type]
    assert deletions(answer) == ["a/0", "b/0"]


def test_a_tolerated_taint_makes_no_replica_leave_earlier() -> None:
    scheduling_request = deployment(1, tolerations=(ClusterToleration("maintenance", "Exists"),))
    assert deletions(
        plan([cluster("a", taints=(MAINTENANCE,)), cluster("b")], scheduling_request, own("a"), own("b"))
    ) == ["b/0"]


def test_with_no_replicas_wanted_all_leave() -> None:
    answer = plan([cluster("a")], deployment(0), own("a", 0), own("a", 1))
    assert (kept(answer), deletions(answer), places(answer)) == ([], ["a/1", "a/0"], [])
