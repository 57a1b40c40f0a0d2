"""What may happen in a routed world: what users do in any order, and what fails by itself."""

from __future__ import annotations

from random import Random
from typing import Final

from function.composition import unstructured
from tests.support.deployments import taint, taken
from tests.support.routed_world import Clocks, RoutedWorld, Unit, the_time

DRAIN: Final = taint(effect="NoExecute")
CORDON: Final = taint()


def a_routed_world(random: Random, clocks: Clocks = the_time, *, roomy: bool | None = None) -> RoutedWorld:
    """A world of two or three clusters, with room to spare or without, and a deployment that has settled."""
    spacious = random.random() < 0.5 if roomy is None else roomy  # one in two
    names = "abc"[: random.randint(2, 3)]
    nodes = {name: 20 if spacious else random.randint(1, 3) for name in names}
    world = RoutedWorld(random, nodes, random.randint(1, 4), clocks=clocks)
    if random.random() < 0.3:  # some
        world.rollout = {"maxSurge": random.randint(1, 2), "maxUnavailable": random.randint(0, 1)}
    world.started = (1, random.choice([3, 12, 40]))
    world.lags = (0, random.choice([0, 4, 16]))
    for _ in range(random.choice([2, 30, 60])):
        world.tick()
    return world


def quiet(world: RoutedWorld) -> None:
    """Undo whatever keeps replicas from being replaced."""
    world.taints, world.unready, world.others = {}, set(), []
    world.rollout = {**world.rollout, "paused": False}
    world.happen("quiet")


def image(unit: Unit) -> str:
    """What a replica runs."""
    name = unstructured.dig(unit.obj, "spec", "engines", 0, "members", 0, "template", "spec", "containers", 0, "image")
    return str(name)


def push(world: RoutedWorld) -> None:
    world.image = world.random.choice(["v1", "v2", "v3", "v4"])
    world.happen(f"push {world.image}")


def scale(world: RoutedWorld) -> None:
    world.replicas = world.random.randint(1, 4)
    world.happen(f"scale to {world.replicas}")


def pause(world: RoutedWorld) -> None:
    world.rollout = {**world.rollout, "paused": not world.rollout.get("paused", False)}
    world.happen(f"paused {world.rollout['paused']}")


def drain(world: RoutedWorld) -> None:
    name = world.random.choice(sorted(world.nodes))
    world.taints[name] = [] if world.taints.get(name) else [world.random.choice([DRAIN, DRAIN, CORDON])]
    world.happen(f"taints of {name}: {[taint['effect'] for taint in world.taints[name]]}")


def degrade(world: RoutedWorld) -> None:
    name = world.random.choice(sorted(world.nodes))
    world.unready ^= {name}
    world.happen(f"not ready: {sorted(world.unready)}")


def occupy(world: RoutedWorld) -> None:
    """Have another deployment take a node, or give all back."""
    if world.others:
        world.others = []
    else:
        world.others = [taken(world.random.choice(sorted(world.nodes)))]
    world.happen(f"others: {len(world.others)}")


def fail(world: RoutedWorld) -> None:
    """Have a replica stop serving by itself, for a while or for ever."""
    serving = sorted(key for key, unit in world.units.items() if key.startswith("replica-") and unit.answers)
    if serving:
        key = world.random.choice(serving)
        world.say(key, ready=False)
        lasts = world.random.choice([1, 5, 30, None])
        world.units[key].ready_at = None if lasts is None else world.now + lasts
        world.fault(f"{key} fails for {lasts}")


def lose(world: RoutedWorld) -> None:
    """Have a replica deleted by hand."""
    there = sorted(key for key in world.units if key.startswith("replica-"))
    if there:
        key = world.random.choice(there)
        del world.units[key]
        world.fault(f"{key} is deleted")
