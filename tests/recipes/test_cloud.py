"""A cloud is added by docs/recipes/cloud.md alone: its module and its line, in a copy of the code."""

import json
import re
import shutil
import subprocess
import sys
from functools import reduce
from typing import Any

import pytest

from function.api.clouds import CLOUDS
from function.packages.metadata import ROOT

RECIPE = ROOT / "docs" / "recipes" / "cloud.md"
REGISTRY = "function/api/clouds/__init__.py"
MODULE = "function/api/clouds/orbit.py"

PROBE = """
import json, sys
from function.api.cluster_sources import SOURCES
from function.api.generate import files
from function.api.pod_metadata import grants
from function.api.validation import admit
from function.composers import compose
from function.composition import Observation
from function.packages.composed import COMPOSED, Composed, ServedBy
from function.packages.dependencies import needed
from function.preview import seeds
from datetime import UTC, datetime

NOW = datetime(2026, 1, 1, tzinfo=UTC)
given = json.load(sys.stdin)

def composed(cluster):
    required = {"model-replicas": (), "class-big": (given["class"],)}
    answer = compose(Observation(composite=cluster, now=NOW, children={}, required=required))
    return {
        "children": {key: dict(child.manifest) for key, child in answer.children.items()},
        "conditions": {condition.type: condition.reason for condition in answer.conditions},
    }

machine = Composed("kubernetes.orbit.m.upbound.io/v1beta1", "Cluster", "clusters", ServedBy.MANAGED)
json.dump({
    "sources": [source.name for source in SOURCES],
    "refused": [[str(problem) for problem in admit(obj).problems] for obj in given["admitted"]],
    "assumed": list(seeds.assumed(given["composed"][0])),
    "composed": [composed(obj) for obj in given["composed"]],
    "grants": grants("iam.orbit.example.com/role"),
    "needed": [provider.name for provider in needed([*COMPOSED, machine])],
    "files": files(),
}, sys.stdout)
"""

POOL = {"name": "gpus", "className": "big", "zones": ["a"]}


