"""Which revision a replica runs.

A replica carries the name of its revision as a label. One without it, made before there were
revisions, runs the current one if its spec says what a new replica's would, in every field that the
models of both share. What placing alone decides (pools, device classes, the share of a node) is not
compared.
"""

from __future__ import annotations

from pydantic import ValidationError

from function.api.base import Model
from function.api.devices import DeviceRequest, ResolvedDeviceRequest
from function.api.engines import AnyEngine, AnyMember, Engine, Member, PlacedEngine, PlacedMember, Serving
from function.api.model_replica import ModelReplicaSpec
from function.api.workload import ReplicaFields, Workload
from function.composition import Object, unstructured
from function.deployment.desired_state import match_attributes
from function.replica.backend import choose_picker
from function.scheduling import claimed_constraints


def runs_workload(replica: Object, workload: Workload) -> bool:
    """Tell whether a ModelReplica runs what a deployment asks for."""
    try:
        spec = ModelReplicaSpec.model_validate(unstructured.plain(unstructured.mapping(replica, "spec")))
    except ValidationError:
        return False
    return (
        _same(ReplicaFields, _without_picker(spec), _without_picker(workload))
        and _same_picker(spec.serving, workload)
        and len(spec.engines) == len(workload.engines)
        and all(_same_engine(*pair) for pair in zip(spec.engines, workload.engines, strict=True))
    )


def _same(shared: type[Model], replica: Model, deployment: Model) -> bool:
    """Compare the fields that the models of a replica and of a deployment share; a default is as good as written."""
    return all(getattr(replica, field) == getattr(deployment, field) for field in shared.model_fields)


def _without_picker(fields: ReplicaFields) -> ReplicaFields:
    return fields.model_copy(update={"serving": fields.serving.model_copy(update={"picker": None})})


def _same_picker(runs: Serving, asked: Workload) -> bool:
    """Compare pickers. Whether there is one is written into a replica when nobody asked, too."""
    return runs.picker in {asked.serving.picker, choose_picker(asked.serving, asked.engines)}


def _same_engine(runs: PlacedEngine, asked: Engine) -> bool:
    return (
        _same(AnyEngine, runs, asked)
        and len(runs.members) == len(asked.members)
        and all(_same_member(*pair) for pair in zip(runs.members, asked.members, strict=True))
    )


def _same_member(runs: PlacedMember, asked: Member) -> bool:
    requests = {device.name: device for device in asked.node_selector.devices} if asked.node_selector else {}
    constraints = match_attributes(asked.node_selector.constraints) if asked.node_selector else ()
    return (
        _same(AnyMember, runs, asked)
        and all(_same_request(request, requests.get(request.name)) for request in runs.device_requests)
        and match_attributes(runs.device_constraints)
        == claimed_constraints(constraints, {request.name for request in runs.device_requests})
    )


def _same_request(runs: ResolvedDeviceRequest, asked: DeviceRequest | None) -> bool:
    """Compare a request. One for a synthetic device is asked for and never claimed, so fewer may be claimed."""
    return asked is not None and (runs.count, runs.selectors) == (asked.count, asked.selectors)
