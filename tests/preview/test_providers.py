import copy
from datetime import timedelta
from typing import Any

import pytest

from function.composition import Composition, Manifest, objects, releases, timestamps, unstructured
from function.preview.control_plane import ControlPlane
from function.preview.errors import InUseError, InvariantError
from tests.e2e.bed import helm
from tests.support.objects import PROVIDER_CONFIG, REACHABLE, SECRET, deployment, remote, wrapped
from tests.support.small_plane import API_VERSION, answer, app, config, part, plane, said

OBJECT = ("kubernetes.m.crossplane.io/v1alpha1", "Object")


def with_children(children: dict[str, Manifest], *given: Manifest) -> ControlPlane:
    of = plane(lambda _: answer(children))
    of.apply([app(), *(given or REACHABLE)])
    return of


def only(of: ControlPlane) -> Manifest:
    found = of.list(*OBJECT)
    assert len(found) == 1
    return found[0]


def synced(obj: Manifest) -> str:
    return unstructured.text(unstructured.condition(obj, "Synced"), "message")


# ---------------------------------------------------------------------- Objects


def test_the_manifest_of_an_object_appears_on_its_cluster_and_comes_back_with_status() -> None:
    of = with_children({"engine": wrapped(deployment(), ready_when=objects.AVAILABLE)})
    of.settle()
    assert [(r.cluster, r.thing["kind"], r.thing["metadata"]["name"]) for r in of.remote()] == [
        ("east", "Deployment", "engine")
    ]
    seen = objects.remote(only(of))
    assert seen["spec"] == {"replicas": 2}
    assert {key: value for key, value in seen["status"].items() if key != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    assert said(only(of)) == {"Synced": "True/ReconcileSuccess", "Ready": "True/Available"}


def test_a_workload_is_not_available_before_the_step_after_its_creation() -> None:
    of = with_children({"engine": wrapped(deployment(), ready_when=objects.AVAILABLE)})
    of.step()
    assert said(only(of))["Ready"] == "False/Creating"
    of.step()
    assert said(only(of))["Ready"] == "True/Available"


def test_a_change_of_the_manifest_is_a_new_generation_that_the_controller_sees_a_step_later() -> None:
    copies = 2
    of = plane(lambda _: answer({"engine": wrapped(deployment(replicas=copies))}))
    of.apply([app(), *REACHABLE])
    of.settle()
    copies = 3
    of.step()
    seen = objects.remote(only(of))
    assert (seen["metadata"]["generation"], seen["status"]["observedGeneration"], seen["status"]["replicas"]) == (
        2,
        1,
        2,
    )
    of.step()
    seen = objects.remote(only(of))
    assert (seen["metadata"]["generation"], seen["status"]["observedGeneration"], seen["status"]["replicas"]) == (
        2,
        2,
        3,
    )


@pytest.mark.parametrize(
    ("query", "ready", "message"),
    [
        ("object.spec.replicas == 2", "True/Available", ""),
        ("object.spec.replicas == 3", "False/Unavailable", ""),
        ("object.status.phase == 'Bound'", "False/Unavailable", "failed to evaluate query: no such member"),
        ("object.", "False/Unavailable", "failed to compile query"),
        ("object.spec.replicas", "False/Unavailable", "the query does not give a boolean"),
    ],
)
def test_a_query_decides_readiness_and_an_error_is_its_message(query: str, ready: str, message: str) -> None:
    of = with_children({"engine": wrapped(deployment(), ready_when=query)})
    of.settle()
    assert said(only(of))["Ready"] == ready
    assert unstructured.text(unstructured.condition(only(of), "Ready"), "message").startswith(message)


@pytest.mark.parametrize(
    ("policy", "obj", "ready"),
    [
        ("SuccessfulCreate", remote("ConfigMap", "a"), "True"),
        ("DeriveFromObject", remote("ConfigMap", "a"), "False"),
        ("AllTrue", remote("ConfigMap", "a"), "False"),
        ("AllTrue", deployment(), "True"),
    ],
)
def test_readiness_follows_the_policy_of_the_object(policy: str, obj: Manifest, ready: str) -> None:
    wanted = wrapped(obj)
    wanted["spec"]["readiness"] = {"policy": policy}
    of = with_children({"it": wanted})
    of.settle()
    assert unstructured.condition(only(of), "Ready")["status"] == ready


@pytest.mark.parametrize(
    ("kind", "api_version", "spec", "query"),
    [
        ("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", {"replicas": 1}, objects.AVAILABLE),
        ("PersistentVolumeClaim", "v1", {}, 'object.status.phase == "Bound"'),
        (
            "Job",
            "batch/v1",
            {},
            'object.status.conditions.exists(c, c.type == "Complete" && c.status == "True")',
        ),
        ("Namespace", "v1", {}, 'object.status.phase == "Active"'),
    ],
)
def test_every_workload_that_is_applied_comes_up(kind: str, api_version: str, spec: Any, query: str) -> None:
    namespace = "" if kind == "Namespace" else "default"
    of = with_children({"it": wrapped(remote(kind, "it", api_version, namespace, spec=spec), ready_when=query)})
    of.settle()
    assert said(only(of))["Ready"] == "True/Available"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([config("x")], "connect failed: ClusterProviderConfig 'east' not found"),
        ([PROVIDER_CONFIG], 'connect failed: cannot get credentials: Secret "ops/east" not found'),
        ([PROVIDER_CONFIG, {**SECRET, "data": {"other": ""}}], 'Secret "ops/east" has no key "kubeconfig"'),
    ],
    ids=["no provider config", "no secret", "no key"],
)
def test_an_object_whose_cluster_cannot_be_reached_says_why(given: list[Manifest], why: str) -> None:
    of = with_children({"it": wrapped(deployment())}, *given)
    of.settle()
    assert why in synced(only(of))
    assert of.remote() == ()