def cluster(source: str = "Orbit", pool: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    block = {"region": "low", "secretName": "east"} if source == "Orbit" else {"region": "low"}
    described = {"source": source, source.lower(): block}
    return {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceCluster",
        "metadata": {"name": "east"},
        "spec": {"cluster": described, "nodePools": [{**POOL, **(pool or {})}], **spec},
    }


def inference_class(**provisioning: Any) -> dict[str, Any]:
    device = {"name": "gpu", "driver": "gpu.nvidia.com", "deviceClassName": "gpu.nvidia.com"}
    return {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceClass",
        "metadata": {"name": "big"},
        "spec": {"devices": [device], "provisioning": {"provider": "Orbit", **provisioning}},
    }


MADE = inference_class(orbit={"size": "xl", "accelerator": {"type": "l4", "count": 1}})
ADMITTED = {
    "a cluster": (cluster(), []),
    "a class": (MADE, []),
    "a class without its block": (
        inference_class(),
        ["spec.provisioning: provisioning.orbit is required for provider Orbit"],
    ),
    "a pool without zones": (
        cluster(pool={"zones": []}),
        ["spec: zones is required for every node pool on GKE, EKS and Orbit"],
    ),
    "a pool that breaks the cloud's own rule": (
        cluster(pool={"nodeCount": 13}),
        ["spec: a node pool on Orbit cannot have 13 nodes"],
    ),
    "a pool with what the cloud does not have": (
        cluster(pool={"capacityBlock": {"capacityReservationId": "cr-0123"}}),
        ["spec: capacityBlock may be set only on EKS"],
    ),
    "no pools": (
        {**cluster(), "spec": {"cluster": cluster()["spec"]["cluster"]}},
        ["spec: nodePools is required for a cluster that Modelplane makes"],
    ),
}
COMPOSED = (cluster(), cluster(servingStack={"nvidiaDriverRoot": "/mine"}), cluster("GKE"))


def blocks(language: str) -> list[str]:
    """The recipe's blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", RECIPE.read_text(encoding="utf-8"), re.DOTALL)


def patched(text: str, diff: str) -> str:
    """A text with the line that a difference adds below the one that it shows."""
    below, added = diff.splitlines()
    above, new = below.removeprefix(" "), added.removeprefix("+")
    assert text.count(f"{above}\n") == 1, above
    return text.replace(f"{above}\n", f"{above}\n{new}\n")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the code says of the new cloud once the recipe is followed, and nothing else."""
    root = tmp_path_factory.mktemp("recipe")
    shutil.copytree(ROOT / "function", root / "function", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    (module,) = blocks("python")
    (root / MODULE).write_text(module, encoding="utf-8")
    registry = reduce(patched, blocks("diff"), (root / REGISTRY).read_text(encoding="utf-8"))
    (root / REGISTRY).write_text(registry, encoding="utf-8")
    given = {"admitted": [obj for obj, _ in ADMITTED.values()], "composed": COMPOSED, "class": MADE}
    done = subprocess.run(  # noqa: S603  # this interpreter, on our own words
        [sys.executable, "-c", PROBE],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_is_a_source_among_the_clouds_that_there_were(followed: dict[str, Any]) -> None:
    assert "Orbit" in followed["sources"]
    assert [name for name in followed["sources"] if name != "Orbit"] == [*(cloud.name for cloud in CLOUDS), "Existing"]


@pytest.mark.parametrize("case", ADMITTED)
def test_admission_knows_its_fields_and_rules(followed: dict[str, Any], case: str) -> None:
    assert followed["refused"][list(ADMITTED).index(case)] == ADMITTED[case][1]


def test_its_cluster_is_reached_with_its_kubeconfig_and_identity(followed: dict[str, Any]) -> None:
    reached, *_ = followed["composed"]
    assert reached["children"]["cluster-provider-config-kubernetes"]["spec"] == {
        "credentials": {
            "source": "Secret",
            "secretRef": {"namespace": "modelplane-system", "name": "east", "key": "kubeconfig"},
        },
        "identity": {
            "type": "OrbitTokenCredentials",
            "source": "Secret",
            "secretRef": {"namespace": "modelplane-system", "name": "east", "key": "token"},
        },
    }


def test_a_preview_takes_its_secret_for_granted_with_both_keys(followed: dict[str, Any]) -> None:
    metadata = {"name": "east", "namespace": "modelplane-system"}
    data = {"kubeconfig": "", "token": ""}
    assert followed["assumed"] == [{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}]


def test_its_stack_has_its_settings_unless_the_user_says_otherwise(followed: dict[str, Any]) -> None:
    usual, chosen, _ = followed["composed"]
    secrets = [
        {"type": "Kubeconfig", "name": "east", "key": "kubeconfig"},
        {"type": "OrbitTokenCredentials", "name": "east", "key": "token"},
    ]
    assert usual["children"]["serving-stack"]["spec"] == {"nvidiaDriverRoot": "/opt/orbit/nvidia", "secrets": secrets}
    assert chosen["children"]["serving-stack"]["spec"] == {"nvidiaDriverRoot": "/mine", "secrets": secrets}


def test_its_provider_is_a_dependency_once_a_kind_of_it_is_composed(followed: dict[str, Any]) -> None:
    assert followed["needed"] == ["provider-helm", "provider-kubernetes", "provider-orbit"]


def test_its_labels_and_annotations_grant_something_to_pods(followed: dict[str, Any]) -> None:
    assert followed["grants"] is True


def test_a_cloud_without_secrets_is_accepted_and_not_composed(followed: dict[str, Any]) -> None:
    *_, unsupported = followed["composed"]
    assert unsupported["children"] == {}
    assert unsupported["conditions"]["ClusterReady"] == "SourceNotSupported"


def test_only_the_definitions_that_name_clouds_and_the_reference_change(followed: dict[str, Any]) -> None:
    changed = {path for path, text in followed["files"].items() if (ROOT / path).read_text(encoding="utf-8") != text}
    assert changed == {
        "docs/api.md",
        "xrds/inferenceclasses.modelplane.ai.yaml",
        "xrds/inferenceclusters.modelplane.ai.yaml",
        "xrds/servingstacks.infrastructure.modelplane.ai.yaml",
    }
    reference = followed["files"]["docs/api.md"]
    assert "Zones to place nodes in; required on GKE, EKS and Orbit." in reference
    assert "How Orbit makes such nodes." in reference
