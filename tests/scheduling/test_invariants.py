"""What holds of every plan, whatever the fleet."""

from collections import Counter
from dataclasses import replace
from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from function.scheduling import (
    Cluster,
    ClusterTaint,
    EngineSpec,
    Fleet,
    NodeResources,
    Plan,
    Pool,
    ScheduledReplica,
    SchedulingRequest,
    schedule,
)
from tests.support.fleets import (
    cluster,
    deployment,
    engine,
    gpu,
    is_model,
    leader,
    other,
    own,
    pool,
    request,
    resources,
    standalone,
    worker,
)

NAMES = ["a", "b", "c"]
MODELS = ["x", "y"]
POOLS = ["p", "q"]

REQUEST = st.builds(
    lambda model, count: request("gpu", count, model),
    st.sampled_from([*map(is_model, MODELS), "true"]),
    st.integers(1, 8),
)
NODES = st.sampled_from([resources(), resources(), resources(cpu=6), resources(gibibytes=20)])
SHAPES = st.lists(
    st.one_of(
        st.builds(lambda asked, copies: engine(standalone(asked), copies=copies), REQUEST, st.integers(1, 2)),
        st.builds(lambda asked, nodes: engine(leader(), worker(nodes, asked)), REQUEST, st.integers(1, 2)),
        st.builds(lambda first, second: engine(leader(first), worker(1, second)), REQUEST, REQUEST),
    ),
    min_size=1,
    max_size=3,
)


def named(engines: list[EngineSpec], nodes: list[NodeResources]) -> tuple[EngineSpec, ...]:
    """Engines with names of their own, each member of which requests something of its node."""
    left = iter(nodes)
    return tuple(
        replace(each, name=f"e{place}", members=tuple(replace(member, node=next(left)) for member in each.members))
        for place, each in enumerate(engines)
    )


ENGINES = st.builds(named, SHAPES, st.lists(NODES, min_size=6, max_size=6))


@st.composite
def clusters(draw: st.DrawFn, name: str) -> Cluster:
    pools = [
        pool(
            name_of_pool,
            draw(st.integers(0, 4)),
            gpu(draw(st.sampled_from(MODELS)), count=draw(st.sampled_from([4, 8]))),
            cpu=draw(st.sampled_from([0, 5, 8])),
            gibibytes=draw(st.sampled_from([0, 16, 32])),
        )
        for name_of_pool in draw(st.sampled_from([["p"], ["p", "q"], ["q", "p"]]))
    ]
    usually = st.sampled_from([True, True, True, False])
    return cluster(
        name,
        *pools,
        region=draw(st.sampled_from(["", "r"])),
        ready=draw(usually),
        address="1.2.3.4" if draw(usually) else "",
        taints=draw(st.sampled_from([(), (), (ClusterTaint("t"),), (ClusterTaint("t", effect="NoExecute"),)])),
        published=draw(usually),
    )


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    present = [draw(clusters(name)) for name in draw(st.lists(st.sampled_from(NAMES), unique=True))]
    nodes_by_pool = st.lists(st.tuples(st.sampled_from(POOLS), st.integers(1, 3)), max_size=2)
    replicas = [
        make(
            draw(st.sampled_from(NAMES)),
            *number,
            *draw(nodes_by_pool),
            name=f"{kind}{place}",
            serving=draw(st.booleans()),
            terminating=draw(st.sampled_from([False, False, True])),
        )
        for kind, make, number in (("own", own, (draw(st.integers(0, 2)),)), ("other", other, ()))
        for place in range(draw(st.integers(0, 4)))
    ]
    return Fleet(tuple(present), tuple(replicas))


SCHEDULING_REQUESTS = st.builds(lambda engines, replicas: deployment(replicas, *engines), ENGINES, st.integers(0, 5))


