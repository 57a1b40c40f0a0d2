"""What runs the control plane restarts while a replica comes and a class is missing: nothing that serves changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from function.composition import manifest
from tests.e2e.bed import spare
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import FLEET, Serving
from tests.e2e.bed.spare import Leaving


def test_a_restart_of_crossplane_changes_nothing(bed: Bed, serving: Serving, leaving: Leaving) -> None:
    assert leaving.pod
    with _busy(bed, serving, "late-crossplane"):
        bed.processes.stop(bed.crossplane.core)
        bed.crossplane.start_core()
        serving.endures("every composite is composed", lambda: not bed.with_condition("Synced", "False"))


def test_a_rolling_restart_of_the_function_is_not_noticed(bed: Bed, serving: Serving, leaving: Leaving) -> None:
    assert leaving.pod
    with _busy(bed, serving, "late-function"):
        failed = _failures(bed)
        successor = bed.crossplane.serve(bed.port)  # on the same port: connections go to either, as through a Service
        bed.processes.stop(bed.function)
        bed.function = successor
        serving.endures("every composite is composed", lambda: not bed.with_condition("Synced", "False"))
        assert _failures(bed) == failed


def test_a_restart_of_provider_kubernetes_changes_nothing(bed: Bed, serving: Serving, leaving: Leaving) -> None:
    assert leaving.pod
    with _busy(bed, serving, "late-provider"):
        bed.processes.stop(bed.provider)
        bed.restart_provider()
        serving.endures("every composite is composed", lambda: not bed.with_condition("Synced", "False"))


def test_the_second_model_goes_and_leaves_the_first_alone(bed: Bed, serving: Serving, leaving: Leaving) -> None:
    with serving.as_before():
        name = leaving.serving.name
        bed.control.kubectl("delete", "md/" + name, "ms/" + name, "-n", spare.NAMESPACE, "--timeout=150s")
        bed.processes.until("none of its pods is left", lambda: not leaving.serving.pods())
        spare.remove_pool(bed)


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
    """What Crossplane could not compose so far, with how often it said so."""
    found = bed.control.api.list("v1", "Event")
    return Counter(
        {
            (one["involvedObject"]["uid"], manifest.text(one, "message")): manifest.integer(one, "count", default=1)
            for one in found
            if one.get("reason") == "ComposeResources" and one.get("type") == "Warning"
        }
    )
