"""What becomes of a field: it is changed in a world where it is set, and all answers are looked at."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, TypeAlias

from function.api import schema
from function.api.base import Kind, Model
from function.api.model_replica import ModelReplicaSpec
from function.composers import compose
from function.composition import Manifest, Observation, timestamps, unstructured
from function.fleet.stack.objects import GATEWAY, GATEWAY_CLASS
from function.inventory.nodes import with_counts
from function.preview.control_plane import ControlPlane
from tests.support.full_world import world
from tests.support.settled import observe

Path: TypeAlias = str
"""A field, as `spec.engines[].serving.port`; `{}` stands for the values of a map."""

Steps: TypeAlias = tuple[str | int, ...]
"""One value of a field in one object."""

UNSET: Any = object()
"""No value."""


def paths(model: type[Model]) -> dict[Path, schema.Schema]:
    """Every field of a spec that has a value of its own, with its schema."""
    return dict(_paths(schema.structural(model), "spec"))


def _paths(node: schema.Schema, path: Path) -> Iterator[tuple[Path, schema.Schema]]:
    if "properties" in node:
        for name, inner in node["properties"].items():
            yield from _paths(inner, f"{path}.{name}")
    elif "items" in node:
        yield from _paths(node["items"], f"{path}[]")
    elif "additionalProperties" in node:
        yield from _paths(node["additionalProperties"], f"{path}{{}}")
    else:
        yield path, node


def values(obj: Any, path: Path) -> list[Steps]:
    """Where an object has values of a field."""
    return list(_values(obj, path.replace("[]", ".[]").replace("{}", ".{}").split("."), ()))


def _values(obj: Any, names: list[str], steps: Steps) -> Iterator[Steps]:
    if not names:
        yield steps
        return
    name, *rest = names
    inner: Iterable[tuple[str | int, Any]] = ()
    if name == "[]":
        inner = enumerate(obj)
    elif name == "{}":
        inner = obj.items()
    elif name in obj:
        inner = ((name, obj[name]),)
    for step, value in inner:
        yield from _values(value, rest, (*steps, step))


def other(value: Any, node: schema.Schema) -> Any:
    """Another value of the same kind; none where there is only one."""
    if "enum" in node:
        return next((choice for choice in node["enum"] if choice != value), UNSET)
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value}2"


# ---------------------------------------------------------------------- answers


@dataclass(frozen=True, eq=False)
class Scene:
    """A call of a composer for which an object is read.

    Attributes:
        name: What is composed, for messages.
        seen: What the composer is given.
        requirement: Where the object is among what is required; empty when it is the composite itself.
        index: Its place there.
    """

    name: str
    seen: Observation
    requirement: str = ""
    index: int = 0

    @property
    def object(self) -> Mapping[str, Any]:
        """The object whose fields are looked at."""
        return self.seen.required[self.requirement][self.index] if self.requirement else self.seen.composite

    def changed(self, obj: Mapping[str, Any]) -> Observation:
        """The same call with another object in its place."""
        if not self.requirement:
            return replace(self.seen, composite=obj)
        found = list(self.seen.required[self.requirement])
        found[self.index] = obj
        return replace(self.seen, required={**self.seen.required, self.requirement: tuple(found)})


def outcome(seen: Observation) -> dict[str, Any]:
    """All that an answer says, by where it says it."""
    answer = compose(seen)
    assert not answer.fatal, answer.fatal
    found: dict[str, Any] = {}
    for key, child in answer.children.items():
        found |= _leaves(_pruned(child.manifest), f"children/{key}")
    found |= _leaves(answer.status, "status")
    for key, requirement in answer.requirements.items():
        found[f"requirements/{key}"] = str(requirement)
    for condition in answer.conditions:
        found[f"conditions/{condition.type}"] = f"{condition.status.value} {condition.reason}: {condition.message}"
    return {**found, "ttl": answer.ttl_seconds, "ready": answer.ready}


def _pruned(manifest: Manifest) -> Manifest:
    """A child as the API server stores it: a ModelReplica has the fields of its model and no others."""
    if manifest["kind"] != "ModelReplica":
        return manifest
    return {**manifest, "spec": ModelReplicaSpec.model_validate(manifest["spec"]).plain()}


def _leaves(value: Any, path: str) -> dict[str, Any]:
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    found = {where: leaf for key, item in inner for where, leaf in _leaves(item, f"{path}/{key}").items()}
    return found or {path: value}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What is said in one answer and not in the other, as the later one says it."""
    return {where: after.get(where) for where in before.keys() | after.keys() if before.get(where) != after.get(where)}


