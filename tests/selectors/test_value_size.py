"""What functions make of their arguments is never larger than is told before."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.selectors import Device, SelectorError, Value, compiler
from function.selectors.checker import check
from function.selectors.evaluation import Activation
from function.selectors.library import _SIZELESS, FUNCTIONS, Overload, _declare
from function.selectors.parser import parse
from function.selectors.quantity import QuantityError, parse_quantity
from function.selectors.quantity_value import QuantityValue
from function.selectors.selector import _expose, _Exposed
from function.selectors.semver import Semver, SemverError, parse_semver
from function.selectors.size_estimate import estimate_size
from function.selectors.size_model import EMPTY, SCALAR_SIZE, ValueSize
from function.selectors.stage_budget import Stage, StageBudget
from function.selectors.types import Type
from function.selectors.values import (
    MAX_SIZE,
    MAX_TOTAL_BYTES,
    MISSING,
    CelMap,
    EvaluationBudget,
    EvaluationError,
    Present,
    Uint,
    traversal_size_of,
)

UNKNOWN = StageBudget(Stage.ESTIMATE, "")
TEXTS = st.one_of(st.text("aAé. ,0eE", max_size=12), st.sampled_from(["1e900", "9Ei", "1.0.0-a.b.c", "1Gi", "0.5n"]))
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "bytes": TEXTS.map(str.encode),
    "bool": st.booleans(),
    "int": st.one_of(st.integers(-3, 12), st.integers(-(2**63), 2**63 - 1)),
    "uint": st.integers(0, 2**64 - 1).map(Uint),
    "double": st.floats(),
    "quantity": st.sampled_from(["0", "1e900", "-9e900", "1n", "8Ei", "9" * 400])
    .map(parse_quantity)
    .map(QuantityValue),
    "semver": st.sampled_from(["1.0.0", "1.0.0-a.1.b"]).map(parse_semver),
}


def values_of(cel_type: Type) -> st.SearchStrategy[Any]:
    """Make values of a type; a variable is a text or a list of such."""
    match cel_type.name:
        case "list":
            return st.lists(values_of(cel_type.params[0]), max_size=5)
        case "map":
            entries = st.tuples(st.one_of(TEXTS, st.integers()), values_of(cel_type.params[1]))
            return st.lists(entries, max_size=4).map(CelMap)
        case "optional":
            return st.one_of(st.just(MISSING), values_of(cel_type.params[0]).map(Present))
        case name:
            return SIMPLE.get(name, st.one_of(TEXTS, st.lists(TEXTS), st.lists(st.lists(TEXTS))))


def size_of(value: Any) -> ValueSize:
    """Tell the shape that exactly this value has."""
    match value:
        case Present(value=content):
            return size_of(content)
        case list():
            return ValueSize(len(value), len(value), element=union(map(size_of, value)))
        case CelMap():
            keys, values = union(map(size_of, value)), union(size_of(entry) for _, entry in value.items())
            return ValueSize(len(value), 0, keys, values)
        case _:
            return EMPTY if value is MISSING else ValueSize(traversal_size_of(value), traversal_size_of(value))


def union(sizes: Iterator[ValueSize]) -> ValueSize:
    found = EMPTY
    for size in sizes:
        found = found.union(size, UNKNOWN)
    return found


def covers(size: ValueSize, value: Any) -> bool:
    """Tell whether a value is no larger than its shape says, nor anything in it."""
    match value:
        case Present(value=content):
            return covers(size, content)
        case list():
            element = size.element or EMPTY
            return len(value) <= size.maximum and all(covers(element, item) for item in value)
        case CelMap():
            key, element = size.key or EMPTY, size.element or EMPTY
            return len(value) <= size.maximum and all(
                covers(key, k) and covers(element, entry) for k, entry in value.items()
            )
        case str() | bytes() | QuantityValue() | Semver():
            return size.minimum <= size.maximum >= traversal_size_of(value)
        case _:
            return True


def largest(value: Any) -> int:
    """Tell how large the largest thing in a value is."""
    match value:
        case Present(value=content):
            return largest(content)
        case list():
            return max([len(value), *map(largest, value)])
        case CelMap():
            return max([len(value), *(largest(part) for entry in value.items() for part in entry)])
        case _:
            return traversal_size_of(value)


OVERLOADS = [
    pytest.param(name, overload, id=f"{name}({', '.join(map(str, overload.params))})")
    for name, overloads in FUNCTIONS.items()
    for overload in overloads
    if overload.call is not None
]


def test_a_function_cannot_be_added_without_saying_how_large_its_result_can_be() -> None:
    for result in ("string", "bytes", "list<int>", "map<int, int>", "quantity", "semver", "dyn", "optional<int>", "A"):
        with pytest.raises(TypeError, match="how large the result of"):
            _declare("new", f"string -> {result}", str.upper)
    assert "new" not in FUNCTIONS


@pytest.mark.parametrize(("name", "overload"), OVERLOADS)
@given(data=st.data())
def test_no_function_makes_more_than_is_declared_of_any_arguments(
    name: str, overload: Overload, data: st.DataObject
) -> None:
    values = [data.draw(values_of(param)) for param in overload.params]
    sizes = [size_of(value) for value in values]
    before = max(map(largest, values), default=1)
    result_size, budget = overload.result_size, EvaluationBudget(10**9)
    assert overload.call is not None
    estimated = result_size.exact(*values) if result_size.exact else None
    try:
        result = overload.call(*values, budget) if overload.budgeted else overload.call(*values)
    except (EvaluationError, QuantityError, SemverError, UnicodeError):
        return
    assert covers(result_size.maximum(sizes, UNKNOWN), result)
    if name == "@insert":
        assert traversal_size_of(result) <= before + (estimated or 0)
    elif estimated is not None:
        assert traversal_size_of(result) <= estimated
    else:
        assert largest(result) <= max(before, 1)


def test_what_is_not_called_but_run_by_itself_hands_on_parts_of_its_arguments() -> None:
    alone = {name for name, overloads in FUNCTIONS.items() if all(overload.call is None for overload in overloads)}
    assert alone == {"_?_:_", "_&&_", "_||_", "_==_", "_!=_", "_[_]", "_[?_]", "_?._", "@in", "or", "orValue"} | {
        "@not_strictly_false"
    }
    assert all(overload.result_size.exact is None for name in alone for overload in FUNCTIONS[name])


def test_what_has_no_size_is_what_no_function_can_make_large() -> None:
    assert {"bool", "int", "uint", "double", "timestamp", "duration"} == _SIZELESS


DEVICE = Device(
    "gpu",
    "d" * 63,
    attributes=tuple(
        sorted(
            {**{f"k{place:030}": Value.string("v" * 64) for place in range(30)}, "x.com/y": Value.string("é")}.items()
        )
    ),
    capacity=(("memory", "80Gi"), ("more", "9" * 32)),
)
LITERALS = st.sampled_from(
    [
        "'a'",
        "'aaaa'",
        "''",
        f"'{'ab' * 60}'",
        "'é'",
        "device.driver",
        f"device.attributes['{'d' * 63}'].k{0:030}",
        "string(x)",
    ]
)
TEXT: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        LITERALS,
        st.builds("({} + {})".format, TEXT, TEXT),
        st.builds("{}.replace({}, {})".format, TEXT, LITERALS, TEXT),
        st.builds("{}.{}()".format, TEXT, st.sampled_from(["trim", "lowerAscii", "upperAscii"])),
        st.builds("strings.quote({})".format, TEXT),
        st.builds("string(bytes({}))".format, TEXT),
        st.builds("optional.of({}).value()".format, TEXT),
        st.builds("optional.of({}).optMap(x, {}).orValue({})".format, TEXT, TEXT, TEXT),
        st.builds("{{1: {}}}[?1].orValue({})".format, TEXT, TEXT),
        st.builds("(device.driver == {} ? {} : {})".format, TEXT, TEXT, TEXT),
        st.builds("dyn({})".format, TEXT),
        st.builds("cel.bind(x, {}, {})".format, TEXT, TEXT),
        st.builds("{}.join({})".format, LIST, LITERALS),
        st.builds("{}[0]".format, LIST),
    )
)
LIST: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        st.builds("[{}, {}]".format, TEXT, TEXT),
        st.just("device.attributes.map(x, x)"),
        st.just(f"device.attributes['{'d' * 63}'].map(x, x)"),
        st.builds("({} + {})".format, LIST, LIST),
        st.builds("{}.split({})".format, TEXT, LITERALS),
        st.builds("{}.map(x, {})".format, LIST, TEXT),
        st.builds("{}.filter(x, {} != x)".format, LIST, TEXT),
        st.builds("{}.transformList(i, x, i > 0, x + {})".format, LIST, TEXT),
        st.builds("{}.transformMap(i, x, x + {}).transformList(i, x, x)".format, LIST, TEXT),
        st.builds("{}.map(x, optional.of({})).unwrapOpt()".format, LIST, TEXT),
        st.builds("cel.bind(y, {}, y + y)".format, LIST),
        st.builds("dyn({})".format, LIST),
    )
)
GROWING = st.one_of(
    st.builds("cel.bind(x, 'x', {} != 'y')".format, TEXT), st.builds("cel.bind(x, 'x', {}.size() > 0)".format, LIST)
)


@given(GROWING)
def test_no_accepted_expression_makes_more_than_was_told_before_or_than_may_be(text: str) -> None:
    root, _ = parse(text)
    try:
        check(root, text)
        estimated = estimate_size(root, text, StageBudget(Stage.ESTIMATE, text))
    except SelectorError:
        return
    results: list[Any] = []
    invoke = compiler._invoke

    def watched(*arguments: Any) -> Any:
        results.append(invoke(*arguments))
        return results[-1]

    exposed = _expose(DEVICE.driver, DEVICE.attributes, DEVICE.capacity)
    assert isinstance(exposed, _Exposed)
    budget = EvaluationBudget(10**9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "_invoke", watched)
        with suppress(EvaluationError, SelectorError):
            assert compiler.compile_expr(root, text)(Activation({"device": exposed.device()}, budget)) in (True, False)
    assert budget.allocated_bytes <= estimated <= MAX_TOTAL_BYTES
    assert max(map(largest, results), default=0) <= MAX_SIZE


def test_the_size_of_a_value_that_may_be_either_covers_both() -> None:
    first, second = ValueSize(3, 2, element=ValueSize(5)), ValueSize(7, 1, SCALAR_SIZE, ValueSize(1))
    assert first.union(second, UNKNOWN) == ValueSize(7, 1, SCALAR_SIZE, ValueSize(5))
    assert EMPTY.union(first, UNKNOWN) is first
    assert first.union(EMPTY, UNKNOWN) is first
