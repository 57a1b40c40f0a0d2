import pytest

from function.selectors import (
    MATCH,
    NO_MATCH,
    Claim,
    Device,
    EvaluationOutcome,
    EvaluationResult,
    Value,
)
from tests.support.selecting import DEVICE, DOMAIN, TRUE, A, C, evaluate


@pytest.mark.parametrize(
    "text",
    [
        f'{C}.memory.compareTo(quantity("40Gi")) >= 0',
        f'{A}.architecture == "Hopper"',
        f'{A}.compute.isGreaterThan(semver("8.9.0"))',
        f'device.driver == "{DOMAIN}"',
        f'"{DOMAIN}" in device.attributes',
        f'{A}.architecture == "Hopper" &&\n{C}.memory.compareTo(quantity("80Gi")) >= 0\n',
        f'{A}["architecture"] == "Hopper" // a comment with "quotes',
    ],
)
def test_what_the_documentation_shows_works(text: str) -> None:
    assert evaluate(text) == MATCH


def test_a_domain_that_a_device_does_not_have_is_empty() -> None:
    assert evaluate('"other.com" in device.attributes') == NO_MATCH
    assert evaluate('size(device.attributes["other.com"]) == 0') == MATCH
    assert evaluate('device.attributes["other.com"].x == "y"') == EvaluationResult.failed("no such key: x")


def test_a_read_that_is_guarded_is_no_error() -> None:
    assert evaluate('"other.com" in device.attributes && device.attributes["other.com"].x == "y"') == NO_MATCH
    assert evaluate('has(device.attributes["other.com"].x) && device.attributes["other.com"].x == "y"') == NO_MATCH
    assert evaluate(f'has({A}.architecture) && {A}.architecture == "Hopper"') == MATCH


def test_a_key_with_a_domain_is_found_there() -> None:
    assert evaluate('device.attributes["pci.example.com"].root == "0000:00"') == MATCH
    assert evaluate('device.capacity["pci.example.com"].lanes.asInteger() == 16') == MATCH


@pytest.mark.parametrize(
    "broken",
    [
        Device("gpu", DOMAIN, attributes=(("compute", Value.version("9.0")),)),
        Device("gpu", DOMAIN, attributes=(("anything", Value.unreadable()),)),
        Device("gpu", DOMAIN, attributes=(("number", Value.integer(2**63)),)),
        Device("gpu", DOMAIN, capacity=(("memory", "10Mo"),)),
    ],
)
def test_a_value_that_cannot_be_read_makes_every_selector_an_error(broken: Device) -> None:
    verdict = evaluate("true", broken)
    assert (verdict.outcome, bool(verdict)) == (EvaluationOutcome.ERROR, False)
    assert verdict.message.startswith("the device's ")


def test_a_bool_alone_matches_by_its_value_and_an_int_or_string_never() -> None:
    assert (evaluate(f"{A}.ecc"), evaluate(f"{A}.mig")) == (MATCH, NO_MATCH)
    assert evaluate(f"{A}.size") == EvaluationResult.failed("the result is an int, not a bool")
    assert evaluate(f"{A}.architecture") == EvaluationResult.failed("the result is a string, not a bool")


def test_true_and_one_are_different_values_of_an_attribute() -> None:
    number = Device("gpu", DOMAIN, attributes=(("x", Value.integer(1)),))
    true = Device("gpu", DOMAIN, attributes=(("x", TRUE),))
    assert (evaluate(f"{A}.x", true), evaluate(f"{A}.x == true", number)) == (MATCH, NO_MATCH)
    assert evaluate(f"{A}.x", number).outcome is EvaluationOutcome.ERROR


def test_the_name_the_count_and_the_claim_of_a_device_are_not_seen() -> None:
    again = Device("x", DOMAIN, "y", Claim.SYNTHETIC, 3, DEVICE.attributes, DEVICE.capacity)
    assert evaluate(f"{A}.ecc", again) == MATCH
