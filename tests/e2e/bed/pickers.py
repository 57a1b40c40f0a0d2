"""Stands in for the endpoint pickers of a cluster and for how a gateway asks them.

Each pool has one copy of a picker, started with the configuration that its ConfigMap has. It refuses what llm-d's
picker would refuse (`tests/support/picker_program.py`), and a request that cannot be asked about, since too many
are, is answered as Envoy does: with 500 and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias

from function.composition import Object, unstructured
from tests.support.picker_program import PickedPod, PickerConfigError, PickerProgram, PickerRefusalError

MOST_AT_ONCE: Final = 1024
"""Requests that one Envoy has under way with a cluster at once: more are its circuit breaker's to refuse."""

_CONFIG: Final = "epp-config.yaml"

Place: TypeAlias = tuple[str, str]
"""A pool by namespace and name."""


class Pickers:
    """The pickers of one inference cluster, asked by the one Envoy of its gateway."""

    def __init__(self, most_at_once: int = MOST_AT_ONCE) -> None:
        """Have no pool yet.

        Args:
            most_at_once: Requests that may be under way at once.
        """
        self._most, self._under_way = most_at_once, 0
        self._lock = threading.Lock()
        self._texts: dict[Place, str] = {}
        self._started: dict[Place, PickerProgram | str] = {}

    def follow(self, pools: Iterable[Object], config_maps: Iterable[Object]) -> None:
        """Start a picker anew wherever its configuration is another one, and end those without a pool.

        Args:
            pools: The cluster's InferencePools.
            config_maps: Its ConfigMaps; that of a picker is named like the picker's Service.
        """
        texts = {_place(item): unstructured.text(item, "data", _CONFIG) for item in config_maps}
        found = {_place(pool): texts.get(_picker_of(pool), "") for pool in pools}
        with self._lock:
            changed = {place: text for place, text in found.items() if self._texts.get(place) != text}
            kept = {place: program for place, program in self._started.items() if place in found}
            self._started = {**kept, **{place: _start(text) for place, text in changed.items()}}
            self._texts = found

    @contextmanager
    def picked(self, pool: Place, path: str, body: bytes, pods: Sequence[PickedPod]) -> Iterator[str]:
        """Pick the pod for a request, which is under way as long as the context lasts.

        Raises:
            PickerRefusalError: The request is not sent to any pod.
        """
        program, pod = self._ask(pool, path, body, pods)
        try:
            yield pod
        finally:
            with self._lock:
                self._under_way -= 1
                program.done(pod)

    def _ask(self, pool: Place, path: str, body: bytes, pods: Sequence[PickedPod]) -> tuple[PickerProgram, str]:
        with self._lock:
            if self._under_way >= self._most:
                raise PickerRefusalError(500, "")
            program = self._started.get(pool, "it has no picker")
            if isinstance(program, str):
                raise PickerRefusalError(500, program)
            pod = program.pick(path, body, pods)
            self._under_way += 1
            return program, pod


def _start(text: str) -> PickerProgram | str:
    """A picker, or why it ended at its start: the gateway sends nothing then, whatever `failureMode` says."""
    try:
        return PickerProgram(text)
    except PickerConfigError as error:
        return f"the picker did not start: {error}"


def _place(obj: Object) -> Place:
    return unstructured.namespace_of(obj), unstructured.name_of(obj)


def _picker_of(pool: Object) -> Place:
    return unstructured.namespace_of(pool), unstructured.text(pool, "spec", "endpointPickerRef", "name")
