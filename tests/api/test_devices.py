import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api import patterns
from function.selectors.quantity import is_quantity
from function.selectors.semver import is_semver
from tests.support.api import deployment, device, engine, inference_class, member, refused, request


@pytest.mark.parametrize("selector", [{}, {"celExpression": "true"}])
def test_a_selector_says_something(selector: Mapping[str, Any]) -> None:
    asked = member(nodeSelector={"devices": [{"name": "gpu", "selectors": [selector]}]})
    at = "spec.engines[0].members[0].nodeSelector.devices[0].selectors[0]"
    assert f"{at}: must set at least 1 of: cel" in refused(deployment(engines=[engine("q", asked)]))
    assert refused(deployment(engines=[engine("q", member(nodeSelector={"devices": [request()]}))])) == []


@pytest.mark.parametrize("name", ["qwen3-8b", "70b", "a"])
def test_engines_and_requests_are_named_by_dns_labels(name: str) -> None:
    asked = member(nodeSelector={"devices": [request(name)]})
    assert refused(deployment(engines=[engine(name, asked)])) == []
    assert refused(inference_class(devices=[device(name)])) == []


@pytest.mark.parametrize("name", ["Qwen", "qwen_3", "qwen.3", "-qwen"])
def test_engines_and_requests_of_other_names_are_refused(name: str) -> None:
    words = f"lower case letters, digits and '-', starting and ending with a letter or digit, not \"{name}\""
    asked = member(nodeSelector={"devices": [request(name)]})
    assert refused(deployment(engines=[engine(name, asked)])) == [
        f"spec.engines[0].name: must be {words}",
        f"spec.engines[0].members[0].nodeSelector.devices[0].name: must be {words}",
    ]
    assert refused(inference_class(devices=[device(name)])) == [f"spec.devices[0].name: must be {words}"]


def test_engines_and_requests_have_names_of_their_own() -> None:
    twice = member(nodeSelector={"devices": [request("gpu"), request("gpu")]})
    assert refused(deployment(engines=[engine("a", twice), engine("a")])) == [
        (
            "spec.engines[0].members[0].nodeSelector.devices[1]: duplicate of"
            ' spec.engines[0].members[0].nodeSelector.devices[0]: name "gpu"'
        ),
        'spec.engines[1]: duplicate of spec.engines[0]: name "a"',
    ]


@given(st.from_regex(re.compile(patterns.QUANTITY, re.ASCII), fullmatch=True))
def test_what_a_class_may_have_as_a_quantity_is_one(text: str) -> None:
    assert is_quantity(text)


@given(st.from_regex(re.compile(patterns.SEMVER, re.ASCII), fullmatch=True))
def test_what_a_class_may_have_as_a_version_is_one(text: str) -> None:
    assert is_semver(text)
