"""What runs the control plane restarts while replicas come, move and leave, and a class is missing.

Nothing that serves changes; `test_4_moving` sees that what moves arrives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from function.composition import manifest
from tests.e2e.bed import spare
from tests.e2e.bed.moving import MOVERS, STUCK, Moving
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import FLEET, Serving
from tests.e2e.bed.spare import Leaving


def test_a_restart_of_crossplane_of_the_function_or_of_the_provider_changes_nothing(
    bed: Bed, serving: Serving, leaving: Leaving, moving: Moving
) -> None:
    assert leaving.pod
    assert moving.under_way == {mover.name for mover in MOVERS}

    def composed() -> bool:
        return not bed.with_condition("Synced", "False")

    with _busy(bed, serving, "late-restarts"):
        bed.restart_crossplane()
        serving.endures("every composite is composed", composed, rolls=False)
        failed = _failures(bed)
        bed.roll_function()
        serving.endures("every composite is composed", composed, rolls=False)
        lost = _failures(bed) - failed
        assert [message for _, message in lost if not message.endswith(_NOT_TAKEN)] == []
        assert moving.under_way > {STUCK.name}
        bed.processes.stop(bed.provider)
        bed.restart_provider()
        serving.endures("every composite is composed", composed, rolls=False)


_NOT_TAKEN: Final = "code = Canceled desc = CANCELLED"
"""How gRPC's server ends a call that comes at the very moment at which it is told to stop; Crossplane calls again."""


@contextmanager
def _busy(bed: Bed, serving: Serving, name: str) -> Iterator[None]:
    """Let a replica be under way, and a class be missing; in the end both come about."""
    with serving.as_before():
        spare.begin(bed, name)
        bed.processes.until("the replica has a place", lambda: _placed(bed, name))
        bed.control.kubectl("delete", "inferenceclass", "l4-1x")
        yield
        bed.control.kubectl.apply(FLEET / "classes.yaml")
        spare.finish(bed, name)


def _placed(bed: Bed, name: str) -> bool:
    return bed.is_true("ModelDeployment", name, "ReplicasScheduled", spare.NAMESPACE)


def _failures(bed: Bed) -> Counter[tuple[str, str]]:
    """What Crossplane could not compose so far, with how often it said so; without the service that nobody composes."""
    found = bed.control.api.list("v1", "Event")
    hopeless = bed.composite("ModelService", spare.MODEL_NAME, spare.NAMESPACE)["metadata"]["uid"]
    return Counter(
        {
            (one["involvedObject"]["uid"], manifest.text(one, "message")): manifest.integer(one, "count", default=1)
            for one in found
            if one.get("reason") == "ComposeResources"
            and one.get("type") == "Warning"
            and one["involvedObject"]["uid"] != hopeless
        }
    )
