"""InferenceClass is data."""

import pytest

from function.composition import Composition, Condition, InvalidSpecError, Status
from function.fleet import inference_class
from tests.fleet.builders import inference_class_of
from tests.support.observe import answer


def test_a_class_is_accepted_and_ready_and_composes_requires_and_publishes_nothing() -> None:
    assert answer(inference_class.COMPOSER, inference_class_of()) == Composition(
        ready=True,
        conditions=(
            Condition("Accepted", Status.TRUE, "Available"),
            Condition("Held", Status.FALSE, "InputsResolved"),
            Condition("ChildrenReady", Status.TRUE, "AllReady", "0 of 0 ready"),
        ),
    )


def test_a_class_that_cannot_be_read_names_the_field() -> None:
    with pytest.raises(InvalidSpecError, match=r"spec\.devices"):
        answer(inference_class.COMPOSER, inference_class_of(devices="none"))
