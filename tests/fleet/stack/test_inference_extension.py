"""Our manifests of the inference extension against the definitions that the project released."""

import pytest
import yaml

from function.composition import Manifest, unstructured
from function.fleet.stack.inference_extension import CRDS, resource_name
from tests.fleet.builders import observed, remote
from tests.fleet.stack.builders import compose_stack, installed, stack
from tests.support.crd_schemas import FOLDER

EACH = pytest.mark.parametrize("crd", CRDS, ids=[unstructured.name_of(crd) for crd in CRDS])


@EACH
def test_each_definition_is_the_released_one(crd: Manifest) -> None:
    path = FOLDER / f"{unstructured.name_of(crd)}.yaml"
    if not path.is_file():
        pytest.skip(f"NOT CHECKED against the released definition: {path} is missing")
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
