"""What holds of every answer about a deployment, whatever the fleet and its replicas look like."""

import copy
import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from function import fn
from function.composers import answer
from function.composition import Composition, Manifest, Observation, unstructured
from function.deployment import model_deployment
from function.inventory.nodes import nodes_by_pool
from tests.support import api, protocol
from tests.support.deployments import (
    KEY,
    NO_SYNTAX,
    cache,
    cluster,
    composed,
    deployment,
    engine,
    marked,
    member,
    owned_by,
    pool,
    request,
    running,
    seen,
    selecting,
    taint,
    taken,
    terminating,
    there,
)
from tests.support.observe import NOW, with_condition

NAMES = ("a", "b", "c")
BASE = [cluster(name) for name in NAMES]
AGES = (0, 30, 89, 90, 5000)


@dataclass(frozen=True)
class World:
    """A deployment with what there is around it; readable in a failing example."""

    composite: Manifest
    clusters: tuple[Manifest, ...]
    children: dict[str, Manifest]
    listed: tuple[Manifest, ...] = ()
    caches: tuple[Manifest, ...] | None = None

    def observe(self) -> Observation:
        listed = [obj for obj in self.listed if unstructured.annotations(obj).get(KEY) not in self.children]
        return seen(self.composite, self.clusters, self.children, listed=listed, caches=self.caches)


SPECS: dict[str, Any] = {
    "plain": {},
    "narrow": {"clusterSelector": selecting(tier="gold")},
    "tolerant": {"tolerations": [{"operator": "Exists"}]},
    "cached": {"modelCacheRef": {"name": "weights"}},
    "strict": {"rollout": {"maxUnavailable": 0}},
}
ENGINES = {
    "same": engine(),
    "other": engine("sglang", copies=2),
    "unfit": engine("vllm", member(request("gpu", "false"))),
    "invalid": engine("vllm", member(request("gpu", NO_SYNTAX))),
}


