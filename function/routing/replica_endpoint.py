"""Endpoints of replicas: which they are, and where they lead.

A ModelDeployment makes one for each replica, with the replica's name and namespace. Whoever may write endpoints can
also write one that says so, so what it says counts for nothing: it leads to the gateway of its cluster, as the
InferenceCluster publishes it, and there to the path of its own namespace and name. No other rule is asked about it,
and a forged one has what its namespace has anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.api import labels, urls
from function.api.inference_cluster import INFERENCE_CLUSTER
from function.api.model_deployment import MODEL_DEPLOYMENT
from function.composition import Draft, Object, Observation, Requirement, unstructured
from function.composition.gateway_address import replica_path, replica_url
from function.routing import special_use

CLUSTER: Final = "inference-cluster"


def is_replica_endpoint(endpoint: Object) -> bool:
    """Tell whether an endpoint says that a ModelDeployment made it for a replica."""
    return bool(_cluster(endpoint)) and any(
        owner.get("controller") is True
        and owner.get("kind") == MODEL_DEPLOYMENT.kind
        and unstructured.text(owner, "apiVersion").partition("/")[0] == labels.GROUP
        for owner in unstructured.items(endpoint, "metadata", "ownerReferences")
    )


@dataclass(frozen=True, slots=True)
class UnknownAddress:
    """That it is not known where a replica is served.

    Attributes:
        reason: Reason to hold.
        message: Why it is not.
    """

    reason: str
    message: str


def require_url(draft: Draft) -> urls.Url | UnknownAddress:
    """Require its cluster, and give where the replica is served."""
    seen = draft.observation
    cluster = _cluster(seen.composite)
    answer = draft.require(CLUSTER, Requirement(INFERENCE_CLUSTER.api_version, INFERENCE_CLUSTER.kind, name=cluster))
    if answer.unresolved:
        return UnknownAddress("InputUnresolved", f"InferenceCluster {cluster} is not fetched yet")
    if answer.first is None:
        return UnknownAddress("InputMissing", f"InferenceCluster {cluster} does not exist")
    address = unstructured.text(answer.first, "status", "gateway", "address")
    url = urls.parse(replica_url(address, seen.namespace, seen.name))
    if isinstance(url, urls.NoUrl):
        return UnknownAddress("InputMissing", f"InferenceCluster {cluster} publishes no address of its gateway")
    local = special_use.local(url.host)
    if local or url.refusal:
        why = f"that is {local}" if local else url.refusal
        problem = f"InferenceCluster {cluster} says that its gateway is at {url.host}, which cannot be"
        return UnknownAddress("InputInvalid", f"{problem}: {why}")
    return url


def forged(seen: Observation) -> str:
    """Why what an endpoint publishes cannot be a replica's, in words; empty when it can, or publishes nothing."""
    routing = unstructured.mapping(seen.status, "routing")
    host = unstructured.text(routing, "host")
    path = replica_path(seen.namespace, seen.name)
    protocol, rewrite_path = unstructured.text(routing, "protocol"), unstructured.text(routing, "rewritePath")
    if not host or ((protocol, rewrite_path) == ("http", path) and not special_use.local(host)):
        return ""
    return f"It leads to {protocol}://{host}{rewrite_path}, and a replica of a ModelDeployment is at http://...{path}"


def _cluster(endpoint: Object) -> str:
    return unstructured.labels(endpoint).get(labels.CLUSTER, "")
