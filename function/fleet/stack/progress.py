"""How far the installation of a serving stack has come.

Order holds for first creation only. A part that is observed stays composed, whatever became of
what it waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from function.api.serving_stack import Component, ServingStackSpec
from function.composition import Draft, objects, readiness, releases, unstructured
from function.fleet.stack.objects import GATEWAY_CLASS, PROXY
from function.fleet.stack.parts import Part
from function.fleet.stack.promises import Promise, lack


@dataclass(frozen=True, slots=True)
class InstallProgress:
    """How far the stack has come.

    Attributes:
        draft: The answer, for what is observed.
        expected: The parts that belong on the cluster, in order.
        handed_over: Parts that are there although the user says that the cluster has them already.
        left_out: Components that no node pool needs, and that this stack has not installed.
        reachable: Whether both provider configs are there.
    """

    draft: Draft
    expected: tuple[Part, ...]
    handed_over: tuple[Part, ...]
    left_out: tuple[Component, ...]
    reachable: bool

    def may_compose(self, part: Part) -> bool:
        """Tell whether a part belongs on the cluster and its turn has come, or came before."""
        if part not in self.expected:
            return False
        return self.draft.observed(part.key) is not None or (self.reachable and not self._missing(part))

    def is_complete(self, *, before: bool) -> bool:
        """Tell whether every part is observed ready; where some do not say, it is as it was before.

        A part that is being changed says nothing of what runs.
        """
        return readiness.agreed(map(self._serves, self.expected), before=before)

    @property
    def changing(self) -> dict[str, datetime]:
        """The parts that are not ready only because they are being changed, by key, and until when that counts."""
        changing = {part.key: self._changing_until(part) for part in self.expected}
        return {key: until for key, until in changing.items() if until is not None}

    @property
    def failed(self) -> tuple[Part, ...]:
        """The parts that could not be installed or changed."""
        return tuple(part for part in self.expected if self._failure(part))

    def summary(self) -> str:
        """Count the parts that are ready; name what is missing, or the first that failed or whose turn it is."""
        unready = [part for part in self.expected if not self._is_ready(part)]
        counted = f"{len(self.expected) - len(unready)} of {len(self.expected)} parts are ready"
        missing = "; ".join(self.missing.values())
        first = missing or self._first(unready)
        told = (counted, first, self._left_alone(), self._own_proxy(), self._left_out())
        return "; ".join(filter(None, told))

    @property
    def missing(self) -> dict[str, str]:
        """What the user says that the cluster has, and is not there as it is needed, by key of the part."""
        found = {part.key: lack(part, self.draft.observed(part.key)) for part in self.expected}
        return {key: text for key, text in found.items() if text}

    def _first(self, unready: Sequence[Part]) -> str:
        if not unready:
            return ""
        first = next((part for part in (*self.failed, *unready) if self.may_compose(part)), None)
        if first is None:
            return "the provider configs are not created yet"
        why = readiness.of(self.draft.observed(first.key)).message or "it does not say whether it is ready"
        more = self._failure(first) or ("it is being changed" if self._changing_until(first) else "")
        others = f" (and {len(unready) - 1} more)" if len(unready) > 1 else ""
        return ", ".join(filter(None, (f"{first.key}: {why}", more))) + others

    def _is_ready(self, part: Part) -> bool:
        observed = self.draft.observed(part.key)
        return lack(part, observed) == "" if isinstance(part, Promise) else readiness.serves(observed) is True

    def _serves(self, part: Part) -> bool | None:
        """Tell whether a part serves; None when that is not known, as of a promise that cannot be looked for."""
        if isinstance(part, Promise):
            missing = lack(part, self.draft.observed(part.key))
            return None if missing is None else not missing
        observed = self.draft.observed(part.key)
        if self._changing_until(part) or (part.refines and observed is None):
            return None
        return readiness.serves(observed)

    def _changing_until(self, part: Part) -> datetime | None:
        return releases.changing_until(self.draft.observed(part.key), self.draft.observation.now)

    def _failure(self, part: Part) -> str:
        return releases.failure(self.draft.observed(part.key), self.draft.observation.now)

    def _left_alone(self) -> str:
        if not self.handed_over:
            return ""
        keys = ", ".join(part.key for part in self.handed_over)
        return f"installed by this stack and now listed in spec.installed, so left as it is: {keys}"

    def _own_proxy(self) -> str:
        """Say that the Envoys are as the user's GatewayClass has them."""
        found, proxy = objects.remote(self.draft.observed(GATEWAY_CLASS)), objects.desired(self.draft.observed(PROXY))
        parameters = {"metadata": unstructured.mapping(found, "spec", "parametersRef")}
        theirs, ours = map(unstructured.name_of, (parameters, proxy))
        same = theirs == ours and unstructured.namespace_of(parameters) == unstructured.namespace_of(proxy)
        if not theirs or not ours or same:
            return ""
        where = f"EnvoyProxy {unstructured.namespace_of(parameters)}/{theirs}"
        return f"GatewayClass {unstructured.name_of(found)} has its Envoys as {where} says, not as this stack does"

    def _left_out(self) -> str:
        return f"needed by no node pool: {', '.join(self.left_out)}" if self.left_out else ""

    def _missing(self, part: Part) -> bool:
        expected = {other.key for other in self.expected}
        return any(key in expected and not readiness.of(self.draft.observed(key)).ready for key in part.after)


def progress(draft: Draft, parts: Sequence[Part], spec: ServingStackSpec, *, reachable: bool) -> InstallProgress:
    """Look at how far the stack has come.

    What the cluster has already is left alone, never waited for, and looked for. What no node pool needs is neither
    installed nor looked for; where this stack has installed a part of it, it goes on as if it were needed.

    Args:
        draft: The answer.
        parts: All parts.
        spec: The stack's spec: what the cluster has already, and what it does not need.
        reachable: Whether both provider configs are there.
    """
    composed = [part for part in parts if not isinstance(part, Promise)]
    there = tuple(part for part in composed if draft.observed(part.key) is not None)
    left_out = tuple(name for name in spec.unneeded if all(part.component != name for part in there))

    def belongs(part: Part) -> bool:
        if isinstance(part, Promise):
            return part.component in spec.installed and part.component not in spec.unneeded
        return part.component not in (*spec.installed, *left_out)

    expected = tuple(filter(belongs, parts))
    handed_over = tuple(part for part in there if part not in expected)
    return InstallProgress(draft, expected, handed_over, left_out, reachable)