@st.composite
def fleets(draw: st.DrawFn) -> tuple[Manifest, ...]:
    """Some of three clusters, each in some state."""
    found = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        taints = draw(st.sampled_from([(), (), (taint(),), (taint(effect="NoExecute"),)]))
        obj = cluster(
            name,
            pool(draw(st.sampled_from(["a100", "a100", "h100"])), draw(st.integers(0, 4))),
            labels={"tier": "gold"} if draw(st.booleans()) else None,
            taints=taints,
            address=draw(st.sampled_from(["10.0.0.1", "10.0.0.1", "", "2001:db8::1", "junk/"])),
            ready=draw(st.sampled_from([True, True, False])),
            published=draw(st.sampled_from([True, True, False])),
        )
        found.append(terminating(obj) if draw(st.integers(0, 5)) == 0 else obj)
    return tuple(found)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A deployment that once had up to five replicas, in a world that has changed since."""
    before = running(deployment(draw(st.integers(0, 5))), BASE, draw(st.sampled_from(["True", "False", None])))
    children: dict[str, Manifest] = {}
    listed: list[Manifest] = []
    for key, child in before.items():
        obj = child
        if draw(st.integers(0, 3)) == 0:
            since = NOW - timedelta(seconds=draw(st.sampled_from(AGES)))
            obj = marked(obj, since.strftime("%Y-%m-%dT%H:%M:%SZ"))
        if key.startswith("replica-"):
            obj = with_status(obj, draw(st.sampled_from(["True", "True", "False", "Unknown"])))
            obj = terminating(obj) if draw(st.integers(0, 5)) == 0 else obj
            listed.append(obj)
        if draw(st.integers(0, 5)):
            children[key] = obj
    spec = draw(st.sampled_from(sorted(SPECS)))
    caches = draw(st.sampled_from([(), (cache(),), (cache(tier="gold"),), ({"spec": "junk"},)]))
    return World(
        with_condition(
            deployment(draw(st.integers(0, 5)), ENGINES[draw(st.sampled_from(sorted(ENGINES)))], **SPECS[spec]),
            "Ready",
            draw(st.sampled_from(["True", "False"])),
        ),
        draw(fleets()),
        children,
        (*listed, *draw(st.sampled_from([(), (taken("a", 2),), (taken("b"), {"spec": "junk"})]))),
        caches if spec == "cached" else None,
    )


def with_status(replica: Manifest, status: str) -> Manifest:
    return with_condition({key: value for key, value in replica.items() if key != "status"}, "Ready", status)


def ask(observed: Observation) -> Composition:
    return answer(model_deployment.COMPOSER, observed)


def specs(answered: Composition) -> dict[str, Any]:
    return {key: child.manifest["spec"] for key, child in answered.children.items()}


def drained_for(seconds: int, *objects: Manifest | None) -> bool:
    notes = [unstructured.annotations(obj).get("modelplane.ai/draining-since", "") for obj in objects]
    latest = (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return any(note and note <= latest for note in notes)


def yields(world: World, replica: Manifest | None) -> bool:
    """Whether a replica has never served, and its pool has fewer nodes than are taken of it."""
    if (
        replica is None
        or unstructured.is_true(replica, "Ready")
        or unstructured.text(replica, "status", "servingSince")
    ):
        return False
    where = unstructured.text(replica, "spec", "clusterName")
    there = {unstructured.name_of(obj): obj for obj in (*world.listed, *world.children.values())}
    counted = Counter[str]()
    for obj in there.values():
        if unstructured.dig(obj, "spec", "clusterName") == where and not unstructured.text(
            obj, "metadata", "deletionTimestamp"
        ):
            for pool_name, nodes in nodes_by_pool(obj):
                counted[pool_name] += nodes
    pools = [
        pool
        for cluster in world.clusters
        if unstructured.name_of(cluster) == where
        for pool in unstructured.items(cluster, "status", "gpuPools")
    ]
    return any(counted[obj["name"]] > max(obj["nodes"], 0) for obj in pools)


@given(worlds())
@settings(max_examples=300, deadline=None)
def test_what_goes_goes_for_a_reason_that_was_observed(world: World) -> None:
    """Its cluster is gone, or it has drained and either is not wanted or has no node there."""
    answered = ask(world.observe())
    assert not answered.fatal
    names = {unstructured.name_of(cluster) for cluster in world.clusters}
    own = {key: child for key, child in world.children.items() if key.startswith("replica-")}
    alive = {
        unstructured.name_of(replica)
        for replica in (*own.values(), *world.listed)
        if unstructured.dig(replica, "metadata", "ownerReferences") == owned_by(world.composite)
        and not unstructured.text(replica, "metadata", "deletionTimestamp")
        and replica["spec"]["clusterName"] in names
    }
    too_many = len(alive) > world.composite["spec"]["replicas"]
    changed = world.composite["spec"]["engines"] != [ENGINES["same"]]
    emptied = {
        unstructured.name_of(obj)
        for obj in world.clusters
        if any(here["effect"] == "NoExecute" for here in unstructured.items(obj, "spec", "taints"))
    }
    for key in set(world.children) - set(answered.children):
        place = key.split("-", 1)[1]
        replica = next(
            (replica for replica in (*own.values(), *world.listed) if key_of(replica) == f"replica-{place}"), None
        )
        endpoint = world.children.get(f"endpoint-{place}")
        drained = drained_for(90, replica, endpoint)
        lost = bool(names) and place.split("-")[0] not in names
        if key.startswith("replica-"):
            unwanted = too_many or changed or place.split("-")[0] in emptied or yields(world, replica)
            assert lost or (unwanted and (endpoint is None or drained)), key
        else:
            assert lost or drained, key


def key_of(obj: Manifest) -> str:
    return unstructured.annotations(obj).get(KEY, "")


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_no_replica_that_exists_is_changed_and_no_more_are_made_than_are_missing(world: World) -> None:
    answered = ask(world.observe())
    observed = {key_of(child): child for child in (*world.children.values(), *world.listed) if key_of(child)}
    new = set()
    for key, spec in specs(answered).items():
        if not key.startswith("replica-"):
            continue
        if key in observed:
            assert spec == observed[key]["spec"]
        else:
            new.add(key)
    total = answered.status.get("replicas", {}).get("total", 0)
    assert not new or total <= world.composite["spec"]["replicas"]


@given(worlds(), st.sampled_from(["clusters", "replicas", "cache"]))
@settings(max_examples=150, deadline=None)
def test_what_is_not_fetched_yet_changes_nothing(world: World, unfetched: str) -> None:
    full = world.observe()
    if unfetched not in full.required:
        return
    answered = ask(replace(full, required={key: found for key, found in full.required.items() if key != unfetched}))
    assert specs(answered) == {key: child["spec"] for key, child in world.children.items()}
    assert answered.ready == unstructured.is_true(world.composite, "Ready")


@given(worlds(), st.integers(0, 2**16))
@settings(max_examples=150, deadline=None)
def test_the_same_input_gives_the_same_bytes_in_any_order(world: World, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # a reproducible shuffle, not a secret
    full = world.observe()
    shuffled = replace(
        full,
        children=dict(dice.sample(sorted(full.children.items()), len(full.children))),
        required={key: tuple(dice.sample(found, len(found))) for key, found in full.required.items()},
    )
    obj, other = (
        fn.encode(protocol.of(asked), ask(asked)).SerializeToString(deterministic=True) for asked in (full, shuffled)
    )
    assert obj == other


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_what_is_composed_and_published_is_admitted(world: World) -> None:
    answered = ask(world.observe())
    for key, child in answered.children.items():
        assert api.refused(child.manifest) == [], key
        assert child.manifest["kind"] == ("ModelReplica" if key.startswith("replica-") else "ModelEndpoint")
    assert [
        obj for obj in api.refused({**world.composite, "status": dict(answered.status)}) if obj.startswith("status")
    ] == []


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_answers_come_to_rest_when_nothing_else_changes(world: World) -> None:
    observed, previous = world.observe(), None
    for _ in range(5):
        answered = ask(observed)
        if previous is not None and specs(answered) == previous:
            return
        previous = specs(answered)
        children = there(answered, world.composite, None)
        for key, child in children.items():
            ready = unstructured.condition(world.children.get(key), "Ready").get("status")
            if key.startswith("replica-") and ready:
                children[key] = with_status(child, str(ready))
        observed = replace(
            observed,
            children=children,
            required={
                **observed.required,
                "endpoints": tuple(child for key, child in children.items() if key.startswith("endpoint-")),
                "replicas": (
                    *(child for key, child in children.items() if key.startswith("replica-")),
                    *(obj for obj in world.listed if not key_of(obj)),
                ),
            },
        )
    raise AssertionError("it still changes")


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_junk_anywhere_in_a_child_costs_no_other_child(data: st.DataObject) -> None:
    obj, children = deployment(2), running(deployment(3), BASE)
    key = data.draw(st.sampled_from(sorted(children)))
    places = [path for path in paths(children[key]) if (path and path[0] in {"spec", "status"}) or "labels" in path]
    path = data.draw(st.sampled_from(places))
    junk = data.draw(st.sampled_from(["junk", 7, True, [], ["x"], {"x": 1}, {}]))
    broken = {**children, key: api.changed(children[key], *path, to=copy.deepcopy(junk))}
    answered = composed(obj, BASE, broken)
    assert not answered.fatal
    assert set(children) == set(answered.children)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in paths(item, (*path, key)))]
