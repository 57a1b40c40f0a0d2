"""Many deployments plan for a long time, each by what it happens to see, and what is promised holds."""

import os
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeAlias

import pytest

from function.scheduling import Fleet, RolloutStrategy, schedule
from tests.support.world import DRAIN, World, a_world

RUNS = int(os.environ.get("SIMULATION_RUNS", "12"))
"""Runs of each batch; set the variable for more. Every run has its own seed, which a failure names."""
BATCHES = range(2)
REST_WITHIN = 60
"""Ticks within which a world without further events comes to rest."""

Happening: TypeAlias = Callable[[World], None]


def scale(world: World) -> None:
    one = world.random.choice(sorted(world.deployments))
    here = world.deployments[one]
    here.wanted = replace(here.wanted, replicas=world.random.randint(0, 4))


def grow(world: World) -> None:
    here = world.deployments[world.random.choice(sorted(world.deployments))]
    here.wanted = replace(here.wanted, replicas=here.wanted.replicas + 1)


def edit(world: World) -> None:
    here = world.deployments[world.random.choice(sorted(world.deployments))]
    here.wanted = replace(here.wanted, revision=world.random.choice(["r1", "r2", "r3"]))


def pause(world: World) -> None:
    here = world.deployments[world.random.choice(sorted(world.deployments))]
    here.wanted = replace(here.wanted, rollout=replace(here.wanted.rollout, paused=not here.wanted.rollout.paused))


def taint(world: World) -> None:
    name = world.random.choice(sorted(world.clusters))
    here = world.clusters[name]
    world.clusters[name] = replace(here, taints=() if here.taints else (DRAIN,))


def degrade(world: World) -> None:
    name = world.random.choice(sorted(world.clusters))
    world.clusters[name] = replace(world.clusters[name], ready=not world.clusters[name].ready)


def shrink(world: World) -> None:
    name = world.random.choice(sorted(world.clusters))
    here = world.clusters[name]
    pools = tuple(replace(pool, nodes=world.random.randint(0, 3)) for pool in here.pools or ())
    world.clusters[name] = replace(here, pools=pools)


def crash(world: World) -> None:
    serving = [unit for unit in world.units if unit.serving_since is not None and unit.gone_at is None]
    if serving:
        world.break_unit(world.random.choice(serving))


def live(world: World, ticks: int, happenings: list[Happening], check: Callable[[World], None]) -> None:
    """Let time go by with things that happen, and check after every tick."""
    for _ in range(ticks):
        if happenings and world.random.random() < 0.3:
            world.random.choice(happenings)(world)
        world.tick()
        check(world)
        assert not world.broken, world.broken


def rest(world: World, check: Callable[[World], None]) -> None:
    """Let time go by without anything happening until nothing changes any more."""
    began = world.now
    while world.now - world.changed < 12:
        world.tick()
        check(world)
        assert world.now - began < REST_WITHIN, f"no rest within {REST_WITHIN} ticks"
    assert not world.broken, world.broken


def nothing(_world: World) -> None:
    """Check nothing more."""


def each_seed(batch: int) -> list[Random]:
    return [Random(100_000 * batch + run) for run in range(RUNS)]  # noqa: S311  # chance that can be repeated


@pytest.mark.parametrize("batch", BATCHES)
def test_where_nothing_shrinks_drains_rolls_or_is_lost_what_has_served_never_moves(batch: int) -> None:
    for random in each_seed(batch):
        world = a_world(random)
        served: set[str] = set()

        def check(world: World, served: set[str] = served) -> None:
            there = {unit.name for unit in world.units if unit.gone_at is None and unit.draining_since is None}
            assert served <= there
            served |= {unit.name for unit in world.units if unit.ever_ready}

        live(world, 30, [grow, crash, degrade], check)
        rest(world, check)


