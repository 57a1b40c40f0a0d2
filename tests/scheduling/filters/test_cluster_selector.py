from function.scheduling import NotSelected
from function.scheduling.filters.cluster_selector import ClusterSelector
from tests.support.fleets import cluster, wanted

GOLD = {"tier": "gold"}


def test_a_cluster_with_all_labels_passes_whatever_else_it_has() -> None:
    assert ClusterSelector().filter(cluster("a", labels={**GOLD, "zone": "x"}), wanted(labels=GOLD)) is None


def test_the_labels_that_are_missing_or_differ_are_named() -> None:
    asked = wanted(labels={**GOLD, "zone": "x"})
    assert ClusterSelector().filter(cluster("a", labels={"tier": "lead"}), asked) == NotSelected(
        (("tier", "gold"), ("zone", "x"))
    )


def test_without_a_selector_every_cluster_passes() -> None:
    assert ClusterSelector().filter(cluster("a"), wanted()) is None
