from function.scheduling import Candidate, Spread
from function.scheduling.feasibility import Fit
from function.scheduling.scorers.free_nodes import FreeNodes
from tests.support.fleets import cluster


def test_the_cluster_with_the_most_nodes_left_is_best() -> None:
    assert [FreeNodes().score(Candidate(cluster("a"), Fit((), left)), Spread([])) for left in (0, 3)] == [0, 3]
