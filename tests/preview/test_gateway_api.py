from function.composition import Manifest
from tests.support.objects import remote, wrapped
from tests.support.small_plane import answer, conditions_of, new_plane, with_children


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
    plane = with_children({"class": wrapped(its_class), "door": wrapped(door)})
    plane.apply(gateway(namespace="team"))
    plane.settle()
    local = plane.get("gateway.networking.k8s.io/v1", "Gateway", "team", "door")
    assert local is not None
    assert local["status"]["addresses"] == [{"type": "IPAddress", "value": "192.0.2.1"}]
    remotes = [r.obj for r in plane.remote() if r.obj["kind"] == "Gateway"]
    assert [remote["status"]["addresses"][0]["value"] for remote in remotes] == ["198.51.100.1"]


def test_a_gateway_without_its_class_gets_no_address() -> None:
    plane = new_plane(lambda _: answer())
    plane.apply(gateway()[1:])
    plane.settle()
    door = plane.list("gateway.networking.k8s.io/v1", "Gateway")[0]
    assert "addresses" not in door["status"]
    assert conditions_of(door) == {"Accepted": "Unknown/Pending", "Programmed": "Unknown/Pending"}


def test_a_route_is_accepted_by_its_gateway_and_resolved_once_its_backends_exist() -> None:
    plane = new_plane(lambda _: answer())
    service = remote("Service", "chat", spec={"ports": [{"port": 80}]})
    plane.apply([*gateway(), service, route("chat")])
    plane.settle()
    status = plane.list("gateway.networking.k8s.io/v1", "HTTPRoute")[0]["status"]
    assert [(p["parentRef"], p["controllerName"]) for p in status["parents"]] == [
        ({"name": "door"}, "example.org/envoy")
    ]
    assert conditions_of({"status": status["parents"][0]}) == {
        "Accepted": "True/Accepted",
        "ResolvedRefs": "True/ResolvedRefs",
    }


def test_a_route_on_a_cluster_without_its_backend_says_so() -> None:
    its_class, door = gateway()
    plane = with_children({"class": wrapped(its_class), "door": wrapped(door), "route": wrapped(route("chat"))})
    plane.settle()
    parents = [r.obj["status"]["parents"] for r in plane.remote() if r.obj["kind"] == "HTTPRoute"]
    assert conditions_of({"status": parents[0][0]})["ResolvedRefs"] == "False/BackendNotFound"


def test_an_inference_pool_is_accepted_by_the_gateway_of_a_route_that_leads_to_it() -> None:
    its_class, door = gateway()
    pool = remote("InferencePool", "pool", "inference.networking.k8s.io/v1", spec={})
    leading = route("pool")
    leading["spec"]["rules"][0]["backendRefs"] = [
        {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool"}
    ]
    objs = {"class": its_class, "door": door, "pool": pool, "route": leading}
    plane = with_children({key: wrapped(obj) for key, obj in objs.items()})
    plane.settle()
    status = next(r.obj["status"] for r in plane.remote() if r.obj["kind"] == "InferencePool")
    assert [parent["parentRef"]["name"] for parent in status["parents"]] == ["door"]
