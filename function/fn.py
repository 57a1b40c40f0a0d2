"""The composition function: Crossplane's protocol on one side, observations and compositions on the other.

Protobuf lives here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1beta1 import run_function_pb2 as fnv1beta1
from google.protobuf import duration_pb2, struct_pb2

from function.composers import compose
from function.composition import Composition, Condition, Observation, Requirement, Severity, Status

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Crossplane receives no larger answer, and has no option for it."""

V1 = fnv1.DESCRIPTOR.services_by_name["FunctionRunnerService"].full_name
V1BETA1 = fnv1beta1.DESCRIPTOR.services_by_name["FunctionRunnerService"].full_name
"""The two protocols have the same messages under two names."""

_STATUS = {
    Status.TRUE: fnv1.STATUS_CONDITION_TRUE,
    Status.FALSE: fnv1.STATUS_CONDITION_FALSE,
    Status.UNKNOWN: fnv1.STATUS_CONDITION_UNKNOWN,
}
_SEVERITY = {Severity.NORMAL: fnv1.SEVERITY_NORMAL, Severity.WARNING: fnv1.SEVERITY_WARNING}


@dataclass(frozen=True, slots=True)
class Answered:
    """One call, answered.

    Attributes:
        observation: What was asked.
        composition: What was answered.
        response: The answer's bytes.
    """

    observation: Observation
    composition: Composition
    response: bytes


def answer(message: bytes, now: datetime) -> Answered:
    """Answer the bytes of one request."""
    request = fnv1.RunFunctionRequest.FromString(message)
    observation = decode(request, now)
    composition, response = send(request, compose(observation))
    return Answered(observation, composition, response.SerializeToString(deterministic=True))


def run(request: fnv1.RunFunctionRequest, now: datetime) -> fnv1.RunFunctionResponse:
    """Answer one request: decode, compose, encode."""
    return encode(request, compose(decode(request, now)))


def decode(request: fnv1.RunFunctionRequest, now: datetime) -> Observation:
    """Turn a request into an observation."""
    answers = dict(request.required_resources) or dict(request.extra_resources)
    return Observation(
        composite=plain_struct(request.observed.composite.resource),
        now=now.astimezone(UTC).replace(microsecond=0),
        children={key: plain_struct(child.resource) for key, child in request.observed.resources.items()},
        required={key: tuple(plain_struct(item.resource) for item in found.items) for key, found in answers.items()},
        tag=request.meta.tag,
    )


def encode(request: fnv1.RunFunctionRequest, composition: Composition) -> fnv1.RunFunctionResponse:
    """Turn a composition into the response to a request; see `send`."""
    return send(request, composition)[1]


def send(request: fnv1.RunFunctionRequest, composition: Composition) -> tuple[Composition, fnv1.RunFunctionResponse]:
    """Turn a composition into the response to a request, and give what was sent.

    The same composition gives the same bytes when serialised deterministically. An answer
    larger than Crossplane receives is replaced by a fatal one that says by how much.
    """
    response = _response(request, composition)
    size = response.ByteSize()
    if size <= MAX_ANSWER_BYTES:
        return composition, response
    fatal = _too_large(composition, size)
    return fatal, _response(request, fatal)


def _too_large(composition: Composition, size: int) -> Composition:
    message = (
        f"the answer has {size} bytes and Crossplane receives at most {MAX_ANSWER_BYTES}; nothing is changed: "
        "lower the number of replicas or shorten their pod templates"
    )
    conditions = tuple(c for c in composition.conditions if c.type != "Held")
    held = Condition("Held", Status.TRUE, "InternalError", message)
    return Composition(conditions=(*conditions, held), fatal=message)


def _response(request: fnv1.RunFunctionRequest, composition: Composition) -> fnv1.RunFunctionResponse:
    response = fnv1.RunFunctionResponse(
        meta=fnv1.ResponseMeta(tag=request.meta.tag, ttl=duration_pb2.Duration(seconds=composition.ttl_seconds))
    )
    response.context.CopyFrom(request.context)
    for condition in composition.conditions:
        response.conditions.append(_condition(condition))
    for key, requirement in composition.requirements.items():
        response.requirements.resources[key].CopyFrom(_selector(requirement))
    response.desired.CopyFrom(request.desired)
    if composition.fatal:
        response.results.append(fnv1.Result(severity=fnv1.SEVERITY_FATAL, message=composition.fatal))
        return response
    for event in composition.events:
        response.results.append(
            fnv1.Result(
                severity=_SEVERITY[event.severity],
                reason=event.reason,
                message=event.message,
                target=fnv1.TARGET_COMPOSITE,
            )
        )
    ready = fnv1.READY_TRUE if composition.ready else fnv1.READY_FALSE
    response.desired.composite.ready = ready
    response.desired.composite.resource.update({"status": dict(composition.status)})
    for key, child in composition.children.items():
        target = response.desired.resources[key]
        target.resource.update(child.manifest)
        target.ready = fnv1.READY_TRUE if child.readiness.ready else fnv1.READY_FALSE
    return response


def _condition(condition: Condition) -> fnv1.Condition:
    said = fnv1.Condition(
        type=condition.type,
        status=_STATUS[condition.status],
        reason=condition.reason,
        target=fnv1.TARGET_COMPOSITE,
    )
    if condition.message:
        said.message = condition.message
    return said


def _selector(requirement: Requirement) -> fnv1.ResourceSelector:
    selector = fnv1.ResourceSelector(api_version=requirement.api_version, kind=requirement.kind)
    if requirement.namespace:
        selector.namespace = requirement.namespace
    if requirement.name:
        selector.match_name = requirement.name
    elif requirement.labels:
        selector.match_labels.labels.update(dict(requirement.labels))
    return selector


def plain_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Turn a protobuf Struct into plain data. Whole numbers, which arrive as doubles, become integers."""
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return plain_struct(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None
