"""Selectors: CEL expressions that are true or false of one device.

The language is that of Kubernetes' DRA device selectors. What is accepted here is later put into
a resource claim, so a selector that Kubernetes would refuse is refused here where that can be
told, and an expression that fails there is an error here and no match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from function.selectors.amount import Amount
from function.selectors.checker import check
from function.selectors.cost import COST_LIMIT, estimate
from function.selectors.device import Attributes, Capacity, Device, Kind, Value
from function.selectors.error import SelectorError
from function.selectors.evaluation import Frame, Run
from function.selectors.program import program
from function.selectors.quantity import Quantity, QuantityError, parse_quantity
from function.selectors.semver import SemverError, parse_semver
from function.selectors.syntax import parse
from function.selectors.values import Budget, CelMap, EvaluationError, type_of
from function.selectors.verdict import MATCH, NO_MATCH, Outcome, Verdict

_INT64: Final = 2**63


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector that has been compiled.

    Attributes:
        text: Its text; equal texts are equal selectors.
        cost: What it can cost at most, in Kubernetes' units.
    """

    text: str
    cost: int = field(compare=False)
    _run: Run = field(repr=False, compare=False)

    def evaluate(self, device: Device) -> Verdict:
        """Tell whether a device matches. Never raises: what fails is an error in the verdict."""
        return _verdict(self, device.driver, device.attributes, device.capacity)


def compile_selector(text: str) -> Selector:
    """Compile a selector.

    Raises:
        SelectorError: The text is no expression, or one that no device can make true or false.
    """
    compiled = _compile(text)
    if isinstance(compiled, SelectorError):
        raise SelectorError(compiled.message, text, compiled.position)
    return compiled


@lru_cache(maxsize=4096)
def _compile(text: str) -> Selector | SelectorError:
    """Compile once per text; an error is remembered like a result."""
    try:
        tree = parse(text)
        check(tree, text)
        run = program(tree, text)
    except SelectorError as error:
        return SelectorError(error.message, text, error.position)
    except RecursionError:
        return SelectorError("the expression nests too deeply")
    cost = estimate(tree)
    if cost > COST_LIMIT:
        return SelectorError(f"the expression may cost {cost}; {COST_LIMIT} are allowed. Loop over less", text, 0)
    return Selector(text, cost, run)


@lru_cache(maxsize=16384)
def _verdict(selector: Selector, driver: str, attributes: Attributes, capacity: Capacity) -> Verdict:
    """Evaluate once per selector and device."""
    exposed = _expose(driver, attributes, capacity)
    if isinstance(exposed, Verdict):
        return exposed
    try:
        value = selector._run(Frame({"device": exposed.device()}, Budget(COST_LIMIT)))  # noqa: SLF001 - a part of its own
    except EvaluationError as error:
        return Verdict(Outcome.ERROR, str(error))
    except (ArithmeticError, UnicodeError, RecursionError) as error:
        return Verdict(Outcome.ERROR, f"the expression cannot be evaluated: {type(error).__name__}")
    if type(value) is not bool:
        return Verdict(Outcome.ERROR, f"the result is {type_of(value).noun}, not a bool")
    return MATCH if value else NO_MATCH


@dataclass(frozen=True, slots=True)
class _Exposed:
    """A device whose values have been read."""

    driver: str
    attributes: CelMap
    capacity: tuple[tuple[str, Quantity], ...]

    def device(self) -> CelMap:
        """Make what a selector sees; each evaluation has quantities of its own, since it may change them."""
        amounts = ((key, Amount(quantity)) for key, quantity in self.capacity)
        fields = {
            "driver": self.driver,
            "allowMultipleAllocations": False,
            "attributes": self.attributes,
            "capacity": _by_domain(self.driver, amounts),
        }
        return CelMap(fields.items(), made=False)


@lru_cache(maxsize=4096)
def _expose(driver: str, attributes: Attributes, capacity: Capacity) -> _Exposed | Verdict:
    """Prepare a device for evaluation; an error verdict when one of its values cannot be read."""
    try:
        return _Exposed(
            driver,
            _by_domain(driver, ((key, _attribute(key, value)) for key, value in attributes)),
            tuple((key, _quantity(key, text)) for key, text in capacity),
        )
    except EvaluationError as error:
        return Verdict(Outcome.ERROR, str(error))


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How well a cache does.

    Attributes:
        hits: Questions that it could answer.
        misses: Questions that it could not answer.
        entries: Answers that it holds.
    """

    hits: int
    misses: int
    entries: int


def cache_use() -> dict[str, CacheUse]:
    """Tell how well the caches of compiled selectors and of verdicts do, since the program began."""
    found = {"selectors": _compile.cache_info(), "verdicts": _verdict.cache_info()}
    return {name: CacheUse(info.hits, info.misses, info.currsize) for name, info in found.items()}


def _by_domain(driver: str, values: Iterable[tuple[str, Any]]) -> CelMap:
    """Group values by domain; keys without one belong to the driver. A domain without values is empty."""
    domains: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for key, value in values:
        domain, slash, name = key.partition("/")
        domains[domain if slash else driver][name if slash else key] = value
    inner = ((domain, CelMap(values.items(), made=False)) for domain, values in domains.items())
    return CelMap(inner, default=CelMap((), made=False), made=False)


def _attribute(key: str, value: Value) -> Any:
    """Read an attribute."""
    match value.kind, value.content:
        case Kind.VERSION, str(text):
            try:
                return parse_semver(text)
            except SemverError as error:
                raise EvaluationError(f"the device's attribute {key}: {error}") from None
        case Kind.STRING, str(text):
            return text
        case Kind.BOOL, bool(flag):
            return flag
        case Kind.INT, int(number) if not isinstance(number, bool) and -_INT64 <= number < _INT64:
            return number
        case _:
            raise EvaluationError(f"the device's attribute {key} has no readable {value.kind.value} value")


def _quantity(key: str, text: str) -> Quantity:
    """Read a capacity."""
    try:
        return parse_quantity(text)
    except QuantityError as error:
        raise EvaluationError(f"the device's capacity {key}: {error}") from None
