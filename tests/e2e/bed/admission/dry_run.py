"""Dry runs: an API server is asked what it would do, and does not do it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from function.composition import Manifest, Object, unstructured
from tests.e2e.bed.admission.case import Case
from tests.e2e.bed.api import APPLY, MERGE, Api, ApiError

NAMESPACE: Final = "admission"
"""Where the objects are that have to exist for a while; they are paused, so nothing is composed."""

_PAUSED: Final = {"crossplane.io/paused": "true"}
_INVALID: Final = re.compile(r'^\S+ "[^"]*" is invalid: ')
_UNREADABLE: Final = re.compile(r"^(.* strict decoding error|failed to create typed patch object \([^)]*\)): ")
_NOT_ALL: Final = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_FILLING: Final = re.compile(r"[\[\], ]*")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an API server answers.

    Attributes:
        stored: The object as it would be stored; None when it is refused.
        message: Why it is refused, without the introduction that names the object.
    """

    stored: Manifest | None
    message: str = ""

    def unexpected(self, problems: tuple[str, ...]) -> str:
        """Tell how the verdict differs from what was expected; empty when it does not.

        Args:
            problems: Every problem that has to be named; none when the object has to be accepted.
        """
        if not problems:
            return "" if self.stored is not None else f"is refused: {self.message}"
        if self.stored is not None:
            return f"is accepted, and not refused with: {'; '.join(problems)}"
        remaining = self.message.replace(_NOT_ALL, "")
        for problem in problems:
            if problem not in remaining:
                return f"is refused, but not with: {problem}\n      the server says: {self.message}"
            remaining = remaining.replace(problem, "", 1)
        if _FILLING.fullmatch(remaining):
            return ""
        return f"is refused for more than was expected: {remaining}"


@dataclass(frozen=True, slots=True)
class DryRun:
    """Asks an API server.

    Attributes:
        api: The server.
    """

    api: Api

    def ask_case(self, case: Case) -> Verdict:
        """Ask what a case asks."""
        if case.old is None:
            return self.create(case.obj, lenient=case.lenient)
        with self.existing(case.old) as old:
            obj = {**case.obj, "metadata": old["metadata"]}
            return self.write_status(obj) if case.question == "status" else self.apply(obj)

    def create(self, obj: Object, *, lenient: bool = False) -> Verdict:
        """Ask to create an object."""
        namespace = unstructured.namespace_of(obj)
        path = self.api.path(unstructured.text(obj, "apiVersion"), unstructured.text(obj, "kind"), namespace)
        return self._ask("POST", path, obj, "application/json", "Ignore" if lenient else "Strict")

    def apply(self, obj: Object) -> Verdict:
        """Ask to apply an object on the server's side."""
        return self._ask("PATCH", self.api.path_of(obj), obj, APPLY)

    def write_status(self, obj: Object) -> Verdict:
        """Ask to apply an object's status, as Crossplane does."""
        bare = {key: value for key, value in obj.items() if key != "spec"}
        return self._ask("PATCH", f"{self.api.path_of(obj)}/status", bare, APPLY)

    def scale(self, obj: Object, replicas: int) -> Verdict:
        """Ask to scale an object."""
        return self._ask("PATCH", f"{self.api.path_of(obj)}/scale", {"spec": {"replicas": replicas}}, MERGE)

    @contextmanager
    def existing(self, obj: Object) -> Iterator[Manifest]:
        """Have an object for a while, paused; namespaced ones in a namespace of their own."""
        paused = {**obj, "metadata": {**_moved(obj), "annotations": _PAUSED}}
        self.api.apply(paused)
        try:
            yield paused
        finally:
            self.api.delete(paused)

    def _ask(self, method: str, path: str, body: Object, content_type: str, validation: str = "Strict") -> Verdict:
        query = {"dryRun": "All", "fieldValidation": validation, "fieldManager": "bed"}
        force = {"force": "true"} if content_type == APPLY else {}
        try:
            stored: Manifest = self.api.call(method, f"{path}?{urlencode({**query, **force})}", body, content_type)
        except ApiError as error:
            message = str(error).partition(f": {error.status} ")[2]
            return Verdict(None, _UNREADABLE.sub("", _INVALID.sub("", message)))
        return Verdict(stored)


def _moved(obj: Object) -> Manifest:
    metadata = dict(unstructured.mapping(obj, "metadata"))
    return {**metadata, "namespace": NAMESPACE} if "namespace" in metadata else metadata
