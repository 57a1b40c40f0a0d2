from function.scheduling import (
    EnginePlacement,
    NotEnoughNodes,
    OvercommittedPool,
)
from function.scheduling.capacity import NodeLedger
from tests.support.fleets import (
    cluster,
    engine,
    kept,
    leader,
    other,
    own,
    places,
    plan,
    pool,
    request,
    wanted,
    worker,
)


def test_nodes_of_other_deployments_are_taken() -> None:
    answer = plan([cluster("a", pool("pool", 1))], wanted(), other("a"))
    assert (places(answer), answer.diagnosis.reasons) == ([], (("a", NotEnoughNodes("pool", 1, 0)),))


def test_a_replica_is_not_counted_against_itself() -> None:
    answer = plan([cluster("a", pool("pool", 1))], wanted(), own("a"))
    assert (kept(answer), answer.overcommitted) == (["a/0"], ())


def test_a_replica_of_a_pool_that_is_not_published_reserves_nothing() -> None:
    assert places(plan([cluster("a", pool("pool", 1))], wanted(), other("a", ("vanished", 5)))) == ["a/0"]


def test_a_replica_being_deleted_still_takes_its_nodes() -> None:
    fleet = [cluster("a", pool("pool", 1))]
    assert places(plan(fleet, wanted(), other("a", terminating=True))) == []
    assert places(plan(fleet, wanted(), own("a", terminating=True))) == []


def test_a_replica_of_ours_being_deleted_does_not_count_and_holds_its_index() -> None:
    going = own("a", 0, terminating=True)
    answer = plan([cluster("a")], wanted(), going)
    assert (answer.terminating, kept(answer), places(answer)) == ((going,), [], ["a/1"])


def test_a_kept_replica_is_counted_as_it_was_placed() -> None:
    four = engine(leader(request()), worker(3))
    fleet = [cluster("a", pool("pool", 6))]
    assert places(plan(fleet, wanted(2, four), own("a", 0, ("pool", 2)))) == ["a/1"]
    assert places(plan(fleet, wanted(2, four), own("a", 0, ("pool", 3)))) == []


def test_two_replicas_with_one_index_are_both_kept_and_both_counted() -> None:
    answer = plan([cluster("a", pool("pool", 3))], wanted(4), own("a", 0), own("a", 0, name="twin"))
    assert (kept(answer), places(answer)) == (["a/0", "a/0"], ["a/1"])


def test_a_pool_of_no_nodes_hosts_nothing() -> None:
    assert places(plan([cluster("a", pool("p", 0))], wanted())) == []


def test_a_pool_with_more_taken_than_it_has_is_reported() -> None:
    answer = plan([cluster("a", pool("pool", 2))], wanted(), own("a"), other("a", ("pool", 2)))
    assert answer.overcommitted == (OvercommittedPool("a", "pool", 2, 3),)


def test_replicas_being_deleted_do_not_make_a_pool_overcommitted() -> None:
    answer = plan([cluster("a", pool("pool", 1))], wanted(), own("a"), other("a", terminating=True))
    assert answer.overcommitted == ()


def test_a_trial_and_a_trial_of_it_change_neither_the_ledger_nor_each_other() -> None:
    where = cluster("a", pool("pool", 9))
    first, second = own("a", 0, ("pool", 2)), own("a", 1, ("pool", 3))
    ledger = NodeLedger((first, second))
    first_released = ledger.released([first])
    both_released = first_released.released([second])
    both_released.reserve("a", [EnginePlacement("engine", "pool", 1, ())])
    assert [one.free(where) for one in (ledger, first_released, both_released)] == [(4,), (6,), (8,)]
