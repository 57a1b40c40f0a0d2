import copy
from datetime import timedelta

from function.composition import Manifest, releases, timestamps, unstructured
from function.preview.control_plane import ControlPlane
from tests.e2e.bed import helm
from tests.support.objects import IN_CLUSTER, RELEASE
from tests.support.small_plane import answer, app, conditions_of, config, new_plane, sync_message, with_children

LOST_SECRET = {"namespace": "ops", "name": "lost", "key": "kubeconfig"}


def test_a_release_is_ready_a_step_after_it_was_first_seen_and_then_its_kinds_are_served() -> None:
    pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "p"}}
    children = {"chart": RELEASE}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app(), IN_CLUSTER])
    plane.step()
    release = plane.list("helm.m.crossplane.io/v1beta1", "Release")[0]
    assert conditions_of(release) == {"Synced": "True/ReconcileSuccess", "Ready": "False/Creating"}
    plane.settle()
    children["pool"] = pool
    plane.settle()
    assert len(plane.list("metallb.io/v1beta1", "IPAddressPool")) == 1


def released(plane: ControlPlane) -> Manifest:
    (found,) = plane.list("helm.m.crossplane.io/v1beta1", "Release")
    return found


def test_a_release_that_is_changed_is_not_ready_until_the_provider_looks_again() -> None:
    children = {"chart": RELEASE}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app(), IN_CLUSTER])
    plane.settle()
    assert conditions_of(released(plane)) == {"Synced": "True/ReconcileSuccess", "Ready": "True/Available"}
    children["chart"] = copy.deepcopy(RELEASE)
    children["chart"]["spec"]["forProvider"]["values"] = {"replicas": 3}
    start = plane.now
    plane.step()
    changed = released(plane)
    assert conditions_of(changed) == {"Synced": "True/ReconcileSuccess", "Ready": "False/Unavailable"}
    assert changed["status"]["atProvider"] == {"revision": 2, "state": "deployed"}
    assert [c["type"] for c in changed["status"]["conditions"] if "observedGeneration" in c] == ["Synced"]
    plane.settle()
    assert conditions_of(released(plane))["Ready"] == "True/Available"
    since = timestamps.time_of(unstructured.condition(released(plane), "Ready")["lastTransitionTime"])
    assert since == start + releases.POLL


def test_what_stands_in_for_provider_helm_on_the_bed_says_the_same() -> None:
    children = {"chart": RELEASE}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app(), IN_CLUSTER])
    before: Manifest = {}
    for values in ({}, {}, {}, {"replicas": 3}, {}, {"replicas": 3}):
        children["chart"] = {**RELEASE, "spec": {**RELEASE["spec"], "forProvider": {"chart": {}, "values": values}}}
        start = plane.now
        plane.step()
        release = released(plane)
        if before:
            ready, revision, state = helm.standing({**before, "metadata": release["metadata"]}, start)
            assert (ready["status"], ready["reason"]) == tuple(conditions_of(release)["Ready"].split("/"))
            assert release["status"]["atProvider"] == {"revision": revision, "state": state}
        before = release
        plane.store.now += timedelta(seconds=14)


def test_a_release_that_is_reached_again_is_as_it_was() -> None:
    plane = with_children({"chart": RELEASE}, IN_CLUSTER)
    plane.settle()
    revision = released(plane)["status"]["atProvider"]["revision"]
    plane.apply([{**IN_CLUSTER, "spec": {"credentials": {"source": "Secret", "secretRef": LOST_SECRET}}}])
    plane.settle()
    assert conditions_of(released(plane)) == {"Synced": "False/ReconcileError", "Ready": "True/Available"}
    plane.apply([IN_CLUSTER])
    plane.step()
    assert conditions_of(released(plane)) == {"Synced": "True/ReconcileSuccess", "Ready": "True/Available"}
    assert released(plane)["status"]["atProvider"]["revision"] == revision


def test_a_release_without_its_provider_config_is_not_synced() -> None:
    plane = with_children({"chart": RELEASE}, config("x"))
    plane.settle()
    release = plane.list("helm.m.crossplane.io/v1beta1", "Release")[0]
    assert sync_message(release) == "connect failed: ProviderConfig 'here' not found"
