"""Engines that speak TLS are probed and asked in it, and what cannot ask them is refused."""

import pytest

from function.composition import Manifest, unstructured
from tests.support.observe import reasons
from tests.support.replicas import composed, container, engine, member, observed, remotes, replica

TLS = {"scheme": "HTTPS"}
REF = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "chat-1"}


def flagged(*args: str) -> Manifest:
    return engine("vllm", member(template={"spec": {"containers": [container(args=list(args))]}}))


def refs(made: dict[str, Manifest]) -> list[Manifest]:
    found: list[Manifest] = made["model-route"]["spec"]["rules"][0]["backendRefs"]
    return found


def test_the_gateway_speaks_tls_to_the_service_and_verifies_nothing() -> None:
    made = remotes(composed(replica(engine(serving=TLS))))
    assert made["engine-backend"] == {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "Backend",
        "metadata": {"name": "chat-1", "namespace": "ml-team"},
        "spec": {
            "endpoints": [{"fqdn": {"hostname": "chat-1.ml-team.svc.cluster.local", "port": 80}}],
            "tls": {"insecureSkipVerify": True},
        },
    }
    assert refs(made) == [REF]
    assert made["engine-service"]["spec"]["ports"][0]["targetPort"] == "engine"


def test_every_probe_speaks_tls() -> None:
    made = remotes(composed(replica(engine(serving=TLS))))["model-serving-vllm"]
    (built,) = made["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert built[probe]["httpGet"] == {"path": "/health", "port": "engine", "scheme": "HTTPS"}


def test_each_of_several_ports_is_an_endpoint() -> None:
    made = remotes(composed(replica(engine(serving={**TLS, "ports": [8000, 8001]}))))
    endpoints = made["engine-backend"]["spec"]["endpoints"]
    assert [endpoint["fqdn"]["port"] for endpoint in endpoints] == [80, 81]
    assert refs(made) == [REF]


def test_an_engine_with_a_certificate_is_taken_to_speak_tls() -> None:
    assert refs(remotes(composed(replica(flagged("--ssl-certfile=/c/tls.crt"))))) == [REF]


def test_the_typed_scheme_goes_before_a_certificate() -> None:
    plain = {**flagged("--ssl-certfile=/c/tls.crt"), "serving": {"scheme": "HTTP"}}
    made = remotes(composed(replica(plain)))
    assert "engine-backend" not in made
    assert refs(made)[0]["kind"] == "Service"


def test_several_copies_are_asked_through_the_service() -> None:
    made = remotes(composed(replica(engine(copies=3, serving=TLS))))
    assert "inference-pool" not in made
    assert refs(made) == [REF]


@pytest.mark.parametrize(
    ("engines", "spec"),
    [
        ((engine(serving=TLS),), {"serving": {"picker": "Enabled"}}),
        (
            (engine("p", phase="Prefill"), engine("d", phase="Decode", serving=TLS)),
            {"serving": {"mode": "PrefillDecode"}},
        ),
        ((engine("a", serving=TLS), engine("b")), {}),
    ],
)
def test_what_cannot_be_asked_in_tls_is_refused(engines: tuple[Manifest, ...], spec: Manifest) -> None:
    answered = composed(replica(*engines, **spec))
    assert not answered.children
    assert reasons(answered)["ModelAccepted"] == "False/InvalidScheme"


def test_a_replica_that_runs_is_asked_as_it_was_whatever_a_version_recognises() -> None:
    before = observed(composed(replica(engine())))
    answered = composed(replica(flagged("--ssl-certfile=/c/tls.crt")), before)
    assert "engine-backend" not in answered.children
    kept = {key: unstructured.mapping(before[key], "spec", "forProvider", "manifest") for key in before}
    assert remotes(answered) == kept
