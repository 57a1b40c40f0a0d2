from typing import Any

import pytest

from function.api.clouds import CLOUDS
from function.preview import seeds
from tests.support.api import changed, cluster


def secrets(**existing: Any) -> dict[str, dict[str, str]]:
    """The Secrets that a cluster takes for granted, with their keys."""
    source = {"source": "Existing", "existing": existing}
    found = seeds.assumed(changed(cluster("Existing"), "spec", "cluster", to=source))
    return {obj["metadata"]["name"]: obj["data"] for obj in found if obj["kind"] == "Secret"}


def test_the_secrets_of_a_cluster_are_there_with_the_keys_that_it_names() -> None:
    assert secrets(secretRef={"name": "east"}) == {"east": {"kubeconfig": ""}}
    named = {"secretRef": {"name": "east", "key": "config"}, "identitySecretRef": {"name": "robot"}}
    assert secrets(**named) == {"east": {"config": ""}, "robot": {"private_key": ""}}


def test_a_secret_that_holds_both_kubeconfig_and_identity_has_both_keys() -> None:
    both = {"secretRef": {"name": "east"}, "identitySecretRef": {"name": "east"}}
    assert secrets(**both) == {"east": {"kubeconfig": "", "private_key": ""}}


@pytest.mark.parametrize("source", [cloud.name for cloud in CLOUDS if cloud.secrets is None])
def test_a_cluster_that_is_not_composed_takes_no_secret_for_granted(source: str) -> None:
    assert list(seeds.assumed(cluster(source))) == []


@pytest.mark.parametrize("existing", [{}, {"secretRef": "east"}, {"secretRef": {"name": 7}}])
def test_a_cluster_that_cannot_be_read_takes_none(existing: dict[str, Any]) -> None:
    assert secrets(**existing) == {}
