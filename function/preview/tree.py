"""What came out, as a tree to read: for someone who has never seen the product."""

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
from function.deployment.explain import explain
from function.preview import providers
from function.preview.control_plane import ControlPlane
from function.preview.facts import counted, devices, facts
from function.preview.gateway_api import GROUP
from function.preview.kinds import Ref, group_of, ref_of
from function.preview.reconcile import controller_uid
from function.routing.unlisted import selecting_group

_VERSION: Final = {kind.kind: kind.api_version for kind in KINDS}
_CHAT: Final = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A line of the tree, and what is below it.

    Attributes:
        text: What it is.
        state: Whether it is ready; None where that is no question.
        below: What belongs to it.
    """

    text: str
    state: bool | None = None
    below: tuple[TreeNode, ...] = ()


def tree(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """The sections of the tree, those with something in them."""
    sections = (
        TreeNode("Services: what a client calls", below=_each(plane, "ModelService", _service)),
        TreeNode("Models: which replica runs where", below=_each(plane, "ModelDeployment", _deployment)),
        *_clusters(plane),
        TreeNode(
            "Fleet", below=(*_each(plane, "InferenceGateway", _gateway), *_each(plane, "InferenceCluster", _cluster))
        ),
        TreeNode("Used by nothing that was given", below=_unused(plane)),
        TreeNode("Not composed by this version", below=_not_composed(plane)),
        TreeNode("Taken as given: no kinds of Modelplane", below=_foreign(plane)),
    )
    return tuple(section for section in sections if section.below)


def _each(plane: ControlPlane, kind: str, tell: Callable[[ControlPlane, Manifest], TreeNode]) -> tuple[TreeNode, ...]:
    return tuple(tell(plane, obj) for obj in plane.store.find(group_of(_VERSION[kind]), kind))


# ---------------------------------------------------------------------- services and models


def _service(plane: ControlPlane, obj: Manifest) -> TreeNode:
    address = unstructured.text(obj, "status", "address")
    url = f"POST {address}{_CHAT}" if address else "no URL yet"
    below = (*_why(obj), *_answering(plane, obj), *_unanswering(plane, obj))
    return TreeNode(f"{_title(obj)}  {url}", _ready(obj), below)


def _answering(plane: ControlPlane, service: Manifest) -> list[TreeNode]:
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
        behind = plane.store.get(Ref("", "Service", namespace, unstructured.text(ref, "name")))
        endpoint = plane.store.of_uid(controller_uid(behind or {}))
        share = f"{100 * weight / total:.0f}% of requests" if total else "no requests"
        lines.append(TreeNode(f"{share} to {_endpoint(endpoint) or unstructured.text(ref, 'name')}"))
    return lines


def _unanswering(plane: ControlPlane, service: Manifest) -> Iterator[TreeNode]:
    """The endpoints written by hand that a service selects and that are not ready, with the reason."""
    for endpoint in _given(plane, "ModelEndpoint"):
        if _selects(service, endpoint) and not _ready(endpoint):
            yield TreeNode(f"no requests to {_endpoint(endpoint)}", _ready(endpoint), tuple(_why(endpoint)))


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
    lines = [*_why(obj), *(_replica(replica) for replica in replicas)]
    if placed < desired:
        reasons = tuple(TreeNode(f"{cluster}: {text}") for cluster, text in _reasons(plane, obj))
        lines += [TreeNode("Cluster by cluster", below=reasons)] if reasons else []
    words = f"{placed} of {desired} replicas placed, {ready} serving"
    return TreeNode(f"{_title(obj)}  {words}", _ready(obj), tuple(lines))


def _replica(obj: Manifest) -> TreeNode:
    pools = [
        unstructured.text(member, "nodePoolName")
        for engine in unstructured.items(obj, "spec", "engines")
        for member in unstructured.items(engine, "members")
    ]
    where = f"on {unstructured.text(obj, 'spec', 'clusterName')}, node pool {', '.join(dict.fromkeys(pools))}"
    return TreeNode(f"replica {unstructured.name_of(obj)} {where}", _ready(obj), tuple(_why(obj)))


def _reasons(plane: ControlPlane, deployment: Manifest) -> Sequence[tuple[str, str]]:
    """Why no further replica fits, cluster by cluster, in the scheduler's words."""
    seen = plane.observe(
        deployment["apiVersion"],
        deployment["kind"],
        unstructured.namespace_of(deployment),
        unstructured.name_of(deployment),
    )
    return explain(seen)