@pytest.mark.parametrize("batch", BATCHES)
def test_at_rest_no_pool_is_overcommitted_and_nothing_that_is_missing_fits_anywhere(batch: int) -> None:
    for random in each_seed(batch):
        world = a_world(random)
        live(world, 30, [scale, crash, degrade], nothing)
        rest(world, nothing)
        assert world.overcommitted() == set()
        everyone = [unit.seen(world.now, own=False) for unit in world.units]
        for name, here in world.deployments.items():
            missing = here.wanted.replicas - len(world.own(name))
            if missing > 0:
                trial = schedule(
                    Fleet(tuple(world.clusters.values()), tuple(everyone)), replace(here.wanted, replicas=1)
                )
                assert not trial.placed, f"{name} lacks {missing} replicas, and there is room"


@pytest.mark.parametrize("batch", BATCHES)
def test_at_rest_only_pools_that_served_replicas_alone_exceed_are_overcommitted_and_each_is_reported(
    batch: int,
) -> None:
    for random in each_seed(batch):
        world = a_world(random)
        live(world, 40, [scale, edit, pause, taint, degrade, shrink, crash], nothing)
        rest(world, nothing)
        over = world.overcommitted()
        assert over == world.overcommitted(served=True)
        told = {(one.cluster, one.pool) for here in world.deployments.values() for one in here.plan.overcommitted}
        assert told == over


@pytest.mark.parametrize("batch", BATCHES)
def test_no_deployment_ever_answers_with_fewer_replicas_than_it_is_promised(batch: int) -> None:
    for random in each_seed(batch):
        world = a_world(random)
        before: dict[str, int] = {}

        def check(world: World, before: dict[str, int] = before) -> None:
            for name, here in world.deployments.items():
                least = max(here.wanted.replicas - here.wanted.rollout.max_unavailable, 0)
                now = world.answering(name)
                assert now >= min(before.get(name, 0), least), f"{name} has {now} at {world.now}"
                before[name] = now

        live(world, 60, [edit, taint, pause, degrade, scale], check)
        rest(world, check)


@pytest.mark.parametrize("batch", BATCHES)
def test_with_room_a_rollout_or_a_drain_never_answers_with_fewer_replicas_than_are_wanted(batch: int) -> None:
    for random in each_seed(batch):
        world = a_world(random, roomy=True)
        live(world, 15, [], nothing)
        last = max(world.clusters)

        def check(world: World) -> None:
            for name, here in world.deployments.items():
                assert world.answering(name) >= here.wanted.replicas, f"{name} at {world.now}"

        def move(world: World, last: str = last) -> None:
            here = world.clusters[last]
            world.clusters[last] = replace(here, taints=() if here.taints else (DRAIN,))

        live(world, 60, [edit, move], check)
        rest(world, check)


@pytest.mark.parametrize("batch", BATCHES)
def test_with_room_every_rollout_and_every_drain_ends(batch: int) -> None:
    for random in each_seed(batch):
        world = a_world(random, roomy=True)
        live(world, 40, [edit, scale], nothing)
        drained = max(world.clusters)
        world.clusters[drained] = replace(world.clusters[drained], taints=(DRAIN,))
        for _ in range(90):
            world.tick()
        for name, here in world.deployments.items():
            units = world.own(name)
            assert {unit.revision for unit in units} <= {here.wanted.revision}
            assert len(units) == here.wanted.replicas == world.answering(name)
            assert drained not in {unit.cluster for unit in units}


@pytest.mark.parametrize("batch", BATCHES)
def test_what_never_serves_in_one_pool_is_tried_in_another(batch: int) -> None:
    for random in each_seed(batch)[:10]:
        world = a_world(random, roomy=True, bad=True)
        for _ in range(400):
            world.tick()
        for name, here in world.deployments.items():
            assert world.answering(name) == here.wanted.replicas


def test_without_room_a_rollout_that_may_miss_a_replica_ends_unless_others_wait_for_its_nodes() -> None:
    for random in each_seed(99):
        world = a_world(random)
        name, here = world.deployments.popitem()
        world.deployments = {name: here}
        here.wanted = replace(here.wanted, rollout=RolloutStrategy(1, 1))
        live(world, 30, [], nothing)
        if world.answering(name) < here.wanted.replicas:
            continue
        here.wanted = replace(here.wanted, revision="r2")
        for _ in range(150):
            world.tick()
        assert {replica.revision for replica in world.own(name)} <= {"r2"}
