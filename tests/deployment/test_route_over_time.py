"""What a service's route names of a deployment, while users do what they like in any order."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import TypeAlias

import pytest

from function.clock import ControlPlaneClock
from function.composition import Observation
from tests.support.happenings import (
    DRAIN,
    a_routed_world,
    degrade,
    drain,
    fail,
    image,
    lose,
    occupy,
    pause,
    push,
    quiet,
    scale,
)
from tests.support.routed_world import TICK, Clocks, RoutedWorld, the_time

SEEDS = int(os.environ.get("ROUTE_SEEDS", "50"))
"""Seeds of each batch; set the variable for more. A failure names its seed."""
FIRST = int(os.environ.get("ROUTE_FIRST_SEED", "0"))

Happening: TypeAlias = Callable[[RoutedWorld], None]
DELIBERATE: tuple[Happening, ...] = (push, push, push, drain, scale, pause, degrade, occupy)
FAULTS: tuple[Happening, ...] = (*DELIBERATE, fail, fail, lose)


def live(world: RoutedWorld, ticks: int, happenings: Sequence[Happening]) -> None:
    """Let time go by with things that happen, close together or far apart."""
    often = world.random.choice([0.03, 0.1, 0.3]) if happenings else 0
    for _ in range(ticks):
        if world.random.random() < often:
            world.random.choice(happenings)(world)
            world.check()
        world.tick()


def run(seed: int, happenings: Sequence[Happening], clocks: Clocks = the_time) -> None:
    world = a_routed_world(Random(seed), clocks)  # noqa: S311  # chance that can be repeated
    try:
        live(world, 150, happenings)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from None


@pytest.mark.parametrize("happenings", [DELIBERATE, FAULTS], ids=["deliberate", "faults"])
def test_no_step_of_ours_leaves_a_route_with_fewer_that_answer_than_promised(happenings: Sequence[Happening]) -> None:
    for seed in range(FIRST, FIRST + SEEDS):
        run(seed, happenings)


def until(world: RoutedWorld, happened: Callable[[RoutedWorld], bool]) -> None:
    """Let time go by until something has happened."""
    for _ in range(100):
        if happened(world):
            return
        world.tick()
    raise AssertionError(world.story("it does not happen"))


def two_are_ready(world: RoutedWorld) -> bool:
    return sum(unit.answers for key, unit in world.units.items() if key.startswith("endpoint-")) > 1


@pytest.mark.parametrize("first", ["push", "drain"])
def test_a_push_before_services_have_noticed_what_came_before_it_cuts_nobody_off(first: str) -> None:
    for seed in range(FIRST, FIRST + 10):
        world = one_replica(seed)
        if first == "push":
            run_image(world, "v3")
        else:
            world.taints = {min(world.units)[9:10]: [DRAIN]}
            world.happen("drain")
        until(world, two_are_ready)
        run_image(world, "v4")
        live(world, 90, [])


def test_a_push_that_is_taken_back_after_services_have_left_the_old_replica_cuts_nobody_off() -> None:
    for seed in range(FIRST, FIRST + 10):
        world = one_replica(seed)
        run_image(world, "v3")
        until(world, lambda world: len(world.available()) > 1)
        until(world, lambda world: len(world.route) == 1)
        run_image(world, "v2")
        live(world, 90, [])


def one_replica(seed: int) -> RoutedWorld:
    """A world with one replica that has replaced another one, and a service that takes a while to notice anything."""
    world = RoutedWorld(Random(seed), {"a": 4, "b": 4}, 1, notices=(8, 12))  # noqa: S311  # chance that can be repeated
    live(world, 30, [])
    run_image(world, "v2")
    live(world, 60, [])
    return world


def run_image(world: RoutedWorld, name: str) -> None:
    world.image = name
    world.happen(f"push {name}")


Wall: TypeAlias = Callable[[RoutedWorld], timedelta]
"""By how much a server's clock is ahead."""


def ahead(seconds: int) -> Wall:
    return lambda _: timedelta(seconds=seconds)


def jumps(world: RoutedWorld) -> timedelta:
    """Right for a minute, an hour ahead for a minute, and right again."""
    return timedelta(hours=world.now // 12 % 2)


def servers(*walls: Wall) -> Clocks:
    """Servers that answer in turn, each by its own clock; none has seen anything yet."""
    now = [0.0]
    turns = cycle([(wall, ControlPlaneClock(lambda: now[0])) for wall in walls])

    def read(world: RoutedWorld, observation: Observation) -> datetime:
        wall, clock = next(turns)
        now[0] = world.now * TICK.total_seconds()
        return clock.of(replace(observation, now=world.time + wall(world)))

    return read


@pytest.mark.parametrize(
    "walls",
    [(ahead(60), ahead(-60)), (jumps, ahead(0)), (ahead(86_400), ahead(0), ahead(-80))],
    ids=["a minute ahead and behind", "jumping an hour", "a day ahead"],
)
def test_servers_with_clocks_that_differ_keep_every_promise_and_shorten_no_drain(walls: Sequence[Wall]) -> None:
    for seed in range(FIRST, FIRST + max(SEEDS // 4, 1)):
        run(seed, DELIBERATE, servers(*walls))


@pytest.mark.parametrize("walls", [(ahead(60), ahead(-60)), (jumps, ahead(0)), (ahead(-60),)])
def test_a_drain_ends_however_clocks_differ(walls: Sequence[Wall]) -> None:
    world = RoutedWorld(Random(1), {"a": 4}, 2, clocks=servers(*walls))  # noqa: S311  # chance that can be repeated
    live(world, 60, [])
    world.replicas = 1
    world.happen("scale to 1")
    live(world, 50, [])
    assert sum(key.startswith("endpoint-") for key in world.units) == 1, world.story("it drains for ever")


def test_when_nobody_does_anything_any_more_all_that_answer_run_what_is_asked_for() -> None:
    for seed in range(FIRST, FIRST + max(SEEDS // 4, 1)):
        world = a_routed_world(Random(seed), roomy=True)  # noqa: S311  # chance that can be repeated
        live(world, 100, DELIBERATE)
        quiet(world)
        live(world, 320, [])
        images = {image(unit) for key, unit in world.units.items() if key.startswith("replica-")}
        assert images == {world.image}, world.story(f"seed {seed}")
        assert len(world.units) == 2 * len(world.available()) == 2 * world.replicas, world.story(f"seed {seed}")
