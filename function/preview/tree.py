"""What came out, as a tree to read: for someone who has never seen the product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from function.api.kinds import GROUPS, KINDS
from function.api.labels import CLUSTER
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

_VERSION: Final = {kind.kind: kind.api_version for kind in KINDS}
_CHAT: Final = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree, and what is below it.

    Attributes:
        text: What it is.
        state: Whether it is ready; None where that is no question.
        below: What belongs to it.
    """

    text: str
    state: bool | None = None
    below: tuple[Node, ...] = ()


def tree(plane: ControlPlane) -> tuple[Node, ...]:
    """The sections of the tree, those with something in them."""
    sections = (
        Node("Services: what a client calls", below=_each(plane, "ModelService", _service)),
        Node("Models: which replica runs where", below=_each(plane, "ModelDeployment", _deployment)),
        *_clusters(plane),
        Node("Fleet", below=(*_each(plane, "InferenceGateway", _gateway), *_each(plane, "InferenceCluster", _cluster))),
        Node("Used by nothing that was given", below=_unused(plane)),
        Node("Not composed by this version", below=_not_composed(plane)),
        Node("Taken as given: no kinds of Modelplane", below=_foreign(plane)),
    )
    return tuple(section for section in sections if section.below)


def _each(plane: ControlPlane, kind: str, tell: Callable[[ControlPlane, Manifest], Node]) -> tuple[Node, ...]:
    return tuple(tell(plane, thing) for thing in plane.store.find(group_of(_VERSION[kind]), kind))


# ---------------------------------------------------------------------- services and models


def _service(plane: ControlPlane, thing: Manifest) -> Node:
    address = unstructured.text(thing, "status", "address")
    url = f"POST {address}{_CHAT}" if address else "no URL yet"
    below = (*_why(thing), *_answering(plane, thing), *_unanswering(plane, thing))
    return Node(f"{_title(thing)}  {url}", _ready(thing), below)


def _answering(plane: ControlPlane, service: Manifest) -> list[Node]:
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
        lines.append(Node(f"{share} to {_endpoint(endpoint) or unstructured.text(ref, 'name')}"))
    return lines


def _unanswering(plane: ControlPlane, service: Manifest) -> Iterator[Node]:
    """The endpoints written by hand that a service selects and that are not ready, with the reason."""
    for endpoint in _given(plane, "ModelEndpoint"):
        if _selects(service, endpoint) and not _ready(endpoint):
            yield Node(f"no requests to {_endpoint(endpoint)}", _ready(endpoint), tuple(_why(endpoint)))


def _endpoint(endpoint: Object | None) -> str:
    """Where an endpoint leads: a replica and its cluster, or a URL."""
    if endpoint is None:
        return ""
    cluster = unstructured.labels(endpoint).get(CLUSTER)
    url = unstructured.text(endpoint, "spec", "url")
    name = unstructured.name_of(endpoint)
    return f"replica {name} on {cluster}, {url}" if cluster else f"endpoint {name}, {url}"


def _deployment(plane: ControlPlane, thing: Manifest) -> Node:
    counts = unstructured.mapping(thing, "status", "replicas")
    desired = unstructured.integer(thing, "spec", "replicas")
    placed, ready = unstructured.integer(counts, "total"), unstructured.integer(counts, "ready")
    replicas = [
        replica
        for replica in plane.store.find(group_of(_VERSION["ModelReplica"]), "ModelReplica")
        if controller_uid(replica) == thing["metadata"]["uid"]
    ]
    lines = [*_why(thing), *(_replica(replica) for replica in replicas)]
    if placed < desired:
        reasons = tuple(Node(f"{cluster}: {text}") for cluster, text in _reasons(plane, thing))
        lines += [Node("Cluster by cluster", below=reasons)] if reasons else []
    words = f"{placed} of {desired} replicas placed, {ready} serving"
    return Node(f"{_title(thing)}  {words}", _ready(thing), tuple(lines))


def _replica(thing: Manifest) -> Node:
    pools = [
        unstructured.text(member, "nodePoolName")
        for engine in unstructured.items(thing, "spec", "engines")
        for member in unstructured.items(engine, "members")
    ]
    where = f"on {unstructured.text(thing, 'spec', 'clusterName')}, node pool {', '.join(dict.fromkeys(pools))}"
    return Node(f"replica {unstructured.name_of(thing)} {where}", _ready(thing), tuple(_why(thing)))


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


def _clusters(plane: ControlPlane) -> list[Node]:
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
            groups.append(Node(str(ref), below=tuple(_item(thing, shown) for thing, shown in items)))
        nodes.append(Node(f"On cluster {cluster}", below=tuple(groups)))
    return nodes


_ORDER: Final = {"ModelReplica": 0, "ModelCache": 1, "InferenceCluster": 2, "ServingStack": 3}


def _place(plane: ControlPlane, thing: Object) -> str:
    """The inference cluster that an Object or Release brings something to; empty for all else."""
    if objects.is_object(thing):
        return providers.cluster_of(plane.store, thing)
    if thing["kind"] == "Release":
        return providers.cluster_of(plane.store, thing, providers.HELM)
    return ""


def _item(thing: Object, shown: Object) -> Node:
    """One object on a cluster."""
    where = unstructured.namespace_of(shown) if objects.is_object(thing) else ""
    words = (unstructured.text(shown, "kind"), "/".join(filter(None, (where, _name(shown)))), facts(shown))
    return Node("  ".join(filter(None, words)), _ready(thing), tuple(_why(thing)))


def _name(shown: Object) -> str:
    """The name that an object has outside the control cluster."""
    return unstructured.annotations(shown).get("crossplane.io/external-name") or unstructured.name_of(shown)