# ---------------------------------------------------------------------- clusters


def _clusters(plane: ControlPlane) -> list[TreeNode]:
    """What is composed on each inference cluster, by the composite that composes it."""
    found: dict[str, dict[Ref, list[tuple[Object, Object]]]] = {}
    for thing in plane.store.everything():
        owner = plane.store.of_uid(controller_uid(thing))
        if owner is None:
            continue
        cluster = _place(plane, thing)
        if cluster:
            shown = objects.desired(thing) if objects.is_object(thing) else thing
            found.setdefault(cluster, {}).setdefault(ref_of(owner), []).append((thing, shown))
    nodes = []
    for cluster in sorted(found):
        groups = []
        for ref in sorted(found[cluster], key=lambda r: (_ORDER.get(r.kind, len(_ORDER)), r)):
            items = sorted(found[cluster][ref], key=lambda pair: replace(ref_of(pair[1]), name=_name(pair[1])))
            groups.append(TreeNode(str(ref), below=tuple(_item(obj, shown) for obj, shown in items)))
        nodes.append(TreeNode(f"On cluster {cluster}", below=tuple(groups)))
    return nodes


_ORDER: Final = {"ModelReplica": 0, "ModelCache": 1, "InferenceCluster": 2, "ServingStack": 3}


def _place(plane: ControlPlane, obj: Object) -> str:
    """The inference cluster that an Object or Release brings something to; empty for all else."""
    if objects.is_object(obj):
        return providers.cluster_of(plane.store, obj)
    if obj["kind"] == "Release":
        return providers.cluster_of(plane.store, obj, providers.HELM)
    return ""


def _item(obj: Object, shown: Object) -> TreeNode:
    """One object on a cluster."""
    where = unstructured.namespace_of(shown) if objects.is_object(obj) else ""
    words = (unstructured.text(shown, "kind"), "/".join(filter(None, (where, _name(shown)))), facts(shown))
    return TreeNode("  ".join(filter(None, words)), _ready(obj), tuple(_why(obj)))


def _name(shown: Object) -> str:
    """The name that an object has outside the control cluster."""
    return unstructured.annotations(shown).get("crossplane.io/external-name") or unstructured.name_of(shown)


# ---------------------------------------------------------------------- the fleet


def _gateway(plane: ControlPlane, obj: Manifest) -> TreeNode:
    del plane
    address = unstructured.text(obj, "status", "address") or "no address yet"
    backend = unstructured.text(obj, "spec", "backend")
    return TreeNode(f"gateway {unstructured.name_of(obj)}  {backend}, {address}", _ready(obj), tuple(_why(obj)))


def _cluster(plane: ControlPlane, obj: Manifest) -> TreeNode:
    address = unstructured.text(obj, "status", "gateway", "address")
    source = unstructured.text(obj, "spec", "cluster", "source")
    words = f"cluster {unstructured.name_of(obj)}  {source}, {f'gateway {address}' if address else 'no gateway yet'}"
    pools = [_pool(plane, pool) for pool in unstructured.items(obj, "spec", "nodePools")]
    return TreeNode(words, _ready(obj), (*_why(obj), *pools))


def _pool(plane: ControlPlane, pool: Object) -> TreeNode:
    name = unstructured.text(pool, "className")
    group = group_of(_VERSION["InferenceClass"])
    its_class = plane.store.get(Ref(group, "InferenceClass", "", name))
    carried = devices(unstructured.items(its_class, "spec", "devices")) if its_class is not None else ""
    nodes = counted(unstructured.integer(pool, "nodeCount"), "node")
    each = f", each with {carried}" if carried else ""
    return TreeNode(f"node pool {unstructured.text(pool, 'name')}: {nodes} of class {name}{each}")


