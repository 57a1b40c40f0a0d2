"""The table of clouds, and the rules that are made from it."""

import pkgutil
from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from function.api import clouds
from function.api.base import Model, Rule
from function.api.clouds import CLOUDS, EKS, GKE, VULTR, Cloud, PoolTraits
from function.api.clouds.pool_rules import places, pool_rules
from function.api.cluster_sources import EXISTING, SOURCES
from tests.e2e.bed.admission.classes import PROVIDERS
from tests.support.api import BLOCKS


class OrbitSource(Model):
    """A cluster of Orbit."""


ORBIT = Cloud(name="Orbit", block="orbit", cluster=OrbitSource, nodes=OrbitSource)


def rules(*sources: Cloud) -> dict[str, str]:
    """The rules about node pools when these are all sources, by message."""
    return {rule.message: rule.rule for rule in pool_rules(sources)}


@pytest.mark.parametrize("key", [lambda cloud: cloud.name, lambda cloud: cloud.block], ids=["name", "block"])
def test_no_two_sources_are_called_alike(key: Callable[[Cloud], str]) -> None:
    assert len({key(source) for source in SOURCES}) == len(SOURCES)


def test_every_cloud_in_the_folder_is_in_the_table() -> None:
    modules = {found.name for found in pkgutil.iter_modules(clouds.__path__)} - {"cloud", "fields", "pool_rules"}
    assert modules == {cloud.cluster.__module__.rpartition(".")[2] for cloud in CLOUDS}, "add it to CLOUDS"


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_a_cloud_makes_nodes_and_says_which_packages_serve_what_it_composes(cloud: Cloud) -> None:
    assert cloud.nodes is not None
    assert cloud.providers


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_the_packages_of_a_provider_family_have_one_version(cloud: Cloud) -> None:
    assert len({provider.version for provider in cloud.providers}) == 1


def test_the_rules_of_every_source_are_tested_on_each() -> None:
    sources, clouds = [source.name for source in SOURCES], [cloud.name for cloud in CLOUDS]
    assert list(BLOCKS) == sources, "add its shortest block to BLOCKS in tests/support/api.py, in the order of SOURCES"
    assert list(PROVIDERS) == clouds, "add its shortest node to PROVIDERS in tests/e2e/bed/admission/classes.py"


def test_every_trait_of_pools_is_unset_unless_a_cloud_says_otherwise() -> None:
    assert not any(getattr(EXISTING.pools, trait.name) for trait in fields(PoolTraits))


def test_a_source_that_makes_no_nodes_needs_no_pools() -> None:
    required = "nodePools is required for a cluster that Modelplane makes"
    assert rules(GKE, EXISTING)[required] == "self.cluster.source == 'Existing' || has(self.nodePools)"


def test_a_rule_names_the_clouds_with_the_trait_and_holds_on_those_alone() -> None:
    zones = rules(GKE, VULTR, EKS, EXISTING)["zones is required for every node pool on GKE and EKS"]
    assert zones.startswith("!(self.cluster.source in ['GKE', 'EKS']) || ")


def test_what_a_cloud_does_not_say_it_has_is_refused_there() -> None:
    efa = rules(GKE, EKS, ORBIT, EXISTING)["fabric.type EFA may be set only on EKS"]
    assert efa.startswith("!(self.cluster.source in ['GKE', 'Orbit', 'Existing']) || ")


def test_clouds_with_different_limits_get_a_rule_each() -> None:
    larger = replace(ORBIT, pools=PoolTraits(fewest_nodes=3))
    found = rules(VULTR, larger, EXISTING)
    for cloud, number in (("Vultr", 1), ("Orbit", 3)):
        rule = found[f"nodeCount and minNodeCount must be at least {number} on {cloud}"]
        assert f"in ['{cloud}']" in rule
        assert f"p.nodeCount >= {number} && " in rule


def test_a_rule_of_one_cloud_comes_last_and_is_over_each_pool() -> None:
    own = replace(ORBIT, pools=PoolTraits(rules=(Rule("p.nodeCount != 13", "not 13 nodes on Orbit"),)))
    last = pool_rules((EKS, own, EXISTING))[-1]
    applies = "!(self.cluster.source in ['Orbit']) || !has(self.nodePools) || "
    assert last == Rule(f"{applies}self.nodePools.all(p, p.nodeCount != 13)", "not 13 nodes on Orbit")


def test_places_are_listed_as_in_a_sentence() -> None:
    zoned = replace(ORBIT, pools=PoolTraits(zones_required=True))
    assert places((GKE, VULTR), "zones_required") == "GKE"
    assert places((GKE, EKS), "zones_required") == "GKE and EKS"
    assert places((GKE, EKS, zoned), "zones_required") == "GKE, EKS and Orbit"
