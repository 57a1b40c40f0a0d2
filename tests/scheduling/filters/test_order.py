import pkgutil
from dataclasses import replace

from function.scheduling import ClusterTaint, NotPermitted, NotReady, NotSelected, UnschedulableReason, filters
from function.scheduling.filters import FILTERS, first_reason
from tests.support.fleets import cluster, deployment


def test_a_cluster_as_it_should_be_passes_every_filter() -> None:
    assert first_reason(cluster("a"), deployment()) is None


def test_of_several_reasons_the_first_in_the_order_of_the_filters_is_given() -> None:
    bad = cluster("a", ready=False, address="", taints=(ClusterTaint("t"),), terminating=True, published=False)
    asked = replace(deployment(labels={"tier": "gold"}), denied={"a": NotPermitted(("x",))})
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
    assert first_reason(cluster("a", ready=False), deployment(), ()) is None
    assert first_reason(cluster("a", ready=False), deployment(), FILTERS[3:4]) == NotReady()


def test_every_filter_in_its_folder_is_registered() -> None:
    modules = {f"function.scheduling.filters.{found.name}" for found in pkgutil.iter_modules(filters.__path__)}
    registered = {type(each).__module__ for each in FILTERS}
    assert modules - {"function.scheduling.filters.protocol"} == registered, "add it to FILTERS"
