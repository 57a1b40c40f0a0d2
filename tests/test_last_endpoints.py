"""The last endpoints of a service, on a whole control plane: they take requests while they serve, and no longer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from function.composers import compose
from function.composition import Composition, Manifest, Observation, unstructured
from function.preview.control_plane import ControlPlane
from function.preview.gateway_api import backends
from tests.support.settled import EXAMPLES, settle

API = "modelplane.ai/v1alpha1"
TICK = timedelta(seconds=5)


def quickstart() -> ControlPlane:
    return settle(EXAMPLES / "quickstart")


def the(plane: ControlPlane, api_version: str, kind: str) -> Manifest:
    (found,) = plane.list(api_version, kind)
    return found


def routed(plane: ControlPlane) -> set[str]:
    """The Services that the service's route names."""
    return {
        unstructured.text(backend, "name")
        for backend in backends(the(plane, "gateway.networking.k8s.io/v1", "HTTPRoute"))
    }


def watched(plane: ControlPlane, ticks: int) -> Iterator[set[str]]:
    """Let time go by, pass by pass; what must hold on a control plane is checked at each."""
    for _ in range(ticks):
        began = plane.now
        plane.step()
        yield routed(plane)
        plane.store.now = began + TICK


def routing(plane: ControlPlane) -> str:
    condition = unstructured.condition(the(plane, API, "ModelService"), "RoutingReady")
    return f"{condition['status']}/{condition['reason']}"


def test_replicas_that_all_leave_take_requests_for_a_minute_and_leave_the_route_before_they_go() -> None:
    plane = quickstart()
    before = routed(plane)
    for deployment in plane.list(API, "ModelDeployment"):
        plane.apply([{**deployment, "spec": {**deployment["spec"], "replicas": 0}}])
    seen = [(now, len(plane.list(API, "ModelReplica"))) for now in watched(plane, 24)]
    assert before
    assert [now for now, _ in seen[:11]] == [before] * 11
    assert any(now == set() and replicas for now, replicas in seen)
    assert seen[-1] == (set(), 0)
    assert routing(plane) == "False/NoRoutableEndpoint"


def test_a_list_that_lacks_every_endpoint_for_as_long_as_it_likes_empties_no_route() -> None:
    plane = quickstart()
    before = routed(plane)

    def deceived(seen: Observation) -> Composition:
        lists = {key: () if key.startswith("endpoints-") else found for key, found in seen.required.items()}
        return compose(replace(seen, required=lists))

    plane.compose = deceived
    assert before
    assert all(now == before for now in watched(plane, 12))
    assert routing(plane) == "True/RouteConfigured"
    held = unstructured.condition(the(plane, API, "ModelService"), "Held")
    assert (held["status"], held["reason"]) == ("True", "InputMissing")


def test_an_endpoint_that_is_deleted_leaves_the_route_in_the_pass_after() -> None:
    plane = quickstart()
    before = routed(plane)
    endpoint = plane.list(API, "ModelEndpoint")[0]
    service = unstructured.text(endpoint, "status", "routing", "backendName")
    plane.delete(API, "ModelEndpoint", unstructured.namespace_of(endpoint), unstructured.name_of(endpoint))
    after = next(now for now in watched(plane, 3) if service not in now)
    assert service in before
    assert after == before - {service}
