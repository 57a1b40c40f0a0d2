"""Which revision a replica runs.

A replica carries the name of its revision as a label. One without it, made before there were
revisions, runs the current one if its spec says what a new replica's would, field by field. What
placing alone decides (pools, device classes, the share of a node) is not compared.
"""

from __future__ import annotations

from pydantic import ValidationError

from function.api.devices import DeviceRequest, ResolvedDeviceRequest
from function.api.engines import Engine, Member, PlacedEngine, PlacedMember, Serving
from function.api.model_replica import ModelReplicaSpec
from function.api.workload import Workload
from function.composition import Object, unstructured
from function.replica.backend import choose_picker


def runs_workload(replica: Object, workload: Workload) -> bool:
    """Tell whether a ModelReplica runs what a deployment asks for."""
    try:
        spec = ModelReplicaSpec.model_validate(unstructured.plain(unstructured.mapping(replica, "spec")))
    except ValidationError:
        return False
    return (
        spec.model_cache_ref == workload.model_cache_ref
        and _same_serving(spec.serving, workload)
        and len(spec.engines) == len(workload.engines)
        and all(_same_engine(*pair) for pair in zip(spec.engines, workload.engines, strict=True))
    )


def _same_serving(runs: Serving, asked: Workload) -> bool:
    """Compare how requests come in. Whether there is a picker is written into a replica when nobody asked, too."""
    pickers = {asked.serving.picker, choose_picker(asked.serving, asked.engines)}
    return runs.mode == asked.serving.mode and runs.picker in pickers


def _same_engine(runs: PlacedEngine, asked: Engine) -> bool:
    return (
        (runs.name, runs.copies, runs.phase, runs.serving) == (asked.name, asked.copies, asked.phase, asked.serving)
        and len(runs.members) == len(asked.members)
        and all(_same_member(*pair) for pair in zip(runs.members, asked.members, strict=True))
    )


def _same_member(runs: PlacedMember, asked: Member) -> bool:
    requests = {device.name: device for device in asked.node_selector.devices} if asked.node_selector else {}
    return (runs.role, runs.worker, runs.template) == (asked.role, asked.worker, asked.template) and all(
        _same_request(request, requests.get(request.name)) for request in runs.device_requests
    )


def _same_request(runs: ResolvedDeviceRequest, asked: DeviceRequest | None) -> bool:
    """Compare a request. One for a synthetic device is asked for and never claimed, so fewer may be claimed."""
    return asked is not None and (runs.count, runs.selectors) == (asked.count, asked.selectors)
