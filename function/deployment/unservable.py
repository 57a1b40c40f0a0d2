"""What could serve in no pool, by a deployment's spec and what it claims: said before anything is placed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from function.api.engines import Picker
from function.api.model_replica import ModelReplicaSpec
from function.composition import InvalidSpecError
from function.deployment.desired_state import DesiredState
from function.inventory.pod_requests import extended_resources
from function.inventory.pools import ObservedPool
from function.replica.backend import choose_picker, read_backend
from function.replica.identity import ReplicaIdentity
from function.replica.pods import conflicts
from function.replica.topologies import registry
from function.scheduling import HoldReason, claimed_devices

_HOLDS: Final = {
    "InvalidPort": HoldReason.INVALID_PORT,
    "InvalidScheme": HoldReason.INVALID_SCHEME,
    "InvalidTransfer": HoldReason.INVALID_TRANSFER,
}
"""The hold for each reason for which a new replica would be refused by what is known of its engines."""


def with_refusal(desired: DesiredState, fleet: Mapping[str, Iterable[ObservedPool]]) -> DesiredState:
    """Hold what could serve in no pool: nothing new is placed, and what there is stays.

    Its pods cannot be joined with what serving needs, or no request could be answered by its engines.

    Args:
        desired: What the deployment asks for.
        fleet: The node pools of each cluster, by name.
    """
    if desired.request.hold_reason is not None:
        return desired
    try:
        hold, clashes = _refuse(desired, fleet)
    except InvalidSpecError:
        return desired
    return replace(desired, clashes=clashes, request=replace(desired.request, hold_reason=hold))


def _refuse(
    desired: DesiredState, fleet: Mapping[str, Iterable[ObservedPool]]
) -> tuple[HoldReason | None, tuple[str, ...]]:
    """Say why a replica would be refused, in whichever pool: by the checks that it makes itself."""
    spec = _unplaced(desired)
    identity = ReplicaIdentity(desired.namespace, desired.name, desired.name, desired.cache_name)
    if clashes := conflicts(identity, spec.engines, _claimable(desired, fleet)):
        return HoldReason.POD_CONFLICT, tuple(clashes)
    registry.validate(spec)
    backend = read_backend(spec, picker=choose_picker(spec.serving, spec.engines) is Picker.ENABLED)
    refusal = backend.refusal_when_new
    return (_HOLDS[refusal.reason], (refusal.message,)) if refusal else (None, ())


def _claimable(desired: DesiredState, fleet: Mapping[str, Iterable[ObservedPool]]) -> frozenset[str]:
    """DeviceClasses and drivers of what pods can claim anywhere in the fleet; where it matters, since it takes long."""
    members = (member for engine in desired.workload.engines for member in engine.members)
    if not any(extended_resources(member.template.spec) for member in members):
        return frozenset()
    # Equal lists of devices are one object.
    kinds = {id(pool.devices): pool.devices for name in sorted(fleet) for pool in fleet[name]}
    return frozenset().union(*claimed_devices(desired.request, kinds.values()).values())


def _unplaced(desired: DesiredState) -> ModelReplicaSpec:
    """What a replica would have in its spec, on no cluster and in no pool yet."""
    engines = [engine.plain() for engine in desired.workload.engines]
    for engine in engines:
        engine["members"] = [{**member, "nodePoolName": ""} for member in engine["members"]]
    serving = desired.workload.serving.plain()
    return ModelReplicaSpec.model_validate({"clusterName": "", "serving": serving, "engines": engines})