def _unused(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """Objects that were given and work for others, where no other wants them."""
    clusters = plane.store.find(group_of(_VERSION["InferenceCluster"]), "InferenceCluster")
    classes = {
        unstructured.text(pool, "className")
        for cluster in clusters
        for pool in unstructured.items(cluster, "spec", "nodePools")
    }
    services = plane.store.find(group_of(_VERSION["ModelService"]), "ModelService")
    return (
        *(_unused_class(obj) for obj in _given(plane, "InferenceClass") if unstructured.name_of(obj) not in classes),
        *(
            TreeNode(
                f"endpoint {_title(obj)}, {unstructured.text(obj, 'spec', 'url')}",
                _ready(obj),
                tuple(_why(obj)),
            )
            for obj in _given(plane, "ModelEndpoint")
            if not any(_selects(service, obj) for service in services)
        ),
        *(_replica(obj) for obj in _given(plane, "ModelReplica") if not controller_uid(obj)),
        *(
            TreeNode(f"serving stack {_title(obj)}", _ready(obj), tuple(_why(obj)))
            for obj in _given(plane, "ServingStack")
            if not controller_uid(obj)
        ),
    )


def _given(plane: ControlPlane, kind: str) -> list[Manifest]:
    """What was given of a kind of ours."""
    return [obj for obj in plane.store.find(group_of(_VERSION[kind]), kind) if ref_of(obj) in plane.given]


def _unused_class(obj: Object) -> TreeNode:
    carried = devices(unstructured.items(obj, "spec", "devices"))
    return TreeNode(f"class {unstructured.name_of(obj)}{f': each node with {carried}' if carried else ''}", _ready(obj))


def _selects(service: Object, endpoint: Object) -> bool:
    groups = [EndpointGroup.model_validate(group) for group in unstructured.items(service, "spec", "endpoints")]
    in_its_namespace = unstructured.namespace_of(service) == unstructured.namespace_of(endpoint)
    return in_its_namespace and selecting_group(groups, endpoint) is not None


def _not_composed(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """Objects of our kinds that nothing composes yet."""
    composed = {ref_of(composite) for composite in plane.composites}
    return tuple(
        TreeNode(f"{_title(obj)}  {obj['kind']}: accepted, and nothing is made of it")
        for obj in plane.store.everything()
        if group_of(obj["apiVersion"]) in GROUPS and ref_of(obj) not in composed
    )


def _foreign(plane: ControlPlane) -> tuple[TreeNode, ...]:
    """Objects of other kinds that were given."""
    return tuple(
        TreeNode("  ".join(filter(None, (obj["kind"], _title(obj), facts(obj)))))
        for obj in plane.store.everything()
        if ref_of(obj) in plane.given and group_of(obj["apiVersion"]) not in GROUPS
    )


# ---------------------------------------------------------------------- words


def _title(obj: Object) -> str:
    return "/".join(filter(None, (unstructured.namespace_of(obj), unstructured.name_of(obj))))


def _ready(obj: Object) -> bool:
    return unstructured.is_true(obj, "Ready")


def _why(obj: Object) -> Iterable[TreeNode]:
    """The conditions that say why something is not ready, what is in doubt, and what needs doing."""
    composer = COMPOSERS.get((unstructured.text(obj, "apiVersion"), unstructured.text(obj, "kind")))
    vocabulary: Vocabulary = {**COMMON, **composer.vocabulary} if composer else {}
    for said in unstructured.items(obj, "status", "conditions"):
        if _is_worth_saying(said, vocabulary, ready=_ready(obj)):
            kind, status, reason, message = (
                unstructured.text(said, field) for field in ("type", "status", "reason", "message")
            )
            yield TreeNode(": ".join(filter(None, (f"{kind} is {status}", reason, message))))


def _is_worth_saying(said: Object, vocabulary: Vocabulary, *, ready: bool) -> bool:
    kind, reason = unstructured.text(said, "type"), unstructured.text(said, "reason")
    declared = vocabulary.get(kind, {}).get(reason)
    if declared is None:
        return kind != "Ready" and said.get("status") != "True" and (kind == "Synced" or not ready)
    return declared.event is Severity.WARNING or (not ready and bool(declared.remedy))
