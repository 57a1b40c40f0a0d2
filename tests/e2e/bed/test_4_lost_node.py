"""What becomes of a node that was lost while other tests went on."""

from __future__ import annotations

from tests.e2e.bed.journal import Journal
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.topologies import Loss, Topologies


def test_a_node_that_is_lost_costs_a_copy_and_no_replica(
    bed: Bed, topology: Topologies, loss: Loss, journal: Journal
) -> None:
    bed.processes.until("another copy answers beside the one that stayed", lambda: loss.back.result, 180)
    journal.note("a node is lost: another copy answers", loss.back.at - loss.since)
    assert topology.replica("copies")["metadata"]["uid"] == loss.replica["metadata"]["uid"]
    bed.processes.until("deployment and service are Ready", lambda: topology.serves("copies"))
