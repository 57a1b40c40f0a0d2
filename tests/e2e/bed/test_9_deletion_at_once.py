"""Everything that is left deleted at once: what must wait says so, and nothing stays behind."""

from __future__ import annotations

import time

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import unstructured
from function.packages.composed import USAGES
from tests.e2e.bed import leftovers
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import FLEET, MODEL, NAMESPACE, REPLICAS, Serving


def test_a_cluster_that_was_deleted_is_built_again(bed: Bed) -> None:
    bed.processes.until("osl-1 is Ready", lambda: bed.is_true("InferenceCluster", "osl-1", "Ready"), 240)


def test_fleet_and_models_go_at_once_and_a_cluster_when_it_is_asked_again(bed: Bed, journal: Journal) -> None:
    started = time.monotonic()
    assert len(Serving(bed).replicas()) == REPLICAS
    files = ("-f", str(FLEET), "-f", str(MODEL))
    output = bed.control.kubectl("delete", "--wait=false", *files, may_fail=True)
    assert "ModelReplicas are still placed on this cluster" in output
    bed.restart()

    def unguarded() -> bool:
        return not bed.control.api.list(USAGES, "ClusterUsage")

    bed.await_with_looks("the replicas are gone", unguarded, 120, NAMESPACE, provider=NAMESPACE)
    bed.control.kubectl("delete", "--ignore-not-found", "--cascade=foreground", "--wait=false", *files)

    def gone() -> bool:
        assert leftovers.unreachable(bed) == []
        return not (leftovers.of_control(bed) or leftovers.going(bed))

    bed.await_with_looks("nothing that was composed is left", gone, 150, provider=SYSTEM_NAMESPACE)
    journal.note("teardown: everything at once", time.monotonic() - started)
    assert [leftovers.on_cluster(bed, name) for name in bed.inference] == [[], []]
    namespaces = map(unstructured.name_of, bed.control.api.list("v1", "Namespace"))
    assert bed.forgotten.isdisjoint(namespaces)
