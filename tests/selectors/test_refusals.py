import pytest

from function.selectors import (
    MATCH,
    NO_MATCH,
    EvaluationResult,
    Selector,
    compile_selector,
)
from function.selectors.parser import MAX_SELECTOR_BYTES
from tests.support.selecting import C, evaluate, refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of the expression (line 1, column 1)"),
        ("device.driver ==", "unexpected end of the expression (line 1, column 17)"),
        ("true)", "unexpected ')' (line 1, column 5)"),
        ("true &&\n& true", "unexpected '&' (line 2, column 1)"),
        ('device.driver == "gpu', "the string has no end (line 1, column 18)"),
        (r'"\q" == ""', "'\\\\q' is not an escape sequence here (line 1, column 2)"),
        ("driver == ''", "unknown name 'driver'; the only variable is device (line 1, column 1)"),
        ("device.name == ''", "device has no field 'name'; it has attributes, capacity, driver (line 1, column 8)"),
        ("device['driver'] == ''", "device is not a value; read one of its fields: attributes, capacity, driver"),
        ("has(device.attributes['d'])", "has() needs a field, e.g. has(device.attributes"),
        ("quantaty('1') == quantity('1')", "unknown function 'quantaty' (line 1, column 1)"),
        ("[1, 2].sum() == 3", "sum is not supported here, though Kubernetes knows it (line 1, column 8)"),
        ("sets.contains([1], [1])", "sets.contains is not supported here, though Kubernetes knows it"),
        ("cel.bind(1, 1, true)", "cel.bind() needs the name of a variable first (line 1, column 10)"),
        ("int('x') == 1", "'x' is not an integer (line 1, column 1)"),
        ("quantity('1').sign() == 1", "sign cannot be called like this; call it by itself: sign(x)"),
        ("compareTo(quantity('1'), quantity('1')) == 0", "compareTo cannot be called like this; call it on a value"),
        ("quantity(5) == quantity('5')", "quantity is not defined for (int)"),
        ("quantity('1').add('1') == quantity('1')", "add is not defined for (quantity, string)"),
        ("quantity('1') < quantity('2')", "< is not defined for (quantity, quantity)"),
        (f"{C}.memory == '80Gi'", "a quantity cannot equal a string"),
        (f"{C}.memory + {C}.memory == {C}.memory", "+ is not defined for (quantity, quantity)"),
        ("device.driver.matches('[')", "'[' is not a regular expression of RE2"),
        (r"device.driver.matches(r'\C')", r"'\\C' is not a regular expression of RE2 for texts: it has \C"),
        ("device.attributes['d'].x.y", "the result may be of any type; a selector must be true or false"),
        ("1", "the result is an int; a selector must be true or false (line 1, column 1)"),
        ("device.driver", "the result is a string; a selector must be true or false"),
        ("1 && true", "an operand of && is an int, not a bool"),
        ("!1", "the operand of ! is an int, not a bool"),
        ("1 ? true : false", "the condition of ?: is an int, not a bool"),
        ("true ? 1 : 'a'", "?: results in an int or a string; they must be alike"),
        ("[1, 'a'] == []", "elements of a list must be alike, not int and string"),
        ("1 in 2", "`in` needs a list or map on its right, not an int"),
        ("'a' in [1]", "a string cannot be in a list of int"),
        ("[1].all(x, 1)", "the condition of all() is an int, not a bool"),
        ("[1].all(1, true)", "all() needs the name of a variable first"),
        ("[1].all(x)", "all() takes 2 or 3 arguments"),
        ("[1].all(for, true)", "for is reserved and cannot be a name"),
        ("'a'.all(x, true)", "all() needs a list or map, not a string"),
        ("[1].all(x, true) && x == 1", "unknown name 'x'"),
        ("device.driver.x", "a string has no fields"),
        ("[1]['a'] == 1", "a list here is indexed by int, not by string"),
        ("device.attributes[1].x", "a map here is indexed by string, not by int"),
        ("Foo{} == 1", "messages cannot be made in a selector"),
        ("9223372036854775808 > 0", "'9223372036854775808': integer overflow"),
        ("\ud800", "the text is not valid Unicode"),
        ("(" * 200 + "-" * 200 + "1" + ")" * 200, "the expression nests deeper than 100 levels"),
        (
            "'" + "a" * MAX_SELECTOR_BYTES + "'",
            f"the text has {MAX_SELECTOR_BYTES + 2} bytes; {MAX_SELECTOR_BYTES} are allowed",
        ),
    ],
)
def test_what_no_device_can_make_right_is_refused_with_its_place(text: str, message: str) -> None:
    assert str(refused(text)).startswith(message)


def test_the_length_of_a_selector_is_counted_in_bytes() -> None:
    assert "bytes" in str(refused(f"'{'ä' * (MAX_SELECTOR_BYTES // 2)}' == ''"))


def test_an_error_points_at_its_place_with_a_caret() -> None:
    error = refused("true &&\n  device.model == 'x'")
    assert (error.line, error.column) == (2, 10)
    assert error.excerpt == "  device.model == 'x'\n         ^"


def test_a_caret_stays_near_its_place_in_a_long_line() -> None:
    error = refused(" " * 500 + "model == 'x'" + " " * 500)
    line, caret = error.excerpt.split("\n")
    assert len(line) == 80
    assert line[caret.index("^") :].startswith("model")


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        (f"[{','.join(['1'] * 1000)}].all(x, [{','.join(['1'] * 1000)}].all(y, x == y))", 6_014_011),
        ('["aaaaaaaaaa"]' + ".map(x, x + x)" * 90 + '[0] == "a"', 2**64 - 1),
        ("[device.driver].join() == ''", 1_844_674_407_370_955_276),
    ],
)
def test_an_expression_that_may_cost_too_much_is_refused(text: str, cost: int) -> None:
    assert str(refused(text)).startswith(f"the expression may cost {cost}; 1000000 are allowed. Loop over less")


def test_what_takes_forever_though_kubernetes_expects_little_is_an_error() -> None:
    text = "[1]" + ".map(x, [x, x])" * 90 + "==[1]" + ".map(x, [x, x])" * 90
    assert evaluate(text) == EvaluationResult.failed("the expression takes too many steps; loop over less")


def test_a_string_without_an_end_does_not_take_forever() -> None:
    assert "no end" in str(refused('"' + r"\n" * 5000))


def test_a_raw_string_may_end_in_a_backslash() -> None:
    assert evaluate(r"""r"a\" == "a\\" && r'\'.size() == 1""") == MATCH


def test_long_chains_of_logical_operators_are_not_deep() -> None:
    assert evaluate(" && ".join(["true"] * 1000)) == MATCH
    assert evaluate(" || ".join(["false"] * 1000)) == NO_MATCH


def test_equal_texts_are_equal_selectors() -> None:
    assert compile_selector("true") == compile_selector("true")
    assert isinstance(compile_selector("true"), Selector)
