"""Doubt about what is remembered: statuses, times and pods may be lost or garbled, and nothing that serves goes."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from function.composers import compose
from function.composition import Composition, Manifest, Observation, unstructured
from tests.support import deployments
from tests.support.deployments import cluster, deployment, draining, engine, pool, running, there
from tests.support.doubts import EACH, JUNK, assert_nothing_lost, ids, not_ready, paths, seen, spoiled
from tests.support.observe import NOW

NO_TIMES: tuple[Any, ...] = (*JUNK, "", "yesterday", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z")
"""What may stand where the time of something that has happened should."""


def without_value(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy without what is at a path."""
    result = copy.deepcopy(value)
    holder = result
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return result


def garbled(value: Any, path: tuple[Any, ...], junk: tuple[Any, ...] = JUNK) -> Iterator[Any]:
    """Copies without what is at a path, and with junk in its place."""
    yield without_value(value, path)
    yield from (spoiled(value, path, junk_value) for junk_value in junk)


def times(child: Any) -> list[tuple[Any, ...]]:
    """Where a child says since when something is so, and when it was made."""
    positions = range(len(unstructured.items(child, "status", "conditions")))
    made = [("metadata", "creationTimestamp")] if unstructured.dig(child, "metadata", "creationTimestamp") else []
    return [*made, *(("status", "conditions", position, "lastTransitionTime") for position in positions)]


# ---------------------------------------------------------------------- every composer


@EACH
def test_a_status_that_is_lost_or_garbled_anywhere_costs_no_child(index: int) -> None:
    _, observation = seen(index)
    composite = dict(observation.composite)
    for path in [path for path in paths(composite) if path and path[0] == "status"]:
        for broken in garbled(composite, path):
            answer = compose(replace(observation, composite=broken))
            assert not answer.fatal, path
            assert set(observation.children) <= set(answer.children), path


@EACH
def test_a_child_that_does_not_say_since_when_costs_nothing(index: int) -> None:
    _, observation = seen(index)
    for key, child in observation.children.items():
        for path in times(child):
            for broken in garbled(dict(child), path, NO_TIMES):
                answer = compose(replace(observation, children={**observation.children, key: broken}))
                assert_nothing_lost(observation, answer)
                assert answer.ready == compose(observation).ready, path


# ---------------------------------------------------------------------- pools that rest


@cache
def resting() -> Observation:
    """Of three replicas one serves on `a`, one has given way on `b`, and one has never served on `c`."""
    fleet = [cluster(name, pool("a100", 1)) for name in "abc"]
    obj = deployment(3)
    children = running(obj, fleet, replica_c_0="False")
    del children["endpoint-c-0"], children["replica-b-0"], children["endpoint-b-0"]
    revision = deployments.composed(obj, fleet).status["revision"]
    rests = [{"cluster": "b", "pool": "a100", "until": "2026-01-01T00:02:00Z", "attempts": 1}]
    status = {"revision": dict(revision), "avoid": rests}
    return deployments.seen({**obj, "status": status}, fleet, children)


def test_a_pool_rests_as_long_as_it_is_remembered() -> None:
    answer = compose(resting())
    assert set(answer.children) == set(resting().children)
    assert answer.status["avoid"] == resting().status["avoid"]


def test_what_is_remembered_of_pools_may_be_lost_or_garbled_and_nothing_that_is_there_goes() -> None:
    composite = dict(resting().composite)
    for path in [path for path in paths(composite) if path[:2] in {("status", "avoid"), ("status", "revision")}]:
        for broken in garbled(composite, path, NO_TIMES):
            answer = compose(replace(resting(), composite=broken))
            assert_nothing_lost(resting(), answer)
            assert set(answer.children) - set(resting().children) <= {"replica-b-0"}, path


# ---------------------------------------------------------------------- successors


@cache
def replacing() -> Observation:
    """Two old replicas, and a new one whose endpoint has been Ready for long enough."""
    fleet = [cluster(name) for name in "abc"]
    old = running(deployment(2), fleet)
    obj = deployment(2, engine("sglang"))
    children = old
    for _ in range(2):
        children = there(deployments.composed(obj, fleet, children), obj)
    return deployments.seen(obj, fleet, children, now=NOW + timedelta(hours=1))


