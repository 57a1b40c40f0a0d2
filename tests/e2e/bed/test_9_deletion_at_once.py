"""Everything deleted at once, after it was built again: what must wait says so, and nothing stays behind."""

from __future__ import annotations

import time

from function.composition import manifest
from tests.e2e.bed import leftovers
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import FLEET, MODEL, NAMESPACE, Serving


def test_everything_that_was_deleted_can_be_built_again(bed: Bed, journal: Journal) -> None:
    started = time.monotonic()
    bed.control.kubectl.apply_objects([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
    bed.control.kubectl.apply(FLEET)
    bed.control.kubectl.apply(MODEL)

    def ready() -> bool:
        clusters = bed.control.api.list("modelplane.ai/v1alpha1", "InferenceCluster")
        return bool(clusters) and all(manifest.is_true(one, "Ready") for one in clusters)

    bed.processes.until("the clusters are Ready", ready, 240)
    Serving(bed).await_ready()
    journal.note("fleet and models become Ready again", time.monotonic() - started)


def test_fleet_and_models_go_at_once_and_a_cluster_when_it_is_asked_again(bed: Bed, journal: Journal) -> None:
    serving, started = Serving(bed), time.monotonic()
    assert serving.there
    files = ("-f", str(FLEET), "-f", str(MODEL))
    said = bed.control.kubectl("delete", "--wait=false", *files, may_fail=True)
    assert "ModelReplicas are still placed on this cluster" in said

    def unguarded() -> bool:
        serving.touch()
        return not bed.control.api.list(leftovers.USAGES, "ClusterUsage")

    bed.processes.until("the replicas are gone", unguarded, 120)
    bed.control.kubectl("delete", "--ignore-not-found", "--cascade=foreground", "--timeout=150s", *files)

    def gone() -> bool:
        assert leftovers.unreachable(bed) == []
        return not (leftovers.of_control(bed) or leftovers.going(bed))

    bed.processes.until("nothing that was composed is left", gone, 120)
    journal.note("teardown: everything at once", time.monotonic() - started)
    assert [leftovers.on_cluster(bed, name) for name in bed.inference] == [[], []]
