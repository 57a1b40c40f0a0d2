"""The ModelEndpoint of a replica: where its cluster's gateway serves it.

An endpoint comes when its replica is observed to serve, and is marked as draining when the
replica is observed not to. While neither is known it stays as it is. Where the cluster's
gateway is no longer known the endpoint keeps the URL that it has.
"""

from __future__ import annotations

from collections.abc import Mapping

from function.api import labels
from function.api.model_endpoint import MODEL_ENDPOINT
from function.composition import Draft, Manifest, Object, owned, unstructured
from function.composition.gateway_address import replica_path, replica_url
from function.deployment.own_replicas import OwnReplica


def endpoint_manifest(
    replica: Object,
    url: str,
    endpoint_labels: Mapping[str, str],
    *,
    draining: bool,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Build the endpoint of a replica.

    Args:
        replica: The ModelReplica, whose name and namespace the endpoint shares.
        url: Where it is served.
        endpoint_labels: The endpoint's labels.
        draining: Whether services should send it nothing new.
        annotations: The endpoint's annotations.
    """
    namespace, name = unstructured.namespace_of(replica), unstructured.name_of(replica)
    spec: Manifest = {"url": url, "rewritePath": replica_path(namespace, name)}
    if draining:
        spec["draining"] = True
    return {
        "apiVersion": MODEL_ENDPOINT.api_version,
        "kind": MODEL_ENDPOINT.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(endpoint_labels),
            **({"annotations": dict(annotations)} if annotations else {}),
        },
        "spec": spec,
    }


def is_draining(endpoint: Object | None) -> bool:
    """Tell whether an observed endpoint is marked as draining."""
    return unstructured.dig(endpoint, "spec", "draining") is True


def may_have_lost_endpoint(replica: OwnReplica, namespace: str) -> bool:
    """Tell whether a replica without an observed endpoint may have one: it has served, and does not say it does not.

    Crossplane may have lost track of the endpoint while a list lacks it. In a namespace of the system there is none.
    """
    return replica.replica.ever_ready and replica.serves is not False and not labels.is_system_namespace(namespace)


def while_draining(endpoint: Object | None, *, serves: bool | None) -> dict[str, str]:
    """Note at an endpoint that drains whether its replica serves, as before where that is not known."""
    noted = unstructured.annotations(endpoint).get(labels.SERVES_WHILE_DRAINING) == "true"
    known = (noted or not is_draining(endpoint)) if serves is None else serves
    return {labels.SERVES_WHILE_DRAINING: "true"} if known else {}


def compose_endpoint(
    draft: Draft,
    key: str,
    replica: Object,
    address: str,
    endpoint_labels: Mapping[str, str],
    *,
    draining: bool | None,
    may_create: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Compose the endpoint of a replica that stays for now.

    Args:
        draft: The answer.
        key: The endpoint's composition resource name.
        replica: The ModelReplica.
        address: The address of its cluster's gateway; empty when it is not known.
        endpoint_labels: The endpoint's labels.
        draining: Whether services should send it nothing new; None when that is not known,
            which leaves an endpoint as it is.
        may_create: Whether an endpoint may be made that is not observed.
        annotations: The endpoint's annotations.
    """
    seen = draft.observed(key)
    if seen is None and not may_create:
        return
    url = replica_url(address, unstructured.namespace_of(replica), unstructured.name_of(replica))
    url = url or unstructured.text(seen, "spec", "url")
    if not url:
        draft.keep(key)
        return
    marked = is_draining(seen) if draining is None else draining
    draft.child(key, endpoint_manifest(replica, url, endpoint_labels, draining=marked, annotations=annotations))


def drain_orphan(draft: Draft, key: str, annotations: Mapping[str, str]) -> None:
    """Mark an observed endpoint whose replica is gone as draining."""
    seen = draft.observed(key)
    if seen is None:
        return
    body = owned.intent(seen, draft.observation.composite)
    meta = {**body["metadata"], "annotations": dict(annotations)}
    spec = body.get("spec")
    draft.child(
        key, {**body, "metadata": meta, "spec": {**(spec if isinstance(spec, Mapping) else {}), "draining": True}}
    )
