"""Requests through Traefik itself: they reach the replicas, rewritten as their cluster's gateway expects."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from function.composition import unstructured
from function.routing.gateways.traefik import TRAEFIK
from tests.e2e.bed import traefik_chart
from tests.e2e.bed.plane import ADDRESSES, Bed
from tests.e2e.bed.quickstart import NAMESPACE, Serving
from tests.e2e.bed.traffic import ask
from tests.e2e.programs import TOOLS

GATEWAY_API = "gateway.networking.k8s.io/v1"
GATEWAY_URL = f"http://{ADDRESSES['control']}"


@pytest.fixture
def url(bed: Bed, serving: Serving) -> str:
    """The model's URL, where requests can be sent."""
    if not bed.isolated:
        pytest.skip("NOT CHECKED: without a network of the bed's own no request can be sent to a gateway")
    return serving.facts().address


def test_the_traefik_that_runs_is_that_of_the_default_chart() -> None:
    assert TRAEFIK.version == traefik_chart.CHART
    version = re.search(r"github.com/traefik/traefik/v3 (v\S+)", (TOOLS / "traefik" / "go.mod").read_text())
    assert version is not None
    assert f"Traefik {version[1]};" in TRAEFIK.fits


def test_gateway_and_route_say_what_traefik_says(bed: Bed, serving: Serving) -> None:
    assert serving.is_ready
    (gateway_class,) = bed.control.api.list(GATEWAY_API, "GatewayClass")
    assert unstructured.condition(gateway_class, "Accepted")["message"] == "Handled by Traefik controller"
    (gateway,) = bed.control.api.list(GATEWAY_API, "Gateway")
    assert [item["value"] for item in unstructured.items(gateway, "status", "addresses")] == [ADDRESSES["control"]]
    (route,) = bed.control.api.list(GATEWAY_API, "HTTPRoute", NAMESPACE)
    (parent,) = unstructured.items(route, "status", "parents")
    assert parent["controllerName"] == "traefik.io/gateway-controller"


def test_a_request_reaches_an_engine_with_the_path_that_it_serves(serving: Serving, url: str) -> None:
    paths = {
        unstructured.text(replica, "status", "path"): unstructured.name_of(replica) for replica in serving.replicas()
    }
    assert url == f"{GATEWAY_URL}/ml-team/chat"
    for body in (None, b'{"model": "chat", "messages": []}'):
        answer = ask(f"{url}/v1/chat/completions", body)
        assert answer.status == 200, answer
        assert answer.body["path"] == "/v1/chat/completions", "the engine sees its own path"
        replica, _, below = answer.body["received"].removeprefix(f"/{NAMESPACE}/").partition("/")
        assert below == "v1/chat/completions"
        assert f"/{NAMESPACE}/{replica}" in {path.rstrip("/") for path in paths}, "the gateway sees the replica's path"
        assert answer.body["headers"]["host"] == ADDRESSES["control"], "the client's host is passed on"


def test_replicas_answer_by_turns(bed: Bed, serving: Serving, url: str) -> None:
    """Exactly, while Traefik takes in no change of another model's, after which it begins anew."""
    replicas = {unstructured.name_of(replica) for replica in serving.replicas()}

    def by_turns() -> bool:
        answers = [ask(f"{url}/v1/models") for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
        return Counter(answer.backend for answer in answers) == dict.fromkeys(replicas, 10)

    bed.processes.until("replicas answer by turns", by_turns)


def test_what_is_no_model_is_not_found(url: str) -> None:
    for path in ("/ml-team/nothing/v1/models", "/ml-team/chatter/v1/models", "/other-team/chat/v1/models", "/"):
        assert url.startswith(GATEWAY_URL)
        answer = ask(f"{GATEWAY_URL}{path}")
        assert (answer.status, answer.body) == (404, {}), path
