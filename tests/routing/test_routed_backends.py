"""An endpoint that a list lacks keeps its share until it is known to be gone."""

import pytest

from function.composition import Manifest
from tests.routing.builders import (
    composed_service,
    endpoint,
    given_to,
    group,
    message,
    observed_route,
    refs,
    rows,
    rule,
    served,
    service,
    service_of,
    weights_of,
)
from tests.support.observe import reasons


def moved(obj: Manifest) -> Manifest:
    """The same endpoint with labels that nobody selects."""
    return {**obj, "metadata": {**obj["metadata"], "labels": {"app": "other"}}}


CHAT = {"app": "chat"}
BOTH = [endpoint("a", labels=CHAT), endpoint("b", rewritePath="/b/", labels=CHAT)]
SERVICES = [service_of(found) for found in BOTH]


@pytest.mark.parametrize("listed", [[], BOTH[:1], BOTH[1:]])
def test_an_endpoint_that_is_there_and_was_not_listed_keeps_its_share(listed: list[Manifest]) -> None:
    before = composed_service(service(), BOTH)
    obj = served(weights={"a": 1, "b": 1})
    made = composed_service(obj, listed, route=observed_route(before), there=[*BOTH, *SERVICES])
    assert refs(made) == refs(before)
    assert made.ready
    assert made.status["summary"] == {"ready": "2/2"}
    assert reasons(made)["Held"] == "True/InputMissing"
    assert "is there and was not listed with the others; it is treated as if it were" in message(made, "Held")
    assert message(made, "EndpointsResolved").endswith(f"; {2 - len(listed)} of them not listed, and there")


def test_what_is_not_listed_stays_in_the_group_that_selects_it_and_as_it_is() -> None:
    groups = group(95, app="own"), group(5, app="new")
    own = [endpoint(name, labels={"app": "own"}) for name in ("a", "b")]
    new = endpoint("c", labels={"app": "new"})
    before = composed_service(service(*groups), own, [new])
    obj = served(*groups, weights=weights_of(before))
    made = composed_service(obj, [], [], route=observed_route(before), there=[*own, new])
    assert weights_of(made) == {"a": 48, "b": 47, "c": 5}
    draining_one = {**own[0], "spec": {**own[0]["spec"], "draining": True}}
    made = composed_service(obj, [], [], route=observed_route(before), there=[draining_one, own[1], new])
    assert weights_of(made) == {"b": 19, "c": 1}


def test_an_endpoint_whose_labels_meet_a_groups_requirements_no_longer_leaves_its_route() -> None:
    wanted = {"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["chat"]}]}}
    before = composed_service(service(wanted), BOTH)
    obj = served(wanted, weights={"a": 1, "b": 1})
    kept = composed_service(obj, BOTH[:1], route=observed_route(before), there=[*BOTH, *SERVICES])
    assert weights_of(kept) == {"a": 1, "b": 1}
    left = composed_service(
        obj, [BOTH[0], moved(BOTH[1])], route=observed_route(before), there=[*BOTH[:1], moved(BOTH[1])]
    )
    assert weights_of(left) == {"a": 1}


def test_an_endpoint_that_its_own_group_does_not_list_is_not_given_to_another_that_does() -> None:
    groups = group(80, app="chat"), group(20, team="ml")
    both, other = endpoint("a", labels={"app": "chat", "team": "ml"}), endpoint("b", labels={"team": "ml"})
    before = composed_service(service(*groups), [both], [both, other])
    obj = served(*groups, weights=weights_of(before))
    made = composed_service(obj, [], [both, other], route=observed_route(before))
    assert weights_of(made) == weights_of(before) == {"a": 4, "b": 1}


@pytest.mark.parametrize("weights", [{}, {"a": 48, "b": 47, "c": 5}], ids=["status is lost", "status is there"])
def test_an_endpoint_that_is_not_found_keeps_its_share_while_its_service_is_there(weights: dict[str, int]) -> None:
    groups = group(95, app="own"), group(5, app="new")
    own, new = [endpoint("a"), endpoint("b")], endpoint("c")
    before = composed_service(service(*groups), own, [new])
    assert weights_of(before) == {"a": 48, "b": 47, "c": 5}
    obj, route = served(*groups, weights=weights), observed_route(before)
    for listed in ([], own[:1]):
        made = composed_service(obj, listed, [], route=route, there=[service_of(replica) for replica in [*own, new]])
        assert (weights_of(made), made.ready) == ({"a": 48, "b": 47, "c": 5}, True)
        assert reasons(made)["Held"] == "True/InputMissing"
        text = "ModelEndpoint c is not found, and its Service c-0123456789ab is there; it is routed to as before"
        assert text in message(made, "Held")
        assert rows(made)["c"] == text


def test_while_shares_stay_as_they_are_a_new_endpoint_waits_and_one_that_drains_leaves() -> None:
    first, second, new = endpoint("a"), endpoint("b"), endpoint("c")
    before = composed_service(service(), [first, second])
    obj, there = served(weights={"a": 1, "b": 1}), [service_of(first), service_of(second)]
    made = composed_service(obj, [first, new], route=observed_route(before), there=there)
    assert weights_of(made) == {"a": 1, "b": 1}
    assert rows(made)["c"].startswith("it waits: shares stay as they are")
    leaving = {**first, "spec": {**first["spec"], "draining": True}}
    made = composed_service(obj, [leaving, new], route=observed_route(before), there=there)
    assert weights_of(made) == {"b": 1}


ORPHANED: Manifest = {"ownerReferences": []}
GOING: Manifest = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "there",
    [[], [moved(BOTH[1]), SERVICES[1]], [service_of(BOTH[1], **GOING)], [service_of(BOTH[1], **ORPHANED)]],
    ids=["nothing is there", "it is not selected any more", "its Service goes", "its Service belongs to nobody"],
)
def test_an_endpoint_leaves_the_route_at_once_by_a_fact_about_itself(there: list[Manifest]) -> None:
    before = composed_service(service(), BOTH)
    obj = served(weights={"a": 1, "b": 1})
    made = composed_service(obj, BOTH[:1], route=observed_route(before), there=[BOTH[0], SERVICES[0], *there])
    assert (weights_of(made), made.ready) == ({"a": 1}, True)
    assert reasons(made)["Held"] == "False/InputsResolved"


def test_an_endpoint_made_anew_does_not_keep_the_service_of_the_one_before() -> None:
    old = endpoint("a", backend=given_to("a", "old"), uid="old")
    before = composed_service(service(), [old])
    new = endpoint("a", backend="", uid="new")
    made = composed_service(served(weights={"a": 1}), [new], route=observed_route(before), there=[service_of(old)])
    assert "backendRefs" not in rule(made)


def test_what_takes_requests_is_asked_for_by_name_and_nothing_else() -> None:
    before = composed_service(service(group(1), group(0)), BOTH, [endpoint("c")])
    obj = served(group(1), group(0), weights={**weights_of(before), "A b": 1, "x" * 64: 1})
    made = composed_service(obj, BOTH, [endpoint("c")], route=observed_route(before))
    assert {key: (r.kind, r.name, r.namespace) for key, r in made.requirements.items() if r.namespace and r.name} == {
        "routed-a": ("ModelEndpoint", "a", "ml-team"),
        "routed-b": ("ModelEndpoint", "b", "ml-team"),
        "backend-a-0123456789ab": ("Service", "a-0123456789ab", "ml-team"),
        "backend-b-0123456789ab": ("Service", "b-0123456789ab", "ml-team"),
    }