def test_an_object_waits_for_the_namespace_on_its_cluster() -> None:
    children = {"engine": wrapped(deployment(namespace="team"))}
    of = plane(lambda _: answer(children))
    of.apply([app(), *REACHABLE])
    of.settle()
    assert synced(only(of)) == 'cannot apply object: namespaces "team" not found'
    children["namespace"] = wrapped(remote("Namespace", "team", namespace=""))
    of.settle()
    assert [said(obj)["Ready"] for obj in of.list(*OBJECT)] == ["True/Available", "True/Available"]


@pytest.mark.parametrize(
    ("policies", "left"),
    [([], []), (["Observe", "Create", "Update"], ["engine"]), (["Observe", "Create", "Update", "Delete"], [])],
    ids=["all", "without Delete", "with Delete"],
)
def test_what_an_object_made_stays_only_when_its_policies_leave_out_delete(
    policies: list[str], left: list[str]
) -> None:
    children = {"engine": wrapped(deployment(), policies=policies)}
    of = plane(lambda _: answer(children))
    of.apply([app(), *REACHABLE])
    of.settle()
    children.clear()
    of.settle()
    assert of.list(*OBJECT) == ()
    assert [r.thing["metadata"]["name"] for r in of.remote()] == left


def test_a_provider_config_that_is_in_use_is_deleted_after_what_uses_it() -> None:
    mine = {key: value for key, value in PROVIDER_CONFIG.items() if key != "metadata"}
    mine |= {"kind": "ProviderConfig", "metadata": {"name": "east"}}
    of = plane(lambda _: answer({"config": mine, "it": wrapped(deployment(), provider_config_kind="ProviderConfig")}))
    of.apply([app(), SECRET])
    of.settle()
    assert len(of.remote()) == 1
    of.delete(API_VERSION, "App", "team", "shop")
    of.settle()
    assert (of.remote(), of.list(*OBJECT), of.list("kubernetes.m.crossplane.io/v1alpha1", "ProviderConfig")) == (
        (),
        (),
        (),
    )


# ---------------------------------------------------------------------- gateways


