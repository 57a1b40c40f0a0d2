import pytest

from function.scheduling import ClusterTaint, ClusterToleration, Tainted
from function.scheduling.filters.taints import TaintToleration
from tests.support.fleets import cluster, wanted

CORDON = ClusterTaint("maintenance")
DRAIN = ClusterTaint("maintenance", effect="NoExecute")


def test_a_tolerated_taint_keeps_nothing_out() -> None:
    asked = wanted(tolerations=(ClusterToleration("maintenance", "Exists"),))
    assert TaintToleration().filter(cluster("a", taints=(CORDON, DRAIN)), asked) is None


def test_tolerating_a_cordon_does_not_tolerate_a_drain() -> None:
    asked = wanted(tolerations=(ClusterToleration("maintenance", "Exists", effect="NoSchedule"),))
    assert TaintToleration().filter(cluster("a", taints=(DRAIN,)), asked) == Tainted("maintenance", "NoExecute")


def test_of_several_taints_that_are_not_tolerated_the_first_by_key_and_effect_is_named() -> None:
    taints = (ClusterTaint("team", "x"), CORDON, DRAIN)
    assert TaintToleration().filter(cluster("a", taints=taints), wanted()) == Tainted("maintenance", "NoExecute")


def test_a_taint_with_another_effect_keeps_nothing_out() -> None:
    taints = (ClusterTaint("team", effect="PreferNoSchedule"),)
    assert TaintToleration().filter(cluster("a", taints=taints), wanted()) is None


@pytest.mark.parametrize(
    ("toleration", "passes"),
    [
        (ClusterToleration("team", "Equal", "x"), True),
        (ClusterToleration("team", "Equal", "y"), False),
        (ClusterToleration("team", "Equal"), False),
        (ClusterToleration("team", "Exists"), True),
        (ClusterToleration("", "Exists"), True),
        (ClusterToleration("other", "Exists"), False),
    ],
)
def test_equal_needs_the_value_and_exists_without_a_key_tolerates_all(
    *, toleration: ClusterToleration, passes: bool
) -> None:
    tainted = cluster("a", taints=(ClusterTaint("team", "x"),))
    assert (TaintToleration().filter(tainted, wanted(tolerations=(toleration,))) is None) is passes
