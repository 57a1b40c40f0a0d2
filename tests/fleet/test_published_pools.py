"""What a cluster publishes about its pools."""

from typing import Any

import pytest

from function.api.node_pools import NodePool
from function.composition import Required
from function.fleet.published_pools import PoolFault, Pools, publish_pools
from function.inventory.pools import read_pools
from tests.fleet.builders import DEVICE, PUBLISHED, inference_class_of, pool


def publish(*pools: dict[str, Any], status: Any = None, **classes: tuple[Any, ...] | None) -> Pools:
    found = {name: Required(f"class-{name}", items) for name, items in classes.items()}
    return publish_pools([NodePool.model_validate(pool) for pool in pools], found, status or {})


def test_a_pool_has_its_classs_devices_with_claim_and_count_filled_in() -> None:
    assert publish(pool(), l4=(inference_class_of(),)) == Pools(
        ({"name": "gpus", "className": "l4", "nodes": 2, "node": None, "devices": [PUBLISHED]},), ()
    )


def test_the_nodes_of_a_pool_are_the_most_that_it_can_have() -> None:
    answered = publish(pool(maxNodeCount=4), pool("fixed"), l4=(inference_class_of(),))
    assert [published["nodes"] for published in answered.published] == [4, 2]
    assert answered.nodes == 6


def test_what_a_node_has_beside_devices_is_copied_and_what_it_keeps_by_default_is_added() -> None:
    node = {"cpu": "64", "memory": "512Gi", "taints": [{"key": "gpu", "effect": "NoSchedule"}]}
    (published,) = publish(pool(), l4=(inference_class_of(node=node),)).published
    assert published["node"] == {**node, "reserved": {"cpu": "1740m", "memory": "35285Mi"}}


def test_what_is_published_by_default_is_read_as_nobody_s_word() -> None:
    sizes = {"cpu": "7", "memory": "28Gi"}
    for reserved, left in (({}, (7, 28)), ({"cpu": "1"}, (6, 28)), ({"memory": "4Gi"}, (7, 24))):
        node = {**sizes, **({"reserved": reserved} if reserved else {})}
        published = publish(pool(), l4=(inference_class_of(node=node),)).published
        (read,) = read_pools({"status": {"gpuPools": published}}) or ()
        assert (int(read.node.largest_cpu), int(read.node.largest_memory) // 2**30) == left
        assert read.node.allocatable_cpu < 7


@pytest.mark.parametrize(
    ("node", "reserved"),
    [
        ({"cpu": "64", "memory": "512Gi", "reserved": {"cpu": "0", "memory": "0"}}, {"cpu": "0", "memory": "0"}),
        ({"cpu": "64", "reserved": {"cpu": "2"}}, {"cpu": "2"}),
        ({"cpu": "64", "reserved": {}}, {"cpu": "1740m"}),
        ({"memory": "512Gi", "reserved": {"cpu": "1"}}, {"cpu": "1", "memory": "35285Mi"}),
        ({"cpu": "1", "memory": "1Gi"}, {"cpu": "500m", "memory": "512Mi"}),
    ],
)
def test_what_a_node_is_said_to_keep_is_published_as_it_is_written(node: Any, reserved: dict[str, str]) -> None:
    (published,) = publish(pool(), l4=(inference_class_of(node=node),)).published
    assert published["node"] == {**node, "reserved": reserved}


def test_nothing_is_kept_of_what_is_not_said() -> None:
    node = {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}
    (published,) = publish(pool(), l4=(inference_class_of(node=node),)).published
    assert published["node"] == node


def test_attributes_keep_the_names_that_the_api_gives_them() -> None:
    attributes = {"nvlink": {"bool": True}, "generation": {"int": 9.0}}
    (published,) = publish(pool(), l4=(inference_class_of(devices=[{**DEVICE, "attributes": attributes}]),)).published
    assert published["devices"][0]["attributes"] == {"nvlink": {"bool": True}, "generation": {"int": 9}}


def test_a_pool_without_its_class_stays_exactly_as_it_was_published() -> None:
    before = {"name": "gpus", "className": "l4", "nodes": 1, "freeNodes": 1, "devices": [{"name": "old"}]}
    message = "InferenceClass l4 does not exist; node pool gpus stays as it was published"
    expected = Pools((before,), (PoolFault("InputMissing", message, published=True),))
    assert publish(pool(), status={"gpuPools": [before]}, l4=()) == expected
    assert expected.waiting == ()


def test_a_pool_that_was_never_published_waits_for_its_class() -> None:
    message = "InferenceClass l4 does not exist; node pool gpus is not published until it can be"
    assert publish(pool(), l4=()) == Pools((), (PoolFault("InputMissing", message, published=False),))


def test_a_pool_that_was_published_with_another_class_counts_as_new() -> None:
    before = {"name": "gpus", "className": "h100", "nodes": 1}
    assert publish(pool(), status={"gpuPools": [before]}, l4=()).published == ()


def test_a_pool_of_a_version_that_published_no_class_stays_too() -> None:
    before = {"name": "gpus", "nodes": 1, "devices": [{"name": "old"}]}
    assert publish(pool(), status={"gpuPools": [before]}, l4=()).published == (before,)


def test_a_class_that_cannot_be_read_is_named_with_the_field() -> None:
    for spec, problem in (
        ({"devices": "junk"}, "spec.devices: "),
        ({"devices": []}, "spec.devices: it has none"),
    ):
        (fault,) = publish(pool(), l4=(inference_class_of(**spec),)).faults
        assert fault.reason == "InputInvalid"
        assert fault.message.startswith(f"InferenceClass l4 cannot be read: {problem}")
    (fault,) = publish(pool(), l4=({"metadata": {"name": "l4"}, "spec": "junk"},)).faults
    assert fault.message.startswith("InferenceClass l4 cannot be read: spec: ")


def test_junk_in_the_old_status_reads_as_nothing_published() -> None:
    assert publish(pool(), status={"gpuPools": "junk"}, l4=()).published == ()
