"""How much a selector can cost at most, in Kubernetes' units.

What decides is how large values can be: how many attributes a device has, how long they are. The
sizes are known of what is written out and of what is read from the device by a known path; of all
else they are unknown, which makes nearly everything that depends on them too expensive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.selectors.ast import Call, Elements, Entries, Literal, Loop, Name, Node, Select
from function.selectors.cost_model import MOST, SCALAR, UNKNOWN, Size, capped
from function.selectors.types import SCALARS, Type
from function.selectors.work import Work

COST_LIMIT: Final = 1_000_000
"""The most that a selector may cost, as Kubernetes has it."""

_LIST: Final = 10
_MAP: Final = 30


class _Path:
    """How a value is reached from the device.

    It grows as a slice of Go does: where room is left behind the end, what is added to a path
    replaces what was added to it before. Kubernetes' estimates show that, so it matters here.
    """

    __slots__ = ("_length", "_room", "_steps")

    def __init__(self, steps: list[str] | None = None, length: int = 0, room: int = 0) -> None:
        self._steps = [] if steps is None else steps
        self._length = length
        self._room = room

    def plus(self, step: str) -> _Path:
        """Add a step."""
        if self._length < self._room:
            self._steps[self._length :] = [step]
            return _Path(self._steps, self._length + 1, self._room)
        return _Path([*self.steps, step], self._length + 1, max(2 * self._room, 1))

    @property
    def steps(self) -> list[str]:
        """The steps."""
        return self._steps[: self._length]


@dataclass(frozen=True, slots=True)
class _Held:
    """How large the keys and values of a list or map are."""

    kind: str
    key: Size
    value: Size

    def union(self, other: _Held | None) -> _Held | None:
        if other is None:
            return None
        return _Held(self.kind, self.key.union(other.key), self.value.union(other.value))


@dataclass(frozen=True, slots=True)
class _Known:
    """The largest size of a part of a device, and of the parts of that."""

    size: int
    fields: Mapping[str, _Known] | None = None
    key: _Known | None = None
    value: _Known | None = None
    any_field: bool = False


def _holding(key: int, value: _Known, *, any_field: bool = False) -> _Known:
    return _Known(32, key=_Known(key), value=value, any_field=any_field)


_DEVICE: Final = _Known(
    0,
    fields={
        "driver": _Known(63),
        "attributes": _holding(63, _holding(32, _Known(64), any_field=True)),
        "capacity": _holding(63, _holding(32, _Known(0))),
    },
)


@dataclass(frozen=True, slots=True)
class _Variable:
    path: _Path
    size: Size | None
    held: _Held | None = None


def estimate(tree: Node, work: Work) -> int:
    """Estimate what a selector can cost at most, once its types are known.

    Raises:
        SelectorError: To tell takes too much work.
    """
    return _Estimator(work).cost(tree)


class _Estimator:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._paths: dict[int, _Path] = {}
        self._sizes: dict[int, Size] = {}
        self._held: dict[int, _Held] = {}
        self._variables: dict[str, _Variable] = {}

    def cost(self, node: Node) -> int:
        self._work.step()
        match node:
            case Name():
                variable = self._variables.get(node.name)
                self._paths[id(node)] = variable.path if variable else _Path().plus(node.name)
                return 1
            case Select():
                return self._select(node)
            case Call(function="dyn", arguments=[argument]):
                found = 1 + self.cost(argument)
                self._copy(node, argument)
                return capped(found)
            case Call():
                return self._call(node)
            case Elements(elements=elements):
                found = _LIST + sum(self.cost(element) for element in elements)
                self._held[id(node)] = _Held("list", SCALAR, self._all(elements))
                return capped(found)
            case Entries(keys=keys, values=values):
                found = _MAP + sum(self.cost(part) for pair in zip(keys, values, strict=True) for part in pair)
                self._held[id(node)] = _Held("map", self._all(keys), self._all(values))
                return capped(found)
            case Loop():
                return self._bind(node) if node.binds else self._loop(node)
            case _:
                return 0

    def _all(self, nodes: list[Node]) -> Size:
        """Find how large nodes are that stand side by side."""
        found = Size(MOST if nodes else 0, 0)
        for node in nodes:
            found = found.union(self._size(node))
        return found

    def _select(self, node: Select) -> int:
        found = self.cost(node.operand)
        if node.test:
            return found
        if node.operand.type.name in ("map", "device"):
            found += 1
        self._paths[id(node)] = self._path(node.operand).plus(node.name)
        return capped(found)

    def _call(self, node: Call) -> int:
        costs = [self.cost(argument) for argument in node.arguments]
        sizes = [self._size(argument) for argument in node.arguments]
        if node.function == "_?_:_":
            return self._conditional(node, costs, sizes)
        if node.function == "_+_":
            self._joined(node)
        own, result = 0, None
        for overload in node.candidates:
            own = max(own, overload.price.estimate(sizes, node.arguments))
            size = overload.price.size(sizes, node.arguments) if overload.price.size else None
            if size is not None:
                result = size if result is None else result.union(size)
            if node.function == "_[_]" and overload.params[0].name in ("list", "map"):
                held = self._holds(node.arguments[0])
                result = held.value if held else None
                step = "@items" if overload.params[0].name == "list" else "@values"
                self._paths[id(node)] = self._path(node.arguments[0]).plus(step)
            if result is None:
                result = self._known_size(node)
        if result is not None:
            self._sizes[id(node)] = result
        return capped(own + sum(costs))

    def _conditional(self, node: Call, costs: list[int], sizes: list[Size]) -> int:
        yes, no = (self._holds(branch) for branch in node.arguments[1:])
        held = yes.union(no) if yes else None
        if held:
            self._held[id(node)] = held
        self._sizes[id(node)] = sizes[1].union(sizes[2])
        return capped(costs[0] + max(costs[1], costs[2]))

    def _joined(self, node: Call) -> None:
        """Note what a list holds that is joined of two."""
        if any(overload.params[0].name in ("list", "string", "bytes") for overload in node.candidates):
            left, right = (self._holds(side) for side in node.arguments)
            held = left.union(right) if left else None
            if held:
                self._held[id(node)] = held

    def _loop(self, node: Loop) -> int:
        found = self.cost(node.over) + self.cost(node.start)
        outer = dict(self._variables)
        self._variables[node.carried] = self._named(node.start)
        carrying = dict(self._variables)
        self._variables.update(zip(node.variables, self._rounds(node), strict=True))
        each = capped(self.cost(node.goes_on) + self.cost(node.step))
        self._variables = carrying
        found += self.cost(node.result)
        self._variables = outer
        rounds = self._size(node.over)
        found += capped(rounds.most * each)
        self._result(node, rounds)
        return capped(found)

    def _result(self, node: Loop, rounds: Size) -> None:
        """Note how large the result of a loop is."""
        if isinstance(node.start, Literal):
            self._sizes[id(node)] = SCALAR
        elif isinstance(node.start, Elements | Entries):
            self._sizes[id(node)] = rounds
            held = self._holds(node.step)
            if held:
                self._held[id(node)] = held

    def _rounds(self, node: Loop) -> list[_Variable]:
        """Tell what is known about the variables of a loop."""
        held, path = self._holds(node.over), self._path(node.over)
        kind = held.kind if held else node.over.type.name
        found = []
        if len(node.variables) > 1 or kind != "list":
            step = "@indices" if kind == "list" else "@keys"
            found.append(_Variable(path.plus(step), held.key if held else None))
        if len(node.variables) > 1 or kind == "list":
            step = "@items" if kind == "list" else "@values"
            found.append(_Variable(path.plus(step), held.value if held else None))
        return found

    def _bind(self, node: Loop) -> int:
        found = self.cost(node.over) + self.cost(node.start)
        outer = dict(self._variables)
        self._variables[node.carried] = self._named(node.start)
        found += self.cost(node.result)
        self._variables = outer
        self._copy(node, node.result)
        return capped(found)

    def _named(self, node: Node) -> _Variable:
        return _Variable(self._path(node), self._known_size(node), self._holds(node))

    def _copy(self, target: Node, source: Node) -> None:
        size, held = self._known_size(source), self._holds(source)
        if size is not None:
            self._sizes[id(target)] = size
        if held is not None:
            self._held[id(target)] = held

    def _path(self, node: Node) -> _Path:
        if isinstance(node, Name) and node.name in self._variables:
            return self._variables[node.name].path
        return self._paths.get(id(node), _Path())

    def _size(self, node: Node) -> Size:
        found = self._known_size(node)
        return UNKNOWN if found is None else found

    def _known_size(self, node: Node) -> Size | None:
        """Tell how large the value of a part is; None where nothing is known."""
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        match node:
            case Literal(value=str() | bytes() as text):
                return Size(len(text), len(text))
            case Literal():
                return SCALAR
            case Elements(elements=parts) | Entries(keys=parts):
                return Size(len(parts), len(parts))
        found = _size_at(self._path(node))
        if found is not None:
            self._sizes[id(node)] = found
            return found
        if _is_scalar(node.type):
            return SCALAR
        return self._variables[node.name].size if isinstance(node, Name) and node.name in self._variables else None

    def _holds(self, node: Node) -> _Held | None:
        found = self._held.get(id(node))
        if found is None and isinstance(node, Name) and node.name in self._variables:
            return self._variables[node.name].held
        return found


def _is_scalar(one: Type) -> bool:
    return _is_scalar(one.params[0]) if one.name == "optional" else one.name in SCALARS


def _size_at(path: _Path) -> Size | None:
    """Tell how large a part of the device can be."""
    start, *steps = path.steps or [""]
    if start != "device":
        return None
    known: Any = _DEVICE
    for step in steps:
        if step in ("@items", "@values"):
            known = known.value
        elif step == "@keys":
            known = known.key
        elif known.fields and step in known.fields:
            known = known.fields[step]
        else:
            known = known.value if known.any_field else None
        if known is None:
            return None
    return Size(0, known.size)
