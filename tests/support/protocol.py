"""RunFunctionRequests from plain data."""

from collections.abc import Mapping, Sequence
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function.composition import Observation


def request(
    composite: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]] | None = None,
    required: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    tag: str = "",
) -> fnv1.RunFunctionRequest:
    built = fnv1.RunFunctionRequest()
    built.meta.tag = tag
    built.observed.composite.resource.update(dict(composite))
    for key, child in (children or {}).items():
        built.observed.resources[key].resource.update(dict(child))
    for key, objects in (required or {}).items():
        answer = built.required_resources[key]
        for item in objects:
            answer.items.add().resource.update(dict(item))
    return built


def of(observation: Observation) -> fnv1.RunFunctionRequest:
    """The request that an observation would come from."""
    return request(observation.composite, observation.children, observation.required, observation.tag)
