from typing import Any

import pytest

from function.preview.cel import holds

OBJECT = {"status": {"conditions": [{"type": "Ready", "status": "True"}], "replicas": 2}}
READY = "object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')"


@pytest.mark.parametrize(
    ("query", "obj", "expected"),
    [
        (READY, OBJECT, (True, "")),
        (READY, {"status": {"conditions": []}}, (False, "")),
        ("object.status.replicas == 2", OBJECT, (True, "")),
        ("has(object.status)", {}, (False, "")),
        ("object.status.replicas", OBJECT, (False, "the query does not give a boolean")),
    ],
)
def test_a_query_is_true_only_when_it_says_true(query: str, obj: dict[str, Any], expected: tuple[bool, str]) -> None:
    assert holds(query, obj) == expected


def test_a_query_that_fails_is_not_true_and_says_why() -> None:
    good, message = holds(READY, {})
    assert not good
    assert message.startswith("failed to evaluate query: ")


def test_a_query_that_cannot_be_read_is_not_true_and_says_so() -> None:
    good, message = holds("object..x", OBJECT)
    assert not good
    assert message.startswith("failed to compile query: ")