def free(fleet: Fleet, answer: Plan) -> Counter[tuple[str, str]]:
    """Count the free nodes of every pool, before and without what is new."""
    del answer
    left = Counter(
        {(cluster.name, each.name): each.nodes for cluster in fleet.clusters for each in cluster.pools or ()}
    )
    for replica in fleet.replicas:
        for name, nodes in replica.nodes_by_pool:
            left[replica.cluster, name] -= nodes
    return left


@given(fleets(), SCHEDULING_REQUESTS)
def test_new_replicas_never_take_more_nodes_than_are_free(fleet: Fleet, scheduling_request: SchedulingRequest) -> None:
    answer = schedule(fleet, scheduling_request)
    left = free(fleet, answer)
    for placement in answer.placed:
        for placed in placement.engines:
            left[placement.cluster, placed.pool] -= placed.nodes
            assert left[placement.cluster, placed.pool] >= 0


@given(fleets(), SCHEDULING_REQUESTS)
def test_every_own_replica_is_kept_leaving_lost_or_terminating_and_never_two_of_these(
    fleet: Fleet, scheduling_request: SchedulingRequest
) -> None:
    answer = schedule(fleet, scheduling_request)
    accounted = [kept.replica for kept in answer.kept] + [replica for replica, _ in answer.deletions]
    accounted += [*answer.lost, *answer.terminating]
    own_replicas = [replica for replica in fleet.replicas if replica.own]
    assert sorted(accounted, key=_key) == sorted(own_replicas, key=_key)


@given(fleets(), SCHEDULING_REQUESTS)
def test_a_replica_leaves_only_when_there_are_too_many_and_is_lost_only_with_its_cluster(
    fleet: Fleet, scheduling_request: SchedulingRequest
) -> None:
    answer = schedule(fleet, scheduling_request)
    names = {cluster.name for cluster in fleet.clusters}
    assert not answer.deletions or len(answer.kept) >= scheduling_request.replicas
    assert all(replica.cluster not in names for replica in answer.lost)
    assert not answer.lost or names


@given(fleets(), SCHEDULING_REQUESTS)
def test_no_more_replicas_are_placed_than_are_missing(fleet: Fleet, scheduling_request: SchedulingRequest) -> None:
    answer = schedule(fleet, scheduling_request)
    total, asked_to_leave = (
        len(answer.kept) + len(answer.placed),
        [kept for kept in answer.kept if kept.drain or kept.draining],
    )
    assert total <= scheduling_request.replicas + len(asked_to_leave) or not answer.placed
    short = total < scheduling_request.replicas or any(kept.drain for kept in answer.kept)
    assert bool(answer.diagnosis.reasons) == (bool(fleet.clusters) and not answer.doubt and short)


@given(fleets(), SCHEDULING_REQUESTS)
def test_no_two_replicas_are_given_one_index(fleet: Fleet, scheduling_request: SchedulingRequest) -> None:
    answer = schedule(fleet, scheduling_request)
    held = {(replica.cluster, replica.index) for replica in fleet.replicas if replica.own}
    given = [(placement.cluster, placement.index) for placement in answer.placed]
    assert len(set(given)) == len(given)
    assert not held & set(given)


@given(fleets(), SCHEDULING_REQUESTS, st.integers(0, 99))
def test_the_order_of_clusters_and_replicas_makes_no_difference(
    fleet: Fleet, scheduling_request: SchedulingRequest, seed: int
) -> None:
    mixed, random = Fleet(fleet.clusters, fleet.replicas), Random(seed)  # noqa: S311 - a shuffle
    shuffled = Fleet(
        tuple(random.sample(mixed.clusters, len(mixed.clusters))),
        tuple(random.sample(mixed.replicas, len(mixed.replicas))),
    )
    assert schedule(shuffled, scheduling_request) == schedule(fleet, scheduling_request)


