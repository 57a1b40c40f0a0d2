"""Crossplane takes no answer of more than 4 MiB, so fewer new replicas are placed before it would become too large."""

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from function import fn
from function.composition import Composition, Manifest
from function.deployment.answer_size import BESIDE, LARGEST, size_of, size_of_kept, size_of_new
from tests.support import protocol
from tests.support.deployments import (
    cluster,
    composed,
    deployment,
    engine,
    member,
    messages,
    pool,
    request,
    running,
    seen,
    there,
)
from tests.support.observe import reasons

FLEET = [cluster("a", pool("a100", 200))]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def large(replicas: int, kilobytes: int, **spec: Any) -> Manifest:
    """A deployment whose replicas are of this size each."""
    template = {
        "spec": {"containers": [{"name": "engine", "image": "vllm", "args": ["x" * 1024 for _ in range(kilobytes)]}]}
    }
    return deployment(replicas, engine("vllm", member(request(), template=template)), **spec)


def weigh(obj: Manifest, children: dict[str, Manifest] | None = None) -> tuple[Composition, int]:
    """The answer, and how many bytes of it Crossplane receives."""
    asked = seen(obj, FLEET, children)
    answered = composed(obj, FLEET, children)
    return answered, fn.encode(protocol.of(asked), answered).ByteSize()


# ---------------------------------------------------------------------- measuring


@given(PLAIN)
@settings(deadline=None)
def test_the_size_of_plain_data_is_that_of_its_protobuf(value: Any) -> None:
    body = struct_pb2.Struct()
    body.update({"x": value})
    assert size_of(value) == body.fields["x"].ByteSize()


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_lengths_take_a_byte_for_every_seven_bits(length: int) -> None:
    assert size_of("x" * length) == struct_pb2.Value(string_value="x" * length).ByteSize()


@pytest.mark.parametrize("count", [1, 10, 200])
def test_what_is_measured_of_new_replicas_is_no_less_than_what_is_sent(count: int) -> None:
    answered, sent = weigh(large(count, 2))
    assert len(answered.children) == count
    assert sent <= sum(size_of_new(child.manifest) for child in answered.children.values())


@pytest.mark.parametrize("count", [1, 10, 200])
def test_what_is_measured_of_children_that_stay_is_no_less_than_what_is_sent(count: int) -> None:
    obj = large(count, 2)
    children = running(obj, FLEET)
    assert len(children) == 2 * count
    _, sent = weigh(obj, children)
    measured = size_of_kept(children.values())
    assert sent <= measured <= 1.5 * sent + 2 * BESIDE


def test_what_crossplane_adds_to_a_child_is_not_measured() -> None:
    children = running(deployment(), FLEET)
    noisy = {
        key: {**child, "status": {"x": "y" * 9999}, "spec": {**child["spec"], "crossplane": {"x": "y" * 9999}}}
        for key, child in children.items()
    }
    assert size_of_kept(noisy.values()) == size_of_kept(children.values())


# ---------------------------------------------------------------------- placing less


def test_fewer_new_replicas_are_placed_when_the_answer_would_be_too_large_and_it_is_said() -> None:
    answered, sent = weigh(large(200, 40))
    placed = len(answered.children)
    assert 80 < placed < 90
    assert 0.9 * LARGEST < sent <= LARGEST < fn.MAX_ANSWER_BYTES
    assert answered.status["replicas"] == {"desired": 200, "total": placed, "ready": 0}
    assert reasons(answered)["ReplicasScheduled"] == "False/ResponseTooLarge"
    assert messages(answered)["ReplicasScheduled"] == (
        f"{placed} of 200 placed; with more, the answer to Crossplane would be larger than 3.5 MiB: "
        "shorten the pod templates or split the deployment"
    )


def test_the_answer_stays_small_enough_when_all_of_them_serve_and_it_comes_to_rest() -> None:
    obj = large(200, 40)
    answered = composed(obj, FLEET)
    for _ in range(4):
        before, (answered, sent) = set(answered.children), weigh(obj, there(answered, obj))
        assert before <= set(answered.children)
        assert sent <= LARGEST
    assert before == set(answered.children)
    assert all(key.replace("replica", "endpoint") in before for key in before)


def test_replicas_that_exist_are_never_dropped_for_size() -> None:
    obj = large(100, 40)
    names = [f"a{index}" for index in range(50)]
    replica = composed(obj, [cluster(name) for name in names[:1]]).children["replica-a0-0"].manifest
    children = {
        f"replica-{name}-{index}": {
            **replica,
            "metadata": {**replica["metadata"], "name": f"chat-{name}-{index}"},
            "spec": {**replica["spec"], "clusterName": name},
        }
        for name in names
        for index in range(2)
    }
    fleet = [cluster(name) for name in names]
    assert size_of_kept(children.values()) > LARGEST
    answered = composed(large(101, 40), fleet, children)
    assert set(answered.children) == set(children)
    assert reasons(answered)["ReplicasScheduled"] == "False/ResponseTooLarge"
    assert reasons(composed(obj, fleet, children))["ReplicasScheduled"] == "True/ReplicasCreated"


def test_a_deployment_of_ordinary_size_is_placed_in_full() -> None:
    answered, sent = weigh(large(200, 10))
    assert len(answered.children) == 200
    assert sent <= LARGEST
