"""Crossplane's own composition code makes of our answers what preview shows."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.composers import compose
from function.composition import Composition, Manifest, Object, Observation, Requirement, unstructured
from function.preview.control_plane import START, ControlPlane
from function.preview.inputs import read
from function.preview.reconcile import COMPOSITE_LABEL, RESOURCE_NAME
from tests.e2e.binaries import Binaries
from tests.e2e.render import Rendered, Renderer, Served
from tests.e2e.shipped import COMPOSITION_OF, DEFINITION_OF, EXAMPLE_NAMES, example, load
from tests.support.settled import EXAMPLES, composites, observe

CLASS: Manifest = {
    "apiVersion": "modelplane.ai/v1alpha1",
    "kind": "InferenceClass",
    "metadata": {"name": "l4"},
    "spec": {"devices": [{"name": "gpu", "driver": "gpu.nvidia.com", "deviceClassName": "gpu.nvidia.com"}]},
}


def seen_of(kind: str) -> list[tuple[ControlPlane, Observation]]:
    """What the composers of all composites of a kind would be given once the examples have settled."""
    planes = [example(name) for name in EXAMPLE_NAMES]
    return [
        (plane, observe(plane, composite))
        for plane in planes
        for _, composite in composites(plane)
        if composite["kind"] == kind
    ]


def just_created(seen: Observation) -> Observation:
    """An observation as it was when nothing had been composed yet."""
    meta = {key: value for key, value in seen.composite["metadata"].items() if key != "managedFields"}
    spec = {key: value for key, value in seen.composite["spec"].items() if key != "crossplane"}
    return replace(seen, composite={**seen.composite, "metadata": meta, "spec": spec, "status": {}}, children={})


def resolved(plane: ControlPlane, seen: Observation) -> Observation:
    """An observation with what only a new composite asks for as well."""
    required = dict(seen.required)
    for key, requirement in compose(seen).requirements.items():
        if key not in required:
            objs = plane.list(requirement.api_version, requirement.kind)
            required[key] = tuple(obj for obj in objs if _is_wanted(obj, requirement))
    return replace(seen, required=required)


def _is_wanted(obj: Object, requirement: Requirement) -> bool:
    named = requirement.name in {"", unstructured.name_of(obj)}
    labelled = requirement.labels.items() <= unstructured.labels(obj).items()
    return named and labelled and unstructured.namespace_of(obj) == requirement.namespace


def render(renderer: Renderer, seen: Observation, existing: Iterable[Object]) -> Rendered:
    return renderer.render(
        seen.composite,
        COMPOSITION_OF[seen.kind],
        load(DEFINITION_OF[seen.kind]),
        observed=seen.children.values(),
        existing=existing,
    )


def expected(plane: ControlPlane, seen: Observation, answer: Composition) -> dict[str, Manifest]:
    """What preview applies for an answer, by composition resource name."""
    made = {key: plane._reconciler._render(seen.composite, key, child, seen) for key, child in answer.children.items()}
    return {key: without_crossplanes(obj) for key, obj in made.items()}


def composed(rendered: Rendered) -> dict[str, Manifest]:
    """What Crossplane applies, by composition resource name."""
    return {unstructured.annotations(obj)[RESOURCE_NAME]: without_crossplanes(obj) for obj in rendered.composed}


def without_crossplanes(obj: Object) -> Manifest:
    """An object less the metadata that is Crossplane's own; its name stays."""
    labels = {key: value for key, value in unstructured.labels(obj).items() if key != COMPOSITE_LABEL}
    annotations = {key: value for key, value in unstructured.annotations(obj).items() if key != RESOURCE_NAME}
    own = ("labels", "annotations", "ownerReferences", "generateName")
    meta = {key: value for key, value in obj["metadata"].items() if key not in own}
    meta |= {key: found for key, found in (("labels", labels), ("annotations", annotations)) if found}
    return {**obj, "metadata": meta}


def status(composite: Object) -> Manifest:
    """A status less the condition that tells of Crossplane's own watches, which preview has none of."""
    found = dict(composite["status"])
    found["conditions"] = [condition for condition in found["conditions"] if condition["type"] != "Responsive"]
    return found


def selector(requirement: Requirement) -> Manifest:
    """A requirement as Crossplane writes it down."""
    selector_: Manifest = {"apiVersion": requirement.api_version, "kind": requirement.kind}
    if requirement.namespace:
        selector_["namespace"] = requirement.namespace
    if requirement.name:
        selector_["matchName"] = requirement.name
    elif requirement.labels:
        selector_["matchLabels"] = {"labels": dict(requirement.labels)}
    return selector_


def in_order(objs: Iterable[Any]) -> list[str]:
    return sorted(yaml.safe_dump(obj) for obj in objs)


@pytest.mark.parametrize("kind", sorted(COMPOSITION_OF))
def test_of_a_settled_composite_crossplane_composes_what_preview_does(
    kind: str, renderer: Renderer, function: Served
) -> None:
    found = seen_of(kind)
    assert found, "no example has one"
    for plane, seen in found:
        function.now = plane.now
        rendered, answer = render(renderer, seen, plane.everything()), compose(seen)
        assert rendered.fatal == ""
        assert composed(rendered) == expected(plane, seen, answer)
        assert rendered.deleted == ()
        assert status(rendered.composite) == status(seen.composite)
        assert in_order(rendered.selectors) == in_order(map(selector, answer.requirements.values()))


