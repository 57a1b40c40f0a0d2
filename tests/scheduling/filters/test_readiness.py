from function.scheduling import NotReady
from function.scheduling.filters.readiness import ClusterReadiness
from tests.support.fleets import cluster, wanted


def test_a_cluster_that_is_not_ready_is_kept_out() -> None:
    assert ClusterReadiness().filter(cluster("a", ready=False), wanted()) == NotReady()
    assert ClusterReadiness().filter(cluster("a"), wanted()) is None
