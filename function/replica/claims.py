"""ResourceClaimTemplates: how the pods of an engine claim their devices."""

from __future__ import annotations

from function.api.devices import ResolvedDeviceRequest
from function.api.engines import PlacedEngine, PlacedMember
from function.composition import Manifest
from function.replica.identity import ReplicaIdentity, claim_template_name


def claim_template(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember) -> Manifest:
    """Build the claim template of a member's pods."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {
            "name": claim_template_name(replica, engine.name, member.role),
            "namespace": replica.namespace,
        },
        "spec": {"spec": {"devices": _devices(member)}},
    }


def _devices(member: PlacedMember) -> Manifest:
    devices: Manifest = {"requests": [_request(request) for request in member.device_requests]}
    constraints = [constraint.plain() for constraint in member.device_constraints]
    return {**devices, "constraints": constraints} if constraints else devices


def _request(request: ResolvedDeviceRequest) -> Manifest:
    exactly: Manifest = {"deviceClassName": request.device_class_name, "count": request.count}
    selectors = [{"cel": {"expression": selector.cel}} for selector in request.selectors if selector.cel]
    if selectors:
        exactly["selectors"] = selectors
    return {"name": request.name, "exactly": exactly}
