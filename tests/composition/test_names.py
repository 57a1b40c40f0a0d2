import re

from hypothesis import given
from hypothesis import strategies as st

from function.composition.names import LEADER_WORKER_SET, name

TEXT = st.text(max_size=80)


def test_a_name_is_the_readable_part_and_eight_digits_of_the_whole_identity() -> None:
    assert name("qwen-demo", 63, "ModelReplica", "ml-team", "qwen-demo", "eks-us-east", "0") == "qwen-demo-2c2d12b2"


def test_the_readable_part_is_cut_to_the_limit_of_the_kind_and_never_ends_in_a_dash() -> None:
    cut = name("a" * 39 + "-" + "b" * 40, LEADER_WORKER_SET, "Engine", "ns")
    assert len(cut) == 48
    assert re.fullmatch(r"a{39}-[0-9a-f]{8}", cut)


def test_upper_case_dots_and_leading_digits_become_a_dns_label() -> None:
    assert name("7.Qwen_3.5", 63, "X").rpartition("-")[0] == "qwen-3-5"


def test_nothing_readable_still_gives_a_label_that_starts_with_a_letter() -> None:
    assert name("123", 63, "X").startswith("x-")


@given(TEXT, st.integers(min_value=12, max_value=63), st.lists(TEXT, max_size=4))
def test_every_name_is_a_dns_1035_label_within_its_limit(visible: str, limit: int, identity: list[str]) -> None:
    made = name(visible, limit, *identity)
    assert len(made) <= limit
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", made)


@given(st.lists(st.text(alphabet="ab-", max_size=3), min_size=1, max_size=3).map(tuple))
def test_parts_that_join_to_the_same_text_are_different_identities(parts: tuple[str, ...]) -> None:
    joined = ("-".join(parts),)
    assert (name("x", 63, *parts) == name("x", 63, *joined)) == (parts == joined)
