from dataclasses import replace

from function.scheduling import ClusterTaint, NotPermitted, NotReady, NotSelected, UnschedulableReason
from function.scheduling.filters import FILTERS, first_reason
from tests.support.fleets import cluster, wanted


def test_a_cluster_as_it_should_be_passes_every_filter() -> None:
    assert first_reason(cluster("a"), wanted()) is None


def test_of_several_reasons_the_first_in_the_order_of_the_filters_is_given() -> None:
    bad = cluster("a", ready=False, address="", taints=(ClusterTaint("t"),), terminating=True, published=False)
    asked = replace(wanted(labels={"tier": "gold"}), denied={"a": NotPermitted(("x",))})
    assert first_reason(bad, asked) == NotSelected((("tier", "gold"),))
    reasons: list[UnschedulableReason | None] = [check.filter(bad, asked) for check in FILTERS]
    assert [type(reason).__name__ for reason in reasons] == [
        "NotSelected",
        "NotPermitted",
        "Terminating",
        "NotReady",
        "NoGateway",
        "Tainted",
        "PoolsUnknown",
    ]


def test_only_the_filters_that_are_given_are_asked() -> None:
    assert first_reason(cluster("a", ready=False), wanted(), ()) is None
    assert first_reason(cluster("a", ready=False), wanted(), FILTERS[3:4]) == NotReady()