def test_an_old_replica_makes_way_once_the_endpoint_of_its_successor_has_been_ready_for_long_enough() -> None:
    assert "endpoint-c-0" in replacing().children
    assert len(draining(compose(replacing()))) == 1
    assert draining(compose(replace(replacing(), now=NOW + timedelta(seconds=60)))) == set()


def test_an_old_replica_stays_while_the_endpoint_of_its_successor_does_not_say_since_when_it_is_ready() -> None:
    successor = dict(replacing().children["endpoint-c-0"])
    (path,) = [path for path in times(successor) if path[0] == "status"]
    for broken in garbled(successor, path, NO_TIMES):
        observation = replace(replacing(), children={**replacing().children, "endpoint-c-0": broken})
        answer = compose(observation)
        assert_nothing_lost(observation, answer)
        assert draining(answer) == set(), broken


# ---------------------------------------------------------------------- pods


POD: Manifest = {
    "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
    "kind": "Object",
    "metadata": {"name": "pod", "namespace": "ml-team"},
    "status": {
        "atProvider": {
            "manifest": {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "chat-a", "namespace": "ml-team"},
                "status": {
                    "phase": "Pending",
                    "conditions": [{"type": "Ready", "status": "False"}],
                    "containerStatuses": [
                        {
                            "name": "engine",
                            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no GPU"}},
                        }
                    ],
                },
            }
        }
    },
}
REPLICAS = [index for index, name in enumerate(ids()) if name.startswith("ModelReplica/")]


def looking_at_pods(observation: Observation) -> Observation:
    """The same, while its pods are looked at one by one: with the collection, and a pod that it has found."""
    collection = compose(not_ready(observation)).children["pods"].manifest
    children = {**observation.children, "pods": collection}
    return replace(observation, children=children, required={**observation.required, "pods": (POD,)})


def assert_all_but_pods_stays(observation: Observation, answer: Composition) -> None:
    """What looks at pods may come and go; all else is there."""
    others = {key: child for key, child in observation.children.items() if key != "pods"}
    assert_nothing_lost(replace(observation, children=others), answer)


@pytest.mark.parametrize("index", REPLICAS)
@pytest.mark.parametrize("serves", [True, False])
def test_pods_that_are_lost_or_garbled_cost_nothing_and_change_no_readiness(index: int, serves: bool) -> None:  # noqa: FBT001  # a parameter
    observation = looking_at_pods(seen(index)[1] if serves else not_ready(seen(index)[1]))
    assert compose(observation).ready is serves
    for path in [path for path in paths(POD) if path and path[0] in {"spec", "status"}]:
        for broken in garbled(POD, path):
            answer = compose(replace(observation, required={**observation.required, "pods": (broken,)}))
            assert_all_but_pods_stays(observation, answer)
            assert answer.ready is serves, path


@pytest.mark.parametrize("index", REPLICAS)
@pytest.mark.parametrize("serves", [True, False])
def test_what_looks_at_pods_may_be_lost_or_garbled_and_costs_nothing(index: int, serves: bool) -> None:  # noqa: FBT001  # a parameter
    observation = looking_at_pods(seen(index)[1] if serves else not_ready(seen(index)[1]))
    children = dict(observation.children)
    for path in [path for path in paths(children) if path and path[0] == "pods" and "metadata" not in path]:
        for broken in garbled(children, path):
            if not isinstance(broken.get("pods", {}), dict):
                continue
            answer = compose(replace(observation, children=broken))
            assert_all_but_pods_stays(observation, answer)
            assert answer.ready is serves, path


@pytest.mark.parametrize("index", REPLICAS)
def test_pods_that_are_not_fetched_or_are_none_cost_nothing(index: int) -> None:
    observation = looking_at_pods(not_ready(seen(index)[1]))
    others = {key: found for key, found in observation.required.items() if key != "pods"}
    for required in (others, {**others, "pods": ()}):
        answer = compose(replace(observation, required=required))
        assert_all_but_pods_stays(observation, answer)
        assert "pods" in answer.children
