from function.scheduling import Candidate, Spread
from function.scheduling.feasibility import Fit
from function.scheduling.scorers.cluster_spread import ClusterSpread
from function.scheduling.scorers.region_spread import RegionSpread
from tests.support.fleets import cluster

NORTH_1, NORTH_2 = (cluster(name, region="north") for name in ("n1", "n2"))
ALONE, OTHER = cluster("x"), cluster("y")
SPREAD = Spread([NORTH_1, NORTH_1, NORTH_2, ALONE])
CANDIDATES = [Candidate(place, Fit((), 0)) for place in (NORTH_1, NORTH_2, ALONE, OTHER)]


def test_the_cluster_with_the_fewest_replicas_is_best() -> None:
    assert [ClusterSpread().score(candidate, SPREAD) for candidate in CANDIDATES] == [-2, -1, -1, 0]


def test_the_region_with_the_fewest_replicas_is_best_and_a_cluster_without_one_is_a_region_by_itself() -> None:
    assert [RegionSpread().score(candidate, SPREAD) for candidate in CANDIDATES] == [-3, -3, -1, 0]


def test_a_replica_that_is_placed_counts_at_once() -> None:
    spread = Spread([])
    spread.add(NORTH_1)
    assert (spread.on_cluster(NORTH_1), spread.on_cluster(NORTH_2), spread.in_region(NORTH_2)) == (1, 0, 1)
