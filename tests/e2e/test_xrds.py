"""What we ship is accepted by Crossplane and by the API server, and what must be refused is refused."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.composition import Manifest
from function.preview.inputs import read
from tests.e2e.admission import Admission
from tests.e2e.shipped import COMPOSITION_FILES, DEFINITION_FILES, DEFINITION_OF, EXAMPLE_NAMES, ROOT, example, load
from tests.support.settled import EXAMPLES, composites

MANIFESTS = sorted([*EXAMPLES.glob("*"), *(ROOT / "tests" / "api" / "documented").glob("*.yaml")])


def name(path: Path) -> str:
    return path.stem


def shop(**properties: Any) -> Manifest:
    """A small definition whose spec has these properties."""
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": properties}},
    }
    return {
        "apiVersion": "apiextensions.crossplane.io/v2",
        "kind": "CompositeResourceDefinition",
        "metadata": {"name": "shops.example.org"},
        "spec": {
            "group": "example.org",
            "names": {"kind": "Shop", "plural": "shops"},
            "scope": "Namespaced",
            "versions": [
                {"name": "v1", "served": True, "referenceable": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }


def deployment(**spec: Any) -> Manifest:
    [obj, *_] = [t for t in read([str(EXAMPLES / "quickstart")]) if t["kind"] == "ModelDeployment"]
    return {**obj, "spec": {**obj["spec"], **spec}}


@pytest.fixture
def defined(tmp_path: Path) -> Callable[[Mapping[str, Any]], Path]:
    def write(definition: Mapping[str, Any]) -> Path:
        path = tmp_path / "definition.yaml"
        path.write_text(yaml.safe_dump(dict(definition)))
        return path

    return write


@pytest.mark.parametrize("path", DEFINITION_FILES, ids=name)
def test_our_definitions_are_accepted_and_so_are_the_crds_that_crossplane_derives(
    path: Path, admission: Admission
) -> None:
    assert admission.definition(path) == []


@pytest.mark.parametrize("path", COMPOSITION_FILES, ids=name)
def test_our_compositions_are_accepted(path: Path, admission: Admission) -> None:
    crd = admission.binaries.crds / "apiextensions.crossplane.io_compositions.yaml"
    assert admission.create(crd, load(path)) == []


@pytest.mark.parametrize("path", MANIFESTS, ids=name)
def test_the_manifests_of_examples_and_product_pages_are_accepted(path: Path, admission: Admission) -> None:
    ours = [obj for obj in read([str(path)]) if "modelplane.ai/" in obj["apiVersion"]]
    refused = {f"{t['kind']}/{t['metadata']['name']}": admission.create(DEFINITION_OF[t["kind"]], t) for t in ours}
    assert refused
    assert {obj: problems for obj, problems in refused.items() if problems} == {}


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_every_composite_that_preview_settles_on_is_accepted_with_its_status(name: str, admission: Admission) -> None:
    for _, composite in composites(example(name)):
        definition = DEFINITION_OF[composite["kind"]]
        meta = {
            key: composite["metadata"][key] for key in ("name", "namespace", "labels") if key in composite["metadata"]
        }
        written = {key: value for key, value in composite.items() if key != "status"} | {"metadata": meta}
        assert admission.create(definition, written) == []
        assert admission.status(definition, {**composite, "metadata": meta}, written) == []


def test_a_small_definition_is_accepted(admission: Admission, defined: Callable[[Mapping[str, Any]], Path]) -> None:
    assert admission.definition(defined(shop(size={"type": "integer"}))) == []


COSTLY = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "string"}},
    "x-kubernetes-validations": [{"rule": "self.all(a, self.all(b, a.all(c, b.exists(d, c.contains(d)))))"}],
}


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        pytest.param(
            shop(size={"description": "without a type"}),
            "spec.validation.openAPIV3Schema.properties[spec].properties[size].type: Required value",
            id="not structural",
        ),
        pytest.param(shop(rows=COSTLY), "estimated rule cost exceeds budget", id="rule too costly"),
        pytest.param(
            shop(size={"type": "integer", "x-kubernetes-validations": [{"rule": "self.startsWith('a')"}]}),
            "compilation failed",
            id="rule does not compile",
        ),
        pytest.param(
            shop(size={"type": "integer", "default": "big"}),
            "properties[size].default: Invalid value",
            id="default of another type",
        ),
        pytest.param(
            {**shop(), "metadata": {"name": "shops"}},
            "metadata.name: Invalid value",
            id="name is not plural.group",
        ),
        pytest.param({**shop(), "spek": {}}, "unknown fields: spek", id="unknown field"),
        pytest.param(
            {**shop(), "spec": {**shop()["spec"], "names": {"kind": "Shop", "plural": "Shops"}}},
            "Plural name must be lowercase",
            id="refused by Crossplane's own rules",
        ),
    ],
)
def test_a_broken_definition_is_refused(
    definition: Manifest, problem: str, admission: Admission, defined: Callable[[Mapping[str, Any]], Path]
) -> None:
    problems = admission.definition(defined(definition))
    assert problem in "\n".join(problems)
    assert all(problem.startswith(f"{defined(definition)}: ") for problem in problems)


def test_a_rule_that_a_limit_makes_cheap_is_accepted(
    admission: Admission, defined: Callable[[Mapping[str, Any]], Path]
) -> None:
    limited: Any = deepcopy(COSTLY) | {"maxItems": 4}
    limited["items"] |= {"maxItems": 4, "items": {"type": "string", "maxLength": 8}}
    assert admission.definition(defined(shop(rows=limited))) == []


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"template": {"spec": {"engines": deployment()["spec"]["engines"]}}},
            "exactly one of spec.engines and spec.template.spec must be set",
        ),
        ({"replicas": 201}, "spec.replicas: Invalid value"),
        ({"colour": "blue"}, "unknown fields: spec.colour"),
    ],
)
def test_a_manifest_against_the_schema_or_a_rule_is_refused(
    spec: Mapping[str, Any], problem: str, admission: Admission
) -> None:
    assert problem in "\n".join(admission.create(DEFINITION_OF["ModelDeployment"], deployment(**spec)))


def test_an_update_may_change_what_is_not_immutable(admission: Admission) -> None:
    definition = DEFINITION_OF["ModelDeployment"]
    assert admission.update(definition, deployment(replicas=3), deployment(replicas=2)) == []


def test_the_engines_and_the_cluster_of_a_replica_cannot_be_changed(admission: Admission) -> None:
    replica, *_ = [t for _, t in composites(example("quickstart")) if t["kind"] == "ModelReplica"]
    meta = {key: replica["metadata"][key] for key in ("name", "namespace", "labels")}
    old = {key: replica[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": meta}
    engine, *_ = old["spec"]["engines"]
    new = {**old, "spec": {**old["spec"], "clusterName": "elsewhere", "engines": [{**engine, "name": "other"}]}}
    problems = admission.update(DEFINITION_OF["ModelReplica"], new, old)
    assert sorted(problem.split(": ")[1] for problem in problems) == ["spec.clusterName", "spec.engines"]


def test_a_status_against_the_schema_is_refused(admission: Admission) -> None:
    wrong = {**deployment(), "status": {"replicas": {"total": "two"}}}
    problems = admission.status(DEFINITION_OF["ModelDeployment"], wrong, deployment())
    assert "status.replicas.total: Invalid value" in "\n".join(problems)
