"""A control plane of two small made-up kinds, whose composers a test writes itself."""

from collections.abc import Callable, Mapping
from typing import Any

from function.composition import (
    READY,
    Child,
    Composition,
    Condition,
    Manifest,
    Observation,
    Readiness,
    Status,
    unstructured,
)
from function.preview.control_plane import ControlPlane
from tests.support.objects import REACHABLE

API_VERSION = "example.org/v1"
KINDS = {(API_VERSION, "App"), (API_VERSION, "Part")}

Composing = Callable[[Observation], Composition]


def app(name: str = "shop", namespace: str = "team", kind: str = "App", **spec: Any) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec or {"size": 1},
    }


def part(**spec: Any) -> Manifest:
    """A child that is a composite itself, without a name."""
    return {"apiVersion": API_VERSION, "kind": "Part", "spec": spec or {"size": 1}}


def config(name: str = "", **data: str) -> Manifest:
    meta = {"metadata": {"name": name}} if name else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", **meta, "data": data or {"key": "value"}}


def answer(
    children: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    ready: bool = True,
    conditions: Mapping[str, str] | None = None,
    **more: Any,
) -> Composition:
    """An answer with children that are ready, and with conditions given as type to reason."""
    return Composition(
        children={key: Child(dict(body), READY) for key, body in (children or {}).items()},
        ready=ready,
        conditions=tuple(Condition(kind, Status.TRUE, reason) for kind, reason in (conditions or {}).items()),
        **more,
    )


def unready(body: Mapping[str, Any], message: str) -> Child:
    return Child(dict(body), Readiness(ready=False, message=message))


def new_plane(composing: Composing, parts: Composing | None = None) -> ControlPlane:
    """A control plane whose Apps, and Parts if given, are composed by functions of the test."""

    def compose(observation: Observation) -> Composition:
        if observation.kind == "App":
            return composing(observation)
        return parts(observation) if parts else answer()

    return ControlPlane(compose, kinds=KINDS)


def settled(composing: Composing, parts: Composing | None = None, **spec: Any) -> ControlPlane:
    """A settled control plane with one App."""
    result = new_plane(composing, parts)
    result.apply([app(**spec)])
    result.settle()
    return result


def with_children(children: Mapping[str, Manifest], *applied: Manifest) -> ControlPlane:
    """A control plane with one App that composes these, and what else is applied: by default a reachable cluster."""
    plane = new_plane(lambda _: answer(children))
    plane.apply([app(), *(applied or REACHABLE)])
    return plane


def the_app(plane: ControlPlane, name: str = "shop") -> Manifest:
    found = plane.get(API_VERSION, "App", "team", name)
    assert found is not None
    return found


def names(plane: ControlPlane, kind: str = "ConfigMap") -> list[str]:
    """The names of the objects of a core kind."""
    return [unstructured.name_of(obj) for obj in plane.list("v1", kind)]


def conditions_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """An object's conditions, as type to status/reason."""
    return {c["type"]: f"{c['status']}/{c['reason']}" for c in obj.get("status", {}).get("conditions", [])}


def sync_message(obj: Mapping[str, Any]) -> str:
    """Why an object is synced or not."""
    return unstructured.text(unstructured.condition(obj, "Synced"), "message")
