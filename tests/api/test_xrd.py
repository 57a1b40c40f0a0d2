import pytest

from function.api.base import Kind
from function.api.kinds import KINDS, MODEL_DEPLOYMENT
from function.api.schema import of_kind
from function.api.xrd import definition
from tests.support.crd_schemas import violations

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


@every_kind
def test_a_definition_says_how_the_kind_is_named_and_served(kind: Kind) -> None:
    found = definition(kind)
    versions = found["spec"].pop("versions")
    composed_by = found["spec"].pop("defaultCompositionRef", None)
    assert composed_by == ({"name": f"{kind.plural}.{kind.group}"} if kind.step else None)
    assert found == {
        "apiVersion": "apiextensions.crossplane.io/v2",
        "kind": "CompositeResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "names": {
                "kind": kind.kind,
                "plural": kind.plural,
                "shortNames": [kind.short],
                "categories": ["crossplane", "modelplane"],
            },
            "scope": kind.scope,
        },
    }
    assert [(v["name"], v["served"], v["referenceable"]) for v in versions] == [("v1alpha1", True, True)]
    assert versions[0]["schema"] == {"openAPIV3Schema": of_kind(kind)}


def test_deployments_alone_can_be_scaled() -> None:
    scaled = {k.kind: definition(k)["spec"]["versions"][0].get("subresources") for k in KINDS}
    assert scaled.pop(MODEL_DEPLOYMENT.kind) == {
        "scale": {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas.total",
            "labelSelectorPath": ".status.selector",
        }
    }
    assert set(scaled.values()) == {None}


@every_kind
def test_columns_show_fields_that_exist(kind: Kind) -> None:
    for column in kind.columns:
        if column.path.startswith((".metadata.", ".status.conditions")):
            continue
        node = of_kind(kind)
        for name in column.path.removeprefix(".").split("."):
            node = node["properties"][name]
        assert node["type"] == column.type, column.path


@every_kind
def test_crossplane_takes_every_definition_as_it_is(kind: Kind) -> None:
    assert violations(definition(kind), "compositeresourcedefinitions") == []
