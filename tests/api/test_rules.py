from tests.support.api import deployment, engine, member, refused, stored

LEADER, WORKER = member("Leader"), member("Worker")
PAIR = {"mode": "PrefillDecode"}


def test_a_rule_over_something_malformed_waits_until_it_is_mended() -> None:
    obj = deployment(serving=PAIR, engines=[engine("q", copies="two"), engine("r", WORKER)])
    assert refused(obj) == [
        'spec.engines[0].copies: must be a whole number, not a string: "two"',
        "spec.engines[1]: an engine is one Standalone member, or one Leader and one Worker",
    ]


def test_defaults_are_filled_in_before_rules_are_judged() -> None:
    spec = stored(deployment(serving={}, tolerations=[{"key": "maintenance"}]))
    assert spec["serving"] == {"mode": "Unified"}
    assert spec["tolerations"] == [{"key": "maintenance", "operator": "Equal"}]
    assert spec["engines"][0]["members"][0]["role"] == "Standalone"
