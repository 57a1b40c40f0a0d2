from function.scheduling import NoGateway
from function.scheduling.filters.gateway import ReachableGateway
from tests.support.fleets import cluster, wanted


def test_a_cluster_whose_gateway_has_no_address_is_kept_out() -> None:
    assert ReachableGateway().filter(cluster("a", address=""), wanted()) == NoGateway()
    assert ReachableGateway().filter(cluster("a"), wanted()) is None