def arrives(name: str, value: Any, changed: Mapping[str, Any]) -> bool:
    """Tell whether a value is to be found in what changed: as it is, or as a part of a text.

    Many a boolean changes with any other field, so one has to be found under the name of its own field.
    """
    leaves = {
        where: leaf for where, leaf in changed.items() if where.startswith(("children/", "status/", "requirements/"))
    }
    if isinstance(value, bool):
        return any(leaf is value and where.endswith(f"/{name}") for where, leaf in leaves.items())
    return value is not UNSET and any(_holds(leaf, value) for leaf in leaves.values())


def _holds(leaf: Any, value: Any) -> bool:
    """Find a text anywhere in another, and a number as a word of its own: any name with a hash has digits."""
    if isinstance(leaf, str):
        return value in leaf if isinstance(value, str) else re.search(rf"(?<!\w){value}(?!\w)", leaf) is not None
    return type(leaf) is type(value) and bool(leaf == value)


# ---------------------------------------------------------------------- the world


@cache
def scenes() -> dict[str, list[Scene]]:
    """Every call in which objects of a kind are read, by kind."""
    plane = ControlPlane()
    plane.apply(world())
    plane.settle()
    found: dict[str, list[Scene]] = {}
    for composite in plane.composites:
        seen = observe(plane, composite)
        for call in _calls(seen):
            name = f"{seen.kind} {seen.name}"
            found.setdefault(seen.kind, []).append(Scene(name, call))
            for key, objects in call.required.items():
                for index, obj in enumerate(objects):
                    kind = unstructured.text(obj, "kind")
                    if kind != "ModelReplica":
                        found.setdefault(kind, []).append(Scene(name, call, key, index))
    return found


def _calls(seen: Observation) -> list[Observation]:
    """A composite as it was before there was anything of it, and as it has settled."""
    bare = {key: value for key, value in seen.composite.items() if key != "status"}
    nothing = dict.fromkeys(_ITS_OWN.get(seen.kind, ()), ())
    fresh = replace(seen, composite=bare, children={}, required={**seen.required, **nothing})
    more = _rollouts(seen) if seen.name == "rolling" else []
    return [fresh, *_halfway(seen), seen, *more]


_ITS_OWN = {"ModelDeployment": ("replicas", "endpoints"), "ModelReplica": ("remains", "pods")}
"""Requirements that find what a composite has itself, and that find nothing before it has."""


def _halfway(seen: Observation) -> list[Observation]:
    """A stack whose parts are there and whose gateway is not yet: what has no change later is decided then."""
    parts = {key: child for key, child in seen.children.items() if key not in {GATEWAY, GATEWAY_CLASS}}
    return [replace(seen, children=parts)] if seen.kind == "ServingStack" else []


