"""Builders of serving stacks, and of what is observed of their parts."""

from collections.abc import Mapping
from typing import Any

from function.api.kinds import SERVING_STACK
from function.composition import Composition, Manifest, names
from function.fleet.stack import serving_stack
from function.fleet.stack.charts import CHARTS
from tests.fleet.builders import observed
from tests.support.observe import answer

STACK_CONFIG = names.name("ams-1-stack", 63, "ProviderConfig", "modelplane-system", "ams-1-stack")
CONFIGS = {"provider-config-helm", "provider-config-kubernetes"}
CRDS = {
    "gaie-crd-inferencepools.inference.networking.k8s.io",
    "gaie-crd-inferencepools.inference.networking.x-k8s.io",
    "gaie-crd-inferenceobjectives.inference.networking.x-k8s.io",
}
RELEASES = {chart.key for chart in CHARTS}
OBJECTS = {
    *CRDS,
    "dra-driver-critical-pods-quota",
    "gateway-namespace",
    "gateway-proxy",
    "gateway-client-policy",
    "gateway-backend-policy",
    "gateway-class",
    "gateway",
}


def stack(name: str = "ams-1-stack", **spec: Any) -> Manifest:
    secret = {"type": "Kubeconfig", "name": "kc", "key": "kubeconfig"}
    return {
        "apiVersion": SERVING_STACK.api_version,
        "kind": SERVING_STACK.kind,
        "metadata": {"name": name, "namespace": "modelplane-system"},
        "spec": {"secrets": [secret], **spec},
    }


def compose_stack(obj: Mapping[str, Any], children: Mapping[str, Mapping[str, Any]] | None = None) -> Composition:
    return answer(serving_stack.COMPOSER, obj, children)


def installed(obj: Mapping[str, Any]) -> dict[str, Manifest]:
    """The children of a stack that has come up."""
    children: dict[str, Manifest] = {}
    for _ in range(12):
        children = {**observed(compose_stack(obj, children)), **children}
    return children


def part_keys(answered: Composition) -> set[str]:
    return set(answered.children) & (RELEASES | OBJECTS)


def spec_of(answered: Composition, key: str) -> Any:
    return answered.children[key].manifest["spec"]


def chart_of(answered: Composition, key: str) -> Any:
    return spec_of(answered, key)["forProvider"]["chart"]


def values_of(answered: Composition, key: str) -> Any:
    return spec_of(answered, key)["forProvider"].get("values")


def compose_installed(**fields: Any) -> Composition:
    """The answer about a stack that has come up."""
    return compose_stack(stack(**fields), installed(stack(**fields)))
