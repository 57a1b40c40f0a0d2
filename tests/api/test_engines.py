from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.api import deployment, engine, member, nested, refused

LEADER, WORKER = member("Leader"), member("Worker")
PREFILL, DECODE = engine("prefill", phase="Prefill"), engine("decode", phase="Decode")
PAIR = {"mode": "PrefillDecode"}


@pytest.mark.parametrize("write", [deployment, nested])
def test_prefill_and_decode_come_as_a_pair(write: Any) -> None:
    at = "spec" if write is deployment else "spec.template.spec"
    assert refused(write(serving=PAIR, engines=[PREFILL, DECODE])) == []
    assert refused(write(serving=PAIR, engines=[PREFILL])) == [
        f"{at}: serving mode PrefillDecode needs exactly two engines",
        f"{at}: serving mode PrefillDecode needs exactly one engine with phase Decode",
    ]
    assert refused(write(serving=PAIR, engines=[PREFILL, DECODE, engine("third")])) == [
        f"{at}: serving mode PrefillDecode needs exactly two engines"
    ]
    assert refused(write(serving=PAIR, engines=[PREFILL, {**DECODE, "phase": "Prefill"}])) == [
        f"{at}: serving mode PrefillDecode needs exactly one engine with phase Prefill",
        f"{at}: serving mode PrefillDecode needs exactly one engine with phase Decode",
    ]


@pytest.mark.parametrize("serving", [{}, {"serving": {}}, {"serving": {"mode": "Unified"}}])
@pytest.mark.parametrize("write", [deployment, nested])
def test_a_phase_needs_the_mode_that_has_phases(write: Any, serving: Mapping[str, Any]) -> None:
    at = "spec" if write is deployment else "spec.template.spec"
    assert refused(write(**serving)) == []
    assert refused(write(**serving, engines=[PREFILL])) == [
        f"{at}: an engine may have a phase only when the serving mode is PrefillDecode"
    ]


def test_a_pair_cannot_go_without_a_picker() -> None:
    assert refused(deployment(serving={"mode": "Unified", "picker": "Disabled"})) == []
    assert refused(deployment(serving={**PAIR, "picker": "Enabled"}, engines=[PREFILL, DECODE])) == []
    assert refused(deployment(serving={**PAIR, "picker": "Disabled"}, engines=[PREFILL, DECODE])) == [
        "spec.serving: serving mode PrefillDecode always has an endpoint picker: picker must not be Disabled"
    ]


@pytest.mark.parametrize("members", [[member()], [member("Standalone")], [LEADER, WORKER], [WORKER, LEADER]])
def test_an_engine_is_one_pod_or_a_gang(members: list[dict[str, Any]]) -> None:
    assert refused(deployment(engines=[engine("qwen", *members)])) == []


@pytest.mark.parametrize(
    "members",
    [
        [LEADER],
        [WORKER],
        [LEADER, LEADER],
        [WORKER, WORKER],
        [member(), WORKER],
        [LEADER, member()],
        [member(), member()],
    ],
)
def test_an_engine_of_another_shape_is_refused(members: list[dict[str, Any]]) -> None:
    assert refused(deployment(engines=[engine("qwen", *members)])) == [
        "spec.engines[0]: an engine is one Standalone member, or one Leader and one Worker"
    ]


def test_an_engine_has_at_most_two_members() -> None:
    assert refused(deployment(engines=[engine("qwen", LEADER, WORKER, WORKER)])) == [
        "spec.engines[0].members: must have 1 to 2 items, has 3"
    ]


def test_one_member_of_an_engine_asks_for_hardware() -> None:
    assert refused(deployment(engines=[engine("qwen", member("Leader", claims=False), WORKER)])) == []
    assert refused(deployment(engines=[engine("qwen", member(claims=False))])) == [
        "spec.engines[0]: at least one member of an engine needs a nodeSelector, unless its role is Router"
    ]


ROUTER = engine("router", member(claims=False), role="Router")


def test_a_router_needs_no_hardware_and_is_one_pod() -> None:
    assert refused(deployment(engines=[ROUTER, engine("worker")])) == []
    assert refused(deployment(engines=[engine("router", LEADER, WORKER, role="Router"), engine("worker")])) == [
        "spec.engines[0]: an engine of role Router is one Standalone member"
    ]


@pytest.mark.parametrize("write", [deployment, nested])
def test_a_router_is_the_only_one_and_has_engines_to_pass_requests_on_to(write: Any) -> None:
    at = "spec" if write is deployment else "spec.template.spec"
    wrong = f"{at}: an engine of role Router needs another engine to pass requests on to, and may be the only Router"
    assert refused(write(engines=[ROUTER])) == [wrong]
    assert refused(write(engines=[ROUTER, {**ROUTER, "name": "second"}, engine("worker")])) == [wrong]


def test_a_router_has_no_place_beside_phases() -> None:
    assert refused(deployment(serving=PAIR, engines=[{**PREFILL, "role": "Router"}, DECODE])) == [
        "spec: an engine of role Router chooses among engines itself: the serving mode must not be PrefillDecode"
    ]


TLS, RANKS = {"serving": {"scheme": "HTTPS"}}, {"serving": {"ports": [8000, 8001]}}


@pytest.mark.parametrize("serving", [TLS, RANKS])
def test_a_picker_is_not_asked_for_where_it_could_not_choose(serving: dict[str, Any]) -> None:
    several = "an endpoint picker chooses among pods that have one port: with several serving.ports the picker must not"
    tls = "an endpoint picker does not speak TLS to engines: with serving.scheme HTTPS the picker must not"
    why = f"spec: {several if serving is RANKS else tls} be Enabled, nor the serving mode PrefillDecode"
    assert refused(deployment(engines=[engine(**serving)])) == []
    assert refused(deployment(serving={"picker": "Disabled"}, engines=[engine(**serving)])) == []
    assert refused(deployment(serving={"picker": "Enabled"}, engines=[engine(**serving)])) == [why]
    assert refused(deployment(serving=PAIR, engines=[PREFILL, {**DECODE, **serving}])) == [why]


def test_one_port_in_a_list_is_like_one_port() -> None:
    assert refused(deployment(serving={"picker": "Enabled"}, engines=[engine(serving={"ports": [9000]})])) == []


def test_only_a_worker_has_a_size() -> None:
    assert refused(deployment(engines=[engine("qwen", LEADER, {**WORKER, "worker": {"nodes": 63}})])) == []
    assert refused(deployment(engines=[engine("qwen", LEADER, WORKER)])) == []
    for role in ("Leader", "Standalone"):
        found = refused(deployment(engines=[engine("qwen", member(role, worker={"nodes": 1}), WORKER)]))
        assert found[-1] == "spec.engines[0].members[0]: worker may be set only on a member with role Worker"


def test_a_size_says_how_many_nodes() -> None:
    assert refused(deployment(engines=[engine("qwen", LEADER, {**WORKER, "worker": {}})])) == [
        "spec.engines[0].members[1].worker.nodes: is required"
    ]
