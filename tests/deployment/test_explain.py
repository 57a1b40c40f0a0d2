"""Why each cluster has, or has not, taken a replica."""

from typing import Any

import pytest

from function.composition import Manifest, unstructured
from function.deployment.explain import explain
from function.deployment.replica_manifest import replica_name
from tests.support.deployments import (
    cache,
    cluster,
    deployment,
    engine,
    gpu,
    member,
    pool,
    request,
    running,
    seen,
    selecting,
    taint,
    terminating,
)
from tests.support.observe import observation

FLEET = [cluster("a"), cluster("b")]


def explained(obj: Manifest, *args: Any, **more: Any) -> list[tuple[str, str]]:
    return explain(seen(obj, *args, **more))


def names(children: dict[str, Manifest]) -> dict[str, str]:
    return {key: unstructured.name_of(child) for key, child in children.items()}


def test_a_cluster_that_takes_a_replica_is_told_with_the_pools() -> None:
    obj = deployment(1, engine("small"), engine("large", member(request("gpu", count=4))))
    fleet = [cluster("a", pool("one", 1, gpu(1)), pool("eight", 1)), cluster("b", ready=False)]
    children = running(obj, fleet)
    (name,) = {unstructured.name_of(child) for child in children.values()}
    assert explained(obj, fleet) == [("a", f"placed replica {name} on pools eight, one"), ("b", "not needed")]
    assert explained(obj, fleet, children) == [
        ("a", f"holds replica {name} on pools eight, one"),
        ("b", "not needed"),
    ]


def test_when_a_replica_finds_no_place_every_cluster_says_why_it_took_no_more() -> None:
    fleet = [cluster("c", taints=[taint()]), cluster("a", pool("a100", 1)), cluster("b", ready=False)]
    children = running(deployment(1), fleet)
    assert explained(deployment(2), fleet, children) == [
        ("a", f"holds replica {names(children)['replica-a-0']} on pool a100"),
        ("a", "no room for more: needs 1 free node in pool a100 (0 free)"),
        ("b", "not ready"),
        ("c", "tainted upkeep:NoSchedule"),
    ]


def test_what_has_drifted_is_told_with_the_replica() -> None:
    children = running(deployment(1), FLEET)
    fleet = [cluster("a", taints=[taint(effect="NoExecute")]), cluster("b", labels={"tier": "gold"})]
    drifted = "leaves once a successor serves elsewhere; cluster not selected (lacks tier=gold)"
    assert explained(deployment(1, clusterSelector=selecting(tier="gold")), fleet, children) == [
        ("a", f"holds replica {names(children)['replica-a-0']} on pool a100; {drifted}"),
        ("b", f"placed replica {replica_name('ml-team', 'chat', 'b', 0)} on pool a100"),
    ]


def test_replicas_that_leave_are_being_deleted_or_are_lost_are_told() -> None:
    children = running(deployment(2), FLEET, replica_a_0="False")
    replica_names = names(children)
    assert explained(deployment(1), FLEET, children)[0] == (
        "a",
        f"replica {replica_names['replica-a-0']} leaves: it is not serving",
    )
    children["replica-a-0"] = terminating(children["replica-a-0"])
    missing = {"missing": [{"cluster": "b", "since": "2025-12-31T23:50:00Z"}]}
    assert explained({**deployment(1), "status": missing}, [cluster("a")], children) == [
        ("a", f"replica {replica_names['replica-a-0']} is being deleted"),
        ("a", f"placed replica {names(running(deployment(2), [cluster('a')]))['replica-a-1']} on pool a100"),
        ("b", f"does not exist any more; replica {replica_names['replica-b-0']} is lost"),
    ]


@pytest.mark.parametrize("unfetched", ["clusters", "replicas"])
def test_nothing_is_told_before_the_fleet_is_known(unfetched: str) -> None:
    full = seen(deployment(), FLEET)
    assert explain(observation(full.composite, {}, {k: v for k, v in full.required.items() if k != unfetched})) == []


@pytest.mark.parametrize("spec", ["junk", {}, {"replicas": 1}, {"replicas": 1, "engines": "junk"}])
def test_nothing_is_told_about_a_spec_that_cannot_be_read(spec: Any) -> None:
    assert explained({**deployment(), "spec": spec}, FLEET) == []


def test_a_fleet_without_clusters_has_nothing_to_tell_but_where_replicas_are() -> None:
    assert explained(deployment()) == []
    children = running(deployment(), FLEET)
    assert explained(deployment(), [], children) == [
        ("a", f"holds replica {names(children)['replica-a-0']} on pool a100")
    ]


def test_a_cache_limits_the_clusters_here_too() -> None:
    fleet = [cluster("a"), cluster("b", labels={"tier": "gold"})]
    obj = deployment(2, modelCacheRef={"name": "weights"})
    told = explained(obj, fleet, caches=[cache(tier="gold")])
    assert [name for name, text in told if text.startswith("placed")] == ["b", "b"]


def test_a_cluster_is_not_said_to_be_unneeded_while_nothing_new_is_placed() -> None:
    obj = deployment(1, modelCacheRef={"name": "weights"})
    assert explained(obj, [cluster("a")], caches=[]) == [
        ("a", "not asked: nothing new is placed for now, see ReplicasScheduled")
    ]
