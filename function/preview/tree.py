"""The result as a tree to read, for someone who has never seen the product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from function.api.kinds import GROUPS, KINDS
from function.api.labels import CLUSTER
from function.api.model_service import EndpointGroup
from function.composers import COMPOSERS
from function.composition import Manifest, Object, Severity, Vocabulary, objects, unstructured
from function.composition.conditions import COMMON
from function.deployment.conditions import ENGINES
from function.deployment.explain import explain
from function.preview import providers
from function.preview.control_plane import ControlPlane
from function.preview.facts import counted, devices, facts
from function.preview.gateway_api import GROUP
from function.preview.kinds import Ref, group_of, ref_of
from function.preview.reconcile import controller_uid
from function.routing.routed_backends import selecting_group

_VERSION: Final = {kind.kind: kind.api_version for kind in KINDS}
_CHAT: Final = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A line of the tree, and what is below it.

    Attributes:
        text: What it is.
        ready: Whether it is ready; None where that is no question.
        children: What belongs to it.
    """

    text: str
    ready: bool | None = None
    children: tuple[TreeNode, ...] = ()


def tree(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """The sections of the tree, those with something in them."""
    sections = (
        TreeNode("Services: what a client calls", children=_each(plane, "ModelService", _service)),
        TreeNode("Models: which replica runs where", children=_each(plane, "ModelDeployment", _deployment)),
        *_clusters(plane),
        TreeNode(
            "Fleet", children=(*_each(plane, "InferenceGateway", _gateway), *_each(plane, "InferenceCluster", _cluster))
        ),
        TreeNode("Used by nothing that was given", children=_unused(plane)),
        TreeNode("Not composed by this version", children=_not_composed(plane)),
        TreeNode("Taken as given: no kinds of Modelplane", children=_foreign(plane)),
    )
    return tuple(section for section in sections if section.children)


def _each(
    plane: ControlPlane, kind: str, describe: Callable[[ControlPlane, Manifest], TreeNode]
) -> tuple[TreeNode, ...]:
    return tuple(describe(plane, obj) for obj in plane.store.find(group_of(_VERSION[kind]), kind))


# ---------------------------------------------------------------------- services and models


def _service(plane: ControlPlane, obj: Manifest) -> TreeNode:
    address = unstructured.text(obj, "status", "address")
    url = f"POST {address}{_CHAT}" if address else "no URL yet"
    lines = (*_problem_lines(obj), *_traffic_shares(plane, obj), *_endpoints_without_traffic(plane, obj))
    return TreeNode(f"{_qualified_name(obj)}  {url}", _ready(obj), lines)


def _traffic_shares(plane: ControlPlane, service: Manifest) -> list[TreeNode]:
    """Who answers the requests of a service, and which share of them."""
    routes = [
        route for route in plane.store.find(GROUP, "HTTPRoute") if controller_uid(route) == service["metadata"]["uid"]
    ]
    shares = [
        (ref, unstructured.integer(ref, "weight", default=1), unstructured.namespace_of(route))
        for route in routes
        for ref in unstructured.items(unstructured.dig(route, "spec", "rules", 0), "backendRefs")  # alike in every rule
    ]
    total = sum(weight for _, weight, _ in shares)
    lines = []
    for ref, weight, namespace in shares:
        backend = plane.store.get(Ref("", "Service", namespace, unstructured.text(ref, "name")))
        endpoint = plane.store.by_uid(controller_uid(backend or {}))
        share = f"{100 * weight / total:.0f}% of requests" if total else "no requests"
        lines.append(TreeNode(f"{share} to {_endpoint(endpoint) or unstructured.text(ref, 'name')}"))
    return lines


def _endpoints_without_traffic(plane: ControlPlane, service: Manifest) -> Iterator[TreeNode]:
    """The endpoints written by hand that a service selects and that are not ready, with the reason."""
    for endpoint in _applied(plane, "ModelEndpoint"):
        if _selects(service, endpoint) and not _ready(endpoint):
            yield TreeNode(f"no requests to {_endpoint(endpoint)}", _ready(endpoint), tuple(_problem_lines(endpoint)))


def _endpoint(endpoint: Object | None) -> str:
    """Where an endpoint leads: a replica and its cluster, or a URL."""
    if endpoint is None:
        return ""
    cluster = unstructured.labels(endpoint).get(CLUSTER)
    url = unstructured.text(endpoint, "spec", "url")
    name = unstructured.name_of(endpoint)
    return f"replica {name} on {cluster}, {url}" if cluster else f"endpoint {name}, {url}"


def _deployment(plane: ControlPlane, obj: Manifest) -> TreeNode:
    counts = unstructured.mapping(obj, "status", "replicas")
    desired = unstructured.integer(obj, "spec", "replicas")
    placed, ready = unstructured.integer(counts, "total"), unstructured.integer(counts, "ready")
    replicas = [
        replica
        for replica in plane.store.find(group_of(_VERSION["ModelReplica"]), "ModelReplica")
        if controller_uid(replica) == obj["metadata"]["uid"]
    ]
    lines = [*_problem_lines(obj), *_assumptions(obj), *(_replica(replica) for replica in replicas)]
    if placed < desired:
        reasons = tuple(TreeNode(f"{cluster}: {text}") for cluster, text in _reasons(plane, obj))
        lines += [TreeNode("Cluster by cluster", children=reasons)] if reasons else []
    text = f"{placed} of {desired} replicas placed, {ready} serving"
    return TreeNode(f"{_qualified_name(obj)}  {text}", _ready(obj), tuple(lines))


def _assumptions(deployment: Manifest) -> Iterator[TreeNode]:
    """What is assumed of the engines, where nothing is the matter with them."""
    condition = unstructured.condition(deployment, ENGINES)
    if unstructured.text(condition, "reason") == "DefaultsAssumed":
        yield TreeNode(unstructured.text(condition, "message"))


def _replica(obj: Manifest) -> TreeNode:
    pools = [
        unstructured.text(member, "nodePoolName")
        for engine in unstructured.items(obj, "spec", "engines")
        for member in unstructured.items(engine, "members")
    ]
    where = f"on {unstructured.text(obj, 'spec', 'clusterName')}, node pool {', '.join(dict.fromkeys(pools))}"
    return TreeNode(f"replica {unstructured.name_of(obj)} {where}", _ready(obj), tuple(_problem_lines(obj)))


def _reasons(plane: ControlPlane, deployment: Manifest) -> Sequence[tuple[str, str]]:
    """Why no further replica fits, cluster by cluster, in the scheduler's words."""
    observation = plane.observe(
        deployment["apiVersion"],
        deployment["kind"],
        unstructured.namespace_of(deployment),
        unstructured.name_of(deployment),
    )
    return explain(observation)


# ---------------------------------------------------------------------- clusters


def _clusters(plane: ControlPlane) -> list[TreeNode]:
    """What is composed on each inference cluster, by the composite that composes it."""
    composed_by_cluster: dict[str, dict[Ref, list[tuple[Object, Object]]]] = {}
    for obj in plane.store.everything():
        owner = plane.store.by_uid(controller_uid(obj))
        if owner is None:
            continue
        cluster = _inference_cluster(plane, obj)
        if cluster:
            manifest = objects.desired(obj) if objects.is_object(obj) else obj
            composed_by_cluster.setdefault(cluster, {}).setdefault(ref_of(owner), []).append((obj, manifest))
    nodes = []
    for cluster in sorted(composed_by_cluster):
        groups = []
        for ref in sorted(composed_by_cluster[cluster], key=lambda r: (_ORDER.get(r.kind, len(_ORDER)), r)):
            items = sorted(
                composed_by_cluster[cluster][ref],
                key=lambda pair: replace(ref_of(pair[1]), name=_external_name(pair[1])),
            )
            groups.append(TreeNode(str(ref), children=tuple(_remote_object(obj, manifest) for obj, manifest in items)))
        nodes.append(TreeNode(f"On cluster {cluster}", children=tuple(groups)))
    return nodes


_ORDER: Final = {"ModelReplica": 0, "ModelCache": 1, "InferenceCluster": 2, "ServingStack": 3}


def _inference_cluster(plane: ControlPlane, obj: Object) -> str:
    """The inference cluster that an Object or Release brings something to; empty for all else."""
    if objects.is_object(obj):
        return providers.cluster_of(plane.store, obj)
    if obj["kind"] == "Release":
        return providers.cluster_of(plane.store, obj, providers.HELM)
    return ""


def _remote_object(obj: Object, manifest: Object) -> TreeNode:
    """One object on a cluster."""
    where = unstructured.namespace_of(manifest) if objects.is_object(obj) else ""
    parts = (
        unstructured.text(manifest, "kind"),
        "/".join(filter(None, (where, _external_name(manifest)))),
        facts(manifest),
        "" if providers.allows(obj, "Create") else "is said to be there",
    )
    return TreeNode("  ".join(filter(None, parts)), _ready(obj), tuple(_problem_lines(obj)))


def _external_name(manifest: Object) -> str:
    """The name that an object has outside the control cluster."""
    return unstructured.annotations(manifest).get("crossplane.io/external-name") or unstructured.name_of(manifest)


# ---------------------------------------------------------------------- the fleet


def _gateway(plane: ControlPlane, obj: Manifest) -> TreeNode:
    del plane
    address = unstructured.text(obj, "status", "address") or "no address yet"
    backend = unstructured.text(obj, "spec", "backend")
    return TreeNode(
        f"gateway {unstructured.name_of(obj)}  {backend}, {address}", _ready(obj), tuple(_problem_lines(obj))
    )


def _cluster(plane: ControlPlane, obj: Manifest) -> TreeNode:
    address = unstructured.text(obj, "status", "gateway", "address")
    source = unstructured.text(obj, "spec", "cluster", "source")
    text = f"cluster {unstructured.name_of(obj)}  {source}, {f'gateway {address}' if address else 'no gateway yet'}"
    pools = [_pool(plane, pool) for pool in unstructured.items(obj, "spec", "nodePools")]
    return TreeNode(text, _ready(obj), (*_problem_lines(obj), *pools))


def _pool(plane: ControlPlane, pool: Object) -> TreeNode:
    name = unstructured.text(pool, "className")
    group = group_of(_VERSION["InferenceClass"])
    inference_class = plane.store.get(Ref(group, "InferenceClass", "", name))
    device_text = devices(unstructured.items(inference_class, "spec", "devices")) if inference_class is not None else ""
    problems = tuple(_problem_lines(inference_class)) if inference_class is not None else ()
    nodes = counted(unstructured.integer(pool, "nodeCount"), "node")
    each = f", each with {device_text}" if device_text else ""
    return TreeNode(f"node pool {unstructured.text(pool, 'name')}: {nodes} of class {name}{each}", children=problems)


def _unused(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """Applied objects that work for others, where no other uses them."""
    clusters = plane.store.find(group_of(_VERSION["InferenceCluster"]), "InferenceCluster")
    classes = {
        unstructured.text(pool, "className")
        for cluster in clusters
        for pool in unstructured.items(cluster, "spec", "nodePools")
    }
    services = plane.store.find(group_of(_VERSION["ModelService"]), "ModelService")
    return (
        *(_unused_class(obj) for obj in _applied(plane, "InferenceClass") if unstructured.name_of(obj) not in classes),
        *(
            TreeNode(
                f"endpoint {_qualified_name(obj)}, {unstructured.text(obj, 'spec', 'url')}",
                _ready(obj),
                tuple(_problem_lines(obj)),
            )
            for obj in _applied(plane, "ModelEndpoint")
            if not any(_selects(service, obj) for service in services)
        ),
        *(_replica(obj) for obj in _applied(plane, "ModelReplica") if not controller_uid(obj)),
        *(
            TreeNode(f"serving stack {_qualified_name(obj)}", _ready(obj), tuple(_problem_lines(obj)))
            for obj in _applied(plane, "ServingStack")
            if not controller_uid(obj)
        ),
    )


def _applied(plane: ControlPlane, kind: str) -> list[Manifest]:
    """The applied objects of a kind of ours."""
    return [obj for obj in plane.store.find(group_of(_VERSION[kind]), kind) if ref_of(obj) in plane.applied]


def _unused_class(obj: Object) -> TreeNode:
    device_text = devices(unstructured.items(obj, "spec", "devices"))
    return TreeNode(
        f"class {unstructured.name_of(obj)}{f': each node with {device_text}' if device_text else ''}",
        _ready(obj),
        tuple(_problem_lines(obj)),
    )


def _selects(service: Object, endpoint: Object) -> bool:
    groups = [EndpointGroup.model_validate(group) for group in unstructured.items(service, "spec", "endpoints")]
    in_its_namespace = unstructured.namespace_of(service) == unstructured.namespace_of(endpoint)
    return in_its_namespace and selecting_group(groups, endpoint) is not None


def _not_composed(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """Objects of our kinds that nothing composes yet."""
    composed = {ref_of(composite) for composite in plane.composites}
    return tuple(
        TreeNode(f"{_qualified_name(obj)}  {obj['kind']}: accepted, and nothing is made of it")
        for obj in plane.store.everything()
        if group_of(obj["apiVersion"]) in GROUPS and ref_of(obj) not in composed
    )


def _foreign(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """Applied objects of other kinds."""
    return tuple(
        TreeNode("  ".join(filter(None, (obj["kind"], _qualified_name(obj), facts(obj)))))
        for obj in plane.store.everything()
        if ref_of(obj) in plane.applied and group_of(obj["apiVersion"]) not in GROUPS
    )


# ---------------------------------------------------------------------- names and conditions


def _qualified_name(obj: Object) -> str:
    return "/".join(filter(None, (unstructured.namespace_of(obj), unstructured.name_of(obj))))


def _ready(obj: Object) -> bool:
    return unstructured.is_true(obj, "Ready")


def _problem_lines(obj: Object) -> Iterable[TreeNode]:
    """The conditions that say why something is not ready, what is in doubt, and what needs doing."""
    composer = COMPOSERS.get((unstructured.text(obj, "apiVersion"), unstructured.text(obj, "kind")))
    vocabulary: Vocabulary = {**COMMON, **composer.vocabulary} if composer else {}
    for condition in unstructured.items(obj, "status", "conditions"):
        if _is_shown(condition, vocabulary, ready=_ready(obj)):
            kind, status, reason, message = (
                unstructured.text(condition, field) for field in ("type", "status", "reason", "message")
            )
            yield TreeNode(": ".join(filter(None, (f"{kind} is {status}", reason, message))))


def _is_shown(condition: Object, vocabulary: Vocabulary, *, ready: bool) -> bool:
    kind, reason = unstructured.text(condition, "type"), unstructured.text(condition, "reason")
    declared = vocabulary.get(kind, {}).get(reason)
    if declared is None:
        return kind != "Ready" and condition.get("status") != "True" and (kind == "Synced" or not ready)
    return declared.event is Severity.WARNING or (not ready and bool(declared.remedy))
