from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.selectors.quantity import Quantity, QuantityError, QuantityLimitError, is_quantity, parse_quantity

ACCEPTED = "20 20M 20Mi 256e3 1E3 100n 100u 5. .5 1.3G 10000k 256E 1E 1e51 +5 -5 1e+3 1e-100 007"
BARE = "Ki Mi Gi Ti n u m k M G T P E e3 .Gi + - . -."
REFUSED = "20Mo 10Mm 1,3G 200K K Three 1e 1e+ 1e3Ki 1_000 Ei Pi e-10 .Pi 1..2 --1 0x10 \u0663"


@pytest.mark.parametrize("text", ACCEPTED.split())
def test_a_number_with_or_without_a_suffix_is_a_quantity(text: str) -> None:
    assert is_quantity(text)


@pytest.mark.parametrize("text", BARE.split())
def test_a_suffix_without_digits_counts_as_zero_where_kubernetes_says_so(text: str) -> None:
    assert parse_quantity(text) == Quantity.of(0)


@pytest.mark.parametrize("text", [*REFUSED.split(), "", " 5Gi", "5Gi ", "5 Gi", "5\n"])
def test_anything_else_is_refused(text: str) -> None:
    assert not is_quantity(text)


@pytest.mark.parametrize("text", ["1e1001", "1" * 5000])
def test_what_would_take_forever_is_not_called_anything(text: str) -> None:
    with pytest.raises(QuantityLimitError):
        is_quantity(text)


@pytest.mark.parametrize(
    ("left", "order", "right"),
    [
        ("200M", 0, "0.2G"),
        ("50Mi", 1, "50M"),
        ("1E", 0, "1e18"),
        ("8Ei", 0, "100Ei"),
        ("10Ei", 0, "9223372036854775807"),
        ("-10Ei", 0, "-9223372036854775807"),
        ("7Ei", -1, "8Ei"),
        ("256E", 0, "256000000000000000000"),
        ("0.0000000004", 0, "1n"),
        ("-0.0000000001", 0, "-1n"),
        ("1e-100", 0, "1n"),
        ("1.0000000001", 0, "1.000000001"),
        ("1e999", 1, "1e998"),
        ("0.5Gi", 0, "512Mi"),
        ("-1", -1, "0"),
    ],
)
def test_quantities_compare_by_value(left: str, order: int, right: str) -> None:
    first, second = parse_quantity(left), parse_quantity(right)
    assert (first.compare(second), second.compare(first)) == (order, -order)
    assert (first == second) is (order == 0)


@pytest.mark.parametrize(
    "text",
    ["0", "5", "1k", "1.5k", "1.5e3", "1e18", "99999999999Ki", "99999Gi", "99Ti", "-3Mi", "123456789012345678", "Ki"],
)
def test_a_quantity_that_kubernetes_keeps_as_a_whole_64_bit_number_is_an_integer(text: str) -> None:
    quantity = parse_quantity(text)
    assert quantity.is_integer
    assert Quantity.of(quantity.integer) == quantity


@pytest.mark.parametrize(
    "text",
    [
        "1.0",
        "1000m",
        "0.5Gi",
        "1Pi",
        "7Ei",
        "8Ei",
        "100000Gi",
        "100Ti",
        "1234567890123456789",
        "9223372036854775807",
        "1e19",
        "0.5",
        "n",
    ],
)
def test_other_quantities_are_no_integers_even_if_their_value_is(text: str) -> None:
    quantity = parse_quantity(text)
    assert not quantity.is_integer
    with pytest.raises(QuantityError):
        _ = quantity.integer


def test_sums_and_differences_are_exact() -> None:
    total = parse_quantity("50k").add(Quantity.of(20)).subtract(parse_quantity("100k")).subtract(Quantity.of(-50000))
    assert total.integer == 20


def test_a_sum_keeps_the_finer_scale() -> None:
    total = parse_quantity("1500m").add(parse_quantity("500m"))
    assert total == Quantity.of(2)
    assert not total.is_integer


def test_a_sum_beyond_64_bits_is_exact_and_no_integer() -> None:
    total = parse_quantity("5E").add(parse_quantity("5E"))
    assert (total, total.is_integer) == (parse_quantity("10E"), False)


@pytest.mark.parametrize(
    ("text", "value"),
    [("50.703k", 50703.0), ("0", 0.0), ("-1500m", -1.5), ("256E", 2.56e20), ("1e400", float("inf")), ("1n", 1e-9)],
)
def test_the_approximate_value_is_a_double(text: str, value: float) -> None:
    assert parse_quantity(text).approximate == value


@pytest.mark.parametrize(("text", "sign"), [("-1m", -1), ("0", 0), ("-0", 0), ("1e-100", 1)])
def test_the_sign_is_that_of_the_value(text: str, sign: int) -> None:
    assert parse_quantity(text).sign == sign


DECIMALS = st.decimals(-(10**12), 10**12, places=9)


@given(DECIMALS, DECIMALS)
def test_arithmetic_and_order_agree_with_decimals(left: Decimal, right: Decimal) -> None:
    first, second = parse_quantity(f"{left:f}"), parse_quantity(f"{right:f}")
    assert first.compare(second) == (left > right) - (left < right)
    assert first.add(second) == parse_quantity(f"{left + right:f}")
    assert first.subtract(second) == parse_quantity(f"{left - right:f}")


@given(st.integers(-(10**9), 10**9), st.sampled_from(["", "e0", "e3", "k", "000"]))
def test_equal_quantities_have_one_hash(number: int, suffix: str) -> None:
    scale = {"": 1, "e0": 1, "e3": 1000, "k": 1000, "000": 1000}[suffix]
    assert hash(parse_quantity(f"{number}{suffix}")) == hash(Quantity.of(number * scale))


@given(st.text(st.sampled_from("0123456789.eE+-KMGTPinumk "), max_size=12))
def test_whatever_the_text_only_the_typed_error_is_raised(text: str) -> None:
    try:
        parse_quantity(text)
    except QuantityError as error:
        assert str(error)  # noqa: PT017 - most texts raise nothing else
