from dataclasses import replace

from function.scheduling import NoNodePools, PoolsUnknown
from function.scheduling.filters.node_pools import PublishedNodePools
from tests.support.fleets import cluster, wanted


def test_a_cluster_without_pools_is_told_apart_from_one_that_has_published_nothing() -> None:
    clusters = cluster("a", published=False), replace(cluster("a"), pools=()), cluster("a")
    found = [PublishedNodePools().filter(each, wanted()) for each in clusters]
    assert found == [PoolsUnknown(), NoNodePools(), None]
