"""Our manifests of the inference extension against the definitions that the project released."""

import hashlib
import json

import pytest
import yaml

from function.composition import Manifest, unstructured
from function.fleet.stack.inference_extension import CRDS, resource_name
from tests.fleet.builders import observed, remote
from tests.fleet.stack.builders import compose_stack, installed, stack
from tests.support.crd_schemas import FOLDER

EACH = pytest.mark.parametrize("crd", CRDS, ids=[unstructured.name_of(crd) for crd in CRDS])

RELEASED = {
    "inferencepools.inference.networking.k8s.io": "9af75285ae899fdf685e8be79c5e4376",
    "inferencepools.inference.networking.x-k8s.io": "ecc9c6c33373cb3e5db3101c31585199",
    "inferenceobjectives.inference.networking.x-k8s.io": "095137f2df2c6a4e34b9e8871faf33fe",
}
"""Digests of the released definitions as JSON with sorted keys, taken from the definitions themselves."""


@EACH
def test_each_definition_is_the_released_one(crd: Manifest) -> None:
    name = unstructured.name_of(crd)
    assert hashlib.blake2b(json.dumps(crd, sort_keys=True).encode(), digest_size=16).hexdigest() == RELEASED[name]
    if (path := FOLDER / f"{name}.yaml").is_file():
        assert crd == yaml.safe_load(path.read_text(encoding="utf-8"))


@EACH
def test_a_definition_is_composed_in_full_with_its_status_subresource(crd: Manifest) -> None:
    configs = observed(compose_stack(stack()))
    assert remote(compose_stack(stack(), configs), resource_name(crd)) == crd
    assert remote(compose_stack(stack(), installed(stack())), resource_name(crd)) == crd


@EACH
def test_a_definition_is_created_where_it_is_missing_and_never_changed_or_removed(crd: Manifest) -> None:
    answered = compose_stack(stack(), installed(stack()))
    spec = answered.children[resource_name(crd)].manifest["spec"]
    assert spec["managementPolicies"] == ["Observe", "Create"]
