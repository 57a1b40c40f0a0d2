import copy
from datetime import timedelta

from function.composition import Manifest, releases, timestamps, unstructured
from function.preview.control_plane import ControlPlane
from tests.e2e.bed import helm
from tests.support.objects import IN_CLUSTER, RELEASE
from tests.support.small_plane import answer, app, config, plane, said, sync_message, with_children

LOST_SECRET = {"namespace": "ops", "name": "lost", "key": "kubeconfig"}


def test_a_release_is_ready_a_step_after_it_was_first_seen_and_then_its_kinds_are_served() -> None:
    pool = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "p"}}
    children = {"chart": RELEASE}
    of = plane(lambda _: answer(children))
    of.apply([app(), IN_CLUSTER])
    of.step()
    release = of.list("helm.m.crossplane.io/v1beta1", "Release")[0]
    assert said(release) == {"Synced": "True/ReconcileSuccess", "Ready": "False/Creating"}
    of.settle()
    children["pool"] = pool
    of.settle()
    assert len(of.list("metallb.io/v1beta1", "IPAddressPool")) == 1


def released(of: ControlPlane) -> Manifest:
    (found,) = of.list("helm.m.crossplane.io/v1beta1", "Release")
    return found


def test_a_release_that_is_changed_is_not_ready_until_the_provider_looks_again() -> None:
    children = {"chart": RELEASE}
    of = plane(lambda _: answer(children))
    of.apply([app(), IN_CLUSTER])
    of.settle()
    assert said(released(of)) == {"Synced": "True/ReconcileSuccess", "Ready": "True/Available"}
    children["chart"] = copy.deepcopy(RELEASE)
    children["chart"]["spec"]["forProvider"]["values"] = {"replicas": 3}
    began = of.now
    of.step()
    changed = released(of)
    assert said(changed) == {"Synced": "True/ReconcileSuccess", "Ready": "False/Unavailable"}
    assert changed["status"]["atProvider"] == {"revision": 2, "state": "deployed"}
    assert [c["type"] for c in changed["status"]["conditions"] if "observedGeneration" in c] == ["Synced"]
    of.settle()
    assert said(released(of))["Ready"] == "True/Available"
    since = timestamps.time_of(unstructured.condition(released(of), "Ready")["lastTransitionTime"])
    assert since == began + releases.POLL


def test_what_stands_in_for_provider_helm_on_the_bed_says_the_same() -> None:
    children = {"chart": RELEASE}
    of = plane(lambda _: answer(children))
    of.apply([app(), IN_CLUSTER])
    before: Manifest = {}
    for values in ({}, {}, {}, {"replicas": 3}, {}, {"replicas": 3}):
        children["chart"] = {**RELEASE, "spec": {**RELEASE["spec"], "forProvider": {"chart": {}, "values": values}}}
        began = of.now
        of.step()
        told = released(of)
        if before:
            ready, revision, state = helm.standing({**before, "metadata": told["metadata"]}, began)
            assert (ready["status"], ready["reason"]) == tuple(said(told)["Ready"].split("/"))
            assert told["status"]["atProvider"] == {"revision": revision, "state": state}
        before = told
        of.store.now += timedelta(seconds=14)


def test_a_release_that_is_reached_again_is_as_it_was() -> None:
    of = with_children({"chart": RELEASE}, IN_CLUSTER)
    of.settle()
    revision = released(of)["status"]["atProvider"]["revision"]
    of.apply([{**IN_CLUSTER, "spec": {"credentials": {"source": "Secret", "secretRef": LOST_SECRET}}}])
    of.settle()
    assert said(released(of)) == {"Synced": "False/ReconcileError", "Ready": "True/Available"}
    of.apply([IN_CLUSTER])
    of.step()
    assert said(released(of)) == {"Synced": "True/ReconcileSuccess", "Ready": "True/Available"}
    assert released(of)["status"]["atProvider"]["revision"] == revision


def test_a_release_without_its_provider_config_is_not_synced() -> None:
    of = with_children({"chart": RELEASE}, config("x"))
    of.settle()
    release = of.list("helm.m.crossplane.io/v1beta1", "Release")[0]
    assert sync_message(release) == "connect failed: ProviderConfig 'here' not found"