# ---------------------------------------------------------------------- the fleet


def _gateway(plane: ControlPlane, thing: Manifest) -> Node:
    del plane
    address = unstructured.text(thing, "status", "address") or "no address yet"
    backend = unstructured.text(thing, "spec", "backend")
    return Node(f"gateway {unstructured.name_of(thing)}  {backend}, {address}", _ready(thing), tuple(_why(thing)))


def _cluster(plane: ControlPlane, thing: Manifest) -> Node:
    address = unstructured.text(thing, "status", "gateway", "address")
    source = unstructured.text(thing, "spec", "cluster", "source")
    words = f"cluster {unstructured.name_of(thing)}  {source}, {f'gateway {address}' if address else 'no gateway yet'}"
    pools = [_pool(plane, pool) for pool in unstructured.items(thing, "spec", "nodePools")]
    return Node(words, _ready(thing), (*_why(thing), *pools))


def _pool(plane: ControlPlane, pool: Object) -> Node:
    name = unstructured.text(pool, "className")
    group = group_of(_VERSION["InferenceClass"])
    its_class = plane.store.get(Ref(group, "InferenceClass", "", name))
    carried = devices(unstructured.items(its_class, "spec", "devices")) if its_class is not None else ""
    nodes = counted(unstructured.integer(pool, "nodeCount"), "node")
    each = f", each with {carried}" if carried else ""
    return Node(f"node pool {unstructured.text(pool, 'name')}: {nodes} of class {name}{each}")


def _unused(plane: ControlPlane) -> tuple[Node, ...]:
    """Objects that were given and work for others, where no other wants them."""
    clusters = plane.store.find(group_of(_VERSION["InferenceCluster"]), "InferenceCluster")
    classes = {
        unstructured.text(pool, "className")
        for cluster in clusters
        for pool in unstructured.items(cluster, "spec", "nodePools")
    }
    services = plane.store.find(group_of(_VERSION["ModelService"]), "ModelService")
    return (
        *(
            _unused_class(thing)
            for thing in _given(plane, "InferenceClass")
            if unstructured.name_of(thing) not in classes
        ),
        *(
            Node(
                f"endpoint {_title(thing)}, {unstructured.text(thing, 'spec', 'url')}",
                _ready(thing),
                tuple(_why(thing)),
            )
            for thing in _given(plane, "ModelEndpoint")
            if not any(_selects(service, thing) for service in services)
        ),
        *(_replica(thing) for thing in _given(plane, "ModelReplica") if not controller_uid(thing)),
        *(
            Node(f"serving stack {_title(thing)}", _ready(thing), tuple(_why(thing)))
            for thing in _given(plane, "ServingStack")
            if not controller_uid(thing)
        ),
    )


def _given(plane: ControlPlane, kind: str) -> list[Manifest]:
    """What was given of a kind of ours."""
    return [thing for thing in plane.store.find(group_of(_VERSION[kind]), kind) if ref_of(thing) in plane.given]


def _unused_class(thing: Object) -> Node:
    carried = devices(unstructured.items(thing, "spec", "devices"))
    return Node(f"class {unstructured.name_of(thing)}{f': each node with {carried}' if carried else ''}", _ready(thing))


def _selects(service: Object, endpoint: Object) -> bool:
    return unstructured.namespace_of(service) == unstructured.namespace_of(endpoint) and any(
        unstructured.mapping(group, "selector", "matchLabels").items() <= unstructured.labels(endpoint).items()
        for group in unstructured.items(service, "spec", "endpoints")
    )


def _not_composed(plane: ControlPlane) -> tuple[Node, ...]:
    """Objects of our kinds that nothing composes yet."""
    composed = {ref_of(thing) for thing in plane.composites}
    return tuple(
        Node(f"{_title(thing)}  {thing['kind']}: accepted, and nothing is made of it")
        for thing in plane.store.everything()
        if group_of(thing["apiVersion"]) in GROUPS and ref_of(thing) not in composed
    )


def _foreign(plane: ControlPlane) -> tuple[Node, ...]:
    """Objects of other kinds that were given."""
    return tuple(
        Node("  ".join(filter(None, (thing["kind"], _title(thing), facts(thing)))))
        for thing in plane.store.everything()
        if ref_of(thing) in plane.given and group_of(thing["apiVersion"]) not in GROUPS
    )


# ---------------------------------------------------------------------- words


def _title(thing: Object) -> str:
    return "/".join(filter(None, (unstructured.namespace_of(thing), unstructured.name_of(thing))))


def _ready(thing: Object) -> bool:
    return unstructured.is_true(thing, "Ready")


def _why(thing: Object) -> Iterable[Node]:
    """The conditions that say why something is not ready, what is in doubt, and what needs doing."""
    composer = COMPOSERS.get((unstructured.text(thing, "apiVersion"), unstructured.text(thing, "kind")))
    vocabulary: Vocabulary = {**COMMON, **composer.vocabulary} if composer else {}
    for said in unstructured.items(thing, "status", "conditions"):
        if _is_worth_saying(said, vocabulary, ready=_ready(thing)):
            kind, status, reason, message = (
                unstructured.text(said, field) for field in ("type", "status", "reason", "message")
            )
            yield Node(": ".join(filter(None, (f"{kind} is {status}", reason, message))))


def _is_worth_saying(said: Object, vocabulary: Vocabulary, *, ready: bool) -> bool:
    kind, reason = unstructured.text(said, "type"), unstructured.text(said, "reason")
    declared = vocabulary.get(kind, {}).get(reason)
    if declared is None:
        return kind != "Ready" and said.get("status") != "True" and (kind == "Synced" or not ready)
    return declared.event is Severity.WARNING or (not ready and bool(declared.remedy))
