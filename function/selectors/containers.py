"""Reading lists, maps and optionals, and making them."""

from __future__ import annotations

from typing import Any

from function.selectors.quantity_value import QuantityValue
from function.selectors.semver import Semver
from function.selectors.values import (
    MISSING,
    NUMBERS,
    STEPS_PER_COMPARISON,
    BudgetError,
    CelMap,
    EvaluationBudget,
    EvaluationError,
    Missing,
    Present,
    equal,
    shown,
    type_of,
)


def item(container: Any, key: Any) -> Any:
    """Read an element or entry; of an optional, as an optional.

    Raises:
        EvaluationError: There is none.
    """
    if isinstance(container, CelMap):
        return container.find(key)
    if isinstance(container, list):
        place = _place(key)
        if not 0 <= place < len(container):
            raise EvaluationError(f"no element {place} in a list of {len(container)}")
        return container[place]
    if isinstance(container, Present | Missing):
        return item_if_any(container, key)
    raise EvaluationError(f"{type_of(container).noun} cannot be indexed")


def field(container: Any, name: str) -> Any:
    """Read a field; of an optional, as an optional.

    Raises:
        EvaluationError: There is none.
    """
    if not isinstance(container, CelMap | Present | Missing):
        raise EvaluationError(f"{type_of(container).noun} has no fields")
    return item(container, name)


def item_if_any(container: Any, key: Any) -> Present | Missing:
    """Read an element or entry as an optional.

    Raises:
        EvaluationError: The key is none for a list.
    """
    if isinstance(container, Present):
        container = container.value
    if isinstance(container, CelMap):
        return Present(container.find(key)) if container.has(key) else MISSING
    if isinstance(container, list):
        place = _place(key)
        return Present(container[place]) if 0 <= place < len(container) else MISSING
    return MISSING


def has(container: Any, key: str) -> bool:
    """Tell whether there is an entry.

    Raises:
        EvaluationError: The container is a list.
    """
    return isinstance(item_if_any(container, key), Present)


def _place(key: Any) -> int:
    """Read a number as a place in a list."""
    if type_of(key).name not in NUMBERS or not -(2**63) <= key < 2**63 or key != int(key):
        raise EvaluationError(f"a list has no element {shown(key)}")
    return int(key)


def inserted(target: CelMap, key: Any, value: Any) -> CelMap:
    """Add an entry to a map.

    Raises:
        EvaluationError: The key is there.
    """
    target.insert(key, value)
    return target


def merged(target: CelMap, right: CelMap) -> CelMap:
    """Add all entries of another map.

    Raises:
        EvaluationError: A key is there.
    """
    for key, entry in right.items():
        target.insert(key, entry)
    return target


def present(content: Any) -> Present:
    """Make an optional with a value."""
    return Present(content)


def present_unless_zero(content: Any) -> Present | Missing:
    """Make an optional with a value, unless that is zero or empty."""
    if isinstance(content, QuantityValue | Semver):
        return Present(content)
    empty = len(content) == 0 if isinstance(content, list | CelMap) else not content
    return MISSING if empty or content is MISSING else Present(content)


def missing() -> Missing:
    """Make an optional without a value."""
    return MISSING


def value(optional: Present | Missing) -> Any:
    """Read the value of an optional.

    Raises:
        EvaluationError: It has none.
    """
    if isinstance(optional, Present):
        return optional.value
    raise EvaluationError("the optional has no value")


def has_value(optional: Present | Missing) -> bool:
    """Tell whether an optional has a value."""
    return isinstance(optional, Present)


def first(elements: list[Any]) -> Present | Missing:
    """Read the first element, if there is one."""
    return Present(elements[0]) if elements else MISSING


def last(elements: list[Any]) -> Present | Missing:
    """Read the last element, if there is one."""
    return Present(elements[-1]) if elements else MISSING


def index_of(elements: list[Any], sought: Any, budget: EvaluationBudget) -> int:
    """Find the first element like another; -1 when there is none."""
    budget.count_steps(STEPS_PER_COMPARISON * len(elements))
    return next((place for place, element in enumerate(elements) if _equal_or_false(element, sought, budget)), -1)


def last_index_of(elements: list[Any], sought: Any, budget: EvaluationBudget) -> int:
    """Find the last element like another; -1 when there is none."""
    budget.count_steps(STEPS_PER_COMPARISON * len(elements))
    places = reversed(range(len(elements)))
    return next((place for place in places if _equal_or_false(elements[place], sought, budget)), -1)


def _equal_or_false(left: Any, right: Any, budget: EvaluationBudget) -> bool:
    try:
        return equal(left, right, budget)
    except BudgetError:
        raise
    except EvaluationError:
        return False


def unwrapped(elements: list[Any]) -> list[Any]:
    """Read the values of all optionals that have one.

    Raises:
        EvaluationError: One is no optional.
    """
    for element in elements:
        if not isinstance(element, Present | Missing):
            raise EvaluationError(f"{type_of(element).noun} is no optional")
    return [element.value for element in elements if isinstance(element, Present)]
