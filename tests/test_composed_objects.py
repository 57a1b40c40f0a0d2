"""What is composed is valid wherever it goes, with unknown fields refused; what cannot be checked is listed."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from function.api.kinds import GROUPS
from function.api.validation import admit
from function.composition import Manifest, Object, objects, unstructured
from function.preview.admission import status_problems
from function.preview.control_plane import ControlPlane
from function.preview.kinds import group_of, ref_of
from function.preview.reconcile import controller_uid
from tests.support.crd_schemas import kinds_with_facts, strict, violations
from tests.support.settled import EXAMPLES, brought, example, settle

ROOT = Path(__file__).parents[1]
FLEET = EXAMPLES / "quickstart" / "fleet"

UNCHECKED = {
    ("metallb.io/v1beta1", "IPAddressPool"),
    ("metallb.io/v1beta1", "L2Advertisement"),
}
"""Kinds that we compose and whose definitions were never at hand, so that tests/schemas has no table of them."""

BUILT_IN = {
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("apps/v1", "Deployment"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("resource.k8s.io/v1", "ResourceClaimTemplate"),
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
}
"""Kinds of Kubernetes itself that we compose."""

PREVIEWS = {
    **{path.name: example(path) for path in sorted(EXAMPLES.iterdir()) if path.is_dir()},
    **{path.name: (path, FLEET) for path in sorted((ROOT / "tests/api/documented").glob("*.yaml"))},
    "brought": (),
}
every_preview = pytest.mark.parametrize("name", PREVIEWS)


@cache
def preview(name: str) -> ControlPlane:
    """A settled control plane. Shared: observe it, do not change it."""
    return settle(*PREVIEWS[name]) if PREVIEWS[name] else brought()


def composed(plane: ControlPlane) -> Iterator[tuple[str, Manifest]]:
    """Every composed object as it was applied, Objects both as they are and unwrapped, with what to call it."""
    for obj in plane.everything():
        if controller_uid(obj):
            yield str(ref_of(obj)), applied(obj)
            if objects.is_object(obj):
                yield f"{ref_of(obj)}, unwrapped", dict(objects.desired(obj))


def applied(obj: Object) -> Manifest:
    """An object without what the API server and controllers write."""
    meta = unstructured.mapping(obj, "metadata")
    kept = {key: meta[key] for key in ("name", "namespace", "labels", "annotations") if key in meta}
    body = {key: value for key, value in obj.items() if key != "status"}
    if isinstance(body.get("spec"), dict):
        body["spec"] = {key: value for key, value in body["spec"].items() if key != "crossplane"}
    return {**body, "metadata": kept}


def kind_of(obj: Object) -> tuple[str, str]:
    return unstructured.text(obj, "apiVersion"), unstructured.text(obj, "kind")


def faults(value: Any, path: str) -> list[str]:
    if value is None:
        return [path]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in faults(item, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in faults(item, f"{path}[{index}]")]
    return []


def test_there_is_something_to_check_in_every_preview() -> None:
    assert len(PREVIEWS) > 1
    assert [name for name in PREVIEWS if not list(composed(preview(name)))] == []


@every_preview
def test_what_is_composed_of_other_projects_kinds_is_valid_by_its_facts(name: str) -> None:
    wrong = []
    for called, obj in composed(preview(name)):
        api_version, kind = kind_of(obj)
        plural = kinds_with_facts().get((group_of(api_version), kind))
        if plural is not None:
            wrong += [f"{called}: {problem}" for problem in violations(obj, plural)]
    assert wrong == []


@every_preview
def test_what_is_composed_of_kubernetes_own_kinds_is_valid(name: str) -> None:
    wrong = []
    for called, obj in composed(preview(name)):
        if kind_of(obj) in BUILT_IN:
            try:
                kubernetes_validate.validate(obj, kubernetes_validate.latest_version(), strict=True)
            except kubernetes_validate.ValidationError as error:
                wrong.append(f"{called}: {error}")
    assert wrong == []


@every_preview
def test_what_is_composed_of_our_own_kinds_is_admitted(name: str) -> None:
    objs = [obj for _, obj in composed(preview(name)) if group_of(kind_of(obj)[0]) in GROUPS]
    assert [line for obj in objs for line in admit(obj).lines()] == []


@every_preview
def test_nothing_is_composed_with_a_null(name: str) -> None:
    assert [fault for called, obj in composed(preview(name)) for fault in faults(obj, called)] == []


def test_what_could_not_be_checked_is_listed() -> None:
    met = {kind_of(obj) for name in PREVIEWS for _, obj in composed(preview(name))}
    ours = {(api_version, kind) for api_version, kind in met if group_of(api_version) in GROUPS}
    defined = {(api_version, kind) for api_version, kind in met if (group_of(api_version), kind) in kinds_with_facts()}
    assert met - ours - defined - BUILT_IN == UNCHECKED
    assert met >= BUILT_IN | UNCHECKED, "these are composed no more"


# ---------------------------------------------------------------------- statuses


@cache
def status_schema(group: str, plural: str) -> Any:
    """The schema of a kind's status, from the definition that we ship."""
    spec = yaml.safe_load((ROOT / "xrds" / f"{plural}.{group}.yaml").read_text(encoding="utf-8"))["spec"]
    (version,) = spec["versions"]
    return strict(version["schema"]["openAPIV3Schema"])["properties"].get("status", {"maxProperties": 0})


def plurals() -> dict[tuple[str, str], str]:
    specs = [yaml.safe_load(path.read_text(encoding="utf-8"))["spec"] for path in sorted((ROOT / "xrds").glob("*"))]
    return {(spec["group"], spec["names"]["kind"]): spec["names"]["plural"] for spec in specs}


@every_preview
def test_every_status_that_is_published_is_valid_by_our_own_definition(name: str) -> None:
    known, wrong = plurals(), []
    for composite in preview(name).composites:
        group, kind = group_of(composite["apiVersion"]), composite["kind"]
        status = {key: value for key, value in unstructured.mapping(composite, "status").items() if key != "conditions"}
        validator = jsonschema.Draft202012Validator(status_schema(group, known[group, kind]))
        wrong += [f"{ref_of(composite)}: {error.json_path}: {error.message}" for error in validator.iter_errors(status)]
        wrong += [f"{ref_of(composite)}: {problem}" for problem in status_problems(composite, status)]
    assert wrong == []


def test_a_field_that_no_definition_knows_would_be_found() -> None:
    (obj, *_) = preview("quickstart").composites
    assert status_problems(obj, {"suprise": 1}) != ()
    validator = jsonschema.Draft202012Validator(status_schema("modelplane.ai", "modelservices"))
    assert [error.message for error in validator.iter_errors({"adress": "x", "address": None})] != []
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, kubernetes_validate.latest_version(), strict=True)
