from collections.abc import Iterable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from function.scheduling import (
    ConstraintUnmet,
    CountTooSmall,
    Diagnosis,
    EnginesTooLarge,
    NoDevice,
    NoGateway,
    NoNodePools,
    NotEnoughNodes,
    NotPermitted,
    NotReady,
    NotSelected,
    PoolsUnknown,
    SyntheticOnly,
    Tainted,
    Terminating,
    UnschedulableReason,
)
from function.scheduling.diagnosis import LENGTH

TEXT = st.text(st.characters(codec="utf-8"), max_size=300)
COUNT = st.integers(-3, 100)
REASONS = st.one_of(
    st.builds(NotSelected, st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)),
    st.builds(Terminating),
    st.builds(NotReady),
    st.builds(NoGateway),
    st.builds(PoolsUnknown),
    st.builds(NoNodePools),
    st.builds(Tainted, TEXT, TEXT),
    st.builds(NotEnoughNodes, TEXT, COUNT, COUNT, TEXT),
    st.builds(EnginesTooLarge, COUNT, COUNT),
    st.builds(CountTooSmall, TEXT, COUNT, COUNT, st.booleans(), TEXT),
    st.builds(ConstraintUnmet, TEXT, st.lists(TEXT, max_size=3).map(tuple), TEXT),
    st.builds(SyntheticOnly, TEXT),
    st.builds(NoDevice, TEXT, st.integers(0, 7), COUNT, COUNT, TEXT, TEXT),
)


def message(*reasons: UnschedulableReason, placed: int = 0, replicas: int = 2) -> str:
    return diagnosis(reasons).message(placed, replicas)


def diagnosis(reasons: Iterable[UnschedulableReason]) -> Diagnosis:
    return Diagnosis(tuple((f"c{number}", reason) for number, reason in enumerate(reasons)))


def test_when_all_are_placed_there_is_nothing_to_add() -> None:
    assert message(placed=2) == "2 of 2 placed"


def test_reasons_are_counted_as_the_scheduler_of_kubernetes_counts_nodes() -> None:
    assert message(
        NoDevice("gpu", 1, false=3),
        NotReady(),
        NotEnoughNodes("a100", 4, 1),
        Tainted("modelplane.ai/maintenance", "NoSchedule"),
        NotReady(),
    ) == (
        "0 of 2 placed, 5 clusters: 2 not ready, 1 tainted modelplane.ai/maintenance, "
        "1 needs 4 free nodes in pool a100 (1 free), "
        "1 no device for request gpu (selector 2 false on 3 devices). "
        "Free nodes or enlarge a pool: a pod takes its node whole."
    )


def test_clusters_that_are_not_selected_are_counted_apart() -> None:
    not_selected = NotSelected((("tier", "gold"),))
    assert message(NotReady(), not_selected, not_selected) == (
        "0 of 2 placed, 1 cluster: 1 not ready; 2 more not selected (tier=gold). Look at the clusters' conditions."
    )
    assert message(not_selected, not_selected) == (
        "0 of 2 placed, 2 clusters: not selected (tier=gold). Label a cluster, or ask for other labels."
    )


def test_devices_of_several_clusters_are_added_up() -> None:
    assert message(NoDevice("gpu", 0, false=2), NoDevice("gpu", 0, false=1, errors=1, error="x")) == (
        "0 of 2 placed, 2 clusters: 2 no device for request gpu (selector 1 false on 3 devices, error on 1). "
        "Guard with has() what a device may lack: where a selector fails, Kubernetes allocates nothing at all."
    )


def test_of_clusters_with_too_few_devices_the_largest_is_given() -> None:
    assert message(CountTooSmall("gpu", 8, 1), CountTooSmall("gpu", 8, 4)) == (
        "0 of 2 placed, 2 clusters: 2 too few devices for request gpu (8 needed, a node has at most 4 of a kind). "
        "Request fewer devices per pod, or add a pool with larger nodes."
    )


def test_of_clusters_that_lack_nodes_the_roomiest_is_given() -> None:
    assert message(NotEnoughNodes("a100", 4, 1), NotEnoughNodes("a100", 4, -2)) == (
        "0 of 2 placed, 2 clusters: 2 need 4 free nodes in pool a100 (1 free at most). "
        "Free nodes or enlarge a pool: a pod takes its node whole."
    )
    assert message(NotEnoughNodes("a100", 4, 2), NotEnoughNodes("h100", 4, 2)) == (
        "0 of 2 placed, 2 clusters: 2 need 4 free nodes in one pool (2 free). "
        "Free nodes or enlarge a pool: a pod takes its node whole."
    )


def test_many_variants_of_one_reason_are_summed_up() -> None:
    assert message(*(Tainted(f"team-{place}") for place in range(20))) == (
        "0 of 2 placed, 20 clusters: 20 tainted. Remove the taint or tolerate it."
    )


def test_kinds_of_reasons_beyond_a_few_are_counted_together() -> None:
    reasons = (
        Terminating(),
        NotReady(),
        NoGateway(),
        PoolsUnknown(),
        NoNodePools(),
        Tainted("team"),
        NotEnoughNodes("a100", 4, 1),
        EnginesTooLarge(8, 6),
        SyntheticOnly(),
    )
    assert message(*reasons) == (
        "0 of 2 placed, 9 clusters: 1 being deleted, 1 not ready, 1 without a gateway address, "
        "1 without published node pools, 1 without GPU node pools, 1 tainted team, "
        "1 needs 4 free nodes in pool a100 (1 free), 2 for other reasons. "
        "Free nodes or enlarge a pool: a pod takes its node whole."
    )


@given(st.lists(REASONS, max_size=30), st.randoms(use_true_random=False))
def test_a_message_is_short_and_does_not_depend_on_the_order(
    reasons: list[UnschedulableReason], random: Random
) -> None:
    text = diagnosis(reasons).message(0, 2)
    assert text == diagnosis(random.sample(reasons, len(reasons))).message(0, 2)
    assert len(text) <= LENGTH
    assert text.startswith("0 of 2 placed")


def test_permission_that_is_lacking_elsewhere_is_advised_on_beside_what_is_nearest() -> None:
    assert message(NotEnoughNodes("a100", 1, 0), NotPermitted(("serviceAccountName other",))) == (
        "0 of 2 placed, 2 clusters: 1 without permission for serviceAccountName other, "
        "1 needs 1 free node in pool a100 (0 free). Free nodes or enlarge a pool: a pod takes its node whole. "
        "Remove what grants, or have it added to the lists of the cluster's spec.namespaces."
    )
