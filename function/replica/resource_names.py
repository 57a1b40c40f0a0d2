"""Composition resource names of a replica's children. They are API, and the kind behind a name never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from function.composition import objects
from function.replica import pod_reasons

WORKLOAD: Final = "model-serving-"
CLAIM: Final = "resource-claim-"
DISRUPTION: Final = "disruption-"
SERVICE: Final = "engine-service"
ROUTED_SERVICE: Final = "engine-service-"
TLS_BACKEND: Final = "engine-backend"
ROUTE: Final = "model-route"
POOL: Final = "inference-pool"
PICKER: Final = "epp"
PICKER_ACCOUNT: Final = "epp-serviceaccount"
PICKER_ROLE: Final = "epp-role"
PICKER_ROLE_BINDING: Final = "epp-rolebinding"
PICKER_CONFIG: Final = "epp-config"
PICKER_SERVICE: Final = "epp-service"
SECRET: Final = "secret-"  # noqa: S105  # no password, but the start of a name
CONFIG_MAP: Final = "configmap-"
PODS: Final = "pods"

CHILDREN: Final[Mapping[str, str]] = {
    f"{WORKLOAD}*": objects.KIND,
    f"{CLAIM}*": objects.KIND,
    f"{DISRUPTION}*": objects.KIND,
    SERVICE: objects.KIND,
    f"{ROUTED_SERVICE}*": objects.KIND,
    TLS_BACKEND: objects.KIND,
    ROUTE: objects.KIND,
    POOL: objects.KIND,
    PICKER: objects.KIND,
    PICKER_ACCOUNT: objects.KIND,
    PICKER_ROLE: objects.KIND,
    PICKER_ROLE_BINDING: objects.KIND,
    PICKER_CONFIG: objects.KIND,
    PICKER_SERVICE: objects.KIND,
    f"{SECRET}*": objects.KIND,
    f"{CONFIG_MAP}*": objects.KIND,
    PODS: pod_reasons.KIND,
}
"""The kind of every child, by name."""
