"""The kinds that Modelplane serves."""

from __future__ import annotations

from typing import Final

from function.api.base import Kind
from function.api.inference_class import INFERENCE_CLASS
from function.api.inference_cluster import INFERENCE_CLUSTER
from function.api.inference_gateway import INFERENCE_GATEWAY
from function.api.model_cache import MODEL_CACHE
from function.api.model_deployment import MODEL_DEPLOYMENT
from function.api.model_endpoint import MODEL_ENDPOINT
from function.api.model_replica import MODEL_REPLICA
from function.api.model_service import MODEL_SERVICE
from function.api.serving_stack import SERVING_STACK

__all__ = [
    "GROUPS",
    "INFERENCE_CLASS",
    "INFERENCE_CLUSTER",
    "INFERENCE_GATEWAY",
    "KINDS",
    "MODEL_CACHE",
    "MODEL_DEPLOYMENT",
    "MODEL_ENDPOINT",
    "MODEL_REPLICA",
    "MODEL_SERVICE",
    "SERVING_STACK",
    "by_kind",
]

KINDS: Final[tuple[Kind, ...]] = (
    INFERENCE_CLASS,
    INFERENCE_CLUSTER,
    INFERENCE_GATEWAY,
    MODEL_DEPLOYMENT,
    MODEL_REPLICA,
    MODEL_ENDPOINT,
    MODEL_SERVICE,
    MODEL_CACHE,
    SERVING_STACK,
)
"""Every kind, in the order of the reference."""

GROUPS: Final[frozenset[str]] = frozenset(kind.group for kind in KINDS)
"""The API groups that are ours."""

_BY_KIND: Final[dict[tuple[str, str], Kind]] = {(kind.api_version, kind.kind): kind for kind in KINDS}


def by_kind(api_version: str, kind: str) -> Kind | None:
    """Find a kind of ours; None for any other."""
    return _BY_KIND.get((api_version, kind))
