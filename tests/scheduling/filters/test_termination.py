from function.scheduling import Terminating
from function.scheduling.filters.termination import ClusterTermination
from tests.support.fleets import cluster, deployment


def test_a_cluster_that_is_being_deleted_is_kept_out() -> None:
    assert ClusterTermination().filter(cluster("a", terminating=True), deployment()) == Terminating()
    assert ClusterTermination().filter(cluster("a"), deployment()) is None
