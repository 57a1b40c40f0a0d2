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
    manifest,
)
from function.composition.conditions import HELD
from function.fleet import inference_class, inference_cluster, serving_stack
from function.routing import inference_gateway, model_endpoint, model_service
from function.serving import model_deployment, model_replica

_LOG = logging.getLogger(__name__)

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
    kind, and a child that cannot be kept safely are answered with a fatal composition, which
    leaves children, status and Ready untouched.
    """
    key = (observation.api_version, observation.kind)
    composer = COMPOSERS.get(key)
    if composer is None:
        known = ", ".join(sorted(kind for _, kind in COMPOSERS))
        return _fatal(
            observation, f"{' '.join(filter(None, key)) or 'no kind'} is not composed here; known are {known}"
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
        return _fatal(observation, f"{error}; nothing is changed until that is repaired")
    except Exception as error:  # noqa: BLE001  # whatever a composer did wrong must not touch what runs
        _LOG.exception("composing %s %s/%s failed", observation.kind, observation.namespace, observation.name)
        return _fatal(observation, f"composing {observation.kind} failed: {type(error).__name__}: {error}")


def _fatal(observation: Observation, message: str) -> Composition:
    """Stop the reconcile. Crossplane sets conditions that are left out to Unknown, so all are repeated."""
    repeated = [
        Condition(
            manifest.text(seen, "type"),
            Status(seen["status"]),
            manifest.text(seen, "reason"),
            manifest.text(seen, "message"),
        )
        for seen in manifest.items(observation.composite, "status", "conditions")
        if seen.get("status") in {status.value for status in Status}
        and manifest.text(seen, "type") not in {"", HELD, "Ready", "Synced", "Responsive", "Healthy"}
    ]
    held = Condition(HELD, Status.TRUE, "InternalError", message)
    return Composition(conditions=(*sorted(repeated, key=lambda c: c.type), held), fatal=message)
