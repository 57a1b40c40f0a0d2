"""What replicas repeat is bounded: a deployment that is larger makes nothing new, and what it has stays."""

import json
from typing import Any

from function.api import content
from function.composition import Manifest
from function.deployment.answer_size import size_of
from tests.support.deployments import cluster, composed, deployment, engine, member, messages, request, running
from tests.support.observe import reasons

MEGABYTE = 2**20
REQUEST = 256 * MEGABYTE
"""What the server takes unless it is told otherwise."""


def holding(size: int, letter: str = "x") -> Manifest:
    """An engine that takes so many bytes of JSON together with the brackets around it."""
    written = member(request())
    written["template"] = {"spec": {"containers": [{"name": "engine", "image": "img", "args": [""]}]}}
    rest = len(json.dumps([engine("vllm", written)], separators=(",", ":")))
    container: Any = written["template"]["spec"]["containers"][0]
    container["args"] = [letter * ((size - rest) // len(letter.encode()))]
    return engine("vllm", written)


def test_engines_that_take_more_than_replicas_may_repeat_are_not_placed_and_the_deployment_is_told() -> None:
    fits = composed(deployment(1, holding(content.MAX_CHARACTERS)), [cluster("a")])
    assert list(fits.children) == ["replica-a-0"]
    answered = composed(deployment(2, holding(MEGABYTE)), [cluster("a")])
    assert answered.children == {}
    assert reasons(answered)["ReplicasScheduled"] == "False/SpecTooLarge"
    assert messages(answered)["ReplicasScheduled"] == (
        "0 of 2 placed; the engines take 1048576 bytes, which every replica repeats, and may take 65536: "
        "keep long texts in the image or in a ConfigMap"
    )


def test_bytes_count_and_not_characters() -> None:
    answered = composed(deployment(1, holding(content.MAX_CHARACTERS + 4, "ä")), [cluster("a")])
    assert reasons(answered)["ReplicasScheduled"] == "False/SpecTooLarge"


def test_replicas_of_a_deployment_that_became_too_large_stay_and_serve() -> None:
    fleet = [cluster("a"), cluster("b")]
    children = running(deployment(2), fleet)
    answered = composed(deployment(3, holding(MEGABYTE)), fleet, children)
    assert set(answered.children) == set(children)
    assert not any("draining-since" in str(child.manifest) for child in answered.children.values())
    assert reasons(answered)["Progressing"] == "False/RolloutHeld"
    assert reasons(answered)["ReplicasScheduled"] == "False/SpecTooLarge"
    assert composed(deployment(2, holding(MEGABYTE)), fleet, children).ready


def test_the_largest_replicas_of_the_largest_fleet_fit_into_one_request() -> None:
    answered = composed(deployment(1, holding(content.MAX_CHARACTERS)), [cluster("a")])
    largest = size_of(answered.children["replica-a-0"].manifest)
    assert 3_000 * (largest + 8 * 1024) < REQUEST
