"""Requirements of labels, with Kubernetes' meaning.

What each operator does with a label that is absent was read in k8s.io/apimachinery, `labels.Requirement.Matches`:
`NotIn` and `DoesNotExist` hold, `In` and `Exists` do not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Operator: TypeAlias = Literal["In", "NotIn", "Exists", "DoesNotExist"]

_SHOWN: Final = 3
_ANY_OTHER: Final = "\0"
"""Stands for all values that nobody asks about: no label has it."""


@dataclass(frozen=True, slots=True)
class LabelRequirement:
    """One requirement of one label.

    Attributes:
        key: Key of the label.
        operator: How its value relates to the values.
        values: The values; without any for `Exists` and `DoesNotExist`.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, value: str | None) -> bool:
        """Tell whether the label may have a value; None for a label that is absent."""
        match self.operator:
            case "In":
                return value is not None and value in self.values
            case "NotIn":
                return value is None or value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet it."""
        return self.holds(labels.get(self.key))

    def __str__(self) -> str:
        """Write it as kubectl's selectors do, with the first few of many values."""
        match self.operator:
            case "Exists":
                return self.key
            case "DoesNotExist":
                return f"!{self.key}"
            case "In" | "NotIn":
                more = f" and {len(self.values) - _SHOWN} more" if len(self.values) > _SHOWN else ""
                return f"{self.key} {self.operator.lower()} ({','.join(self.values[:_SHOWN])}{more})"


def exclude(some: Collection[LabelRequirement], others: Collection[LabelRequirement]) -> bool:
    """Tell whether requirements of one label exclude each other: each set can be met, and never both.

    Args:
        some: Requirements of a label.
        others: More of the same label.
    """
    asked = {value for requirement in (*some, *others) for value in requirement.values}
    allowed = [_allowed(requirements, {*asked, _ANY_OTHER, None}) for requirements in (some, others)]
    return all(allowed) and not allowed[0] & allowed[1]


def _allowed(requirements: Iterable[LabelRequirement], values: Iterable[str | None]) -> set[str | None]:
    wanted = tuple(requirements)
    return {value for value in values if all(requirement.holds(value) for requirement in wanted)}
