"""An endpoint that cannot be read changes nothing for the others, nor for itself."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Manifest
from tests.routing.builders import (
    URL,
    composed_service,
    endpoint,
    given_to,
    group,
    message,
    observed_route,
    publishing,
    refs,
    rows,
    rule,
    served,
    service,
    weights_of,
)
from tests.support.observe import reasons


@pytest.mark.parametrize("found", [(None,), ([endpoint()], None)])
def test_before_everything_is_fetched_all_stays_as_it_is(found: tuple[Any, ...]) -> None:
    groups = [group()] * len(found)
    route = observed_route(composed_service(service(*groups), *([endpoint("a")] for _ in groups)))
    made = composed_service(served(*groups), *found, route=route)
    assert made.children["httproute"].manifest["spec"] == route["spec"]
    assert made.ready
    assert made.status == {"address": URL, "summary": {"ready": "1/1"}}
    assert reasons(made)["Held"] == "True/InputUnresolved"


SPOILED: dict[str, Callable[[Manifest], Manifest]] = {
    "no spec and no status": lambda obj: {key: obj[key] for key in ("apiVersion", "kind", "metadata")},
    "status is text": lambda obj: {**obj, "status": "junk"},
    "routing is a list": lambda obj: {**obj, "status": {"routing": []}},
    "rewrite path is relative": publishing(rewritePath="x/"),
    "rewrite path is not published yet": publishing(rewritePath=None),
    "host is no name": publishing(hostname="A B"),
    "host is a number": publishing(hostname=7),
    "port is text": publishing(port="x"),
    "port is left out": publishing(port=None),
    "backend is a number": publishing(backendName=7),
    "status is gone": lambda obj: {**obj, "status": {}},
}
NOTHING_PUBLISHED = ("no spec and no status", "status is gone")


@pytest.mark.parametrize("uid", ["", "7b0c"])
@pytest.mark.parametrize("how", SPOILED)
def test_a_malformed_endpoint_among_good_ones_keeps_the_backend_that_it_has(how: str, uid: str) -> None:
    good, other = endpoint("a"), endpoint("b", backend=given_to("b", uid), uid=uid, rewritePath="/b/")
    before = composed_service(service(), [good, other])
    made = composed_service(served(), [good, SPOILED[how](other)], route=observed_route(before))
    assert refs(made) == refs(before)
    assert made.ready
    assert reasons(made)["Held"] == "True/InputInvalid"
    assert "ModelEndpoint b" in message(made, "Held")
    assert "routed to as before" in rows(made)["b"]


@pytest.mark.parametrize("how", [how for how in SPOILED if how not in NOTHING_PUBLISHED])
def test_a_malformed_endpoint_that_was_never_routed_to_is_skipped_and_named(how: str) -> None:
    before = composed_service(service(), [endpoint("a")])
    made = composed_service(served(), [endpoint("a"), SPOILED[how](endpoint("b"))], route=observed_route(before))
    assert refs(made) == refs(before)
    assert made.ready
    assert "ModelEndpoint b" in message(made, "Held")
    assert made.status["summary"] == {"ready": "1/2"}


def test_an_endpoint_made_anew_under_the_same_name_does_not_inherit_the_old_backend() -> None:
    before = composed_service(service(), [endpoint("a", backend=given_to("a", "old"), uid="old")])
    made = composed_service(served(), [endpoint("a", backend="", uid="new")], route=observed_route(before))
    assert "backendRefs" not in rule(made)


def test_an_endpoint_whose_name_only_begins_like_anothers_does_not_take_its_backend() -> None:
    before = composed_service(service(), [endpoint("b-2")])
    made = composed_service(served(), [endpoint("b", backend=""), endpoint("b-2")], route=observed_route(before))
    assert refs(made) == refs(before)


def test_a_long_name_that_no_backend_can_have_is_skipped_and_the_status_stays_valid() -> None:
    made = composed_service(service(), [endpoint("a"), endpoint("x" * 70)])
    assert weights_of(made) == {"a": 1}
    assert set(rows(made)) == {"a"}
    assert "more than 63 characters" in message(made, "Held")


PIECES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=2)
)


@settings(deadline=None)
@given(
    spec=st.dictionaries(st.sampled_from(["url", "rewritePath", "host", "draining"]), PIECES),
    routing=PIECES | st.dictionaries(st.sampled_from(["backendName", "port", "rewritePath", "hostname"]), PIECES),
)
def test_junk_in_an_endpoint_never_fails_and_never_touches_the_others(spec: Any, routing: Any) -> None:
    before = composed_service(service(), [endpoint("a")])
    junk = {**endpoint("b"), "spec": spec, "status": {"routing": routing}}
    made = composed_service(served(), [endpoint("a"), junk], route=observed_route(before))
    assert refs(before) == refs(made)
    assert made.ready
