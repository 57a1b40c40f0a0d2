"""Every table of rules, what this version cannot be asked about, and what is no matter of admission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.e2e.bed.admission import (
    caches,
    classes,
    clusters,
    deployments,
    documented,
    engines,
    pods,
    pools,
    replicas,
    routing,
    selectors,
)
from tests.e2e.bed.admission.case import Rule

TABLES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "InferenceClass": classes.RULES,
    "InferenceCluster": (*clusters.SOURCES, *clusters.TAINTS, *clusters.NAMESPACES, *clusters.STATUS),
    "node pools": pools.RULES,
    "engines": engines.RULES,
    "pods": pods.RULES,
    "ModelDeployment": deployments.RULES,
    "ModelReplica": replicas.RULES,
    "ModelService": routing.SERVICES,
    "ModelEndpoint": routing.ENDPOINTS,
    "InferenceGateway": routing.GATEWAYS,
    "ModelCache": caches.CACHES,
    "ServingStack": caches.STACKS,
    "selectors of labels": selectors.RULES,
    "every kind": documented.COMMON,
    "documented shapes": documented.DOCUMENTED,
}
"""The rules by what they are about."""

ALL_RULES: Final[tuple[Rule, ...]] = tuple(rule for table in TABLES.values() for rule in table)
"""Every rule."""

MISSING_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "GKECluster": ("api 19", "api 10.1.12"),
    "EKSCluster": ("api 19", "api 10.1.12"),
    "AKSCluster": ("api 19", "api 10.1.12"),
    "NebiusCluster": ("api 20", "api 10.1.12"),
    "VultrCluster": ("api 20",),
}
"""Kinds that are no part of this version, with the rules that they would have to keep."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "api 10.1.15": "a PodMonitor is no kind of ours; the label that it selects by is held by tests/replica",
    "api 10.2.1": "that an engine is not split over pools is the scheduler's rule; tests/scheduling",
    "api 10.2.3": "what a serving stack composes; tests/fleet",
    "api 10.2.4": "how many nodes a pool can have; tests/fleet",
    "api 10.2.6": "what nodes are labelled with; the cloud's composers",
    "api 10.2.7": "a sentence in the product's text",
}
"""Items of the chapter that admission has no part in."""

NUMBERED: Final[tuple[str, ...]] = (
    *(f"api {number}" for number in range(1, 24)),
    *(f"api 10.1.{row}" for row in range(1, 17)),
    *(f"api 10.2.{item}" for item in range(1, 9)),
)
"""What the chapter on the API lists: its rules of admission, rows of odd manifests, and corrections."""

UNREACHABLE: Final[Mapping[tuple[str, str, str], str]] = {
    (
        "ModelCache",
        "spec.source",
        "the source of a cache cannot be changed: make another ModelCache",
    ): "there is one source only",
}
"""Rules of our definitions that nothing can break."""
