from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.api import BLOCKS, changed, clouds_with, cluster, manifest, pool, refused, refused_update


@pytest.mark.parametrize("source", BLOCKS)
def test_a_source_needs_its_own_block(source: str) -> None:
    block = source.lower()
    assert refused(cluster(source)) == []
    bare = changed(cluster(source), "spec", "cluster", to={"source": source})
    assert refused(bare) == [f"spec.cluster: cluster.{block} is required for source {source}"]


def test_blocks_of_other_sources_are_admitted() -> None:
    blocks = {"source": "EKS", **BLOCKS["EKS"], **BLOCKS["GKE"]}
    assert refused(changed(cluster("EKS"), "spec", "cluster", to=blocks)) == []


def test_a_nebius_block_may_be_empty_and_no_other_may() -> None:
    assert refused(cluster("Nebius")) == []
    assert refused(changed(cluster("Vultr"), "spec", "cluster", "vultr", to={})) == [
        "spec.cluster.vultr.region: is required"
    ]
    assert refused(changed(cluster("AKS"), "spec", "cluster", "aks", to={})) == [
        "spec.cluster.aks.location: is required"
    ]


@pytest.mark.parametrize("source", ["GKE", "EKS", "AKS", "Vultr", "Existing"])
def test_infiniband_without_a_fabric_id_is_admitted_off_nebius(source: str) -> None:
    assert refused(cluster(source, pool(fabric={"type": "InfiniBand"}))) == []


def test_infiniband_on_nebius_needs_a_fabric_id() -> None:
    fabric = {"type": "InfiniBand", "infiniband": {"fabric": "fabric-4"}}
    assert refused(cluster("Nebius", pool(fabric=fabric))) == []
    assert refused(cluster("Nebius", pool(fabric={"type": "InfiniBand"}))) == [
        f"spec: fabric.infiniband is required on {clouds_with('infiniband_fabric')} for fabric.type InfiniBand"
    ]


def test_a_fabric_id_needs_the_type_infiniband_which_is_not_the_default() -> None:
    fabric = {"infiniband": {"fabric": "fabric-4"}}
    assert refused(cluster("Nebius", pool(fabric={**fabric, "type": "InfiniBand"}))) == []
    assert refused(cluster("Nebius", pool(fabric=fabric))) == [
        "spec.nodePools[0].fabric: fabric.infiniband may be set only with fabric.type InfiniBand"
    ]


def test_a_key_may_taint_once_with_each_effect() -> None:
    hold, leave = {"key": "maintenance", "effect": "NoSchedule"}, {"key": "maintenance", "effect": "NoExecute"}
    assert refused(cluster(taints=[hold, leave])) == []
    assert refused(cluster(taints=[hold, leave, hold])) == [
        'spec.taints[2]: duplicate of spec.taints[0]: key "maintenance", effect "NoSchedule"'
    ]


def test_a_cluster_that_modelplane_makes_needs_node_pools() -> None:
    bare = {"cluster": {"source": "Existing", **BLOCKS["Existing"]}}
    assert refused(manifest("InferenceCluster", bare)) == []
    bare = {"cluster": {"source": "GKE", **BLOCKS["GKE"]}}
    assert refused(manifest("InferenceCluster", bare)) == [
        "spec: nodePools is required for a cluster that Modelplane makes"
    ]


@pytest.mark.parametrize("zones", [{}, {"zones": []}])
@pytest.mark.parametrize("source", ["GKE", "EKS"])
def test_pools_on_gke_and_eks_need_zones(source: str, zones: Mapping[str, Any]) -> None:
    unzoned = {"name": "gpu", "className": "l4", **zones}
    assert refused(cluster("Nebius", unzoned)) == []
    assert refused(cluster(source, pool("first"), unzoned)) == [
        f"spec: zones is required for every node pool on {clouds_with('zones_required')}"
    ]


def test_pool_names_on_aks_are_short_and_plain() -> None:
    assert refused(cluster("AKS", pool("a100pool1234"))) == []
    assert refused(cluster("GKE", pool("a100-pool"))) == []
    for name in ("a100-pool", "a100pool12345", "1pool"):
        assert refused(cluster("AKS", pool(name))) == [
            "spec: the name of a node pool on AKS must be 1 to 12 lower case letters and digits, starting with a letter"
        ]


def test_a_pool_on_aks_has_at_most_three_zones() -> None:
    assert refused(cluster("AKS", pool(zones=["1", "2", "3"]))) == []
    assert refused(cluster("AKS", pool(zones=["1", "2", "3", "4"]))) == [
        "spec: a node pool on AKS can have at most 3 zones"
    ]


@pytest.mark.parametrize("counts", [{"nodeCount": 0}, {"minNodeCount": 0, "maxNodeCount": 2}])
def test_pools_on_vultr_have_at_least_one_node(counts: Mapping[str, int]) -> None:
    assert refused(cluster("EKS", pool(**counts))) == []
    assert refused(cluster("Vultr", pool(minNodeCount=1, maxNodeCount=2))) == []
    assert refused(cluster("Vultr", pool(**counts))) == ["spec: nodeCount and minNodeCount must be at least 1 on Vultr"]


