"""Backends that take requests, whose endpoints may be missing from the lists fetched for the selectors.

A list may lack what is there, and it says the same of an endpoint that is gone, of one whose labels were changed and
of one that it lacks for no reason. So no endpoint leaves a route because it was not listed, but by a fact: it is
there and not selected any more, or it is not there and neither is its Service, which Kubernetes takes away
with it. What takes requests is asked for by name for that, endpoints as well as Services, on every call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from function.api.model_endpoint import MODEL_ENDPOINT
from function.api.model_service import EndpointGroup
from function.composition import Draft, Object, Required, Requirement, unstructured
from function.routing import endpoint_view
from function.routing.endpoint_view import LONGEST_NAME, Endpoint
from function.routing.gateways.protocol import RoutedBackend
from function.selectors.label_requirement import LabelRequirement

ENDPOINT: Final = "routed-"
SERVICE: Final = "backend-"


@dataclass(frozen=True, slots=True)
class RoutedObjects:
    """What is asked for by name.

    Attributes:
        endpoints: The ModelEndpoints that take requests, as the status says.
        services: The Services that take requests, as the route says, by name.
    """

    endpoints: tuple[Required, ...]
    services: Mapping[str, Required]

    @property
    def unresolved(self) -> bool:
        """Whether something has not been fetched yet."""
        return any(answer.unresolved for answer in (*self.endpoints, *self.services.values()))


def require(draft: Draft, routed: Mapping[str, RoutedBackend], most: int) -> RoutedObjects:
    """Require by name what takes requests now, at most so many of each kind."""
    namespace = draft.observation.namespace
    names = {unstructured.text(row, "name") for row in _rows(draft) if unstructured.integer(row, "weight") > 0}
    backends = {name for name, backend in routed.items() if backend.weight > 0}
    return RoutedObjects(
        tuple(
            draft.require(
                f"{ENDPOINT}{name}",
                Requirement(MODEL_ENDPOINT.api_version, MODEL_ENDPOINT.kind, name=name, namespace=namespace),
            )
            for name in sorted(filter(endpoint_view.is_name, names))[:most]
        ),
        {
            name: draft.require(f"{SERVICE}{name}", Requirement("v1", "Service", name=name, namespace=namespace))
            for name in sorted(filter(endpoint_view.is_service_name, backends))[:most]
        },
    )


def restore(
    draft: Draft,
    groups: Sequence[EndpointGroup],
    listed: Sequence[Sequence[Endpoint]],
    routed_objects: RoutedObjects,
    routed: Mapping[str, RoutedBackend],
) -> list[list[Endpoint]]:
    """Give the listed endpoints of each group, and those that are there without being listed.

    Args:
        draft: The answer.
        groups: The service's groups.
        listed: The endpoints that were listed for each.
        routed_objects: What was asked for by name.
        routed: The backends of the route as it is now.
    """
    namespace = draft.observation.namespace
    found = [list(endpoints) for endpoints in listed]
    by_name = {endpoint.name: endpoint for endpoints in listed for endpoint in endpoints}
    for obj in (answer.first for answer in routed_objects.endpoints):
        for endpoint in endpoint_view.read([] if obj is None else [obj], namespace):
            by_name.setdefault(endpoint.name, endpoint)
            group = selecting_group(groups, obj)
            if group is not None and endpoint.name not in {known.name for known in listed[group]}:
                found[group].append(replace(endpoint, not_listed=True))
    accounted = {endpoint_view.backend_of(endpoint, namespace, routed) for endpoint in by_name.values()}
    for backend, answer in routed_objects.services.items():
        name = _owner(answer.first)
        if backend not in accounted and name and name not in by_name:
            found[_group_of(draft, groups, name)].append(_of_service(name, backend))
    return [sorted(endpoints, key=lambda endpoint: endpoint.name) for endpoints in found]


def selecting_group(groups: Sequence[EndpointGroup], obj: Object | None) -> int | None:
    """The first group whose selector has an endpoint."""
    labels = unstructured.labels(obj)
    return next((index for index, group in enumerate(groups) if selects(group, labels)), None)


def selects(group: EndpointGroup, labels: Mapping[str, str]) -> bool:
    """Tell whether a group's selector has an endpoint with these labels."""
    equal = group.selector.match_labels.items() <= labels.items()
    wanted = (LabelRequirement(asked.key, asked.operator, asked.values) for asked in group.selector.match_expressions)
    return equal and all(requirement.matches(labels) for requirement in wanted)


def _owner(service: Object | None) -> str:
    """The endpoint that a Service belongs to, which is there as long as it does; empty when the Service goes.

    Kubernetes takes away a Service whose owner is gone, and the note of an owner from one that is to stay without it.
    """
    if service is None or unstructured.text(service, "metadata", "deletionTimestamp"):
        return ""
    for owner in unstructured.items(service, "metadata", "ownerReferences"):
        if owner.get("controller") is True and owner.get("kind") == MODEL_ENDPOINT.kind:
            return unstructured.text(owner, "name")[:LONGEST_NAME]
    return ""


def _of_service(name: str, backend: str) -> Endpoint:
    fault = f"ModelEndpoint {name} is not found, and its Service {backend} is there"
    return Endpoint(name, backend=backend, fault=fault, not_listed=True)


def _group_of(draft: Draft, groups: Sequence[EndpointGroup], name: str) -> int:
    """The first group with the priority that an endpoint had, which nothing else tells about it."""
    row = next((row for row in _rows(draft) if unstructured.text(row, "name") == name), {})
    priority = unstructured.integer(row, "priority")
    return next((index for index, group in enumerate(groups) if group.priority == priority), 0)


def _rows(draft: Draft) -> list[Mapping[str, Any]]:
    return unstructured.items(draft.observation.status, "endpoints")