def _rollouts(seen: Observation) -> list[Observation]:
    """A deployment that runs something new, with room for it and without; and one whose replicas never serve."""
    engines = unstructured.plain(seen.spec["engines"])
    engines[0]["members"][0]["template"]["spec"]["containers"][0]["image"] = "new"
    new = replace(seen, composite=_with(seen.composite, ("spec", "engines"), engines))
    own = {key: child for key, child in seen.children.items() if key.startswith("replica-")}
    full = tuple(_with_no_room(cluster, own.values()) for cluster in seen.required["clusters"])
    idle = {key: {**child, "status": {}} for key, child in own.items()}
    created = max(unstructured.text(child, "metadata", "creationTimestamp") for child in own.values())
    deadline = timedelta(seconds=seen.spec["rollout"]["progressDeadlineSeconds"])
    late, settled = (timestamps.time_of(created) or seen.now) + deadline, seen.now + timedelta(hours=1)
    return [
        new,
        replace(new, now=settled, required={**seen.required, "clusters": full, "replicas": tuple(own.values())}),
        replace(seen, now=late, children=idle, required={**seen.required, "replicas": (), "endpoints": ()}),
    ]


def _with_no_room(cluster: Mapping[str, Any], replicas: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A cluster whose pools have only the nodes that these replicas take."""
    counted = with_counts(map(dict, unstructured.items(cluster, "status", "gpuPools")), replicas)
    pools = [{**pool, "nodes": pool["committedNodes"]} for pool in counted]
    return {**cluster, "status": {**cluster.get("status", {}), "gpuPools": pools}}


def lost(kind: Kind, ends: Mapping[str, str], others: Mapping[str, Any]) -> list[str]:
    """What of a kind's fields gets lost, one sentence for each.

    Args:
        kind: The kind.
        ends: Where a field ends whose value is not to be found in an answer: by pattern of kind and field, a pattern
            of what must change when it is changed; empty for a field that has no effect.
        others: Values to change fields to, where just any would be refused.
    """
    problems = {path: _lost(kind.kind, path, node, ends, others) for path, node in paths(kind.spec).items()}
    return [f"{kind.kind} {path} {problem}" for path, problem in problems.items() if problem]


def _lost(kind: str, path: Path, node: schema.Schema, ends: Mapping[str, str], others: Mapping[str, Any]) -> str:
    field = f"{kind} {path}"
    places = [(scene, steps) for scene in scenes().get(kind, []) for steps in values(scene.object, path)]
    if not places:
        return "is set nowhere: set it in tests/support/full_world.py"
    end = next((end for pattern, end in ends.items() if fnmatchcase(field, literal(pattern))), None)
    told: set[str] = set()
    for scene, steps in places:
        obj = unstructured.plain(scene.object)
        value = others.get(field, other(unstructured.dig(obj, *steps), node))
        changed = differences(_before(scene), outcome(scene.changed(_with(obj, steps, value))))
        if end and any(fnmatchcase(where, end) for where in changed):
            return ""
        if end is None and arrives(path.rpartition(".")[2], value, changed):
            return ""
        told |= changed.keys()
    if end == "":
        return f"is said to have no effect, and changes {_few(told)}: say in ENDS where it ends" if told else ""
    if end:
        return f"is to change {end} and does not; it changes {_few(told)}"
    return (
        f"is lost: another value is nowhere in what is composed, and changes {_few(told)}. Copy it to where it "
        "belongs; if it ends in behaviour and not in text, say in ENDS of tests/test_every_field.py what it changes"
    )


def literal(pattern: str) -> str:
    """A pattern in which brackets mean themselves."""
    return pattern.replace("[", "[[]")


def _few(places: Iterable[str]) -> str:
    told = sorted(place for place in places if not place.endswith(("/apiVersion", "/kind", "/namespace")))
    return ", ".join(told[:5]) or "nothing"


@cache
def _before(scene: Scene) -> dict[str, Any]:
    return outcome(scene.seen)


def _with(obj: Any, steps: Steps, value: Any) -> Any:
    """A copy with another value in one place; without it when that is `UNSET`."""
    if not steps:
        return value
    first, *rest = steps
    copied: Any = dict(obj) if isinstance(obj, Mapping) else list(obj)
    copied[first] = _with(copied[first], tuple(rest), value)
    if copied[first] is UNSET:
        del copied[first]
    return copied
