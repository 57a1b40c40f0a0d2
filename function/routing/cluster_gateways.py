"""Where the gateways of all clusters are reached, as the InferenceGateway publishes it for endpoints to look up.

Endpoints would else each have to fetch every cluster. What is known of a cluster stays while it does not say otherwise.
"""

from __future__ import annotations

from typing import Final

from function.api import urls
from function.api.inference_cluster import INFERENCE_CLUSTER
from function.composition import Draft, Manifest, Requirement, unstructured

CLUSTERS: Final = "clusters"
FIELD: Final = "clusterGateways"

_MOST: Final = 16384


def gather(draft: Draft) -> list[Manifest]:
    """Require the clusters, and give the gateway of each that has one, by the names of the clusters.

    While none is found, what is published stays: that there are none any more, and that none were found for a
    moment, look the same.
    """
    known = {
        unstructured.text(row, "name"): unstructured.text(row, "address")
        for row in unstructured.items(draft.observation.status, FIELD)
    }
    found = draft.require(CLUSTERS, Requirement(INFERENCE_CLUSTER.api_version, INFERENCE_CLUSTER.kind)).unsorted
    if found:
        addresses = {
            unstructured.name_of(cluster): unstructured.text(cluster, "status", "gateway", "address")
            for cluster in found
        }
        known = {
            name: address if urls.canonical(address) else known.get(name, "") for name, address in addresses.items()
        }
    return [{"name": name, "address": known[name]} for name in sorted(known) if name and known[name]][:_MOST]
