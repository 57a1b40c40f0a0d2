"""The network policy for teams' namespaces lets in what the serving stack sends there, by the names that it has."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import unstructured
from function.composition.gateway_address import GATEWAY_NAME
from function.fleet.stack import envoys, namespaces
from function.fleet.stack.charts import CHARTS

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"


def policy() -> Any:
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [obj for obj in map(yaml.safe_load, blocks) if obj.get("kind") == "NetworkPolicy"]
    return found


def named(namespace: str) -> dict[str, Any]:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


def test_it_is_valid() -> None:
    kubernetes_validate.validate(policy(), kubernetes_validate.latest_version(), strict=True)


def test_it_lets_in_the_namespace_itself_the_envoys_of_the_gateway_and_the_monitoring() -> None:
    constraint = unstructured.items(
        envoys.proxy({}, replaced=True),
        *("spec", "provider", "kubernetes", "envoyDeployment", "pod", "topologySpreadConstraints"),
    )
    (of_envoys,) = [unstructured.mapping(each, "labelSelector") for each in constraint]
    (monitoring,) = [chart.namespace for chart in CHARTS if chart.key == "prometheus"]
    assert policy()["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [
                    {"podSelector": {}},
                    {"namespaceSelector": named(namespaces.ENVOY_GATEWAY), "podSelector": of_envoys},
                    {"namespaceSelector": named(monitoring)},
                ]
            }
        ],
    }
    assert set(of_envoys["matchLabels"].values()) == {GATEWAY_NAME, SYSTEM_NAMESPACE}
