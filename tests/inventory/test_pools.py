"""What a cluster publishes of its pools is read once, with all that anyone asks of it."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from function.inventory.pools import ObservedNode, ObservedPool, ObservedTaint, read_pools
from function.inventory.reserve import Reserve, reserve
from function.selectors import Claim, Device
from tests.support.deployments import cluster, gpu, nic, pool


def published(*pools: Any) -> tuple[ObservedPool, ...] | None:
    return read_pools(cluster("a", *pools))


def test_a_pool_keeps_its_nodes_their_shape_and_their_devices() -> None:
    taints = [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]
    node = {"cpu": "96", "memory": "1Ti", "taints": taints, "reserved": {"cpu": "1", "memory": "1Gi"}}
    assert published(pool("a100", 4, gpu(), nic(2), className="a100-8x", node=node)) == (
        ObservedPool(
            "a100",
            class_name="a100-8x",
            nodes=4,
            node=ObservedNode(
                Fraction(96),
                Fraction(2**40),
                (ObservedTaint("gpu", "yes", "NoSchedule"),),
                Reserve(Fraction(1), Fraction(2**30)),
                Reserve(Fraction(1), Fraction(2**30)),
            ),
            devices=(
                Device("gpu", "gpu.nvidia.com", "gpu.nvidia.com", count=8),
                Device("nic", "nic.example.com", claim=Claim.SYNTHETIC, count=2),
            ),
        ),
    )


def test_a_cluster_that_publishes_nothing_is_not_one_without_pools() -> None:
    assert read_pools(cluster("a", published=False)) is None
    assert read_pools({"status": {"gpuPools": []}}) == ()


@pytest.mark.parametrize("node", [None, "junk", {}, {"cpu": "lots", "memory": "-5Gi"}, {"cpu": 7, "taints": "junk"}])
def test_what_cannot_be_read_of_a_nodes_shape_counts_as_not_published(node: Any) -> None:
    (read,) = published(pool(node=node)) or ()
    assert read.node == ObservedNode()


def test_a_pool_that_was_published_without_what_its_nodes_keep_has_the_default() -> None:
    (read,) = published(pool(node={"cpu": "8", "memory": "32Gi"})) or ()
    assert read.node.reserved == reserve(Fraction(8), Fraction(32 * 2**30))
    assert read.node.allocatable_cpu == 8 - read.node.reserved.cpu


def test_a_node_that_keeps_more_than_it_has_leaves_nothing() -> None:
    (read,) = published(pool(node={"cpu": "1", "memory": "1Gi", "reserved": {"cpu": "2", "memory": "2Gi"}})) or ()
    assert (read.node.allocatable_cpu, read.node.allocatable_memory) == (Fraction(0), Fraction(0))


def test_pools_that_say_the_same_are_read_once() -> None:
    first, second, other = published(pool("x", 4), pool("x", 4), pool("x", 5)) or ()
    assert first is second
    assert other == replace(first, nodes=5)


def test_devices_are_counted_by_the_class_that_pods_claim_them_through() -> None:
    other = gpu(2, name="more")
    synthetic = gpu(4, name="seen", claim="Synthetic")
    (read,) = published(pool("a100", 4, gpu(), other, synthetic, nic())) or ()
    assert {name: read.claimable(name) for name in ("gpu.nvidia.com", "nic.example.com")} == {
        "gpu.nvidia.com": 10,
        "nic.example.com": 0,
    }
