"""The composition function: Crossplane's protocol on one side, observations and compositions on the other.

Protobuf lives here, in `protocol` and in `structs`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1beta1 import run_function_pb2 as fnv1beta1
from google.protobuf.message import DecodeError

from function import deadline, wire
from function.composers import compose, ended
from function.composition import Composition, Condition, Observation, Requirement, Severity, Status, unstructured
from function.composition.cache import Identity
from function.protocol import COMPOSITE, Fields, Request, Response
from function.structs import Object, Struct, written

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

_SHORTENED: Mapping[str, str] = {
    "ModelDeployment": "lower the number of replicas or shorten their pod templates",
    "ModelReplica": "shorten the Secrets and ConfigMaps that its pods name, or name fewer: it has copies of them",
}
"""What makes an answer smaller, by the kind that is composed."""


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """An answered call.

    Attributes:
        observation: The decoded request.
        composition: The answer.
        response: The encoded answer.
    """

    observation: Observation
    composition: Composition
    response: bytes


def answer(
    message: bytes,
    now: datetime,
    *,
    use_cache: bool = True,
    clock: Callable[[Observation], datetime] | None = None,
) -> AnsweredCall:
    """Answer the bytes of one request.

    Args:
        message: The request.
        now: The time.
        use_cache: Whether two objects with the same uid and version are the same. Files that were written by hand
            from an object of a control plane are not.
        clock: Tells by which time a request is to be answered; by default `now`.
    """
    request = Request.FromString(message)
    observation = _observation(request, now, use_cache=use_cache)
    try:
        if clock is not None:
            with suppress(DecodeError):  # the composer says what is broken
                observation = replace(observation, now=clock(observation), clock=observation.now)
        composition, response = _send(request, compose(observation))
    except deadline.CallEndedError as error:
        composition, response = _send(request, ended(observation, error))
    return AnsweredCall(observation, composition, response)


def request(composite: Mapping[str, Any]) -> bytes:
    """Write the request of a composite that has and requires nothing."""
    message = fnv1.RunFunctionRequest()
    message.observed.composite.resource.update(dict(composite))
    return message.SerializeToString()


def owner(message: bytes) -> str:
    """Read the owner of a request, fast: the namespace of its composite; empty when it has none or cannot be read."""
    try:
        composite = Struct(Fields.FromString(bytes(wire.find(memoryview(message), *COMPOSITE))))
        return unstructured.namespace_of(composite)
    except (DecodeError, UnicodeDecodeError):
        return ""


def run(request: fnv1.RunFunctionRequest, now: datetime) -> fnv1.RunFunctionResponse:
    """Answer one request: decode, compose, encode."""
    return encode(request, compose(decode(request, now)))


def decode(request: fnv1.RunFunctionRequest, now: datetime) -> Observation:
    """Turn a request into an observation."""
    return _observation(Request.FromString(request.SerializeToString()), now, use_cache=False)


def encode(request: fnv1.RunFunctionRequest, composition: Composition) -> fnv1.RunFunctionResponse:
    """Turn a composition into the response to a request.

    An answer larger than Crossplane receives is replaced by a fatal one that says by how much.
    """
    _, response = _send(Request.FromString(request.SerializeToString()), composition)
    return fnv1.RunFunctionResponse.FromString(response)


def _observation(request: Any, now: datetime, *, use_cache: bool) -> Observation:
    answers = request.required_resources or request.extra_resources
    take = _with_identity if use_cache else _object
    return Observation(
        composite=_object(request.observed.composite),
        now=now.astimezone(UTC).replace(microsecond=0),
        children={key: take(child) for key, child in request.observed.resources.items()},
        required={key: tuple(map(take, obj.items)) for key, obj in answers.items()},
        tag=request.meta.tag,
    )


def _object(resource: Any) -> Object:
    return Object(resource.resource)


def _with_identity(resource: Any) -> Object:
    """Make an object with the identity that the API server gave it: uid and version."""
    obj = _object(resource)
    metadata = obj.get("metadata")
    if isinstance(metadata, Struct):
        uid, version = metadata.get("uid"), metadata.get("resourceVersion")
        if isinstance(uid, str) and isinstance(version, str) and uid and version:
            obj.identity = Identity(uid, version)
    return obj


def _send(request: Any, composition: Composition) -> tuple[Composition, bytes]:
    """Encode the response to a request, and return the composition that it has.

    Equal compositions give equal bytes.
    """
    response = _response(request, composition).SerializeToString(deterministic=True)
    if len(response) <= MAX_ANSWER_BYTES:
        return composition, response
    fatal = _too_large(_object(request.observed.composite), composition, len(response))
    return fatal, _response(request, fatal).SerializeToString(deterministic=True)


def _too_large(composite: Object, composition: Composition, size: int) -> Composition:
    remedy = _SHORTENED.get(unstructured.text(composite, "kind"), "shorten its spec")
    message = (
        f"the answer has {size} bytes and Crossplane receives at most {MAX_ANSWER_BYTES}; nothing is changed: {remedy}"
    )
    conditions = tuple(c for c in composition.conditions if c.type != "Held")
    held = Condition("Held", Status.TRUE, "InternalError", message)
    return Composition(conditions=(*conditions, held), fatal=message)


def _response(request: Any, composition: Composition) -> Any:
    response = Response()
    response.meta.tag = request.meta.tag
    response.meta.ttl.seconds = composition.ttl_seconds
    response.context = _ordered(request.context)
    for condition in composition.conditions:
        _fill_condition(response.conditions.add(), condition)
    for key, requirement in composition.requirements.items():
        _select(response.requirements.resources[key], requirement)
    response.desired.ParseFromString(request.desired.SerializeToString())
    if composition.fatal:
        response.results.add(severity=fnv1.SEVERITY_FATAL, message=composition.fatal)
        return response
    for event in composition.events:
        response.results.add(
            severity=_SEVERITY[event.severity],
            reason=event.reason,
            message=event.message,
            target=fnv1.TARGET_COMPOSITE,
        )
    composite = response.desired.composite
    composite.ready = fnv1.READY_TRUE if composition.ready else fnv1.READY_FALSE
    composite.resource = written({"status": composition.status}, over=composite.resource)
    for key, child in composition.children.items():
        deadline.check()
        target = response.desired.resources[key]
        target.resource = written(child.manifest, over=target.resource)
        target.ready = fnv1.READY_TRUE if child.readiness.ready else fnv1.READY_FALSE
    return response


def _ordered(context: bytes) -> bytes:
    """Encode the context that is passed on in a deterministic order."""
    return written({}, over=context)


def _fill_condition(target: Any, condition: Condition) -> None:
    target.type, target.reason = condition.type, condition.reason
    target.status, target.target = _STATUS[condition.status], fnv1.TARGET_COMPOSITE
    if condition.message:
        target.message = condition.message


def _select(selector: Any, requirement: Requirement) -> None:
    selector.api_version, selector.kind = requirement.api_version, requirement.kind
    if requirement.namespace:
        selector.namespace = requirement.namespace
    if requirement.name:
        selector.match_name = requirement.name
    elif requirement.labels:
        selector.match_labels.labels.update(dict(requirement.labels))
