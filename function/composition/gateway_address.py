"""The gateways of inference clusters, as everybody knows them: name, address, where replicas are, refused headers."""

from __future__ import annotations

from typing import Final

from function.api import urls
from function.composition import unstructured
from function.composition.unstructured import Object

GATEWAY_NAME: Final = "inference-gateway"
"""The Gateway in the system namespace of an inference cluster, which the routes of its replicas belong to."""

STEERING_HEADERS: Final = (
    "x-prefiller-host-port",
    "x-encoder-hosts-ports",
    "x-data-parallel-host-port",
    "x-gateway-destination-endpoint",
    "x-gateway-destination-endpoint-subset",
)
"""Headers by which an endpoint picker tells the gateway and a side-car where to send a request.

A picker sets them and removes none: from a client they would have the side-car send requests to any address.
"""


def choose_address(gateway: Object | None, before: str) -> str:
    """Choose among the addresses that a Gateway reports; empty when it reports none that can be used.

    An IP address goes before a host name, and none is changed without need.

    Args:
        gateway: The Gateway as observed.
        before: The address that is published.
    """
    found = (unstructured.text(entry, "value") for entry in unstructured.items(gateway, "status", "addresses"))
    return urls.preferred(found, before)


def replica_path(namespace: str, replica: str) -> str:
    """The path of a replica behind its cluster's gateway: everybody's begins with their own namespace."""
    return f"/{namespace}/{replica}/"


def replica_url(address: str, namespace: str, replica: str) -> str:
    """Say where a replica is served; empty when the address cannot be part of a URL.

    Args:
        address: The address of its cluster's gateway.
        namespace: The replica's namespace.
        replica: The replica's name.
    """
    host = urls.authority(address)
    return f"http://{host}{replica_path(namespace, replica)}v1" if host else ""
