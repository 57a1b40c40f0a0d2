"""Requirements of labels mean what they mean in Kubernetes."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.selectors.label_requirement import LabelRequirement, Operator, exclude

VALUES = st.sampled_from(["", "a", "b", "c"])
REQUIREMENTS = st.builds(
    LabelRequirement, st.just("k"), st.sampled_from(get_args(Operator)), st.lists(VALUES, max_size=3).map(tuple)
)


@pytest.mark.parametrize(
    ("requirement", "holding"),
    [
        (LabelRequirement("k", "In", ("a", "")), {"a", ""}),
        (LabelRequirement("k", "NotIn", ("a", "")), {"b", None}),
        (LabelRequirement("k", "Exists"), {"a", "b", ""}),
        (LabelRequirement("k", "DoesNotExist"), {None}),
    ],
)
def test_only_not_in_and_does_not_exist_hold_for_an_absent_label(
    requirement: LabelRequirement, holding: set[str | None]
) -> None:
    values = ("a", "b", "", None)
    assert {value for value in values if requirement.matches({} if value is None else {"k": value})} == holding
    assert requirement.matches({"other": "a"}) == (None in holding)


@pytest.mark.parametrize(
    ("requirement", "written"),
    [
        (LabelRequirement("zone", "In", ("a", "b")), "zone in (a,b)"),
        (LabelRequirement("zone", "NotIn", ("a", "b", "c", "d", "e")), "zone notin (a,b,c and 2 more)"),
        (LabelRequirement("zone", "Exists"), "zone"),
        (LabelRequirement("zone", "DoesNotExist"), "!zone"),
    ],
)
def test_it_is_written_as_kubectl_writes_it(requirement: LabelRequirement, written: str) -> None:
    assert str(requirement) == written


@given(REQUIREMENTS, st.none() | VALUES)
def test_it_is_the_set_of_values_that_its_operator_names(requirement: LabelRequirement, value: str | None) -> None:
    present = value is not None
    reference = {
        "In": present and value in requirement.values,
        "NotIn": not (present and value in requirement.values),
        "Exists": present,
        "DoesNotExist": not present,
    }
    assert requirement.holds(value) is reference[requirement.operator]


@given(st.lists(REQUIREMENTS, max_size=3), st.lists(REQUIREMENTS, max_size=3))
def test_requirements_exclude_each_other_when_each_can_be_met_and_no_value_meets_both(
    some: list[LabelRequirement], others: list[LabelRequirement]
) -> None:
    world = ["", "a", "b", "c", "anything else", None]
    here, there = (
        {value for value in world if all(requirement.holds(value) for requirement in asked)} for asked in (some, others)
    )
    assert exclude(some, others) == bool(here and there and not here & there)
