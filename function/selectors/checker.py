"""The type checker: infers types, resolves overloads, and refuses what fails on every device.

Unknown names, calls without a matching overload and results other than bool are refused by the rules of
Kubernetes' compiler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from function.selectors.ast import Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select, walk
from function.selectors.error import SelectorError
from function.selectors.library import FUNCTIONS, UNSUPPORTED, Overload
from function.selectors.macros import ARITIES
from function.selectors.stage_budget import Stage, StageBudget
from function.selectors.strings import regular_expression
from function.selectors.types import (
    ANY,
    BOOL,
    DEVICE,
    DYN,
    QUANTITY,
    STRING,
    Type,
    TypeInference,
    TypeLimitError,
    list_of,
    map_of,
    optional_of,
)
from function.selectors.values import EvaluationError, type_of

DEVICE_FIELDS: Final[Mapping[str, Type]] = {
    "driver": STRING,
    "attributes": map_of(STRING, map_of(STRING, ANY)),
    "capacity": map_of(STRING, map_of(STRING, QUANTITY)),
}
"""The fields of a device."""

_OPERATOR_SYMBOLS: Final = {"@in": "in", "-_": "-", "!_": "!", "_[_]": "[]", "_[?_]": "[?]"}
_ADVICE: Final = "read one of its fields: attributes, capacity, driver"


def check(root: Expr, text: str) -> None:
    """Infer the type of each expression, and resolve the overloads of each call.

    Raises:
        SelectorError: The selector does not type-check.
    """
    checker = _Checker(text)
    try:
        checker.check(root)
        checker.resolve(root)
    except TypeLimitError as error:
        raise SelectorError(str(error), text, 0) from None
    if root.type not in (BOOL, ANY):
        what = "may be of any type" if root.type == DYN else f"is {root.type.noun}"
        raise SelectorError(f"the result {what}; a selector must be true or false", text, 0)


class _Checker:
    def __init__(self, text: str) -> None:
        self._text = text
        self._work = StageBudget(Stage.CHECK, text)
        self._types = TypeInference(self._work)
        self._variables: dict[str, Type] = {"device": DEVICE}
        self._macros: dict[int, str] = {}

    def check(self, expr: Expr) -> Type:
        """Infer the type of an expression and of its subexpressions, each once."""
        self._work.step()
        match expr:
            case Literal():
                expr.type = type_of(expr.value)
            case Ident():
                expr.type = self._ident(expr)
            case Select():
                found = self._select_type(expr, expr.operand, expr.name)
                expr.type = BOOL if expr.test else found
            case Call(function="_?._"):
                operand, name = expr.arguments
                found = self._select_type(expr, operand, name.value if isinstance(name, Literal) else "")
                expr.type = found if found.name == "optional" else optional_of(found)
                expr.candidates = tuple(FUNCTIONS[expr.function])
            case Call():
                expr.type = self._call(expr)
            case ListExpr():
                expr.type = self._list(expr)
            case MapExpr():
                expr.type = self._map(expr)
            case Comprehension():
                expr.type = self._comprehension(expr)
        return expr.type

    def resolve(self, root: Expr) -> None:
        """Substitute the type variables, and run the checks that need final types."""
        parts = [part for part, _ in walk(root)]
        for part in parts:
            part.type = self._types.substitute(part.type, final=True)
        for part in parts:
            match part:
                case ListExpr(elements=elements, optional=optional):
                    self._require_same_type(elements, optional, "elements of a list")
                case MapExpr(keys=keys, values=values, optional=optional):
                    self._require_same_type(keys, (), "keys of a map")
                    self._require_same_type(values, optional, "values of a map")
                case Call(function="matches", arguments=arguments, method=method):
                    # Kubernetes takes the text for a pattern, too, where it is the first argument.
                    self._check_patterns(arguments[1:] if method else arguments)

    def _ident(self, expr: Ident) -> Type:
        if expr.name not in self._variables:
            raise self._error(f"unknown name {expr.name[:40]!r}; the only variable is device", expr.offset)
        return self._variables[expr.name]

    def _select_type(self, expr: Expr, operand: Expr, name: str) -> Type:
        """Infer the type of a field selection; selecting from an optional gives an optional."""
        operand_type = self._types.substitute(self.check(operand))
        target = operand_type.params[0] if operand_type.name == "optional" else operand_type
        if target == DEVICE:
            if name not in DEVICE_FIELDS:
                fields = ", ".join(sorted(DEVICE_FIELDS))
                raise self._error(f"device has no field {name[:40]!r}; it has {fields}", expr.offset)
            found = DEVICE_FIELDS[name]
        elif target.name == "map":
            found = target.params[1]
        elif target.variable or target.dynamic:
            self._types.are_assignable([DYN], [target])
            found = DYN
        else:
            raise self._error(f"{target.noun} has no fields", expr.offset)
        return self._types.substitute(optional_of(found) if operand_type.name == "optional" else found)

    def _call(self, expr: Call) -> Type:
        target = expr.arguments[0] if expr.method else None
        if isinstance(target, Ident) and target.name not in self._variables:
            qualified = f"{target.name}.{expr.function}"
            if qualified in FUNCTIONS or qualified in UNSUPPORTED:
                expr.function, expr.method = qualified, False
                del expr.arguments[0]
        if expr.function not in FUNCTIONS:
            raise self._error(_unknown_function_message(expr), expr.offset)
        argument_types = [self.check(argument) for argument in expr.arguments]
        if expr.function in ("_&&_", "_||_"):
            return self._logical(expr, argument_types)
        results: list[Type] = []
        expr.candidates = tuple(self._candidates(expr, argument_types, results))
        if not expr.candidates:
            raise self._error(
                self._no_overload_message(
                    expr, [self._types.substitute(argument_type) for argument_type in argument_types]
                ),
                expr.offset,
            )
        result = results[0]
        for other in results[1:]:
            if not result.dynamic and other != result:
                result = DYN
        return result

    def _candidates(self, expr: Call, argument_types: Sequence[Type], results: list[Type]) -> Iterable[Overload]:
        """Find the matching overloads and their result types."""
        overloads = FUNCTIONS[expr.function]
        self._work.step(len(overloads))
        for overload in overloads:
            if overload.method == expr.method and len(overload.params) == len(argument_types):
                *params, result = self._types.instantiate((*overload.params, overload.result))
                if self._types.are_assignable(argument_types, params):
                    results.append(self._types.substitute(result))
                    yield overload

    def _logical(self, expr: Call, argument_types: Sequence[Type]) -> Type:
        for argument, argument_type in zip(expr.arguments, argument_types, strict=True):
            if not self._types.are_assignable([argument_type], [BOOL]):
                operand = f"an operand of {expr.function.strip('_')}"
                raise self._error(
                    self._not_bool_message(expr, operand, self._types.substitute(argument_type)), argument.offset
                )
        expr.candidates = tuple(FUNCTIONS[expr.function])
        return BOOL

    def _list(self, expr: ListExpr) -> Type:
        types = [self.check(element) for element in expr.elements]
        return list_of(
            self._common_type(expr.elements, types, expr.optional, "elements of a list") or self._types.new_variable()
        )

    def _map(self, expr: MapExpr) -> Type:
        keys = [self.check(key) for key in expr.keys]
        values = [self.check(value) for value in expr.values]
        key = self._common_type(expr.keys, keys, frozenset(), "keys of a map")
        value = self._common_type(expr.values, values, expr.optional, "values of a map")
        return map_of(key or self._types.new_variable(), value or self._types.new_variable())

    def _common_type(
        self, exprs: Sequence[Expr], types: Sequence[Type], optional: frozenset[int], what: str
    ) -> Type | None:
        """Find the common type of expressions; None when there are none."""
        common: Type | None = None
        for index, (expr, argument_type) in enumerate(zip(exprs, types, strict=True)):
            if index in optional:
                if argument_type.name != "optional":
                    raise self._error(f"only an optional can be left out, not {argument_type.noun}", expr.offset)
                argument_type = argument_type.params[0]  # noqa: PLW2901 - what is in it
            join = argument_type if common is None else self._types.join(common, argument_type)
            if join is None:
                raise self._error(f"{what} must be alike, not {common} and {argument_type}", expr.offset)
            common = join
        return common

    def _require_same_type(self, exprs: Sequence[Expr], optional: Iterable[int], what: str) -> None:
        """Refuse list and map literals of mixed types."""
        types = [expr.type.params[0] if index in optional else expr.type for index, expr in enumerate(exprs)]
        for expr, argument_type in zip(exprs[1:], types[1:], strict=True):
            if argument_type != types[0]:
                raise self._error(f"{what} must be alike, not {types[0]} and {argument_type}", expr.offset)

    def _check_patterns(self, arguments: Sequence[Expr]) -> None:
        """Refuse an invalid regular expression in a literal."""
        for argument in arguments:
            if isinstance(argument, Literal):
                try:
                    regular_expression(argument.value)
                except EvaluationError as error:
                    raise self._error(str(error), argument.offset) from None

    def _comprehension(self, expr: Comprehension) -> Type:
        iter_range, carried = self._types.substitute(self.check(expr.iter_range)), self.check(expr.accu_init)
        variables = self._iteration_variable_types(expr, self._types.substitute(iter_range))
        outer_scope = dict(self._variables)
        self._variables = {**outer_scope, expr.accu_var: carried}
        inner_scope = {**self._variables, **dict(zip(expr.iter_vars, variables, strict=True))}
        scope, self._variables = self._variables, inner_scope
        self._require_bool_condition(expr, expr.loop_condition)
        if not expr.is_bind:
            self._macros[id(expr.loop_step)] = expr.macro
        loop_step = self.check(expr.loop_step)
        if not self._types.are_assignable([carried], [loop_step]):
            raise self._error(f"{expr.macro}() cannot go on with {loop_step.noun}", expr.loop_step.offset)
        self._variables = scope
        result = self._types.substitute(self.check(expr.result))
        self._variables = outer_scope
        return result

    def _iteration_variable_types(self, expr: Comprehension, iter_range: Type) -> Sequence[Type]:
        two = len(expr.iter_vars) > 1
        if iter_range.name == "list":
            return (Type("int"), iter_range.params[0]) if two else iter_range.params
        if iter_range.name == "map":
            return iter_range.params if two else iter_range.params[:1]
        if iter_range != DYN and not iter_range.variable:
            raise self._error(f"{expr.macro}() needs a list or map, not {iter_range.noun}", expr.iter_range.offset)
        self._types.are_assignable([DYN], [iter_range])
        return (DYN, DYN) if two else (DYN,)

    def _require_bool_condition(self, expr: Comprehension, condition: Expr) -> None:
        found = self.check(condition)
        if not self._types.are_assignable([BOOL], [found]):
            raise self._error(f"{expr.macro}() goes on by a bool, not {found.noun}", condition.offset)

    def _not_bool_message(self, expr: Call, operand: str, found: Type) -> str:
        """Word the error for an operand that is no bool; in an expanded macro it is the condition."""
        macro = self._macros.get(id(expr))
        return f"{f'the condition of {macro}()' if macro else operand} is {found.noun}, not a bool"

    def _no_overload_message(self, expr: Call, argument_types: Sequence[Type]) -> str:
        """Word the error for a call without a matching overload."""
        names = ", ".join(map(str, argument_types))
        match expr.function, argument_types:
            case "!_", [argument_type]:
                return f"the operand of ! is {argument_type.noun}, not a bool"
            case "_?_:_", [condition, if_true, if_false]:
                if condition.name not in ("bool", "dyn", "any"):
                    return self._not_bool_message(expr, "the condition of ?:", condition)
                return f"?: results in {if_true.noun} or {if_false.noun}; they must be alike"
            case "_==_" | "_!=_", [left, right]:
                return f"{left.noun} cannot equal {right.noun}"
            case "@in", [_, container] if container.name not in ("list", "map"):
                return f"`in` needs a list or map on its right, not {container.noun}"
            case "@in", [item, container]:
                return f"{item.noun} cannot be in {container.noun} of {container.params[0]}"
            case "_[_]" | "_[?_]", [container, _] if container.name not in ("list", "map", "optional"):
                return _not_indexable_message(container)
            case "_[_]" | "_[?_]", [container, key] if container.name != "optional":
                wanted = "int" if container.name == "list" else container.params[0]
                return f"{container.noun} here is indexed by {wanted}, not by {key}"
        others = [argument_type for argument_type in FUNCTIONS[expr.function] if argument_type.method != expr.method]
        if len(others) == len(FUNCTIONS[expr.function]):
            form = f"by itself: {expr.function}(x)" if expr.method else f"on a value: x.{expr.function}(...)"
            return f"{expr.function} cannot be called like this; call it {form}"
        shown = _OPERATOR_SYMBOLS.get(expr.function, expr.function.strip("_"))
        return f"{shown} is not defined for ({names})"

    def _error(self, message: str, offset: int) -> SelectorError:
        return SelectorError(message, self._text, offset)


def _not_indexable_message(container: Type) -> str:
    if container == DEVICE:
        return f"device is not a value; {_ADVICE}"
    return f"{container.noun} cannot be indexed"


def _unknown_function_message(expr: Call) -> str:
    """Word the error for a function that is unknown or unsupported."""
    name = expr.function
    if name in ARITIES and expr.method:
        return f"{name}() takes {' or '.join(map(str, sorted(ARITIES[name])))} arguments"
    if name in UNSUPPORTED:
        return f"{name} is not supported here, though Kubernetes knows it"
    return f"unknown function {name[:40]!r}"
