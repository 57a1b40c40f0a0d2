"""How traffic is shared, from a manifest to the route that says it."""

from pathlib import Path
from typing import Any

import pytest

from function.composition import Manifest, unstructured
from function.preview.control_plane import ControlPlane
from tests.support.settled import EXAMPLES, example, settle

ROUTING = ("canary", "split-by-cluster", "fallback", "tls-front-door")
API = "modelplane.ai/v1alpha1"


def service(plane: ControlPlane, name: str = "chat") -> Manifest:
    found = plane.get(API, "ModelService", "ml-team", name)
    assert found is not None
    return found


def shares(plane: ControlPlane, name: str = "chat") -> dict[str, int]:
    """What each deployment's endpoints on each cluster get, in per cent; of one outside its name stands for both."""
    rows = unstructured.items(service(plane, name), "status", "endpoints")
    total = sum(row["weight"] for row in rows)
    found: dict[str, int] = {}
    for row in rows:
        endpoint = plane.get(API, "ModelEndpoint", "ml-team", row["name"])
        endpoint_labels = unstructured.labels(endpoint)
        deployment = endpoint_labels.get("modelplane.ai/deployment", "")
        key = f"{deployment}@{endpoint_labels['modelplane.ai/cluster']}" if deployment else row["name"]
        found[key] = found.get(key, 0) + round(100 * row["weight"] / total)
    return found


def rules(plane: ControlPlane) -> dict[str, list[Manifest]]:
    """What is matched by the service's route, and where it leads."""
    (route,) = plane.list("gateway.networking.k8s.io/v1", "HTTPRoute", "ml-team")
    *found, _circle = route["spec"]["rules"]
    return {rule["matches"][0]["path"]["value"]: rule["backendRefs"] for rule in found}


def changed(tmp_path: Path, name: str, old: str, new: str) -> ControlPlane:
    """An example in which a text is another one."""
    for file in (EXAMPLES / name).glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
    return settle(*example(tmp_path))


def filled(tmp_path: Path, name: str) -> ControlPlane:
    """An example with a certificate in the Secret that it leaves to be filled in."""
    return changed(tmp_path, name, '""', "eA==")


def test_a_canary_gets_the_share_of_its_deployment_whatever_its_replicas(tmp_path: Path) -> None:
    assert shares(settle(*example(EXAMPLES / "canary"))) == {"chat@ams-1": 95, "chat-next@osl-1": 5}
    drained = changed(tmp_path, "canary", "weight: 95", "weight: 0")
    assert shares(drained) == {"chat@ams-1": 0, "chat-next@osl-1": 100}


def test_clusters_get_the_shares_that_each_service_gives_them() -> None:
    plane = settle(*example(EXAMPLES / "split-by-cluster"))
    assert shares(plane) == {"chat@ams-1": 76, "chat@osl-1": 24}  # each replica's share is rounded: 38 and 12
    assert shares(plane, "chat-oslo") == {"chat@osl-1": 100}


def test_another_site_stands_by_and_takes_everything_when_no_replica_serves(tmp_path: Path) -> None:
    assert shares(settle(*example(EXAMPLES / "fallback"))) == {"chat@ams-1": 100, "other-site": 0}
    fallen = changed(tmp_path, "fallback", "20Gi", "80Gi")
    assert shares(fallen) == {"other-site": 100}
    (backend,) = rules(fallen)["/ml-team/chat/v1"]
    assert backend["filters"][0]["urlRewrite"] == {
        "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/openai/v1"},
        "hostname": "llm.other-site.example.com",
    }


def test_the_other_sites_certificate_is_checked_against_its_own_authority() -> None:
    plane = settle(*example(EXAMPLES / "fallback"))
    (policy,) = plane.list("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "ml-team")
    validation = policy["spec"]["validation"]
    assert validation["hostname"] == "llm.other-site.example.com"
    trusted = plane.get("v1", "ConfigMap", "ml-team", validation["caCertificateRefs"][0]["name"])
    assert trusted is not None
    assert trusted["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")


def test_the_front_door_has_a_name_a_certificate_and_public_paths(tmp_path: Path) -> None:
    plane = filled(tmp_path, "tls-front-door")
    assert service(plane)["status"]["address"] == "https://models.example.com/ml-team/chat"
    assert set(rules(plane)) == {"/ml-team/chat/rerank", "/ml-team/chat/v1"}
    gateway: Any = plane.get("gateway.networking.k8s.io/v1", "Gateway", "modelplane-system", "modelplane")
    assert {
        listener["protocol"]: listener["allowedRoutes"]["namespaces"]["from"]
        for listener in gateway["spec"]["listeners"]
    } == {
        "HTTP": "Selector",
        "HTTPS": "Selector",
    }


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('""', '""', "contains the following empty TLS data entries: tls.crt, tls.key"),
        ('tls.key: ""', "", "is missing the following TLS data entries: tls.key"),
        (
            "  name: models-certificate\n  namespace",
            "  name: other\n  namespace",
            'secret "models-certificate" not found',
        ),
    ],
    ids=["as shipped", "without its key", "without the Secret"],
)
def test_without_a_certificate_the_front_door_is_not_ready_and_answers_http(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    plane = changed(tmp_path, "tls-front-door", old, new)
    (door,) = plane.list(API, "InferenceGateway")
    tls = unstructured.condition(door, "TLSReady")
    assert (tls["status"], tls["reason"], unstructured.is_true(door, "Ready")) == ("False", "Waiting", False)
    assert tls["message"].endswith(problem)
    assert service(plane)["status"]["address"] == "http://models.example.com/ml-team/chat"
    assert unstructured.is_true(service(plane), "Ready")


@pytest.mark.parametrize("name", ROUTING)
def test_everything_of_an_example_of_routing_is_ready_and_stays_as_it_is(tmp_path: Path, name: str) -> None:
    plane = filled(tmp_path, name)
    for kind in ("InferenceGateway", "ModelDeployment", "ModelEndpoint", "ModelService"):
        objs = plane.list(API, kind)
        assert objs
        assert [unstructured.name_of(obj) for obj in objs if not unstructured.is_true(obj, "Ready")] == []
    before = {obj["metadata"]["uid"]: obj for obj in plane.everything()}
    plane.settle()
    assert {obj["metadata"]["uid"]: obj for obj in plane.everything()} == before