@pytest.mark.parametrize("kind", sorted(COMPOSITION_OF))
def test_of_a_new_composite_crossplane_composes_what_preview_does_under_the_same_names(
    kind: str, renderer: Renderer, function: Served
) -> None:
    for plane, settled in seen_of(kind):
        function.now = plane.now
        seen = resolved(plane, just_created(settled))
        rendered = render(renderer, seen, plane.everything())
        assert rendered.fatal == ""
        assert composed(rendered) == expected(plane, seen, compose(seen))


class Compared:
    """Composes, and lets Crossplane do the same whenever the requirements are there and something is new."""

    def __init__(self, renderer: Renderer, function: Served, plane: ControlPlane) -> None:
        self.renders = 0
        self.deleted: list[str] = []
        self._renderer, self._function, self._plane = renderer, function, plane
        self._last: dict[tuple[str, str, str], tuple[Observation, Composition]] = {}

    def __call__(self, seen: Observation) -> Composition:
        answer = compose(seen)
        key = (seen.kind, seen.namespace, seen.name)
        new = (replace(seen, now=START), replace(answer, ttl_seconds=0))
        looks_ahead = seen.now != self._plane.now
        if not looks_ahead and set(seen.required) == set(answer.requirements) and self._last.get(key) != new:
            self._last[key] = new
            self._compare(seen, answer)
        return answer

    def _compare(self, seen: Observation, answer: Composition) -> None:
        self._function.now = seen.now
        rendered = render(self._renderer, seen, [obj for found in seen.required.values() for obj in found])
        deleted = sorted(unstructured.annotations(obj)[RESOURCE_NAME] for obj in rendered.deleted)
        assert composed(rendered) == expected(self._plane, seen, answer)
        assert deleted == sorted(set(seen.children) - set(answer.children))
        self.deleted += deleted
        self.renders += 1


def test_in_every_pass_of_a_rise_and_a_scale_down_crossplane_applies_and_deletes_what_preview_does(
    renderer: Renderer, function: Served
) -> None:
    manifests = read([str(EXAMPLES / "quickstart")])
    plane = ControlPlane()
    compared = plane.compose = Compared(renderer, function, plane)
    plane.apply(manifests)
    plane.settle()
    assert set(compared.deleted) == {"pods"}, "what looks at pods goes once they serve, and nothing else does"
    plane.apply({**t, "spec": {**t["spec"], "replicas": 0}} for t in manifests if t["kind"] == "ModelDeployment")
    plane.settle()
    assert {key.partition("-")[0] for key in compared.deleted} >= {"endpoint", "replica"}


def test_the_service_of_an_endpoint_has_a_name_that_a_service_may_have_whatever_its_deployment_is_called(
    renderer: Renderer,
) -> None:
    endpoint = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelEndpoint",
        "metadata": {"name": "qwen2-5-0", "namespace": "ml-team", "labels": {COMPOSITE_LABEL: "qwen2.5"}},
        "spec": {"url": "http://llm.example.com/ml-team/qwen2-5-0/v1"},
    }
    rendered = renderer.render(endpoint, COMPOSITION_OF["ModelEndpoint"])
    [service] = [obj for obj in rendered.composed if obj["kind"] == "Service"]
    assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", service["metadata"]["name"])


def test_a_fatal_answer_is_crossplanes_error_and_applies_nothing(renderer: Renderer) -> None:
    strange = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "Stranger", "metadata": {"name": "s"}, "spec": {}}
    composition = COMPOSITION_OF["InferenceClass"]
    of_type = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "Stranger"}
    rendered = renderer.render(strange, {**composition, "spec": {**composition["spec"], "compositeTypeRef": of_type}})
    assert "modelplane.ai/v1alpha1 Stranger is not composed here" in rendered.fatal
    assert rendered.composed == ()


def test_a_requirement_that_finds_nothing_is_answered_and_not_asked_for_ever(renderer: Renderer) -> None:
    [(_, seen), *_] = seen_of("ModelDeployment")
    rendered = render(renderer, just_created(seen), ())
    assert rendered.fatal == ""
    assert in_order(rendered.selectors) == in_order(map(selector, compose(seen).requirements.values()))


def test_the_installed_command_serves_crossplane(binaries: Binaries) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    flags = ("--insecure", "--address", address, "--metrics-address", "127.0.0.1:0")
    command = (Path(sys.executable).with_name("function"), *flags)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # fixed words
    try:
        rendered = Renderer(binaries, address).render(CLASS, COMPOSITION_OF["InferenceClass"])
    finally:
        process.terminate()
    assert process.wait(timeout=30) == 0
    statuses = {condition["type"]: condition["status"] for condition in rendered.composite["status"]["conditions"]}
    assert statuses["Ready"] == statuses["Accepted"] == "True"
