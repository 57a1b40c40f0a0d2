from function.scheduling import (
    ClusterTaint,
    DrainBlocked,
    Kept,
    NoDevice,
    NoLongerSelected,
    PlacementDrifted,
    PoolGone,
    PoolNoLongerMatches,
    PoolNotAssigned,
)
from tests.support.fleets import (
    cluster,
    engine,
    gpu,
    is_model,
    kept,
    own,
    places,
    plan,
    pool,
    request,
    standalone,
    wanted,
)

H100 = engine(standalone(request("gpu", 1, is_model("h100"))))


def test_a_replica_on_a_cluster_that_is_no_longer_selected_stays_and_has_drifted() -> None:
    replica = own("a")
    answer = plan([cluster("a")], wanted(labels={"tier": "gold"}), replica)
    assert answer.kept == (Kept(replica, PlacementDrifted((NoLongerSelected((("tier", "gold"),)),))),)


def test_a_replica_whose_pool_no_longer_matches_stays_in_it_even_if_another_pool_does() -> None:
    replica = own("a", pool_assignments=(("engine", "pool"),))
    answer = plan([cluster("a", pool("pool", 4, gpu("l4")), pool("other", 4, gpu("h100")))], wanted(1, H100), replica)
    drift = PoolNoLongerMatches("engine", "pool", NoDevice("gpu", 0, false=1))
    assert answer.kept == (Kept(replica, PlacementDrifted((drift,))),)
    assert places(answer) == []


def test_a_replica_whose_pool_still_matches_has_not_drifted() -> None:
    answer = plan(
        [cluster("a", pool("pool", 0, gpu("h100")))], wanted(1, H100), own("a", pool_assignments=(("engine", "pool"),))
    )
    assert answer.kept[0].drift is None


def test_a_replica_whose_pool_is_no_longer_published_stays_and_has_drifted() -> None:
    answer = plan([cluster("a", pool("new", 4))], wanted(), own("a", 0, ("old", 1)))
    assert answer.kept[0].drift == PlacementDrifted((PoolGone("old"),))


def test_a_replica_of_another_revision_is_not_compared_with_the_engines_of_this_one() -> None:
    old = own("a", pool_assignments=(("engine", "pool"),), revision="r0")
    assert plan([cluster("a", pool("pool", 4, gpu("l4")))], wanted(1, H100), old).kept[0].drift is None


def test_nothing_is_said_of_pools_that_are_not_published_at_all() -> None:
    answer = plan([cluster("a", published=False)], wanted(), own("a"))
    assert (kept(answer), answer.kept[0].drift) == (["a/0"], None)


def test_a_replica_can_be_asked_to_leave_and_have_drifted() -> None:
    replica = own("a", 0, ("old", 1))
    fleet = [cluster("a", taints=(ClusterTaint("retire", effect="NoExecute"),))]
    drift = PlacementDrifted((NoLongerSelected((("tier", "gold"),)), PoolGone("old")))
    assert plan(fleet, wanted(labels={"tier": "gold"}), replica).kept == (Kept(replica, drift, DrainBlocked("retire")),)


def test_drift_is_put_into_words() -> None:
    mismatch = NoDevice("gpu", 1, false=3)
    changes = (PoolGone("old"), PoolNotAssigned("x"), PoolNoLongerMatches("qwen", "a100", mismatch))
    assert PlacementDrifted((NoLongerSelected((("tier", "gold"),)), *changes)).phrase == (
        "cluster not selected (lacks tier=gold); pool old is no longer published; "
        "engine x has a member that names no pool; "
        "pool a100 no longer suits engine qwen: no device for request gpu (selector 2 false on 3 devices)"
    )
    assert DrainBlocked("retire").phrase == (
        "asked to leave by taint retire, and stays because there is no place elsewhere"
    )
