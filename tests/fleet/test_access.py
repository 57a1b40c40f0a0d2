"""How a cluster is reached: which Secrets are used, and what is said of those that cannot be."""

import pytest

from function.api.base import Model
from function.api.clouds import KUBECONFIG, Cloud, SecretField
from function.api.cluster_sources import EXISTING, ExistingCluster
from function.fleet.access import Access, SecretKey, UnusableSecretsError, of_source


def existing(identity: dict[str, str] | None = None, name: str = "kc") -> ExistingCluster:
    block = {"secretRef": {"name": name}, "identitySecretRef": identity}
    return ExistingCluster.model_validate(block)


class OrbitSource(Model):
    """A cluster of Orbit."""


def orbit(*secrets: SecretField) -> Cloud:
    return Cloud(name="Orbit", block="orbit", cluster=OrbitSource, secrets=lambda _: secrets)


def test_a_cluster_that_exists_is_reached_by_what_its_block_names() -> None:
    kubeconfig = SecretKey("Kubeconfig", "modelplane-system", "kc", "kubeconfig")
    identity = SecretKey("GoogleApplicationCredentials", "modelplane-system", "sa", "private_key")
    assert of_source(EXISTING, existing()) == Access(kubeconfig)
    assert of_source(EXISTING, existing({"name": "sa"})) == Access(kubeconfig, identity)


def test_a_source_without_its_block_is_named_with_the_field() -> None:
    with pytest.raises(UnusableSecretsError, match=r"^spec\.cluster\.existing is required for source Existing$"):
        of_source(EXISTING, None)


def test_a_secret_without_a_name_is_named_with_its_field_and_an_identity_first() -> None:
    with pytest.raises(UnusableSecretsError, match=r"^spec\.cluster\.existing\.secretRef\.name is empty"):
        of_source(EXISTING, existing(name=""))
    with pytest.raises(UnusableSecretsError, match=r"^spec\.cluster\.existing\.identitySecretRef\.name is empty"):
        of_source(EXISTING, existing({"name": ""}, name=""))


def test_a_source_that_names_no_kubeconfig_reaches_nothing() -> None:
    token = SecretField("tokenRef", "OrbitTokenCredentials", "east", "token")
    with pytest.raises(UnusableSecretsError, match=r"^spec\.cluster\.orbit has no entry of type Kubeconfig: add one$"):
        of_source(orbit(token), OrbitSource())


def test_the_first_secret_of_each_sort_is_used() -> None:
    secrets = [SecretField("", kind, name, "k") for kind in (KUBECONFIG, "Token") for name in ("first", "second")]
    access = of_source(orbit(*secrets), OrbitSource())
    assert access == Access(
        SecretKey(KUBECONFIG, "modelplane-system", "first", "k"), SecretKey("Token", "modelplane-system", "first", "k")
    )
