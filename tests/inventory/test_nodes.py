"""How many nodes replicas take of pools: one rule for what is to be placed and for what is placed."""

from typing import Any

import pytest

from function.api.engines import Member, PlacedEngine
from function.inventory.nodes import nodes_by_pool, nodes_of_member, pods_per_copy
from tests.support import replicas


@pytest.mark.parametrize(
    ("role", "worker", "pods"),
    [("Worker", None, 1), ("Worker", 3, 3), ("Worker", 0, 1), ("Leader", None, 1), ("Standalone", 3, 1)],
)
def test_a_worker_has_as_many_pods_as_it_says_and_everything_else_is_one(
    role: str, worker: int | None, pods: int
) -> None:
    size: dict[str, Any] = {} if worker is None else {"worker": {"nodes": worker}}
    member = replicas.member(role, **size)
    assert pods_per_copy(Member.model_validate(member)) == pods
    assert nodes_of_member({"copies": 2}, member) == ("l4", 2 * pods)


def test_only_members_that_claim_devices_take_nodes() -> None:
    gang = replicas.gang(workers=3, leader={"deviceRequests": None}, copies=2)
    assert list(nodes_by_pool(replicas.replica(gang))) == [("l4", 6)]


def test_what_a_model_says_and_what_is_read_of_the_object_is_the_same() -> None:
    engine = replicas.gang(workers=3, copies=2)
    model = PlacedEngine.model_validate(engine)
    taken = [(member.node_pool_name, model.copies * pods_per_copy(member)) for member in model.members]
    assert list(nodes_by_pool(replicas.replica(engine))) == taken
