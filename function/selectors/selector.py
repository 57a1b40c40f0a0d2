"""Selectors: CEL expressions that are true or false of one device.

The language is that of Kubernetes' DRA device selectors. What is accepted here is later put into
a resource claim, so a selector that Kubernetes would refuse is refused here where that can be
told, and an expression that fails there is an error here and no match.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from function import deadline
from function.selectors.ast import Expr
from function.selectors.cache import CacheStatistics, GenerationalCache
from function.selectors.checker import check
from function.selectors.compiler import compile_expr
from function.selectors.cost_estimate import COST_LIMIT, estimate
from function.selectors.device import Attributes, Capacity, Device, Value, ValueKind
from function.selectors.error import SelectorError
from function.selectors.evaluation import Activation, Interpretable
from function.selectors.parser import parse
from function.selectors.quantity import Quantity, QuantityError, parse_quantity
from function.selectors.quantity_value import QuantityValue
from function.selectors.result import MATCH, NO_MATCH, EvaluationResult
from function.selectors.semver import SemverError, parse_semver
from function.selectors.size_estimate import estimate_size
from function.selectors.stage_budget import Stage, StageBudget
from function.selectors.values import RUNTIME_COST_LIMIT, CelMap, EvaluationBudget, EvaluationError, type_of

_INT64: Final = 2**63
_FRAMES: Final = 2_500
"""Nested Python calls: over twice what the deepest selector needs. The library for schema rules sets as many.

Every stage recurses over the tree and counts its depth. Python's own limit must not be reached before ours,
since where that happens depends on the depth of the caller.
"""

sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled selector.

    Attributes:
        text: Its text; equal texts are equal selectors.
        cost: Its estimated cost, in CEL cost units.
    """

    text: str
    cost: int = field(compare=False)
    _parts: int = field(repr=False, compare=False)
    _interpretable: Interpretable = field(repr=False, compare=False)

    def evaluate(self, device: Device) -> EvaluationResult:
        """Evaluate the selector on a device. A failed evaluation is a result, too.

        Raises:
            CallEndedError: The call was cancelled or its deadline has passed.
        """
        key = (self.text, device.driver, device.attributes, device.capacity)
        return _verdicts.get_or_compute(key, lambda: _evaluate(self._interpretable, device), self._weight)

    def _weight(self, verdict: EvaluationResult) -> int:
        return len(self.text) + len(verdict.message)


def compile_selector(text: str) -> Selector:
    """Compile a selector.

    Raises:
        SelectorError: The text is not a valid expression of type bool, or may cost too much work or memory.
        CallEndedError: The call was cancelled or its deadline has passed.
    """
    compiled = _selectors.get_or_compute(text, lambda: _compile(text), _weight)
    if isinstance(compiled, SelectorError):
        raise SelectorError(compiled.message, text, compiled.position)
    return compiled


_selectors: Final = GenerationalCache["Selector | SelectorError"](4096, 200_000)
"""Compiled selectors by text; the weight is the number of subexpressions, each of which takes up to a kilobyte."""

_verdicts: Final = GenerationalCache[EvaluationResult](16_384, 2**24)
"""Results by selector and device; the weight is the number of characters."""


def _weight(compiled: Selector | SelectorError) -> int:
    """Weigh a compiled text by its number of subexpressions."""
    return compiled._parts if isinstance(compiled, Selector) else 20  # noqa: SLF001 - a part of its own


def _compile(text: str) -> Selector | SelectorError:
    """Compile; an error is returned, so that it can be cached."""
    deadline.check()
    try:
        root, parts = parse(text)
        check(root, text)
        cost = _check_cost(root, text)
        interpretable = compile_expr(root, text)
    except SelectorError as error:
        return SelectorError(error.message, text, error.position)
    except RecursionError:
        return SelectorError("the expression nests too deeply")
    return Selector(text, cost, parts, interpretable)


