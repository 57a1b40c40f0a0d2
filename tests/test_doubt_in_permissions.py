"""Doubt about what a cluster permits and offers, and pods that fit no more: what serves stays to the letter."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from function.composers import compose
from function.composition import Composition, Manifest, Observation, unstructured
from tests.support.doubts import JUNK, paths, spoiled
from tests.support.settled import composites, governed, observe

NOTHING_PERMITTED: tuple[Manifest, ...] = (
    {},
    {"podSecurity": "restricted"},
    {"podSecurity": "privileged", "overrides": [{"name": "ml-team", "podSecurity": "restricted"}]},
    {"podSecurity": "privileged", "reserved": ["ml-team"]},
    {"podSecurity": "privileged", "serviceAccounts": ["*"], "priorityClasses": [], "runtimeClasses": ["*"]},
)
"""What a platform team may say instead, each of which permits no new pods like those that run."""


def of(kind: str) -> Observation:
    """What the composer of the only composite of a kind is given."""
    (found,) = [obj for composer, obj in composites(governed()) if composer.kind == kind]
    return observe(governed(), found)


CASES = [("ModelReplica", "cluster"), ("ModelDeployment", "clusters")]


def with_cluster(observation: Observation, key: str, cluster: Manifest) -> Observation:
    return replace(observation, required={**observation.required, key: (cluster,)})


def manifests(answer: Composition) -> dict[str, Any]:
    return {key: unstructured.plain(child.manifest) for key, child in answer.children.items()}


def doubted(cluster: Manifest) -> Iterator[Manifest]:
    """The cluster with each word of what it permits and offers missing, and with junk in its place."""
    places = [("spec", "namespaces"), ("spec", "taints"), ("status", "gpuPools"), ("spec", "servingStack")]
    for path in [path for path in paths(cluster) if path[:2] in places]:
        yield from (spoiled(cluster, path, junk) for junk in (*JUNK, None))
        short = copy.deepcopy(cluster)
        holder = unstructured.dig(short, *path[:-1])
        del holder[path[-1]]
        yield short


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_what_serves_stays_to_the_letter_whatever_its_cluster_says_of_permissions_and_pools(
    kind: str, key: str
) -> None:
    observation = of(kind)
    before = compose(observation)
    (cluster,) = observation.required[key]
    for broken in doubted(dict(unstructured.plain(cluster))):
        seen = with_cluster(observation, key, broken)
        answer = compose(seen)
        assert (manifests(answer), answer.ready, answer.fatal) == (manifests(before), True, "")
        assert manifests(compose(observation)) == manifests(before)


@pytest.mark.parametrize(("kind", "key"), CASES)
@pytest.mark.parametrize("namespaces", NOTHING_PERMITTED)
def test_what_serves_stays_to_the_letter_when_it_is_not_permitted_any_more(
    kind: str, key: str, namespaces: Manifest
) -> None:
    observation = of(kind)
    before = compose(observation)
    (cluster,) = observation.required[key]
    plain = dict(unstructured.plain(cluster))
    answer = compose(with_cluster(observation, key, spoiled(plain, ("spec", "namespaces"), namespaces)))
    assert (manifests(answer), answer.ready) == (manifests(before), True)
    drift = [c for c in answer.conditions if c.type == "PlacementDrifted"]
    assert [c.reason for c in drift] == (["Drifted"] if kind == "ModelDeployment" else [])


def test_a_replica_that_runs_stays_to_the_letter_when_its_pods_could_not_be_joined_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    observation = of("ModelReplica")
    before = compose(observation)
    monkeypatch.setattr("function.replica.model_replica.conflicts", lambda *_: ["template.spec: a new rule"])
    answer = compose(observation)
    assert (manifests(answer), answer.ready) == (manifests(before), True)
    observation = replace(observation, required={**observation.required, "remains": ()})
    fresh = compose(replace(observation, children={}))
    assert [c.reason for c in fresh.conditions if c.type == "ModelAccepted"] == ["PodConflict"]
    one_short = {key: child for key, child in observation.children.items() if not key.startswith("model-serving")}
    held = compose(replace(observation, children=one_short))
    assert set(held.children) == set(one_short)
    assert [c.reason for c in held.conditions if c.type == "Held"] == ["InputInvalid"]
