from dataclasses import replace

from function.scheduling import NotPermitted, ReservedNamespace
from function.scheduling.filters.permissions import ClusterPermissions
from tests.support.fleets import cluster, wanted


def test_what_a_cluster_does_not_permit_is_the_reason() -> None:
    asked = replace(wanted(), denied={"a": NotPermitted(("x",)), "b": ReservedNamespace("ml")})
    assert [ClusterPermissions().filter(cluster(name), asked) for name in "abc"] == [
        NotPermitted(("x",)),
        ReservedNamespace("ml"),
        None,
    ]
