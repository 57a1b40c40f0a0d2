"""Requests to providers outside: which of them answers, and what it was asked."""

from __future__ import annotations

import json
import operator
from collections import Counter
from functools import partial
from typing import Final

import pytest

from function.composition import unstructured
from function.composition.gateway_address import STEERING_HEADERS
from function.routing import gateway_view
from tests.e2e.bed.external_endpoints import HOST, INNER, OTHER_TEAM, TEAM, WEIGHTS, Outside
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.plane import OUTSIDE
from tests.e2e.bed.providers import MODEL
from tests.e2e.bed.traffic import OK, Answer, Stream, ask

REQUESTS: Final = 160
CHAT: Final = json.dumps({"model": MODEL, "messages": []}).encode()


@pytest.fixture(autouse=True)
def _answering(outside: Outside) -> None:
    if not outside.bed.isolated:
        pytest.skip("NOT CHECKED: without a network of the bed's own no request can be sent to a gateway")


def test_each_endpoint_gets_its_share_and_its_own_path_and_host(outside: Outside) -> None:
    """As many as chance allows: Traefik begins its turns anew whenever a route changes."""
    answers = [ask(f"{outside.url('shared')}/v1/chat/completions", CHAT) for _ in range(REQUESTS)]
    assert [answer for answer in answers if answer.status != OK] == []
    counted = Counter(answer.backend for answer in answers)
    assert counted.keys() == WEIGHTS.keys()
    assert abs(counted["plain"] - REQUESTS * 3 / 4) <= 22, "four standard deviations"
    by_name = {answer.backend: answer.body for answer in answers}
    assert by_name["plain"]["received"] == "/v1/chat/completions"
    assert by_name["plain"]["headers"]["host"] in outside.url("shared"), "an address has no host name of its own"
    assert by_name["sealed"]["received"] == "/openai/v1/chat/completions"
    assert by_name["sealed"]["headers"]["host"] == HOST


def test_a_certificate_is_checked_for_the_host_and_against_the_authority_that_the_endpoint_names(
    outside: Outside,
) -> None:
    sealed = outside.bed.composite("ModelEndpoint", "sealed", TEAM)
    condition = unstructured.condition(sealed, "UpstreamTLS")
    assert (condition["status"], condition["reason"]) == ("True", "GivenAuthority")
    assert HOST in condition["message"]


def test_what_is_asked_and_answered_passes_as_it_is(outside: Outside) -> None:
    answer = ask(f"{outside.url('second')}/v1/models?limit=5&after=a%20b")
    assert answer.body["received"] == "/v1/models?limit=5&after=a%20b"
    assert answer.body["data"] == [{"id": MODEL, "object": "model"}]


def test_a_request_that_the_provider_refuses_is_refused(outside: Outside) -> None:
    answer = ask(f"{outside.url('second')}/v1/chat/completions", b'{"model": "another"}')
    assert (answer.status, answer.body["route"]) == (404, "plain")


def test_two_services_share_an_endpoint(outside: Outside) -> None:
    for service in ("shared", "second", "flapping"):
        backends = {_answer(outside, service).backend for _ in range(12)}
        assert "plain" in backends
    assert {_answer(outside, "second").backend for _ in range(6)} == {"plain"}


def test_the_same_names_in_two_namespaces_are_two_services(outside: Outside) -> None:
    theirs = outside.url("second", OTHER_TEAM)
    assert theirs != outside.url("second")
    assert {ask(f"{theirs}/v1/models").backend for _ in range(6)} == {"other"}


def test_a_service_that_nothing_serves_keeps_its_url_and_answers_503(outside: Outside) -> None:
    assert outside.url("empty").endswith("/outside-team/empty")
    assert ask(f"{outside.url('empty')}/v1/models").status == 503
    assert outside.reason("empty", "EndpointsResolved") == "NoEndpoints"
    assert outside.reason("empty", "RoutingReady") == "NoRoutableEndpoint"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/metrics", 404),
        ("/health", 404),
        ("/", 404),
        ("", 404),
        ("/v1beta/models", 404),
        ("/v1/../metrics", 404),
        ("/v1/%2e%2e/metrics", 404),
        ("/v1/..%2Fmetrics", 400),
        ("/v1%2Fmodels", 404),
    ],
)
def test_the_api_is_public_and_nothing_else(outside: Outside, path: str, status: int) -> None:
    assert ask(f"http://{OUTSIDE[0]}/metrics").status == OK, "the provider has such a page"
    assert ask(f"{outside.url('second')}{path}").status == status


def test_a_request_that_comes_back_ends_in_an_error_instead_of_a_circle(outside: Outside) -> None:
    """Without a mark it would go round until Traefik has no descriptors left; connections to the way back are kept."""
    assert outside.circle is not None
    for _ in range(3):
        assert ask(f"{outside.url('circle')}/v1/models").status == 503
    assert outside.circle.passed <= 3, "each went round once at most"


def test_only_the_gateways_own_mark_stops_a_request(outside: Outside) -> None:
    door = outside.bed.composite("InferenceGateway", "default")
    for marker, status in ((gateway_view.marker(door), 503), (f"{gateway_view.MARKER}-01234567", OK)):
        assert ask(f"{outside.url('second')}/v1/models", headers={marker: "1"}).status == status


def test_clients_cannot_say_where_a_picker_or_a_side_car_sends_a_request(outside: Outside) -> None:
    headers = {**dict.fromkeys(STEERING_HEADERS, "203.0.113.1:80"), "x-request-id": "kept"}
    got = ask(f"{outside.url('second')}/v1/models", headers=headers).body["headers"]
    assert (got["x-request-id"], set(STEERING_HEADERS) & set(got)) == ("kept", set())


def test_an_endpoint_that_leads_into_the_cluster_is_refused_and_has_no_service(outside: Outside) -> None:
    inner = outside.bed.composite("ModelEndpoint", INNER, TEAM)
    assert unstructured.condition(inner, "RoutingReady")["reason"] == "AddressNotAllowed"
    services = outside.bed.control.api.list("v1", "Service", TEAM)
    owners = {
        owner["name"] for service in services for owner in unstructured.items(service, "metadata", "ownerReferences")
    }
    assert (INNER in owners, "plain" in owners) == (False, True)


def test_an_answer_arrives_word_by_word(outside: Outside) -> None:
    for service in ("second", "shared"):
        outside.bed.processes.until("words arrive before the next ones are sent", partial(_at_once, outside, service))


def _at_once(outside: Outside, service: str) -> bool:
    """Tell whether most words of an answer arrive before the next ones are sent: none do of one that is kept back."""
    stream = Stream(f"{outside.url(service)}/v1/chat/completions", words=12)
    stream.join(MACHINE_SPEED.scaled(30))
    assert (stream.ended, stream.message, len(stream.words)) == (True, "", 12)
    sent, arrived = zip(*stream.words, strict=True)
    return bool(sum(map(operator.lt, arrived, sent[1:])) > len(sent) / 2)


def _answer(outside: Outside, service: str) -> Answer:
    answer = ask(f"{outside.url(service)}/v1/models")
    assert answer.status == OK, answer
    return answer