@pytest.mark.parametrize("source", ["Nebius", "Vultr"])
def test_a_minimum_needs_a_maximum_on_nebius_and_vultr(source: str) -> None:
    assert refused(cluster(source, pool(minNodeCount=1, maxNodeCount=2))) == []
    assert refused(cluster("EKS", pool(minNodeCount=1))) == []
    assert refused(cluster(source, pool(minNodeCount=1))) == [
        f"spec: minNodeCount needs maxNodeCount on {clouds_with('maximum_required')}"
    ]


def test_the_size_of_a_pool_lies_between_its_bounds() -> None:
    assert refused(cluster("EKS", pool(minNodeCount=1, nodeCount=2, maxNodeCount=4))) == []
    assert refused(cluster("Nebius", pool(nodeCount=0, maxNodeCount=1))) == []
    assert refused(cluster("EKS", pool(minNodeCount=2))) == [
        "spec.nodePools[0]: minNodeCount must not be greater than nodeCount"
    ]
    assert refused(cluster("EKS", pool(nodeCount=5, maxNodeCount=4))) == [
        "spec.nodePools[0]: nodeCount must not be greater than maxNodeCount"
    ]


def test_pools_have_at_most_a_thousand_nodes() -> None:
    assert refused(cluster("EKS", pool(nodeCount=1000))) == []
    assert refused(cluster("EKS", pool(nodeCount=1001))) == ["spec.nodePools[0].nodeCount: must be 0 to 1000, not 1001"]


@pytest.mark.parametrize("source", ["GKE", "AKS", "Nebius", "Vultr", "Existing"])
def test_capacity_blocks_and_efa_are_for_eks(source: str) -> None:
    block = {"capacityBlock": {"capacityReservationId": "cr-0123456789abcdef0"}}
    efa = {"fabric": {"type": "EFA"}}
    assert refused(cluster("EKS", pool(**block, **efa))) == []
    assert refused(cluster(source, pool(**block))) == [
        f"spec: capacityBlock may be set only on {clouds_with('capacity_blocks')}"
    ]
    assert refused(cluster(source, pool(**efa))) == [f"spec: fabric.type EFA may be set only on {clouds_with('efa')}"]


def test_the_pool_name_system_is_reserved() -> None:
    assert refused(cluster("EKS", pool("systems"))) == []
    assert refused(cluster("EKS", pool("system"))) == [
        "spec.nodePools[0].name: the pool name system is reserved for the pool that Modelplane adds"
    ]


@pytest.mark.parametrize("name", ["gpu-synthetic", "h100-8x", "2xl4", "a"])
def test_pool_names_are_dns_labels(name: str) -> None:
    assert refused(cluster("EKS", pool(name))) == []


@pytest.mark.parametrize("name", ["GPU", "gpu_pool", "-gpu", "gpu-", "gpu.pool", "gpu\n"])
def test_pool_names_that_are_no_dns_labels_are_refused(name: str) -> None:
    assert refused(cluster("EKS", pool(name))) == [
        (
            "spec.nodePools[0].name: must be lower case letters, digits and '-', starting and ending with a letter or"
            f' digit, not "{name}"'
        )
    ]


@pytest.mark.parametrize(
    ("source", "path", "value"),
    [
        ("EKS", ("eks", "region"), "us-west-2"),
        ("GKE", ("gke", "region"), "us-west1"),
        ("Vultr", ("vultr", "region"), "ams"),
        ("AKS", ("aks", "location"), "west"),
    ],
)
def test_where_a_cluster_is_cannot_be_changed(source: str, path: tuple[str, str], value: str) -> None:
    old = cluster(source)
    assert refused_update(old, old) == []
    assert refused_update(old, changed(old, "spec", "cluster", *path, to=value)) == [
        f"spec.cluster.{'.'.join(path)}: the {path[-1]} of a cluster cannot be changed: make another InferenceCluster"
    ]


def test_the_source_of_a_cluster_cannot_be_changed() -> None:
    old = changed(cluster("EKS"), "spec", "cluster", to={"source": "EKS", **BLOCKS["EKS"], **BLOCKS["GKE"]})
    assert refused_update(old, changed(old, "spec", "taints", to=[{"key": "k", "effect": "NoExecute"}])) == []
    assert refused_update(old, changed(old, "spec", "cluster", "source", to="GKE")) == [
        "spec.cluster.source: the source of a cluster cannot be changed: make another InferenceCluster"
    ]


def test_the_project_of_a_cluster_cannot_be_changed_once_it_is_said() -> None:
    old = changed(cluster("GKE"), "spec", "cluster", "gke", "project", to="one")
    assert refused_update(cluster("GKE"), old) == []
    assert refused_update(old, changed(old, "spec", "cluster", "gke", "project", to="two")) == [
        "spec.cluster.gke.project: the project of a cluster cannot be changed: make another InferenceCluster"
    ]


def test_pools_come_and_go_but_do_not_change_their_class() -> None:
    old = cluster("EKS", pool("one"), pool("two"))
    assert refused_update(old, cluster("EKS", pool("three", className="other"), pool("two"))) == []
    assert refused_update(old, cluster("EKS", pool("two", className="other"), pool("one"))) == [
        (
            "spec.nodePools[0].className: the class of a node pool cannot be changed: add a pool with another name and"
            " remove this one"
        )
    ]
