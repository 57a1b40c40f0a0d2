"""Admission of our own kinds: defaults filled in, and what the schemas refuse refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from function.api import validation
from function.composition import Manifest, Object
from function.preview.errors import InvalidObjectError
from function.preview.kinds import ref_of


def admit(obj: Manifest, old: Object | None) -> Manifest:
    """Fill in the defaults of an object that is created, or that takes the place of an old one.

    Kinds that are not ours are taken as they are.

    Raises:
        InvalidObjectError: When the kind's schema or rules refuse it.
    """
    verdict = validation.admit(obj) if old is None else validation.admit_update(old, obj)
    if verdict.problems:
        raise InvalidObjectError(ref_of(obj), map(str, verdict.problems))
    return verdict.object


def status_problems(obj: Object, status: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what a kind's schema refuses in a status that its composer publishes. Nulls count."""
    found = [f"{path}: must not be null" for path in _nulls(status, "status")]
    verdict = validation.admit({**obj, "status": dict(status)})
    return (*found, *(str(problem) for problem in verdict.problems if problem.path.startswith("status")))


def _nulls(value: Any, path: str) -> list[str]:
    if value is None:
        return [path]
    if isinstance(value, Mapping):
        return [found for key, item in value.items() for found in _nulls(item, f"{path}.{key}")]
    if isinstance(value, list | tuple):
        return [found for position, item in enumerate(value) for found in _nulls(item, f"{path}[{position}]")]
    return []
