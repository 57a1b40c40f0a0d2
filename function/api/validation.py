"""Admission, offline: what the API server would say to a manifest, before there is an API server.

Schemas, defaults and rules are the very ones that the definitions carry, so that an answer here is
the API server's answer, in friendlier words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.api import patterns
from function.api.base import Kind
from function.api.kinds import GROUPS, KINDS, by_kind
from function.api.pods import left_out
from function.api.rules import absent, broken
from function.api.schema import Schema, of_kind
from function.api.structure import Problem, child, completed, problems, pruned, suggestion

_METADATA: Final = (
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
_TOP: Final = ("apiVersion", "kind", "metadata", "spec", "status")
_NAME_LENGTH: Final = 63
_NAME: Final = re.compile(patterns.DNS_SUBDOMAIN[:-1] + r"\Z")

_CROSSPLANES: Final = (("spec", "crossplane"), ("status", "conditions"))
"""Fields that Crossplane adds to every kind, with schemas of its own."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A manifest as it would be stored, and why it would not be.

    Attributes:
        object: The object with defaults filled in, and without what is unknown.
        problems: Why it is refused; empty when it is admitted.
        source: Where the manifest came from, such as the name of a file.
    """

    object: dict[str, Any]
    problems: tuple[Problem, ...]
    source: str = ""

    def lines(self) -> list[str]:
        """Say each problem in a line: where from, which object, which field, what."""
        metadata = self.object.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        subject = f"{self.object.get('kind') or 'object'}/{name or '?'}"
        return [": ".join(filter(None, (self.source, subject, str(problem)))) for problem in self.problems]


def admit(manifest: Mapping[str, Any], source: str = "") -> Admitted:
    """Judge a manifest as if it were created.

    A manifest of a group that is not ours is admitted as it is.

    Args:
        manifest: The object.
        source: Where it came from, such as the name of a file.
    """
    return _judge(manifest, None, source)


def admit_update(old: Mapping[str, Any], new: Mapping[str, Any], source: str = "") -> Admitted:
    """Judge a manifest as if it took the place of another, which was admitted."""
    return _judge(new, old, source)


def _judge(new: Mapping[str, Any], old: Mapping[str, Any] | None, source: str) -> Admitted:
    api_version, name = new.get("apiVersion"), new.get("kind")
    if not isinstance(api_version, str) or api_version.split("/")[0] not in GROUPS:
        return Admitted(dict(new), (), source)
    kind = by_kind(api_version, name) if isinstance(name, str) else None
    if kind is None:
        return Admitted(dict(new), (_unknown_kind(api_version, name),), source)
    schema = of_kind(kind)
    stored, kept = _without_crossplane(completed(new, schema))
    refusals = list(_identity(stored))
    refusals += _body(stored, schema, kind)
    stored = _without_unknown(stored, schema)
    former = _without_unknown(_without_crossplane(completed(old, schema))[0], schema) if old is not None else absent()
    doubtful = [problem.path for problem in refusals if problem.fatal]
    refusals += broken(_visible_to_rules(stored, schema), _visible_to_rules(former, schema), schema, "", doubtful)
    return Admitted(_merged(stored, kept), tuple(refusals), source)


def _unknown_kind(api_version: str, name: object) -> Problem:
    versions = {kind.kind: kind.api_version for kind in KINDS}
    if isinstance(name, str) and name in versions:
        return Problem("apiVersion", f'{name} is served as {versions[name]}, not "{api_version}"')
    if not isinstance(name, str) or not name:
        return Problem("kind", "is required")
    here = [kind.kind for kind in KINDS if kind.api_version == api_version] or list(versions)
    hint = suggestion(name, here)
    known = "" if hint.startswith("known") else f" Known kinds: {', '.join(sorted(here))}."
    return Problem("kind", f'"{name}" is no kind of {api_version}; {hint}{known}')


def _identity(stored: dict[str, Any]) -> Iterator[Problem]:
    """Judge metadata: the name, and that no field is misspelt."""
    metadata = stored.get("metadata")
    if not isinstance(metadata, dict):
        yield Problem("metadata.name", "is required")
        return
    for key in metadata:
        if key not in _METADATA:
            yield Problem(child("metadata", key), f"unknown field; {suggestion(key, _METADATA)}", fatal=False)
    name = metadata.get("name")
    if name is None and metadata.get("generateName"):
        return
    if not name:
        yield Problem("metadata.name", "is required")
    elif not isinstance(name, str):
        yield Problem("metadata.name", f"must be a string, not {name!r}")
    elif len(name) > _NAME_LENGTH:
        yield Problem("metadata.name", f"must have at most {_NAME_LENGTH} characters, has {len(name)}")
    elif not _NAME.match(name):
        yield Problem("metadata.name", f'must be {patterns.MEANINGS[patterns.DNS_SUBDOMAIN]}, not "{name}"')


def _body(stored: dict[str, Any], schema: Schema, kind: Kind) -> Iterator[Problem]:
    """Judge the fields beside apiVersion, kind and metadata."""
    body = {key: value for key, value in stored.items() if key not in {"apiVersion", "kind", "metadata"}}
    if kind.status is None:
        body.pop("status", None)
    for problem in problems(body, schema, ""):
        if not problem.fatal and (reason := left_out.reason_for(problem.path)):
            yield Problem(problem.path, f"unknown field, which pods of Modelplane do not have: {reason}", fatal=False)
        elif problem.path in body and problem.path not in _TOP:
            yield Problem(problem.path, f"unknown field; {_misplaced(problem.path, schema)}", fatal=False)
        else:
            yield problem


def _misplaced(key: str, schema: Schema) -> str:
    """Say where a field that stands beside spec belongs."""
    if key in schema["properties"]["spec"].get("properties", {}):
        return f'did you mean "spec.{key}"?'
    return suggestion(key, _TOP)


def _without_unknown(stored: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Drop unknown fields, of metadata too."""
    kept = {key: stored[key] for key in ("apiVersion", "kind", "metadata") if key in stored}
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = {key: value for key, value in kept["metadata"].items() if key in _METADATA}
    status = {"status": stored["status"]} if "status" in stored and "status" not in schema["properties"] else {}
    return {**kept, **pruned(stored, schema), **status}


def _visible_to_rules(stored: Any, schema: Schema) -> Any:
    """Leave of an object what rules may read: what the schema knows and, of metadata, only the name."""
    if not isinstance(stored, dict):
        return stored
    metadata = stored.get("metadata")
    named = {"name": metadata["name"]} if isinstance(metadata, dict) and isinstance(metadata.get("name"), str) else {}
    known = {key: value for key, value in stored.items() if key in {"apiVersion", "kind", *schema["properties"]}}
    return {**known, "metadata": named}


def _without_crossplane(stored: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Set aside the fields that Crossplane adds to every kind."""
    rest, set_aside = dict(stored), {}
    for top, key in _CROSSPLANES:
        holder = rest.get(top)
        if isinstance(holder, dict) and key in holder:
            set_aside[top] = {key: holder[key]}
            rest[top] = {name: value for name, value in holder.items() if name != key}
    return rest, set_aside


def _merged(stored: dict[str, Any], set_aside: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {**stored, **{top: {**stored.get(top, {}), **fields} for top, fields in set_aside.items()}}
