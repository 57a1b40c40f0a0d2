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


def accepted(**node: object) -> Condition:
    """What a class says whose nodes are as given."""
    return answer(inference_class.COMPOSER, inference_class_of(node=node)).conditions[0]


def test_a_class_whose_nodes_keep_all_that_they_have_says_so_and_stays_ready() -> None:
    answered = answer(inference_class.COMPOSER, inference_class_of(node={"cpu": "192", "reserved": {"cpu": "400"}}))
    assert answered.ready
    assert answered.conditions[0] == Condition(
        "Accepted", Status.FALSE, "NothingLeft", "node.reserved.cpu is 400 and node.cpu 192: nothing is left for pods"
    )
    both = accepted(cpu="8", memory="64Gi", reserved={"cpu": "8000m", "memory": "68719476736"})
    assert both.message == (
        "node.reserved.cpu is 8000m and node.cpu 8, node.reserved.memory is 68719476736 and node.memory 64Gi: nothing "
        "is left for pods"
    )


@pytest.mark.parametrize(
    "node",
    [
        {"cpu": "192", "reserved": {"cpu": "191999m"}},
        {"cpu": "192", "memory": "2Ti"},
        {"reserved": {"cpu": "4", "memory": "8Gi"}},
        {"cpu": "0", "reserved": {"cpu": "0"}},
        {"cpu": "192", "memory": "64Gi", "reserved": {"memory": "63Gi"}},
        {"cpu": "1", "memory": "1Gi"},
    ],
)
def test_a_class_whose_nodes_have_something_left_or_do_not_say_what_they_have_is_available(
    node: dict[str, object],
) -> None:
    assert accepted(**node).reason == "Available"


def test_a_class_that_cannot_be_read_names_the_field() -> None:
    with pytest.raises(InvalidSpecError, match=r"spec\.devices"):
        answer(inference_class.COMPOSER, inference_class_of(devices="none"))
