"""A cluster that asks its replicas to leave is left when successors serve elsewhere, and not before."""

from dataclasses import replace

from function.scheduling import ClusterTaint, DeletionReason, DrainBlocked, RolloutStrategy
from tests.support.fleets import cluster, deployment, kept, own, places, plan, pool

DRAIN = ClusterTaint("maintenance", effect="NoExecute")
LEFT = cluster("a", pool(nodes=9), taints=(DRAIN,))
OTHER = cluster("b", pool(nodes=9))


def test_a_successor_is_placed_elsewhere_before_a_drained_replica_goes() -> None:
    answer = plan([LEFT, OTHER], deployment(), own("a"))
    assert (kept(answer), places(answer), answer.deletions) == (["a/0"], ["b/0"], ())
    assert (answer.kept[0].draining, answer.kept[0].drain) == (True, None)


def test_a_drained_replica_goes_once_its_successor_is_available() -> None:
    assert plan([LEFT, OTHER], deployment(), own("a"), own("b", available=False)).deletions == ()
    deletions = plan([LEFT, OTHER], deployment(), own("a"), own("b")).deletions
    assert [(replica.cluster, reason) for replica, reason in deletions] == [("a", DeletionReason.TAINTED_CLUSTER)]


def test_all_replicas_of_a_drained_cluster_get_successors_at_once_whatever_may_surge() -> None:
    scheduling_request = replace(deployment(3), rollout=RolloutStrategy(max_surge=0, max_unavailable=1))
    answer = plan([LEFT, OTHER], scheduling_request, *(own("a", index) for index in range(3)))
    assert places(answer) == ["b/0", "b/1", "b/2"]


def test_a_drained_replica_with_nowhere_to_go_stays_and_is_reported() -> None:
    answer = plan([LEFT], deployment(), own("a"))
    assert (kept(answer), places(answer)) == (["a/0"], [])
    assert answer.kept[0].drain == DrainBlocked("maintenance")
    assert [name for name, _ in answer.diagnosis.reasons] == ["a"]


def test_no_drained_replica_makes_room_for_another() -> None:
    answer = plan([LEFT, cluster("b", pool(nodes=1))], deployment(2), own("a"), own("b"))
    assert (kept(answer), answer.deletions) == (["a/0", "b/0"], ())


def test_a_drained_replica_of_an_old_revision_gets_one_successor() -> None:
    answer = plan([LEFT, OTHER], deployment(revision="r2"), own("a"))
    assert places(answer) == ["b/0"]
    assert answer.placed[0].revision == "r2"


def test_when_the_taint_goes_the_replica_stays_and_the_successor_that_does_not_serve_yet_goes() -> None:
    answer = plan([cluster("a"), OTHER], deployment(), own("a"), own("b", serving=False, ever_ready=False))
    assert (kept(answer), [replica.cluster for replica, _ in answer.deletions]) == (["a/0"], ["b"])
