"""Namespaces on an inference cluster that more than one part of the serving stack names."""

from __future__ import annotations

from typing import Final

ENVOY_GATEWAY: Final = "envoy-gateway-system"
AI_GATEWAY: Final = "envoy-ai-gateway-system"
DRA_DRIVER: Final = "dra-driver-nvidia-gpu"
