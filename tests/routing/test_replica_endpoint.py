"""An endpoint of a replica leads to its cluster's gateway and its own path there, whatever it says."""

from typing import Any

import pytest

from function.composition import Composition, Manifest
from function.routing import model_endpoint
from tests.routing.builders import bare_endpoint, message
from tests.routing.endpoint_parts import BACKEND, SERVICE, SLICE, bodies
from tests.support.observe import answer, reasons, with_condition

OWNER = {
    "apiVersion": "modelplane.ai/v1alpha1",
    "kind": "ModelDeployment",
    "name": "chat",
    "uid": "d1",
    "controller": True,
}
ROUTING = {"backendName": BACKEND, "host": "10.1.2.3", "port": 80, "protocol": "http", "rewritePath": "/ml-team/a/"}


def of_replica(url: str = "http://10.1.2.3/ml-team/a/v1", *, owner: Any = OWNER, **spec: Any) -> Manifest:
    """An endpoint that says that a ModelDeployment made it for a replica on ams-1."""
    obj = bare_endpoint(url, **{"rewritePath": "/ml-team/a/", **spec})
    meta = {"labels": {"modelplane.ai/cluster": "ams-1"}, "ownerReferences": [owner]}
    return {**obj, "metadata": {**obj["metadata"], **meta}}


def cluster(address: Any = "10.1.2.3") -> list[Manifest]:
    body = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "InferenceCluster", "metadata": {"name": "ams-1"}}
    return [{**body, "status": {"gateway": {"address": address}}}]


def composed(obj: Manifest, clusters: list[Manifest] | None, **children: Manifest) -> Composition:
    seen = {key.replace("_", "-"): child for key, child in children.items()}
    required = {} if clusters is None else {"inference-cluster": clusters}
    return answer(model_endpoint.COMPOSER, obj, seen, required)


def leads_to(made: Composition) -> tuple[list[str], Any]:
    (endpoint_slice,) = (body for key, body in bodies(made).items() if key.startswith("endpointslice"))
    return endpoint_slice["endpoints"][0]["addresses"], made.status.get("routing", {})


WHOLE: dict[str, Manifest] = {"service": SERVICE, "endpointslice_ipv4": SLICE}


def test_an_endpoint_of_a_replica_on_a_private_address_passes_without_asking_the_gateway() -> None:
    made = composed(of_replica(), cluster(), **WHOLE)
    assert set(made.requirements) == {"inference-cluster"}
    assert leads_to(made) == (["10.1.2.3"], ROUTING)
    assert (made.ready, reasons(made)["RoutingReady"]) == (True, "True/BackendConfigured")


@pytest.mark.parametrize(
    "spec",
    [
        {"url": "https://kubernetes.default.svc", "rewritePath": "/api/"},
        {"url": "http://169.254.169.254/latest"},
        {"rewritePath": "/other-team/secret/"},
        {"url": "http://10.1.2.3/other-team/secret/v1"},
        {"host": "other.example.com"},
        {"url": "https://10.1.2.3:8443", "tls": {"caSecretRef": {"name": "ca"}}},
        {"url": "not a url", "rewritePath": "/../"},
    ],
    ids=str,
)
def test_what_an_endpoint_that_says_it_is_ours_says_besides_counts_for_nothing(spec: dict[str, Any]) -> None:
    forged = of_replica(**spec)
    assert composed(forged, cluster(), **WHOLE) == composed(of_replica(), cluster(), **WHOLE)


def test_the_path_is_that_of_its_own_namespace_and_name() -> None:
    obj = of_replica()
    obj["metadata"] |= {"namespace": "mallory", "name": "x"}
    assert leads_to(composed(obj, cluster(), **WHOLE))[1]["rewritePath"] == "/mallory/x/"


@pytest.mark.parametrize(
    "owner",
    [
        {**OWNER, "controller": False},
        {**OWNER, "apiVersion": "other.example/v1"},
        {**OWNER, "kind": "ModelService"},
        {key: value for key, value in OWNER.items() if key != "controller"},
        "junk",
    ],
    ids=str,
)
def test_whatever_no_deployment_controls_is_written_by_hand(owner: Any) -> None:
    made = answer(model_endpoint.COMPOSER, of_replica(owner=owner), {}, {"inference-gateway": []})
    assert (dict(made.children), reasons(made)["RoutingReady"]) == ({}, "False/AddressNotAllowed")


@pytest.mark.parametrize(
    "was",
    [
        {**ROUTING, "host": "10.96.0.1", "rewritePath": "/api/"},
        {**ROUTING, "host": "10.96.0.1", "protocol": "https", "port": 443},
        {**ROUTING, "host": "kubernetes.default.svc"},
        {**ROUTING, "rewritePath": "/other-team/secret/"},
    ],
    ids=str,
)
@pytest.mark.parametrize("clusters", [[], cluster("")], ids=["no cluster", "no address"])
def test_one_that_was_written_by_hand_and_then_says_it_is_ours_keeps_nothing(
    was: dict[str, Any], clusters: list[Manifest]
) -> None:
    made = composed({**of_replica(), "status": {"routing": was}}, clusters, **WHOLE)
    assert (made.status, made.ready) == ({"routing": {"refused": True}}, False)
    assert bodies(made)["endpointslice-ipv4"]["endpoints"] == []


@pytest.mark.parametrize(
    ("clusters", "reason"),
    [
        (None, "InputUnresolved"),
        ([], "InputMissing"),
        (cluster(""), "InputMissing"),
        (cluster(7), "InputMissing"),
        (cluster("not a host"), "InputMissing"),
        (cluster("169.254.169.254"), "InputInvalid"),
        (cluster("kubernetes.default.svc"), "InputInvalid"),
        (cluster("127.0.0.1"), "InputInvalid"),
        (cluster("localhost"), "InputInvalid"),
        (cluster("::ffff:168.63.129.16"), "InputInvalid"),
    ],
    ids=str,
)
def test_while_its_cluster_says_nothing_that_can_be_what_is_routed_to_stays(
    clusters: list[Manifest] | None, reason: str
) -> None:
    serving = with_condition(with_condition({**of_replica(), "status": {"routing": ROUTING}}, "Ready"), "RoutingReady")
    made = composed(serving, clusters, **WHOLE)
    assert (set(made.children), made.status, made.ready) == (
        {"service", "endpointslice-ipv4"},
        {"routing": ROUTING},
        True,
    )
    assert bodies(made)["service"]["metadata"]["name"] == BACKEND
    assert reasons(made)["Held"] == f"True/{reason}"
    if clusters is not None:
        new = composed(of_replica(), clusters)
        assert (dict(new.children), new.ready, reasons(new)["RoutingReady"]) == ({}, False, "False/WaitingForCluster")
        assert "ams-1" in message(new, "RoutingReady")
