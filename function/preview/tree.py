"""What came out, as a tree to read: for someone who has never seen the product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from function.api.kinds import GROUPS, KINDS
from function.api.labels import CLUSTER
from function.composers import COMPOSERS
from function.composition import Manifest, Object, Severity, Vocabulary, manifest, objects
from function.composition.conditions import COMMON
from function.preview import providers
from function.preview.control_plane import ControlPlane
from function.preview.facts import counted, devices, facts
from function.preview.gateway_api import GROUP
from function.preview.kinds import Ref, group_of, ref_of
from function.preview.reconcile import controller_uid
from function.serving.explain import explain

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
    address = manifest.text(thing, "status", "address")
    url = f"POST {address}{_CHAT}" if address else "no URL yet"
    below = (*_why(thing), *_answering(plane, thing), *_unanswering(plane, thing))
    return Node(f"{_title(thing)}  {url}", _ready(thing), below)


def _answering(plane: ControlPlane, service: Manifest) -> list[Node]:
    """Who answers the requests of a service, and which share of them."""
    routes = [
        route for route in plane.store.find(GROUP, "HTTPRoute") if controller_uid(route) == service["metadata"]["uid"]
    ]
    shares = [
        (ref, manifest.integer(ref, "weight", default=1), manifest.namespace_of(route))
        for route in routes
        for ref in manifest.items(manifest.dig(route, "spec", "rules", 0), "backendRefs")  # alike in every rule
    ]
    total = sum(weight for _, weight, _ in shares)
    lines = []
    for ref, weight, namespace in shares:
        behind = plane.store.get(Ref("", "Service", namespace, manifest.text(ref, "name")))
        endpoint = plane.store.of_uid(controller_uid(behind or {}))
        share = f"{100 * weight / total:.0f}% of requests" if total else "no requests"
        lines.append(Node(f"{share} to {_endpoint(endpoint) or manifest.text(ref, 'name')}"))
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
    cluster = manifest.labels(endpoint).get(CLUSTER)
    url = manifest.text(endpoint, "spec", "url")
    name = manifest.name_of(endpoint)
    return f"replica {name} on {cluster}, {url}" if cluster else f"endpoint {name}, {url}"


def _deployment(plane: ControlPlane, thing: Manifest) -> Node:
    counts = manifest.mapping(thing, "status", "replicas")
    desired = manifest.integer(thing, "spec", "replicas")
    placed, ready = manifest.integer(counts, "total"), manifest.integer(counts, "ready")
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
        manifest.text(member, "nodePoolName")
        for engine in manifest.items(thing, "spec", "engines")
        for member in manifest.items(engine, "members")
    ]
    where = f"on {manifest.text(thing, 'spec', 'clusterName')}, node pool {', '.join(dict.fromkeys(pools))}"
    return Node(f"replica {manifest.name_of(thing)} {where}", _ready(thing), tuple(_why(thing)))


def _reasons(plane: ControlPlane, deployment: Manifest) -> Sequence[tuple[str, str]]:
    """Why no further replica fits, cluster by cluster, in the scheduler's words."""
    seen = plane.observe(
        deployment["apiVersion"], deployment["kind"], manifest.namespace_of(deployment), manifest.name_of(deployment)
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
    where = manifest.namespace_of(shown) if objects.is_object(thing) else ""
    words = (manifest.text(shown, "kind"), "/".join(filter(None, (where, _name(shown)))), facts(shown))
    return Node("  ".join(filter(None, words)), _ready(thing), tuple(_why(thing)))


def _name(shown: Object) -> str:
    """The name that an object has outside the control cluster."""
    return manifest.annotations(shown).get("crossplane.io/external-name") or manifest.name_of(shown)


# ---------------------------------------------------------------------- the fleet


def _gateway(plane: ControlPlane, thing: Manifest) -> Node:
    del plane
    address = manifest.text(thing, "status", "address") or "no address yet"
    backend = manifest.text(thing, "spec", "backend")
    return Node(f"gateway {manifest.name_of(thing)}  {backend}, {address}", _ready(thing), tuple(_why(thing)))


def _cluster(plane: ControlPlane, thing: Manifest) -> Node:
    address = manifest.text(thing, "status", "gateway", "address")
    source = manifest.text(thing, "spec", "cluster", "source")
    words = f"cluster {manifest.name_of(thing)}  {source}, {f'gateway {address}' if address else 'no gateway yet'}"
    pools = [_pool(plane, pool) for pool in manifest.items(thing, "spec", "nodePools")]
    return Node(words, _ready(thing), (*_why(thing), *pools))


def _pool(plane: ControlPlane, pool: Object) -> Node:
    name = manifest.text(pool, "className")
    group = group_of(_VERSION["InferenceClass"])
    its_class = plane.store.get(Ref(group, "InferenceClass", "", name))
    carried = devices(manifest.items(its_class, "spec", "devices")) if its_class is not None else ""
    nodes = counted(manifest.integer(pool, "nodeCount"), "node")
    each = f", each with {carried}" if carried else ""
    return Node(f"node pool {manifest.text(pool, 'name')}: {nodes} of class {name}{each}")


def _unused(plane: ControlPlane) -> tuple[Node, ...]:
    """Objects that were given and work for others, where no other wants them."""
    clusters = plane.store.find(group_of(_VERSION["InferenceCluster"]), "InferenceCluster")
    classes = {
        manifest.text(pool, "className")
        for cluster in clusters
        for pool in manifest.items(cluster, "spec", "nodePools")
    }
    services = plane.store.find(group_of(_VERSION["ModelService"]), "ModelService")
    return (
        *(_unused_class(thing) for thing in _given(plane, "InferenceClass") if manifest.name_of(thing) not in classes),
        *(
            Node(f"endpoint {_title(thing)}, {manifest.text(thing, 'spec', 'url')}", _ready(thing), tuple(_why(thing)))
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
    carried = devices(manifest.items(thing, "spec", "devices"))
    return Node(f"class {manifest.name_of(thing)}{f': each node with {carried}' if carried else ''}", _ready(thing))


def _selects(service: Object, endpoint: Object) -> bool:
    return manifest.namespace_of(service) == manifest.namespace_of(endpoint) and any(
        manifest.mapping(group, "selector", "matchLabels").items() <= manifest.labels(endpoint).items()
        for group in manifest.items(service, "spec", "endpoints")
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
    return "/".join(filter(None, (manifest.namespace_of(thing), manifest.name_of(thing))))


def _ready(thing: Object) -> bool:
    return manifest.is_true(thing, "Ready")


def _why(thing: Object) -> Iterable[Node]:
    """The conditions that say why something is not ready, what is in doubt, and what needs doing."""
    composer = COMPOSERS.get((manifest.text(thing, "apiVersion"), manifest.text(thing, "kind")))
    vocabulary: Vocabulary = {**COMMON, **composer.vocabulary} if composer else {}
    for said in manifest.items(thing, "status", "conditions"):
        if _is_worth_saying(said, vocabulary, ready=_ready(thing)):
            kind, status, reason, message = (
                manifest.text(said, field) for field in ("type", "status", "reason", "message")
            )
            yield Node(": ".join(filter(None, (f"{kind} is {status}", reason, message))))


def _is_worth_saying(said: Object, vocabulary: Vocabulary, *, ready: bool) -> bool:
    kind, reason = manifest.text(said, "type"), manifest.text(said, "reason")
    declared = vocabulary.get(kind, {}).get(reason)
    if declared is None:
        return kind != "Ready" and said.get("status") != "True" and (kind == "Synced" or not ready)
    return declared.event is Severity.WARNING or (not ready and bool(declared.remedy))
