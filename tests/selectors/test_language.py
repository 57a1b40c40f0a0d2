import pytest

from function.selectors import (
    MATCH,
    NO_MATCH,
    EvaluationOutcome,
    EvaluationResult,
)
from tests.support.selecting import A, evaluate


@pytest.mark.parametrize(
    "text",
    [
        "1 + 2 * 3 - -4 == 11",
        "7 / -2 == -3 && -7 % 3 == -1",
        "1.5 * 2.0 == 3.0 && 1u + 2u == 3u && 0x10 == 16",
        '"a" + "b" == "ab" && [1] + [2] == [1, 2] && b"a" + b"b" == b"ab"',
        "1 < 2 && 2 >= 2 && 1.5 < 2.5 && 'a' < 'b' && false < true",
        '"abc".contains("b") && "abc".startsWith("a") && "abc".endsWith("c") && "abc".matches("b+")',
        'size("äöü") == 3 && size([1, 2]) == 2 && "abc".size() == 3 && size({"a": 1}) == 1',
        '1 in [1, 2] && !(3 in [1, 2]) && "a" in {"a": 1}',
        '{"a": 1}.a == 1 && {"a": {"b": 2}}["a"].b == 2 && {1: true}[1]',
        "[1, 2, 3].all(x, x > 0) && [1, 2, 3].exists(x, x == 2) && [1, 2, 3].exists_one(x, x > 2)",
        "[1, 2, 3].filter(x, x > 1).map(x, x * 2) == [4, 6] && [1, 2].map(x, x > 1, x) == [2]",
        "[[1], [2]].all(x, x.all(y, y > 0)) && [1].all(x, [2].all(x, x == 2) && x == 1)",
        "true ? true : 1 / 0 == 1",
        "int('5') == 5 && int(5.9) == 5 && uint(5) == 5u && double('1.5') == 1.5 && bool('true')",
        'string(5) == "5" && string(1.0) == "1" && string(true) == "true" && bytes("a") == b"a"',
        r'"\x41\u0042\103\n" == "ABC\n" && r"\n".size() == 2 && b"\xff".size() == 1',
        "'''it's''' == \"it's\" && \"\"\"a\"b\"\"\" == 'a\"b'",
        "null == null && dyn(1) != null",
        "-9223372036854775808 < 9223372036854775807",
    ],
)
def test_the_standard_language_is_there(text: str) -> None:
    assert evaluate(text) == MATCH


@pytest.mark.parametrize(
    "text",
    [
        f"{A}.size > 7.5",
        f"{A}.size == 8.0 && {A}.size == 8u",
        f'{A}.size != "8" && !({A}.size in ["8"]) && {A}.architecture != 1 && {A}.size != null',
        f"!({A}.ecc == 1)",
        f'{A}.compute != "9.0.0"',
        'quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger() == 20',
        'quantity("200M") == quantity("0.2G")',
        'quantity("50Mi").compareTo(quantity("50M")) == 1',
        'quantity("50.703k").asApproximateFloat() == 50703.0',
        'sign(quantity("-1m")) == -1 && quantity("5").isInteger() && !quantity("1.0").isInteger()',
        'quantity("1").isLessThan(quantity("2")) && quantity("2").isGreaterThan(quantity("1"))',
        'isQuantity("20Mi") && !isQuantity("20Mo") && isSemver("1.2.3") && !isSemver("1") && isSemver("v1", true)',
        'semver("1.2.3").major() == 1 && semver("1.2.3").minor() == 2 && semver("v1.2", true).patch() == 0',
        'semver("1.0.0") == semver("1.0.0+x") && semver("1.0.0").isLessThan(semver("1.0.1"))',
        f'{A}.compute.compareTo(semver("10.0.0")) == -1',
    ],
)
def test_what_kubernetes_answers_is_answered(text: str) -> None:
    assert evaluate(text) == MATCH


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{A}.compute == "9.0.0"', "a semver cannot be compared with a string"),
        (f"{A}.architecture + 1 == 2", "+ is not defined for (string, int)"),
        (f"{A}.architecture < 1", "< is not defined for (string, int)"),
        (f"{A}.compute.compareTo(quantity('1')) == 0", "compareTo is not defined for (semver, quantity)"),
        (f"{A}.size && true", "an int stands where a bool must"),
        (f"!{A}.size", "the operand of ! is an int, not a bool"),
        (f"{A}.size ? true : false", "the condition of ?: is an int, not a bool"),
        (f"dyn({A}.size).all(x, true)", "an int cannot be looped over; only a list or map can"),
        (f"{A}.size.x == 1", "an int has no fields"),
        (f"{A}.size[0] == 1", "an int cannot be indexed"),
        ("1 / 0 == 1", "division by zero"),
        ("1 % 0 == 1", "modulus by zero"),
        ("9223372036854775807 + 1 > 0", "integer overflow"),
        ("0u - 1u > 0u", "unsigned integer overflow"),
        ("[1][1] == 1", "no element 1 in a list of 1"),
        ("int(device.driver) == 1", "'gpu.example.com' is not an integer"),
        ("quantity('x') == quantity('1')", "'x' is not a quantity, e.g. 40Gi or 500m"),
        ("quantity('1.0').asInteger() == 1", "the quantity cannot be taken as an integer"),
        ("[1, 1].transformMapEntry(i, v, {v: i}) == {1: 1}", "a map has the key 1 twice"),
        ("optional.none().value() == 1", "the optional has no value"),
        ("'abc'.substring(2, 1) == ''", "a part of a text cannot begin at 2 and end at 1"),
        ("device.driver.matches(device.driver + '(')", "'gpu.example.com(' is not a regular expression of RE2"),
        ("[1].exists_one(x, 1 / 0 == x)", "division by zero"),
    ],
)
def test_what_fails_is_an_error_that_says_why(text: str, message: str) -> None:
    assert evaluate(text) == EvaluationResult.failed(message)


def test_logical_operators_absorb_errors_in_either_order() -> None:
    assert [
        evaluate(text).outcome
        for text in ("1/0 == 1 || true", "true || 1/0 == 1", "1/0 == 1 && false", "false && 1/0 == 1", "!(1/0 == 1)")
    ] == [
        EvaluationOutcome.MATCH,
        EvaluationOutcome.MATCH,
        EvaluationOutcome.NO_MATCH,
        EvaluationOutcome.NO_MATCH,
        EvaluationOutcome.ERROR,
    ]


def test_loops_absorb_errors_as_their_logical_operators_do() -> None:
    assert evaluate("[0, 1].exists(x, 1 / x == 1)") == MATCH
    assert evaluate("[0, 1].all(x, 1 / x == 2)") == NO_MATCH
    assert evaluate("[0, 1].all(x, 1 / x == 1)").outcome is EvaluationOutcome.ERROR
