"""The cost estimator: the most that a selector can cost on any device, in CEL cost units as Kubernetes counts them.

An estimate depends on how large values can be: how many attributes a device has, and how long they are. Sizes
are declared for literals and for values read from the device by a declared path. All other sizes are unknown, which
makes nearly every operation on such a value too expensive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.selectors.ast import Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select
from function.selectors.cost_model import MAX_COST, SCALAR_SIZE, UNKNOWN_SIZE, SizeEstimate, capped
from function.selectors.stage_budget import StageBudget
from function.selectors.types import SCALARS, Type

COST_LIMIT: Final = 1_000_000
"""The highest estimate that Kubernetes accepts for a selector."""

_LIST: Final = 10
_MAP: Final = 30


class _DevicePath:
    """The field path by which a value is reached from the device.

    It behaves like a Go slice: appending to a path with spare capacity overwrites what was appended to it
    before. That shows in Kubernetes' estimates, so it is reproduced here.
    """

    __slots__ = ("_capacity", "_length", "_steps")

    def __init__(self, steps: list[str] | None = None, length: int = 0, capacity: int = 0) -> None:
        self._steps = [] if steps is None else steps
        self._length = length
        self._capacity = capacity

    def append(self, step: str) -> _DevicePath:
        """Add a step."""
        if self._length < self._capacity:
            self._steps[self._length :] = [step]
            return _DevicePath(self._steps, self._length + 1, self._capacity)
        return _DevicePath([*self.steps, step], self._length + 1, max(2 * self._capacity, 1))

    @property
    def steps(self) -> list[str]:
        """The steps."""
        return self._steps[: self._length]


@dataclass(frozen=True, slots=True)
class _EntrySizes:
    """The size estimates of a list's elements, or of a map's keys and values."""

    container: str
    key: SizeEstimate
    value: SizeEstimate

    def union(self, other: _EntrySizes | None) -> _EntrySizes | None:
        if other is None:
            return None
        return _EntrySizes(self.container, self.key.union(other.key), self.value.union(other.value))


@dataclass(frozen=True, slots=True)
class _DeclaredSize:
    """The declared maximum size of a field of the device, and of what it holds."""

    size: int
    fields: Mapping[str, _DeclaredSize] | None = None
    key: _DeclaredSize | None = None
    value: _DeclaredSize | None = None
    any_field: bool = False


def _map_of(key: int, value: _DeclaredSize, *, any_field: bool = False) -> _DeclaredSize:
    return _DeclaredSize(32, key=_DeclaredSize(key), value=value, any_field=any_field)


_DEVICE: Final = _DeclaredSize(
    0,
    fields={
        "driver": _DeclaredSize(63),
        "attributes": _map_of(63, _map_of(32, _DeclaredSize(64), any_field=True)),
        "capacity": _map_of(63, _map_of(32, _DeclaredSize(0))),
    },
)


@dataclass(frozen=True, slots=True)
class _Variable:
    path: _DevicePath
    size: SizeEstimate | None
    entries: _EntrySizes | None = None


def estimate(root: Expr, work: StageBudget) -> int:
    """Estimate the most that a type-checked selector can cost.

    Raises:
        SelectorError: Estimating it takes too many steps.
    """
    return _Estimator(work).cost(root)


class _Estimator:
    def __init__(self, work: StageBudget) -> None:
        self._work = work
        self._paths: dict[int, _DevicePath] = {}
        self._sizes: dict[int, SizeEstimate] = {}
        self._entry_sizes: dict[int, _EntrySizes] = {}
        self._variables: dict[str, _Variable] = {}

    def cost(self, expr: Expr) -> int:
        self._work.step()
        match expr:
            case Ident():
                variable = self._variables.get(expr.name)
                self._paths[id(expr)] = variable.path if variable else _DevicePath().append(expr.name)
                return 1
            case Select():
                return self._select(expr)
            case Call(function="dyn", arguments=[argument]):
                cost = 1 + self.cost(argument)
                self._copy_sizes(expr, argument)
                return capped(cost)
            case Call():
                return self._call(expr)
            case ListExpr(elements=elements):
                cost = _LIST + sum(self.cost(element) for element in elements)
                self._entry_sizes[id(expr)] = _EntrySizes("list", SCALAR_SIZE, self._union(elements))
                return capped(cost)
            case MapExpr(keys=keys, values=values):
                cost = _MAP + sum(self.cost(part) for pair in zip(keys, values, strict=True) for part in pair)
                self._entry_sizes[id(expr)] = _EntrySizes("map", self._union(keys), self._union(values))
                return capped(cost)
            case Comprehension():
                return self._bound_variable(expr) if expr.is_bind else self._comprehension(expr)
            case _:
                return 0

    def _union(self, exprs: list[Expr]) -> SizeEstimate:
        """Find one estimate that covers several expressions."""
        size = SizeEstimate(MAX_COST if exprs else 0, 0)
        for expr in exprs:
            size = size.union(self._size(expr))
        return size

    def _select(self, expr: Select) -> int:
        cost = self.cost(expr.operand)
        if expr.test:
            return cost
        if expr.operand.type.name in ("map", "device"):
            cost += 1
        self._paths[id(expr)] = self._path(expr.operand).append(expr.name)
        return capped(cost)

    def _call(self, expr: Call) -> int:
        costs = [self.cost(argument) for argument in expr.arguments]
        sizes = [self._size(argument) for argument in expr.arguments]
        if expr.function == "_?_:_":
            return self._conditional(expr, costs, sizes)
        if expr.function == "_+_":
            self._concatenation(expr)
        own, result = 0, None
        for overload in expr.candidates:
            own = max(own, overload.cost.estimate(sizes, expr.arguments))
            size = overload.cost.result_size(sizes, expr.arguments) if overload.cost.result_size else None
            if size is not None:
                result = size if result is None else result.union(size)
            if expr.function == "_[_]" and overload.params[0].name in ("list", "map"):
                entries = self._entries_of(expr.arguments[0])
                result = entries.value if entries else None
                step = "@items" if overload.params[0].name == "list" else "@values"
                self._paths[id(expr)] = self._path(expr.arguments[0]).append(step)
            if result is None:
                result = self._computed_size(expr)
        if result is not None:
            self._sizes[id(expr)] = result
        return capped(own + sum(costs))

    def _conditional(self, expr: Call, costs: list[int], sizes: list[SizeEstimate]) -> int:
        if_true, if_false = (self._entries_of(branch) for branch in expr.arguments[1:])
        entries = if_true.union(if_false) if if_true else None
        if entries:
            self._entry_sizes[id(expr)] = entries
        self._sizes[id(expr)] = sizes[1].union(sizes[2])
        return capped(costs[0] + max(costs[1], costs[2]))

    def _concatenation(self, expr: Call) -> None:
        """Record what the concatenation of two lists holds."""
        if any(overload.params[0].name in ("list", "string", "bytes") for overload in expr.candidates):
            left, right = (self._entries_of(side) for side in expr.arguments)
            entries = left.union(right) if left else None
            if entries:
                self._entry_sizes[id(expr)] = entries

    def _comprehension(self, expr: Comprehension) -> int:
        cost = self.cost(expr.iter_range) + self.cost(expr.accu_init)
        outer = dict(self._variables)
        self._variables[expr.accu_var] = self._variable_of(expr.accu_init)
        with_accumulator = dict(self._variables)
        self._variables.update(zip(expr.iter_vars, self._iteration_variables(expr), strict=True))
        iteration = capped(self.cost(expr.loop_condition) + self.cost(expr.loop_step))
        self._variables = with_accumulator
        cost += self.cost(expr.result)
        self._variables = outer
        iterations = self._size(expr.iter_range)
        cost += capped(iterations.maximum * iteration)
        self._comprehension_size(expr, iterations)
        return capped(cost)

    def _comprehension_size(self, expr: Comprehension, iterations: SizeEstimate) -> None:
        """Record how large the result of a comprehension is."""
        if isinstance(expr.accu_init, Literal):
            self._sizes[id(expr)] = SCALAR_SIZE
        elif isinstance(expr.accu_init, ListExpr | MapExpr):
            self._sizes[id(expr)] = iterations
            entries = self._entries_of(expr.loop_step)
            if entries:
                self._entry_sizes[id(expr)] = entries

    def _iteration_variables(self, expr: Comprehension) -> list[_Variable]:
        """Describe the iteration variables of a comprehension."""
        entries, path = self._entries_of(expr.iter_range), self._path(expr.iter_range)
        container = entries.container if entries else expr.iter_range.type.name
        variables = []
        if len(expr.iter_vars) > 1 or container != "list":
            step = "@indices" if container == "list" else "@keys"
            variables.append(_Variable(path.append(step), entries.key if entries else None))
        if len(expr.iter_vars) > 1 or container == "list":
            step = "@items" if container == "list" else "@values"
            variables.append(_Variable(path.append(step), entries.value if entries else None))
        return variables

    def _bound_variable(self, expr: Comprehension) -> int:
        cost = self.cost(expr.iter_range) + self.cost(expr.accu_init)
        outer = dict(self._variables)
        self._variables[expr.accu_var] = self._variable_of(expr.accu_init)
        cost += self.cost(expr.result)
        self._variables = outer
        self._copy_sizes(expr, expr.result)
        return capped(cost)

    def _variable_of(self, expr: Expr) -> _Variable:
        return _Variable(self._path(expr), self._computed_size(expr), self._entries_of(expr))

    def _copy_sizes(self, target: Expr, source: Expr) -> None:
        size, entries = self._computed_size(source), self._entries_of(source)
        if size is not None:
            self._sizes[id(target)] = size
        if entries is not None:
            self._entry_sizes[id(target)] = entries

    def _path(self, expr: Expr) -> _DevicePath:
        if isinstance(expr, Ident) and expr.name in self._variables:
            return self._variables[expr.name].path
        return self._paths.get(id(expr), _DevicePath())

    def _size(self, expr: Expr) -> SizeEstimate:
        size = self._computed_size(expr)
        return UNKNOWN_SIZE if size is None else size

    def _computed_size(self, expr: Expr) -> SizeEstimate | None:
        """Find the size of an expression's value; None where nothing is declared."""
        if id(expr) in self._sizes:
            return self._sizes[id(expr)]
        match expr:
            case Literal(value=str() | bytes() as text):
                return SizeEstimate(len(text), len(text))
            case Literal():
                return SCALAR_SIZE
            case ListExpr(elements=parts) | MapExpr(keys=parts):
                return SizeEstimate(len(parts), len(parts))
        size = _declared_size(self._path(expr))
        if size is not None:
            self._sizes[id(expr)] = size
            return size
        if _is_scalar(expr.type):
            return SCALAR_SIZE
        return self._variables[expr.name].size if isinstance(expr, Ident) and expr.name in self._variables else None

    def _entries_of(self, expr: Expr) -> _EntrySizes | None:
        entries = self._entry_sizes.get(id(expr))
        if entries is None and isinstance(expr, Ident) and expr.name in self._variables:
            return self._variables[expr.name].entries
        return entries


def _is_scalar(cel_type: Type) -> bool:
    return _is_scalar(cel_type.params[0]) if cel_type.name == "optional" else cel_type.name in SCALARS


def _declared_size(path: _DevicePath) -> SizeEstimate | None:
    """Look up how large a field of the device can be."""
    variable, *steps = path.steps or [""]
    if variable != "device":
        return None
    declared: Any = _DEVICE
    for step in steps:
        if step in ("@items", "@values"):
            declared = declared.value
        elif step == "@keys":
            declared = declared.key
        elif declared.fields and step in declared.fields:
            declared = declared.fields[step]
        else:
            declared = declared.value if declared.any_field else None
        if declared is None:
            return None
    return SizeEstimate(0, declared.size)