@given(fleets(), SCHEDULING_REQUESTS)
def test_what_was_placed_is_kept_when_it_is_observed(fleet: Fleet, scheduling_request: SchedulingRequest) -> None:
    first = schedule(fleet, scheduling_request)
    made = [
        own(
            placement.cluster,
            placement.index,
            *((each.pool, each.nodes) for each in placement.engines),
            pool_assignments=tuple((each.name, each.pool) for each in placement.engines),
            serving=False,
        )
        for placement in first.placed
    ]
    gone = {replica for replica, _ in first.deletions} | set(first.lost)
    rest = tuple(replica for replica in fleet.replicas if replica not in gone)
    second = schedule(Fleet(fleet.clusters, (*rest, *made)), scheduling_request)
    assert (second.placed, second.deletions) == ((), ())
    assert {kept.replica for kept in second.kept} == {kept.replica for kept in first.kept} | set(made)
    assert all(kept.drift is None for kept in second.kept if kept.replica in made)


@settings(max_examples=200)
@given(fleets(), SCHEDULING_REQUESTS)
def test_a_cluster_has_no_reason_when_trying_everything_finds_room(
    fleet: Fleet, scheduling_request: SchedulingRequest
) -> None:
    answer = schedule(fleet, scheduling_request)
    if not answer.diagnosis.reasons:
        return
    left = free(fleet, answer)
    for placement in answer.placed:
        for each in placement.engines:
            left[placement.cluster, each.pool] -= each.nodes
    for where in fleet.clusters:
        usable = where.ready and where.gateway_address and not where.taints and where.pools is not None
        assert not (usable and _has_room(where, scheduling_request.engines, left))


def _has_room(cluster: Cluster, engines: tuple[EngineSpec, ...], left: Counter[tuple[str, str]]) -> bool:
    """Try every way of giving pools to engines."""
    pools = cluster.pools or ()
    for way in product(pools, repeat=len(engines)):
        taken: Counter[str] = Counter()
        if not all(_is_large_enough(place, each) for each, place in zip(engines, way, strict=True)):
            continue
        for each, place in zip(engines, way, strict=True):
            model, count = place.devices[0].attributes[0][1].content, place.devices[0].count
            for member in each.members:
                for asked in member.requests:
                    fits = asked.count <= count and asked.selectors[0] in ("true", is_model(str(model)))
                    taken[place.name] += each.copies * member.pods if fits else 10_000
        if all(nodes <= left[cluster.name, name] for name, nodes in taken.items()):
            return True
    return False


def _is_large_enough(pool: Pool, engine: EngineSpec) -> bool:
    """Put each pod on a node of its own; what is not known of a node is enough."""
    return all(
        asked <= there or there == 0
        for member in engine.members
        for asked, there in ((member.node.cpu, pool.node.cpu), (member.node.memory, pool.node.memory))
    )


@given(fleets(), SCHEDULING_REQUESTS)
def test_new_replicas_go_to_nodes_that_are_large_enough(fleet: Fleet, scheduling_request: SchedulingRequest) -> None:
    pools = {(where.name, each.name): each for where in fleet.clusters for each in where.pools or ()}
    engines = {each.name: each for each in scheduling_request.engines}
    for placement in schedule(fleet, scheduling_request).placed:
        assert all(_is_large_enough(pools[placement.cluster, at.pool], engines[at.name]) for at in placement.engines)


@given(fleets(), SCHEDULING_REQUESTS)
def test_how_large_nodes_are_makes_no_drift(fleet: Fleet, scheduling_request: SchedulingRequest) -> None:
    unknown = [
        replace(where, pools=where.pools and tuple(replace(each, node=resources()) for each in where.pools))
        for where in fleet.clusters
    ]
    elsewhere = schedule(replace(fleet, clusters=tuple(unknown)), scheduling_request)
    drifts = {each.replica: each.drift for each in elsewhere.kept}
    found = schedule(fleet, scheduling_request).kept
    assert all(each.drift == drifts.get(each.replica, each.drift) for each in found)


def _key(replica: ScheduledReplica) -> str:
    return replica.name
