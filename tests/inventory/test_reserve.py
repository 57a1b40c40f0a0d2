"""A node keeps by default at least what any of the large clouds keeps, and leaves the rest to models."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.inventory.reserve import Reserve, read_quantity, reserve

GIBI = 2**30
MEBI = 2**20
MEGA = 10**6
EVICTION = 100 * MEBI
MANY_PODS = Fraction(400, 1000)
"""Processors that GKE keeps more on a node that may have more than 110 pods."""


def google_cpu(cores: int) -> Fraction:
    return sum((Fraction(part, 100_000) for part in [6000, 1000, 500, 500][:cores]), Fraction(0)) + Fraction(
        250 * max(cores - 4, 0), 100_000
    )


def google_memory(size: Fraction) -> Fraction:
    kept = Fraction(0)
    for begin, end, percent in ((0, 4, 25), (4, 8, 20), (8, 16, 10), (16, 128, 6), (128, 10**6, 2)):
        kept += max(min(size, Fraction(end * GIBI)) - begin * GIBI, Fraction(0)) * percent / 100
    return kept + EVICTION


def azure_memory(size: Fraction, pods: int) -> Fraction:
    return min(Fraction((20 * pods + 50) * MEGA), size / 4) + EVICTION


def amazon_memory(pods: int) -> Fraction:
    return Fraction((255 + 11 * pods) * MEBI + EVICTION)


SIZES = st.tuples(st.integers(4, 512), st.integers(16, 4096))
"""Processors and GiB of nodes with accelerators."""


@given(SIZES)
def test_at_least_what_each_cloud_keeps_is_kept(size: tuple[int, int]) -> None:
    cores, gibi = size
    memory = Fraction(gibi * GIBI)
    kept = reserve(Fraction(cores), memory)
    assert kept.cpu >= google_cpu(cores) + MANY_PODS
    assert kept.memory >= max(google_memory(memory), azure_memory(memory, 250))


@pytest.mark.parametrize(
    ("gibi", "pods"), [(16, 29), (32, 58), (64, 58), (96, 234), (192, 234), (768, 737), (1152, 737), (2048, 100)]
)
def test_at_least_what_eks_keeps_is_kept_on_nodes_that_may_have_many_pods(gibi: int, pods: int) -> None:
    assert reserve(Fraction(4), Fraction(gibi * GIBI)).memory >= amazon_memory(pods)


@pytest.mark.parametrize(("cores", "milli"), [(4, 140), (8, 180), (16, 260), (32, 420), (64, 740)])
def test_processors_are_kept_as_aks_does_and_one_for_daemon_sets(cores: int, milli: int) -> None:
    assert reserve(Fraction(cores), Fraction(0)).cpu == Fraction(milli, 1000) + 1


def test_a_node_of_eight_gpus_keeps_a_small_part_of_itself() -> None:
    kept = reserve(Fraction(192), Fraction(2048 * GIBI))
    assert kept.cpu == Fraction(3020, 1000)
    assert 100 * GIBI < kept.memory < 120 * GIBI


@given(st.integers(0, 10**6), st.integers(0, 2**45))
def test_a_node_never_keeps_more_than_half_of_itself(milli: int, memory: int) -> None:
    kept = reserve(Fraction(milli, 1000), Fraction(memory))
    assert 0 <= kept.cpu <= Fraction(milli, 2000)
    assert 0 <= kept.memory <= Fraction(memory, 2)


@given(st.integers(0, 10**6), st.integers(0, 2**45), st.integers(0, 10**5), st.integers(0, 2**40))
def test_a_larger_node_never_leaves_less(milli: int, memory: int, more_milli: int, more_memory: int) -> None:
    def left(cpu: int, bytes_: int) -> tuple[Fraction, Fraction]:
        kept = reserve(Fraction(cpu, 1000), Fraction(bytes_))
        return Fraction(cpu, 1000) - kept.cpu, bytes_ - kept.memory

    small, large = left(milli, memory), left(milli + more_milli, memory + more_memory)
    assert small[0] <= large[0]
    assert small[1] <= large[1]


def test_what_is_written_counts_also_when_it_is_nothing() -> None:
    usual = reserve(Fraction(8), Fraction(32 * GIBI))
    assert reserve(Fraction(8), Fraction(32 * GIBI), "0", "0") == Reserve(Fraction(0), Fraction(0))
    assert reserve(Fraction(8), Fraction(32 * GIBI), "500m") == Reserve(Fraction(1, 2), usual.memory)
    assert reserve(Fraction(8), Fraction(32 * GIBI), "", "1Gi") == Reserve(usual.cpu, Fraction(GIBI))


@pytest.mark.parametrize("text", ["", "lots", "-1"])
def test_what_cannot_be_read_counts_as_not_written(text: str) -> None:
    assert read_quantity(text) is None
    assert reserve(Fraction(8), Fraction(GIBI), text, text) == reserve(Fraction(8), Fraction(GIBI))
