"""A container's share of its node, less what the pod's other containers take of it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from function.api.engines import PlacedMember
from function.api.pod_template import Container
from function.selectors.quantity import Quantity, QuantityError, parse_quantity

_PLACES: Final[dict[str, tuple[Fraction, str]]] = {"cpu": (Fraction(1, 1000), "m"), "memory": (Fraction(2**20), "Mi")}
"""In what a remainder is written: thousandths of processors, MiB of memory."""


def share_of_engine(member: PlacedMember) -> dict[str, str]:
    """What the container of an engine requests where its user says nothing.

    Its share of the node, less what the containers beside it request, so that a pod with all devices of a node
    still fits there. A limit that the user wrote stands for the request, as Kubernetes has it.

    Args:
        member: The member, with the share that placing has worked out.
    """
    share = dict(member.resources.requests) if member.resources else {}
    engine = member.template.container
    init = (container for container in member.template.spec.init_containers if container.restart_policy == "Always")
    others = [container for container in (*member.template.spec.containers, *init) if container is not engine]
    said = {*engine.resources.requests, *engine.resources.limits} if engine.resources else set()
    left = {name: _less(name, str(amount), others) for name, amount in share.items() if name not in said}
    return {name: amount for name, amount in left.items() if amount}


def _less(name: str, amount: str, others: Iterable[Container]) -> str:
    """Subtract what other containers request of a resource; empty when nothing is left."""
    taken = [request for container in others if (request := _requested(name, container)) is not None]
    whole = _read(amount)
    if not taken or whole is None or name not in _PLACES:
        return amount
    unit, suffix = _PLACES[name]
    left = (_value(whole) - sum(map(_value, taken))) // unit
    return f"{left}{suffix}" if left > 0 else ""


def _requested(name: str, container: Container) -> Quantity | None:
    resources = container.resources
    if resources is None:
        return None
    amount = resources.requests.get(name, resources.limits.get(name))
    return None if amount is None else _read(str(amount))


def _read(amount: str) -> Quantity | None:
    try:
        return parse_quantity(amount)
    except QuantityError:
        return None


def _value(quantity: Quantity) -> Fraction:
    return quantity.unscaled * Fraction(10) ** quantity.scale
