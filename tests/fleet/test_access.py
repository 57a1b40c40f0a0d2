"""How a cluster is reached: which Secrets are used, and what is said of those that cannot be."""

from typing import Any

import pytest

from function.api import identities
from function.api.base import Model
from function.api.clouds import KUBECONFIG, Cloud, SecretField
from function.api.cluster_sources import EXISTING, ExistingCluster
from function.api.serving_stack import ServingStackSpec
from function.composition import unstructured
from function.fleet.access import Access, SecretKey, UnusableSecretsError, of_source, of_stack
from tests.support import crd_schemas


def existing(identity: dict[str, str] | None = None, name: str = "kc") -> ExistingCluster:
    block = {"secretRef": {"name": name}, "identitySecretRef": identity}
    return ExistingCluster.model_validate(block)


def identified(kind: str, source: str, **place: Any) -> ExistingCluster:
    return ExistingCluster.model_validate(
        {"secretRef": {"name": "kc"}, "identity": {"type": kind, "source": source, **place}}
    )


class OrbitSource(Model):
    """A cluster of Orbit."""


def orbit(*secrets: SecretField) -> Cloud:
    return Cloud(name="Orbit", block="orbit", cluster=OrbitSource, secrets=lambda _: secrets)


def test_a_cluster_that_exists_is_reached_by_what_its_block_names() -> None:
    kubeconfig = SecretKey("Kubeconfig", "modelplane-system", "kc", "kubeconfig")
    identity = SecretKey("GoogleApplicationCredentials", "modelplane-system", "sa", "private_key")
    assert of_source(EXISTING, existing()) == Access(kubeconfig)
    assert of_source(EXISTING, existing({"name": "sa"})) == Access(kubeconfig, identity)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("InjectedIdentity", {}),
        ("None", {}),
        ("Environment", {"env": {"name": "TOKEN"}}),
        ("Filesystem", {"fs": {"path": "/var/run/token"}}),
    ],
)
@pytest.mark.parametrize("kind", identities.TYPES)
def test_an_identity_of_the_providers_pods_reaches_both_provider_configs_as_it_is_written(
    kind: str, source: str, place: dict[str, Any]
) -> None:
    access = of_source(EXISTING, identified(kind, source, **place))
    config = {
        "credentials": {
            "source": "Secret",
            "secretRef": {"namespace": "modelplane-system", "name": "kc", "key": "kubeconfig"},
        },
        "identity": {"type": kind, "source": source, **place},
    }
    assert access.provider_config_spec() == config
    stack = ServingStackSpec.model_validate(access.stack_spec())
    assert of_stack(stack, "modelplane-system").provider_config_spec() == config


def test_an_identity_in_a_secret_is_the_same_in_both_spellings() -> None:
    kind = "AzureServicePrincipalCredentials"
    short = of_source(EXISTING, existing({"name": "sp", "key": "credentials.json", "type": kind}))
    long = of_source(EXISTING, identified(kind, "Secret", secretRef={"name": "sp", "key": "credentials.json"}))
    assert short == long
    assert short.stack_spec() == {
        "secrets": [
            {"type": "Kubeconfig", "name": "kc", "key": "kubeconfig"},
            {"type": kind, "name": "sp", "key": "credentials.json"},
        ]
    }


def test_an_identity_in_a_secret_of_another_namespace_is_read_there() -> None:
    access = of_source(
        EXISTING, identified("UpboundTokens", "Secret", secretRef={"name": "robot", "namespace": "robots"})
    )
    reference = {"namespace": "robots", "name": "robot", "key": "private_key"}
    config = {"type": "UpboundTokens", "source": "Secret", "secretRef": reference}
    assert access.provider_config_spec()["identity"] == config
    stack = ServingStackSpec.model_validate(access.stack_spec())
    assert of_stack(stack, "modelplane-system") == access


def test_an_identity_from_a_secret_that_is_not_named_is_named_with_its_field() -> None:
    with pytest.raises(UnusableSecretsError, match=r"^spec\.cluster\.existing\.identity\.secretRef\.name is empty"):
        of_source(EXISTING, identified("UpboundTokens", "Secret"))


def test_every_type_and_source_that_both_providers_have_can_be_chosen() -> None:
    sources = {source for taken in identities.SOURCES.values() for source in taken}
    for provider, version in (("kubernetes", "v1alpha1"), ("helm", "v1beta1")):
        definition = crd_schemas.facts(f"providerconfigs.{provider}.m.crossplane.io", version)
        known = unstructured.mapping(definition, "properties", "spec", "properties", "identity", "properties")
        assert set(known["type"]["enum"]) == set(identities.TYPES)
        assert set(known["source"]["enum"]) == sources


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
