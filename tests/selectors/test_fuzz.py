from hypothesis import given, settings
from hypothesis import strategies as st

from function.selectors import (
    Device,
    EvaluationOutcome,
    SelectorError,
    Value,
    compile_selector,
)
from tests.support.selecting import DEVICE, A, C, evaluate

WORDS = st.sampled_from(
    [
        "device",
        ".",
        "attributes",
        "capacity",
        "driver",
        '["gpu.example.com"]',
        "memory",
        "size",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        "&&",
        "||",
        "!",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "+",
        "-",
        "*",
        "/",
        "%",
        "1",
        "-1",
        "1u",
        "1.5",
        "true",
        "false",
        "null",
        "'a'",
        '"b"',
        "r'\\'",
        "b'c'",
        "x",
        "y",
        "has(",
        "size(",
        "quantity(",
        "semver(",
        "'1Gi'",
        ".compareTo(",
        ".add(",
        ".all(x,",
        ".map(x,",
        ".filter(x,",
        ".exists_one(x,",
        ".matches(",
        ".?",
        "[?",
        "cel.bind(x,",
        "optional.of(",
        ".orValue(",
        ".optMap(x,",
        ".split(",
        ".substring(",
        ".transformList(x, y,",
        "`",
        "@result",
        ".device",
        "int(",
        "string(",
        "\\",
        '"',
        "'",
        "//",
        "'''",
        "\n",
    ],
)


@settings(max_examples=400)
@given(st.one_of(st.lists(WORDS, max_size=14).map(" ".join), st.lists(WORDS, max_size=14).map("".join), st.text()))
def test_whatever_the_text_only_the_typed_error_is_raised(text: str) -> None:
    try:
        selector = compile_selector(text)
    except SelectorError as error:
        assert str(error)  # noqa: PT017 - most texts raise nothing else
    else:
        assert selector.evaluate(DEVICE).outcome in EvaluationOutcome


OPERANDS = st.sampled_from(
    [
        "1",
        "0",
        "-1",
        "2u",
        "1.5",
        "0.0",
        "true",
        "'a'",
        "b'a'",
        "null",
        "x",
        "device",
        "optional.none()",
        "[1]",
        "[]",
        "{'a': 1}",
        "quantity('1')",
        "semver('1.0.0')",
        "9223372036854775807",
        f"{A}.size",
        f"{A}.ecc",
        f"{A}.compute",
        f"{C}.memory",
        A,
        "'('",
    ],
)
EXPRESSIONS = st.recursive(
    OPERANDS.map(lambda text: f"dyn({text})"),
    lambda inner: st.one_of(
        st.builds(
            "dyn(({} {} {}))".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"]),
            inner,
        ),
        st.builds(
            "dyn({}({}))".format,
            st.sampled_from(["!", "-", "size", "int", "uint", "double", "string", "bytes", "bool", "quantity"]),
            inner,
        ),
        st.builds(
            "dyn({}.{}({}))".format,
            inner,
            st.sampled_from(["contains", "matches", "add", "sub", "compareTo", "isGreaterThan", "startsWith"]),
            inner,
        ),
        st.builds(
            "dyn({}.{}(x, {}))".format, inner, st.sampled_from(["all", "exists", "exists_one", "map", "filter"]), inner
        ),
        st.builds(
            "dyn({}.{}(x, y, {}))".format,
            inner,
            st.sampled_from(["all", "exists", "existsOne", "transformList", "transformMap", "transformMapEntry"]),
            inner,
        ),
        st.builds(
            "dyn({}.{}({}, {}))".format,
            inner,
            st.sampled_from(["replace", "substring", "split", "indexOf"]),
            inner,
            inner,
        ),
        st.builds("dyn({}.{}())".format, inner, st.sampled_from(["trim", "join", "first", "value", "isInteger"])),
        st.builds("dyn(cel.bind(x, {}, {}))".format, inner, inner),
        st.builds("dyn({}[?{}].optMap(x, {}).orValue({}))".format, inner, inner, inner, inner),
        st.builds("dyn(({} ? {} : {}))".format, inner, inner, inner),
        st.builds("dyn({}[{}])".format, inner, inner),
        st.builds("dyn([{}, {}])".format, inner, inner),
        st.builds("dyn({{{}: {}}})".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=400)
@given(EXPRESSIONS)
def test_whatever_the_values_an_evaluation_does_not_raise(text: str) -> None:
    try:
        selector = compile_selector(f"{text} == 1 || false")
    except SelectorError as error:
        assert str(error)  # noqa: PT017 - some may cost too much
    else:
        assert selector.evaluate(DEVICE).outcome in EvaluationOutcome


VALUES = st.one_of(
    st.builds(Value.string, st.text()),
    st.builds(Value.version, st.text()),
    st.builds(Value.integer, st.integers()),
    st.builds(Value.boolean, st.booleans()),
    st.builds(Value.unreadable),
)


@given(
    st.text(max_size=5),
    st.lists(st.tuples(st.text(max_size=5), VALUES), max_size=3).map(tuple),
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple),
)
def test_whatever_the_device_an_evaluation_does_not_raise(
    driver: str,
    attributes: tuple[tuple[str, Value], ...],
    capacity: tuple[tuple[str, str], ...],
) -> None:
    device = Device("x", driver, attributes=attributes, capacity=capacity)
    loops = "device.attributes.all(d, device.attributes[d].all(k, device.attributes[d][k] != 1))"
    text = f"{loops} && bytes(device.driver) != b''"
    assert evaluate(text, device).outcome in EvaluationOutcome
