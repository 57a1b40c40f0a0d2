"""Quantities while a selector runs.

Kubernetes keeps a small quantity as an integer until it is compared with, or added to, one that is
kept as a decimal; then it is a decimal itself and no integer any more. And adding to a decimal
changes it. A selector that reads a quantity twice can see both. To the right of `==`, a sum is
nothing that a quantity can be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from function.selectors.quantity import Quantity


@dataclass(slots=True)
class _Decimal:
    """A decimal, which several amounts may share."""

    quantity: Quantity


class QuantityValue:
    """A quantity that a selector computes with."""

    __slots__ = ("_decimal", "_quantity", "computed")

    def __init__(self, quantity: Quantity, *, computed: bool = False) -> None:
        """Make a value of a quantity; `computed` tells whether it is a sum or difference."""
        self._quantity = quantity
        self.computed = computed
        self._decimal = None if quantity.small else _Decimal(quantity)

    @property
    def quantity(self) -> Quantity:
        """What it amounts to."""
        return self._decimal.quantity if self._decimal else self._quantity

    def compare(self, other: QuantityValue) -> int:
        """Compare by value: -1, 0 or 1."""
        mine, theirs = self.quantity, other.quantity
        if self._decimal is None and not theirs.small:
            self._decimal = _Decimal(replace(mine, small=False))
        return mine.compare(theirs)

    def add(self, other: Quantity) -> QuantityValue:
        """Add."""
        return self._changed(self.quantity.add(other))

    def subtract(self, other: Quantity) -> QuantityValue:
        """Subtract."""
        return self._changed(self.quantity.subtract(other))

    def _changed(self, result: Quantity) -> QuantityValue:
        changed = QuantityValue(result, computed=True)
        if self._decimal:
            self._decimal.quantity = result
            changed._decimal = self._decimal
        return changed
