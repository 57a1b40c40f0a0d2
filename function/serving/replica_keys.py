"""Composition resource names of what a replica has on its cluster. They are API and never change their kind."""

from __future__ import annotations

from typing import Final

WORKLOAD: Final = "model-serving-"
CLAIM: Final = "resource-claim-"
SERVICE: Final = "engine-service"
ROUTE: Final = "model-route"
PODS: Final = "pods"
