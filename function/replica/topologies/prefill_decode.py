"""Prefill and decode in separate pods: what tells them apart, and what hands a request from one to the other.

The picker sends a request to a Decode pod, and says in a header which Prefill pod to ask first.
The side-car of the Decode pod does so, and then hands the request with the transferred KV cache
to the engine beside it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from function.api.engines import PlacedEngine
from function.composition import Manifest
from function.replica import engine_flags
from function.replica.engine_flags import SIDE_CAR_PORT
from function.replica.hardening import container_security

IMAGE: Final = "ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.9.0"

_TRANSFER: Final[tuple[Manifest, ...]] = (
    {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    {"name": "VLLM_NIXL_SIDE_CHANNEL_PORT", "value": "5557"},
)
"""Where a pod hands over its part of the KV cache; every pod of a gang has a part."""


def phase_labels(engine: PlacedEngine) -> dict[str, str]:
    """The labels by which the picker tells prefill from decode."""
    if engine.phase is None:
        return {}
    return {"llm-d.ai/role": engine.phase.lower(), "llm-d.ai/inference-serving": "true"}


def transfer_env(engine: PlacedEngine, written: Collection[str]) -> list[Manifest]:
    """The variables that transfers need, less those that the user has written."""
    return [dict(one) for one in _TRANSFER if engine.phase and one["name"] not in written]


def side_cars(engine: PlacedEngine) -> list[Manifest]:
    """The containers that a pod which answers requests has beside its engine."""
    if engine.phase != "Decode":
        return []
    return [
        {
            "name": "pd-sidecar",
            "image": IMAGE,
            "args": [
                "--secure-proxy=false",
                "--kv-connector=nixlv2",
                f"--vllm-port={engine_flags.port(engine).value}",
            ],
            "ports": [{"containerPort": SIDE_CAR_PORT}],
            "readinessProbe": {
                "httpGet": {"path": "/health", "port": SIDE_CAR_PORT},
                "periodSeconds": 10,
                "timeoutSeconds": 5,
            },
            "securityContext": container_security(),
        }
    ]
