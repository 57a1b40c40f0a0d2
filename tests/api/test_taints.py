from collections.abc import Mapping

import pytest

from tests.support.api import deployment, refused


@pytest.mark.parametrize(
    "toleration",
    [
        {"operator": "Exists"},
        {"key": "maintenance"},
        {"key": "maintenance", "value": ""},
        {"operator": "Exists", "key": "k", "effect": "NoExecute"},
    ],
)
def test_a_toleration_compares_a_key_or_only_asks_for_one(toleration: Mapping[str, str]) -> None:
    assert refused(deployment(tolerations=[toleration])) == []


@pytest.mark.parametrize(
    ("toleration", "message"),
    [
        ({}, "a toleration with operator Equal, which is the default, needs a key"),
        ({"value": "x"}, "a toleration with operator Equal, which is the default, needs a key"),
        ({"key": ""}, "a toleration with operator Equal, which is the default, needs a key"),
        ({"operator": "Exists", "key": "k", "value": ""}, "a toleration with operator Exists must not have a value"),
    ],
)
def test_a_toleration_that_compares_nothing_is_refused(toleration: Mapping[str, str], message: str) -> None:
    assert refused(deployment(tolerations=[toleration])) == [f"spec.tolerations[0]: {message}"]