def gateway(name: str = "door", namespace: str = "default") -> list[Manifest]:
    api_version = "gateway.networking.k8s.io/v1"
    return [
        remote("GatewayClass", "envoy", api_version, "", spec={"controllerName": "example.org/envoy"}),
        remote(
            "Gateway",
            name,
            api_version,
            namespace,
            spec={"gatewayClassName": "envoy", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        ),
    ]


def route(backend: str, namespace: str = "default") -> Manifest:
    return remote(
        "HTTPRoute",
        "chat",
        "gateway.networking.k8s.io/v1",
        namespace,
        spec={"parentRefs": [{"name": "door"}], "rules": [{"backendRefs": [{"name": backend, "port": 80}]}]},
    )


def test_gateways_get_addresses_for_documentation_the_control_cluster_from_another_network() -> None:
    its_class, door = gateway()
    of = with_children({"class": wrapped(its_class), "door": wrapped(door)})
    of.apply(gateway(namespace="team"))
    of.settle()
    local = of.get("gateway.networking.k8s.io/v1", "Gateway", "team", "door")
    assert local is not None
    assert local["status"]["addresses"] == [{"type": "IPAddress", "value": "192.0.2.1"}]
    remotes = [r.thing for r in of.remote() if r.thing["kind"] == "Gateway"]
    assert [remote["status"]["addresses"][0]["value"] for remote in remotes] == ["198.51.100.1"]


def test_a_gateway_without_its_class_gets_no_address() -> None:
    of = plane(lambda _: answer())
    of.apply(gateway()[1:])
    of.settle()
    door = of.list("gateway.networking.k8s.io/v1", "Gateway")[0]
    assert "addresses" not in door["status"]
    assert said(door) == {"Accepted": "Unknown/Pending", "Programmed": "Unknown/Pending"}


def test_a_route_is_accepted_by_its_gateway_and_resolved_once_its_backends_exist() -> None:
    of = plane(lambda _: answer())
    service = remote("Service", "chat", spec={"ports": [{"port": 80}]})
    of.apply([*gateway(), service, route("chat")])
    of.settle()
    status = of.list("gateway.networking.k8s.io/v1", "HTTPRoute")[0]["status"]
    assert [(p["parentRef"], p["controllerName"]) for p in status["parents"]] == [
        ({"name": "door"}, "example.org/envoy")
    ]
    assert said({"status": status["parents"][0]}) == {"Accepted": "True/Accepted", "ResolvedRefs": "True/ResolvedRefs"}


def test_a_route_on_a_cluster_without_its_backend_says_so() -> None:
    its_class, door = gateway()
    of = with_children({"class": wrapped(its_class), "door": wrapped(door), "route": wrapped(route("chat"))})
    of.settle()
    parents = [r.thing["status"]["parents"] for r in of.remote() if r.thing["kind"] == "HTTPRoute"]
    assert said({"status": parents[0][0]})["ResolvedRefs"] == "False/BackendNotFound"


def test_an_inference_pool_is_accepted_by_the_gateway_of_a_route_that_leads_to_it() -> None:
    its_class, door = gateway()
    pool = remote("InferencePool", "pool", "inference.networking.k8s.io/v1", spec={})
    leading = route("pool")
    leading["spec"]["rules"][0]["backendRefs"] = [
        {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool"}
    ]
    objs = {"class": its_class, "door": door, "pool": pool, "route": leading}
    of = with_children({key: wrapped(obj) for key, obj in objs.items()})
    of.settle()
    status = next(r.thing["status"] for r in of.remote() if r.thing["kind"] == "InferencePool")
    assert [parent["parentRef"]["name"] for parent in status["parents"]] == ["door"]


# ---------------------------------------------------------------------- Releases


RELEASE: Manifest = {
    "apiVersion": "helm.m.crossplane.io/v1beta1",
    "kind": "Release",
    "spec": {
        "providerConfigRef": {"kind": "ProviderConfig", "name": "here"},
        "forProvider": {"chart": {"name": "metallb"}, "namespace": "metallb-system"},
    },
}
IN_CLUSTER: Manifest = {
    "apiVersion": "helm.m.crossplane.io/v1beta1",
    "kind": "ProviderConfig",
    "metadata": {"name": "here", "namespace": "team"},
    "spec": {"credentials": {"source": "InjectedIdentity"}},
}


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
    assert synced(release) == "connect failed: ProviderConfig 'here' not found"


# ---------------------------------------------------------------------- Usages and garbage


def usage(**sides: Any) -> Manifest:
    return {"apiVersion": "protection.crossplane.io/v1beta1", "kind": "Usage", "spec": sides}


OF = {"apiVersion": "v1", "kind": "ConfigMap", "resourceRef": {"name": "used"}}
BY = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "resourceSelector": {"matchControllerRef": True, "matchLabels": {"x": "y"}},
}


def user() -> Manifest:
    labelled = config("user")
    labelled["metadata"]["labels"] = {"x": "y"}
    return labelled


def test_a_usage_is_ready_when_both_sides_exist_and_marks_what_is_used() -> None:
    of = with_children({"used": config("used"), "user": user(), "usage": usage(of=OF, by=BY)})
    of.settle()
    found = of.list("protection.crossplane.io/v1beta1", "Usage")[0]
    assert said(found) == {"Ready": "True/Available"}
    assert found["spec"]["by"]["resourceRef"] == {"name": "user"}
    used = of.get("v1", "ConfigMap", "team", "used")
    assert unstructured.labels(used)["crossplane.io/in-use"] == "true"


@pytest.mark.parametrize("at_once", [True, False])
def test_the_mark_stays_when_two_usages_go_at_once_and_hinders_no_deletion(*, at_once: bool) -> None:
    children = {key: usage(of=OF, reason="needed") for key in ("one", "two")}
    of = plane(lambda _: answer(children))
    used = config("used")
    used["metadata"]["namespace"] = "team"
    of.apply([app(), used])
    of.settle()
    if not at_once:
        del children["one"]
        of.settle()
    children.clear()
    of.settle()
    left = unstructured.labels(of.get("v1", "ConfigMap", "team", "used"))
    assert left == ({"crossplane.io/in-use": "true"} if at_once else {})
    of.delete("v1", "ConfigMap", "team", "used")
    assert of.get("v1", "ConfigMap", "team", "used") is None


def test_what_is_used_cannot_be_deleted_and_can_when_the_usage_is_gone() -> None:
    children = {"usage": usage(of=OF, reason="needed")}
    of = plane(lambda _: answer(children))
    used = config("used")
    used["metadata"]["namespace"] = "team"
    of.apply([app(), used])
    of.settle()
    with pytest.raises(InUseError, match="ConfigMap/team/used is in use by 1 usage"):
        of.delete("v1", "ConfigMap", "team", "used")
    children.clear()
    of.settle()
    of.delete("v1", "ConfigMap", "team", "used")
    of.settle()
    assert of.list("v1", "ConfigMap") == ()


def test_dropping_a_child_that_a_usage_protects_stops_the_preview() -> None:
    children = {"used": config("used"), "usage": usage(of=OF, reason="needed")}
    of = plane(lambda _: answer(children))
    of.apply([app()])
    of.settle()
    del children["used"]
    with pytest.raises(InvariantError, match="App/team/shop drops ConfigMap/team/used, which is in use"):
        of.settle()


def test_the_used_object_outlives_the_using_one_when_their_composite_is_deleted() -> None:
    of = with_children({"used": config("used"), "user": user(), "usage": usage(of=OF, by=BY)})
    of.settle()
    of.delete(API_VERSION, "App", "team", "shop")
    left = []
    for _ in range(10):
        of.step()
        left.append([unstructured.name_of(obj) for obj in of.list("v1", "ConfigMap")])
    assert ["used"] in left
    assert ["user"] not in left
    assert left[-1] == []


def owned_by(obj: Manifest, owner: Manifest) -> Manifest:
    reference = {**{key: owner[key] for key in ("apiVersion", "kind")}, "name": owner["metadata"]["name"]}
    reference |= {"uid": owner["metadata"]["uid"], "blockOwnerDeletion": True}
    return {**obj, "metadata": {**obj.get("metadata", {}), "ownerReferences": [reference]}}


def test_a_child_that_waits_outlives_what_it_owns_when_their_composite_is_deleted() -> None:
    keeper = config("keeper")
    keeper["metadata"]["finalizers"] = ["foregroundDeletion"]
    children = {"keeper": keeper}
    of = plane(lambda _: answer(children))
    of.apply([app()])
    of.settle()
    release = owned_by(RELEASE, of.list("v1", "ConfigMap")[0])
    release["metadata"]["finalizers"] = ["foregroundDeletion"]
    children["release"] = release
    of.settle()
    children["first"] = owned_by(config("first"), of.list("helm.m.crossplane.io/v1beta1", "Release")[0])
    of.settle()
    of.delete(API_VERSION, "App", "team", "shop")
    left = []
    for _ in range(12):
        of.step()
        left.append([obj["kind"] for obj in of.everything() if obj["kind"] in {"ConfigMap", "Release"}])
    assert ["ConfigMap", "Release"] in left, "the Release waits for what it owns, and its owner for the Release"
    assert left[-1] == []


def test_everything_that_a_deleted_composite_composed_is_collected_down_to_the_clusters() -> None:
    of = plane(
        lambda _: answer({"part": part(), "settings": config()}),
        lambda _: answer({"engine": wrapped(deployment())}),
    )
    of.apply([app(), *REACHABLE])
    of.settle()
    assert len(of.remote()) == 1
    of.delete(API_VERSION, "App", "team", "shop")
    of.settle()
    kinds = {obj["kind"] for obj in of.everything()}
    assert kinds & {"App", "Part", "ConfigMap", "Object"} == set()
    assert of.remote() == ()


def test_an_object_of_a_composite_is_on_the_cluster_whose_composition_its_provider_config_belongs_to() -> None:
    """The name of the provider config says nothing; its owner does."""

    def composing(seen: Any) -> Composition:
        if seen.kind == "InferenceCluster":
            body = {**PROVIDER_CONFIG, "metadata": {"name": "odd-name"}}
            return answer({"config": body})
        return answer({"engine": wrapped(deployment(), "odd-name")})

    of = ControlPlane(composing, kinds={(API_VERSION, "App"), ("modelplane.ai/v1alpha1", "InferenceCluster")})
    cluster = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceCluster",
        "metadata": {"name": "oslo"},
        "spec": {"cluster": {"source": "Existing", "existing": {"secretRef": {"name": "oslo"}}}},
    }
    of.apply([cluster, app(), SECRET])
    of.settle()
    assert [r.cluster for r in of.remote()] == ["oslo"]
