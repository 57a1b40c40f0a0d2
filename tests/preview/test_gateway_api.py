from function.composition import Manifest
from tests.support.objects import remote, wrapped
from tests.support.small_plane import answer, plane, said, with_children


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
