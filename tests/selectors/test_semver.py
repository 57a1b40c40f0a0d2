from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.selectors.semver import Semver, SemverError, is_semver, parse_semver

LADDER = [
    "0.9.9",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0--",
    "1.0.0-A",
    "1.0.0-a",
    "1.0.0-a.1",
    "1.0.0-a.b",
    "1.0.0-rc",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "18446744073709551615.0.0",
]


@pytest.mark.parametrize("text", ["1.2.3-beta.1+build.1", "0.0.0", "1.0.0-a-b", "1.0.0-a+001", "1.0.0+b-c", *LADDER])
def test_three_numbers_with_or_without_suffixes_are_a_version(text: str) -> None:
    assert is_semver(text)


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "",
        "v1.0.0",
        " 1.0.0",
        "1. 0.0",
        "01.01.01",
        "1",
        "1.1",
        "200K",
        "1.0.0\n",
        "\N{ARABIC-INDIC DIGIT ONE}.0.0",
        "1.0",
        "1.0.0-",
        "1.0.0+",
        "1.0.0-a..b",
        "1.0.0-01",
        "1.0.0-a+",
        "1.0.0+a..b",
        "1.0.0-é",
        "1.0.0.0",
        "-1.0.0",
        "18446744073709551616.0.0",
        "1.0.0-18446744073709551616",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert not is_semver(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.0.0", "1.0.0"),
        ("01.01.01", "1.1.1"),
        ("1", "1.0.0"),
        ("1.1", "1.1.0"),
        ("v01.01", "1.1.0"),
        ("00.0.0", "0.0.0"),
        ("1.0.00-a", "1.0.0-a"),
        ("1.0.0+001", "1.0.0"),
    ],
)
def test_normalising_strips_a_v_and_zeros_and_adds_missing_parts(text: str, version: str) -> None:
    assert parse_semver(text, normalize=True) == parse_semver(version)


@pytest.mark.parametrize("text", ["", " ", "V1.0.0", "1.2-rc1", "1+x", " 1.0.0", "vv1.0.0", "1.", "a"])
def test_normalising_does_not_make_a_version_of_anything(text: str) -> None:
    assert not is_semver(text, normalize=True)


def test_versions_are_ordered_by_precedence() -> None:
    versions = [parse_semver(text) for text in LADDER]
    assert [lower.compare(higher) for lower, higher in pairwise(versions)] == [-1] * (len(LADDER) - 1)
    assert sorted(versions) == versions


def test_build_metadata_never_counts() -> None:
    assert parse_semver("1.0.0").compare(parse_semver("1.0.0+x")) == 0
    assert parse_semver("1.0.0") == parse_semver("1.0.0+x") == Semver(1, 0, 0)


@given(st.text(st.sampled_from("0129.-+avV é"), max_size=12), st.booleans())
def test_whatever_the_text_only_the_typed_error_is_raised(text: str, normalize: bool) -> None:  # noqa: FBT001
    try:
        parse_semver(text, normalize=normalize)
    except SemverError as error:
        assert str(error)  # noqa: PT017 - most texts raise nothing else
