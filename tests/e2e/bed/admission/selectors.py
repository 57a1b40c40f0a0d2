"""Rules of requirements of labels, wherever a selector has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from function.api import patterns
from function.composition import Manifest
from tests.e2e.bed.admission.case import Cases, Rule, accepts, rejects, rule
from tests.e2e.bed.admission.messages import broken, mismatch, required, unsupported
from tests.support.api import cache, changed, deployment, gateway, nested, service

_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_NEEDED: Final = "values must be specified when operator is In or NotIn"
_FORBIDDEN: Final = "values may not be specified when operator is Exists or DoesNotExist"


def requirement(operator: str, *values: str, key: str = "app") -> dict[str, Any]:
    """A requirement of a label."""
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def _cached(selector: Manifest) -> Manifest:
    return changed(cache(), "spec", "clusterSelector", to=selector)


_SELECTORS: Final[tuple[tuple[str, Callable[[Manifest], Manifest]], ...]] = (
    ("spec.endpoints[0].selector", lambda selector: service({"selector": selector})),
    ("spec.routeNamespaces", lambda selector: gateway(routeNamespaces=selector)),
    ("spec.clusterSelector", lambda selector: deployment(clusterSelector=selector)),
    ("spec.template.spec.clusterSelector", lambda selector: nested(clusterSelector=selector)),
    ("spec.clusterSelector", _cached),
)
"""Every selector: where it is, and an object that has it."""


def _judged() -> Iterator[Cases]:
    for selector, write in _SELECTORS:

        def asking(*asked: Any, write: Callable[[Manifest], Manifest] = write) -> Manifest:
            return write({"matchExpressions": list(asked)})

        at = f"{selector}.matchExpressions[0]"
        yield accepts(
            *(asking(requirement(operator, "a", "b")) for operator in _OPERATORS[:2]),
            *(asking(requirement(operator)) for operator in _OPERATORS[2:]),
        )
        yield from (rejects(asking(requirement(operator)), broken(at, _NEEDED)) for operator in _OPERATORS[:2])
        yield from (rejects(asking(requirement(operator, "a")), broken(at, _FORBIDDEN)) for operator in _OPERATORS[2:])
        yield rejects(asking(requirement("Is")), unsupported(f"{at}.operator", "Is", *_OPERATORS))
        yield rejects(asking({"operator": "Exists"}), required(f"{at}.key"))
        yield rejects(asking(requirement("Exists", key="a/b/c")), mismatch(f"{at}.key", "a/b/c", patterns.LABEL_KEY))
        yield rejects(asking(requirement("In", "-x")), mismatch(f"{at}.values[0]", "-x", patterns.LABEL_VALUE))


RULES: Final[tuple[Rule, ...]] = (
    rule("own", "a requirement of a label has values where its operator compares, and nowhere else", *_judged()),
)