def _check_cost(root: Expr, text: str) -> int:
    """Estimate the cost of a selector, and refuse one whose cost or size can exceed the limits."""
    work = StageBudget(Stage.ESTIMATE, text)
    cost = estimate(root, work)
    if cost > COST_LIMIT:
        raise SelectorError(f"the expression may cost {cost}; {COST_LIMIT} are allowed. Loop over less", text, 0)
    estimate_size(root, text, work)
    return cost


def _evaluate(interpretable: Interpretable, device: Device) -> EvaluationResult:
    """Evaluate a selector on a device."""
    deadline.check()
    exposed = _expose(device.driver, device.attributes, device.capacity)
    if isinstance(exposed, EvaluationResult):
        return exposed
    budget = EvaluationBudget(RUNTIME_COST_LIMIT)
    found = _evaluate_activation(interpretable, Activation({"device": exposed.device()}, budget))
    return replace(found, steps=budget.cost + budget.steps)


def _evaluate_activation(interpretable: Interpretable, activation: Activation) -> EvaluationResult:
    """Evaluate a selector."""
    try:
        value = interpretable(activation)
    except EvaluationError as error:
        return EvaluationResult.failed(str(error))
    except (ArithmeticError, UnicodeError, RecursionError) as error:
        return EvaluationResult.failed(f"the expression cannot be evaluated: {type(error).__name__}")
    if type(value) is not bool:
        return EvaluationResult.failed(f"the result is {type_of(value).noun}, not a bool")
    return MATCH if value else NO_MATCH


@dataclass(frozen=True, slots=True)
class _Exposed:
    """A device whose values have been parsed."""

    driver: str
    attributes: CelMap
    capacity: tuple[tuple[str, Quantity], ...]

    def device(self) -> CelMap:
        """Make the variable `device`; each evaluation gets quantities of its own, since it may change them."""
        quantities = ((key, QuantityValue(quantity)) for key, quantity in self.capacity)
        fields = {
            "driver": self.driver,
            "allowMultipleAllocations": False,
            "attributes": self.attributes,
            "capacity": _by_domain(self.driver, quantities),
        }
        return CelMap(fields.items(), computed=False)


@lru_cache(maxsize=4096)
def _expose(driver: str, attributes: Attributes, capacity: Capacity) -> _Exposed | EvaluationResult:
    """Parse a device's values; a failed result when one of them cannot be read."""
    try:
        return _Exposed(
            driver,
            _by_domain(driver, ((key, _attribute(key, value)) for key, value in attributes)),
            tuple((key, _quantity(key, text)) for key, text in capacity),
        )
    except EvaluationError as error:
        return EvaluationResult.failed(str(error))


def cache_statistics() -> dict[str, CacheStatistics]:
    """Statistics of the caches of compiled selectors and of results, since the process started."""
    return {"selectors": _selectors.statistics(), "verdicts": _verdicts.statistics()}


def _by_domain(driver: str, values: Iterable[tuple[str, Any]]) -> CelMap:
    """Group values by domain; keys without one belong to the driver. A domain without values is empty."""
    domains: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for key, value in values:
        domain, slash, name = key.partition("/")
        domains[domain if slash else driver][name if slash else key] = value
    inner = ((domain, CelMap(values.items(), computed=False)) for domain, values in domains.items())
    return CelMap(inner, default=CelMap((), computed=False), computed=False)


def _attribute(key: str, value: Value) -> Any:
    """Read an attribute."""
    match value.kind, value.content:
        case ValueKind.VERSION, str(text):
            try:
                return parse_semver(text)
            except SemverError as error:
                raise EvaluationError(f"the device's attribute {key}: {error}") from None
        case ValueKind.STRING, str(text):
            return text
        case ValueKind.BOOL, bool(flag):
            return flag
        case ValueKind.INT, int(number) if not isinstance(number, bool) and -_INT64 <= number < _INT64:
            return number
        case _:
            raise EvaluationError(f"the device's attribute {key} has no readable {value.kind.value} value")


def _quantity(key: str, text: str) -> Quantity:
    """Read a capacity."""
    try:
        return parse_quantity(text)
    except QuantityError as error:
        raise EvaluationError(f"the device's capacity {key}: {error}") from None
