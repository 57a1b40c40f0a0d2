"""Which composer answers for which kind, and what happens when one fails."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from function.composition import (
    Composer,
    Composition,
    Condition,
    Draft,
    HoldUnsafeError,
    InvalidSpecError,
    Observation,
    Status,
    unstructured,
)
from function.composition.conditions import DEADLINE_EXCEEDED, HELD, observed_condition
from function.deadline import CallEndedError
from function.deployment import model_deployment
from function.fleet import inference_class, inference_cluster
from function.fleet.stack import serving_stack
from function.replica import model_replica
from function.routing import inference_gateway, model_endpoint, model_service

_LOG = logging.getLogger(__name__)

_FAILED = "InternalError"
_NOT_CARRIED = frozenset({"", HELD, "Ready", "Synced", "Responsive", "Healthy"})
"""Types that are not carried over: `Held` is set anew, and Crossplane sets the others itself."""

COMPOSERS: Mapping[tuple[str, str], Composer] = {
    (composer.api_version, composer.kind): composer
    for composer in (
        inference_class.COMPOSER,
        inference_cluster.COMPOSER,
        inference_gateway.COMPOSER,
        model_deployment.COMPOSER,
        model_endpoint.COMPOSER,
        model_replica.COMPOSER,
        model_service.COMPOSER,
        serving_stack.COMPOSER,
    )
}
"""Every kind that this version composes, by apiVersion and kind."""


def compose(observation: Observation) -> Composition:
    """Answer an observation with the composer of its kind.

    Never raises. A spec that cannot be read is answered with a hold. A failure, an unknown
    kind, a child that cannot be kept safely, and a call whose time is up are answered with a
    fatal composition, which leaves children, status and Ready untouched.
    """
    key = (observation.api_version, observation.kind)
    composer = COMPOSERS.get(key)
    if composer is None:
        known = ", ".join(sorted(kind for _, kind in COMPOSERS))
        return _fatal(
            observation,
            _FAILED,
            f"{' '.join(filter(None, key)) or 'no kind'} is not composed here; known are {known}",
        )
    return answer(composer, observation)


def answer(composer: Composer, observation: Observation) -> Composition:
    """Answer an observation with one composer; see `compose`."""
    try:
        try:
            return composer.compose(Draft(observation, composer.vocabulary))
        except InvalidSpecError as error:
            return Draft(observation, composer.vocabulary).hold("InvalidSpec", str(error))
    except HoldUnsafeError as error:
        return _fatal(observation, _FAILED, f"{error}; nothing is changed until that is repaired")
    except CallEndedError as error:
        return ended(observation, error)
    except Exception as error:  # noqa: BLE001  # a bug in a composer must not affect what runs
        _LOG.exception("composing %s %s/%s failed", observation.kind, observation.namespace, observation.name)
        return _fatal(observation, _FAILED, f"composing {observation.kind} failed: {type(error).__name__}: {error}")


def ended(observation: Observation, error: CallEndedError) -> Composition:
    """Answer a call that ended before its answer was made."""
    return _fatal(observation, DEADLINE_EXCEEDED, f"{error}; nothing is changed, and it is tried again")


def _fatal(observation: Observation, reason: str, message: str) -> Composition:
    """Stop the reconcile. Crossplane sets conditions that are left out to Unknown, so all are carried over."""
    held = Condition(HELD, Status.TRUE, reason, message)
    return Composition(conditions=(*_observed_conditions(observation), held), fatal=message)


def _observed_conditions(observation: Observation) -> list[Condition]:
    """Read the observed conditions that are ours to set, as far as they are valid."""
    conditions: dict[str, Condition] = {}
    for observed in unstructured.items(observation.composite, "status", "conditions"):
        condition = observed_condition(observed)
        if condition is not None and condition.type not in _NOT_CARRIED:
            conditions.setdefault(condition.type, condition)
    return [conditions[kind] for kind in sorted(conditions)]
