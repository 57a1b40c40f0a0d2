from function.scheduling import Terminating
from function.scheduling.filters.termination import ClusterTermination
from tests.support.fleets import cluster, wanted


def test_a_cluster_that_is_being_deleted_is_kept_out() -> None:
    assert ClusterTermination().filter(cluster("a", terminating=True), wanted()) == Terminating()
    assert ClusterTermination().filter(cluster("a"), wanted()) is None
