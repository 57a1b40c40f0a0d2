import pytest

from function.scheduling import (
    ClusterTaint,
    ClusterToleration,
)
from tests.support.fleets import (
    cluster,
    kept,
    leaving,
    own,
    places,
    plan,
    wanted,
)

MAINTENANCE = ClusterTaint("maintenance")


def test_the_most_loaded_cluster_gives_up_its_highest_index() -> None:
    assert leaving(plan([cluster("a"), cluster("b")], wanted(2), own("a", 0), own("a", 1), own("b"))) == ["a/1"]


def test_load_comes_before_index() -> None:
    assert leaving(plan([cluster("a"), cluster("b")], wanted(2), own("a", 0), own("a", 1), own("b", 3))) == ["a/1"]


def test_between_equally_loaded_clusters_the_last_by_name_gives_up_a_replica() -> None:
    assert leaving(plan([cluster("b"), cluster("a")], wanted(1), own("b"), own("a"))) == ["b/0"]


def test_a_replica_that_does_not_serve_leaves_before_all_others() -> None:
    fleet = [cluster("a"), cluster("b"), cluster("c", ready=False)]
    idle = own("a", serving=False)
    assert leaving(plan(fleet, wanted(2), idle, own("b", 0), own("b", 1), own("c"))) == ["a/0", "c/0"]


@pytest.mark.parametrize("weak", [cluster("a", ready=False), cluster("a", address="")])
def test_a_replica_on_a_degraded_cluster_leaves_before_one_on_a_cordoned_cluster(weak: object) -> None:
    fleet = [weak, cluster("b", taints=(MAINTENANCE,)), cluster("c")]
    answer = plan(fleet, wanted(1), own("a"), own("b"), own("c"))  # type: ignore[arg-type]
    assert leaving(answer) == ["a/0", "b/0"]


def test_a_tolerated_taint_makes_no_replica_leave_earlier() -> None:
    want = wanted(1, tolerations=(ClusterToleration("maintenance", "Exists"),))
    assert leaving(plan([cluster("a", taints=(MAINTENANCE,)), cluster("b")], want, own("a"), own("b"))) == ["b/0"]


def test_with_no_replicas_wanted_all_leave() -> None:
    answer = plan([cluster("a")], wanted(0), own("a", 0), own("a", 1))
    assert (kept(answer), leaving(answer), places(answer)) == ([], ["a/1", "a/0"], [])
