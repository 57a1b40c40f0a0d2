"""What stands in for a program that the bed does not have: a thread that looks every second."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from function.composition import Manifest, Object, unstructured
from tests.e2e.bed.api import Api, ApiError
from tests.e2e.bed.progress_log import log_line

_SECONDS: Final = 1
_GONE: Final = 404
_CONFLICT: Final = 409


class StandIn:
    """A loop in a thread. What goes wrong in a step is written to a file and tried again."""

    def __init__(
        self, name: str, stands_for: str, step: Callable[[], None], folder: Path, end: Callable[[], None] = lambda: None
    ) -> None:
        self._name, self._stands_for, self._step, self._end = name, stands_for, step, end
        self._log = folder / f"stand-in-{name}.log"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start it, and say that it is one."""
        log_line(f"stand-in: {self._name} {self._stands_for}")
        self._thread.start()

    def stop(self) -> None:
        """Stop it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end()

    def _run(self) -> None:
        while not self._ended.wait(_SECONDS):
            try:
                self._step()
            except Exception:  # noqa: BLE001  # a stand-in goes on as a controller does
                with self._log.open("a") as log:
                    log.write(f"{now()}\n{traceback.format_exc()}\n")


def now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, status: str, reason: str, message: str = "", generation: int = 0) -> Manifest:
    """A condition without its time."""
    body: Manifest = {"type": kind, "status": status, "reason": reason, "message": message}
    return {**body, "observedGeneration": generation} if generation else body


def timed(conditions: Iterable[Object], before: Iterable[Mapping[str, Any]]) -> list[Manifest]:
    """Conditions with the times at which their status changed."""
    known = {item.get("type"): item for item in before}
    timed_conditions = []
    for item in conditions:
        old = known.get(item["type"], {})
        same = old.get("status") == item["status"]
        timed_conditions.append({**item, "lastTransitionTime": old["lastTransitionTime"] if same else now()})
    return timed_conditions


def set_status(api: Api, obj: Object, status: Object) -> None:
    """Merge into an object's status, unless it says so already."""
    if not _has(unstructured.mapping(obj, "status"), status):
        _unless_gone(api, obj, {"status": status}, "status")


def _has(found: Any, expected: Any) -> bool:
    """Tell whether a value has all of another one; a server adds fields of its own."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(key in found and _has(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(_has, found, expected))
    return bool(found == expected)


def set_finalizer(api: Api, obj: Object, finalizer: str, *, present: bool) -> None:
    """Put a finalizer on an object, or take it off."""
    meta = obj["metadata"]
    found = list(meta.get("finalizers", ()))
    if (finalizer in found) == present or (present and "deletionTimestamp" in meta):
        return
    finalizers = [*found, finalizer] if present else [item for item in found if item != finalizer]
    change = {"finalizers": finalizers or None, "resourceVersion": meta["resourceVersion"]}
    _unless_gone(api, obj, {"metadata": change})


def _unless_gone(api: Api, obj: Object, change: Object, subresource: str = "") -> None:
    """Change an object; what is gone or was changed by others is left for the next step."""
    try:
        api.patch(obj, change, subresource)
    except ApiError as error:
        if error.status not in {_GONE, _CONFLICT}:
            raise
