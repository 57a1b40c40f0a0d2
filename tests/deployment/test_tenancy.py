"""What one namespace can do to another's deployment: take nodes that it names, and nothing else."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Composition, Manifest, unstructured
from tests.support import api
from tests.support.deployments import KEY, cluster, composed, deployment, owned_by, pool, running, taken, there
from tests.support.observe import reasons

FLEET = [cluster("a", pool("a100", 9)), cluster("b", pool("a100", 9), pool("l4", 9))]
DEPLOYMENT = deployment(3)
CHILDREN = running(DEPLOYMENT, FLEET)
OURS = [child for child in CHILDREN.values() if child["kind"] == "ModelReplica"]
TALKS = [child for child in CHILDREN.values() if child["kind"] == "ModelEndpoint"]
JUNK: tuple[Any, ...] = ("junk", "", 7, 10**9, -1, True, [], ["x"], {"x": 1}, {}, "2099-01-01T00:00:00Z", "replica-b-0")


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in paths(item, (*path, key)))]


@st.composite
def foreign(draw: st.DrawFn, of: list[Manifest]) -> Manifest:
    """An object of another namespace that says of itself what one of ours does, but for a few mutations."""
    found = copy.deepcopy(draw(st.sampled_from(of)))
    status = {**found.get("status", {}), "servingSince": "2020-01-01T00:00:00Z"}
    notes = {**found["metadata"]["annotations"], "modelplane.ai/draining-since": "2020-01-01T00:00:00Z"}
    found = {**found, "status": status, "metadata": {**found["metadata"], "annotations": notes}}
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from([path for path in paths(found) if path]))
        found = api.changed(found, *path, to=copy.deepcopy(draw(st.sampled_from(JUNK))))
    if not isinstance(found["metadata"], dict):
        found["metadata"] = {}
    found["metadata"]["namespace"] = draw(st.sampled_from(["a-team", "others"]))
    if draw(st.booleans()):
        found["metadata"]["annotations"] = {KEY: f"replica-{draw(st.sampled_from('ab'))}-{draw(st.integers(0, 9))}"}
    if draw(st.booleans()):
        found["metadata"]["ownerReferences"] = owned_by(DEPLOYMENT)
    return found


def kept(answered: Composition) -> dict[str, Manifest]:
    return {key: child.manifest for key, child in answered.children.items() if key in CHILDREN}


def conditions(answered: Composition) -> dict[str, str]:
    """All but what they take of the pools, and what of theirs cannot be read."""
    return {kind: why for kind, why in reasons(answered).items() if kind not in {"Overcommitted", "Held"}}


@given(st.lists(foreign(OURS), max_size=4), st.lists(foreign(TALKS), max_size=2))
@settings(max_examples=200, deadline=None)
def test_no_object_of_another_namespace_changes_what_a_deployment_has(
    theirs: list[Manifest], talks: list[Manifest]
) -> None:
    alone = composed(DEPLOYMENT, FLEET, CHILDREN)
    beside = composed(DEPLOYMENT, FLEET, CHILDREN, listed=theirs, endpoints=talks)
    assert not beside.fatal
    assert beside.children == alone.children
    assert beside.status == alone.status
    assert beside.ready == alone.ready
    assert conditions(beside) == conditions(alone)


@given(st.lists(foreign(OURS), max_size=4), st.integers(0, 5), st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_others_say_a_deployment_composes_in_its_own_namespace_what_it_says_itself(
    theirs: list[Manifest],
    wanted: int,
    lost: bool,  # noqa: FBT001  # drawn
) -> None:
    obj = deployment(wanted)
    children = {} if lost else CHILDREN
    own = OURS if lost else []
    answered = composed(obj, FLEET, children, listed=[*own, *theirs], endpoints=TALKS if lost else [])
    alone = composed(obj, FLEET, children, listed=own, endpoints=TALKS if lost else [])
    assert {unstructured.namespace_of(child.manifest) for child in answered.children.values()} <= {"ml-team"}
    assert kept(answered) == kept(alone)
    engines = [child.manifest["spec"].get("engines") for child in answered.children.values()]
    assert all(engine in (None, OURS[0]["spec"]["engines"]) for engine in engines)


def test_a_replica_that_claims_more_than_there_is_takes_the_pool_that_it_names_and_no_more() -> None:
    greedy = taken("b", nodes=10_000)
    fleet = [cluster("a", pool("a100", 1)), cluster("b", pool("a100", 9), pool("l4", 1))]
    answered = composed(deployment(3), fleet, listed=[greedy])
    pools = {
        key: child.manifest["spec"]["engines"][0]["members"][0]["nodePoolName"]
        for key, child in answered.children.items()
    }
    assert pools == {"replica-a-0": "a100", "replica-b-0": "l4"}


def test_a_replica_that_claims_more_than_there_is_makes_nobody_yield() -> None:
    """One that can never fit keeps nobody out who does, however long it says that it has served."""
    fleet = [cluster("a", pool("a100", 2))]
    waiting = there(composed(deployment(2), fleet), deployment(2), "False")
    greedy = {**taken("a", nodes=10_000), "status": {"servingSince": "2020-01-01T00:00:00Z"}}
    answered = composed(deployment(2), fleet, waiting, listed=[greedy])
    assert set(answered.children) == set(waiting) == {"replica-a-0", "replica-a-1"}
    assert reasons(answered)["Overcommitted"] == "True/PoolOvercommitted"
