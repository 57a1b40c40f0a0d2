from typing import Any

import pytest

from function.composition import Composition, Manifest, Observation
from function.preview.errors import InvariantError
from tests.support.objects import REACHABLE, deployment, remote, wrapped
from tests.support.small_plane import API_VERSION, answer, app, new_plane, part

ROUTE = "gateway.networking.k8s.io/v1"


def route(*backends: str) -> Manifest:
    return {
        "apiVersion": ROUTE,
        "kind": "HTTPRoute",
        "spec": {"rules": [{"backendRefs": [{"name": name, "port": 80} for name in backends]}]},
    }


def service(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}


def broken(children: dict[str, Manifest], *manifests: Manifest) -> str:
    plane = new_plane(lambda _: answer(children))
    plane.apply([app(), *manifests])
    with pytest.raises(InvariantError) as caught:
        plane.settle()
    return str(caught.value)


def test_a_backend_of_a_route_must_exist() -> None:
    problem = broken({"route": route("chat")})
    assert problem.startswith("HTTPRoute/team/shop-")
    assert problem.endswith("sends requests to Service/team/chat, which does not exist")


def test_a_route_over_services_that_are_composed_is_fine() -> None:
    plane = new_plane(lambda _: answer({"route": route("chat"), "service": service("chat")}))
    plane.apply([app()])
    plane.settle()
    assert len(plane.list(ROUTE, "HTTPRoute")) == 1


def test_a_service_may_not_go_in_the_pass_before_its_route_lets_it_go() -> None:
    """The route's composer is called after the one that drops the endpoint: meanwhile requests fail."""
    parts: dict[str, Manifest] = {"endpoint": part()}

    def composing(observation: Observation) -> Composition:
        if observation.name == "a-endpoints":
            return answer(parts)
        return answer({"route": route("chat")} if parts else {"route": route()})

    plane = new_plane(composing, lambda _: answer({"service": service("chat")}))
    plane.apply([app("a-endpoints")])
    plane.settle()
    plane.apply([app("b-route")])
    plane.settle()
    parts.clear()
    with pytest.raises(InvariantError, match="to Service/team/chat, which goes with Part/team/a-endpoints-"):
        plane.settle()


def test_a_service_may_go_once_no_route_names_it() -> None:
    parts: dict[str, Manifest] = {"endpoint": part()}
    backends = ["chat"]

    def composing(observation: Observation) -> Composition:
        return answer(parts if observation.name == "a-endpoints" else {"route": route(*backends)})

    plane = new_plane(composing, lambda _: answer({"service": service("chat")}))
    plane.apply([app("a-endpoints")])
    plane.settle()
    plane.apply([app("b-route")])
    plane.settle()
    backends.clear()
    plane.settle()
    parts.clear()
    plane.settle()
    assert plane.list("v1", "Service") == ()


def test_a_service_that_goes_because_a_user_deletes_what_composes_it_breaks_nothing() -> None:
    def composing(observation: Observation) -> Composition:
        if observation.name == "a-endpoints":
            return answer({"service": service("chat")})
        return answer({"route": route("chat")} if alive else {"route": route()})

    alive = True
    plane = new_plane(composing)
    plane.apply([app("a-endpoints")])
    plane.settle()
    plane.apply([app("b-route")])
    plane.settle()
    plane.delete(API_VERSION, "App", "team", "a-endpoints")
    plane.step()
    alive = False
    plane.settle()
    assert plane.list("v1", "Service") == ()


def test_an_object_on_a_cluster_must_not_be_claimed_twice() -> None:
    problem = broken({"a": wrapped(deployment()), "b": wrapped(deployment())}, *REACHABLE)
    assert problem.startswith("Deployment/default/engine on cluster east is claimed by Object/team/shop-")
    assert problem.count("Object/team/shop-") == 2


def test_an_object_on_a_cluster_must_not_be_left_behind_by_a_new_name() -> None:
    name = "one"
    plane = new_plane(lambda _: answer({"engine": wrapped(deployment(name))}))
    plane.apply([app(), *REACHABLE])
    plane.settle()
    name = "two"
    with pytest.raises(InvariantError, match=r"Deployment/default/one on cluster east was made by .* is left behind"):
        plane.settle()


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (service("s" * 64), "has 64 characters, and Service takes 63"),
        (service("1st"), "is none that Service takes"),
        (service("a.b"), "is none that Service takes"),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c" * 254}},
            "has 254 characters, and ConfigMap takes 253",
        ),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A"}}, "is none that ConfigMap takes"),
        (wrapped(remote("LeaderWorkerSet", "l" * 50, "x/v1")), "has 50 characters, and LeaderWorkerSet takes 49"),
        (wrapped(remote("Namespace", "n" * 64, namespace="")), "has 64 characters, and Namespace takes 63"),
    ],
    ids=["service length", "service digit", "service dot", "length", "case", "gang", "namespace"],
)
def test_names_must_be_ones_that_their_kind_takes(obj: Manifest, message: str) -> None:
    assert message in broken({"it": obj}, *REACHABLE)


@pytest.mark.parametrize("value", ["v" * 64, "-a", "a b"])
def test_label_values_must_be_ones_that_kubernetes_takes(value: str) -> None:
    labelled: dict[str, Any] = service("chat")
    labelled["metadata"]["labels"] = {"x": value}
    assert f"label x has the value {value!r}" in broken({"it": labelled})


def test_what_was_given_is_not_judged() -> None:
    plane = new_plane(lambda _: answer())
    plane.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A"}}])
    plane.settle()
    assert len(plane.list("v1", "ConfigMap")) == 1


def test_everything_that_is_broken_is_said_at_once() -> None:
    assert len(broken({"a": service("1st"), "b": service("2nd"), "c": route("x")}).splitlines()) == 3
