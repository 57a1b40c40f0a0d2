"""Evaluation of comprehensions, to which macros expand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from function.selectors.ast import ACCUMULATOR, Comprehension, Expr
from function.selectors.evaluation import (
    Activation,
    Interpretable,
    LazyValue,
    evaluate_to_value,
    is_not_strictly_false,
    resolve_variable,
)
from function.selectors.values import CelMap, EvaluationError, type_of


def append_in_place(appended: Interpretable) -> Interpretable:
    """Interpret an append to the accumulator, in place: nothing else refers to the list."""
    accumulator = resolve_variable(ACCUMULATOR)

    def evaluate(activation: Activation) -> list[Any]:
        grown: list[Any] = accumulator(activation)
        activation.budget.charge(1)
        grown.extend(appended(activation))
        activation.budget.allocate(len(grown), 0)
        return grown

    return evaluate


def iterate(expr: Comprehension, plan: Callable[[Expr], Interpretable]) -> Interpretable:
    """Interpret a comprehension."""
    iter_range, accu_init = plan(expr.iter_range), plan(expr.accu_init)
    loop_condition, loop_step, result = map(plan, (expr.loop_condition, expr.loop_step, expr.result))
    iter_vars = expr.iter_vars

    def evaluate(activation: Activation) -> Any:
        iterations = _iterations(iter_range(activation), len(iter_vars))
        outer = activation.variables
        accumulator = evaluate_to_value(activation, accu_init)
        variables = {**outer, expr.accu_var: _copied(accumulator)}
        activation.variables = variables
        try:
            for values in iterations:
                variables.update(zip(iter_vars, values, strict=True))
                if not is_not_strictly_false(activation, loop_condition):
                    break
                variables[expr.accu_var] = evaluate_to_value(activation, loop_step)
            activation.variables = {**outer, expr.accu_var: variables[expr.accu_var]}
            return result(activation)
        finally:
            activation.variables = outer

    return evaluate


def _copied(accumulator: Any) -> Any:
    """Copy a list or map that is accumulated in place."""
    if isinstance(accumulator, list):
        return list(accumulator)
    return CelMap(accumulator.items()) if isinstance(accumulator, CelMap) else accumulator


def _iterations(iter_range: Any, iter_vars: int) -> Iterator[tuple[Any, ...]]:
    """List the values of the iteration variables."""
    if isinstance(iter_range, CelMap):
        return iter_range.items() if iter_vars > 1 else ((key,) for key in iter_range)
    if isinstance(iter_range, list):
        return iter(enumerate(iter_range)) if iter_vars > 1 else ((element,) for element in iter_range)
    raise EvaluationError(f"{type_of(iter_range).noun} cannot be looped over; only a list or map can")


def bind_variable(expr: Comprehension, plan: Callable[[Expr], Interpretable]) -> Interpretable:
    """Interpret a binding of a variable."""
    accu_init, result = plan(expr.accu_init), plan(expr.result)

    def evaluate(activation: Activation) -> Any:
        outer = activation.variables
        activation.variables = {**outer, expr.accu_var: LazyValue(accu_init, activation)}
        try:
            return result(activation)
        finally:
            activation.variables = outer

    return evaluate
