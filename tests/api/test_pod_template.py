from collections.abc import Mapping
from typing import Any

import pytest

from function.api.pod_template import PodTemplate
from tests.support.api import deployment, engine, member, nested, refused, template

CONTAINERS = "spec.engines[0].members[0].template.spec.containers"
ENGINE = {"name": "engine", "image": "vllm"}
SIDE_CAR = {"name": "shipper", "image": "fluent-bit"}


def of(**spec: Any) -> dict[str, Any]:
    return deployment(engines=[engine("qwen", member(template=template(**spec)))])


def test_one_container_is_named_engine_wherever_it_stands() -> None:
    named = f"{CONTAINERS}: exactly one container must be named engine"
    assert refused(of(containers=[ENGINE])) == []
    assert refused(of(containers=[SIDE_CAR, ENGINE], initContainers=[{**SIDE_CAR, "name": "fetch"}])) == []
    assert refused(of(containers=[SIDE_CAR, {**SIDE_CAR, "name": "vllm"}])) == [
        f"{named}: found shipper, vllm; name the one that serves engine"
    ]
    pod = {"spec": {"containers": [SIDE_CAR, ENGINE]}}
    assert PodTemplate.model_validate(pod).container.plain() == ENGINE


@pytest.mark.parametrize(
    ("field", "path", "volumes", "there"),
    [
        ("volumeMounts", "mountPath", [], "the pod has no volumes"),
        ("volumeDevices", "devicePath", [{"name": "modelz", "emptyDir": {}}], "the pod has modelz"),
    ],
)
def test_a_mount_of_no_volume_is_named_with_its_container(
    field: str, path: str, volumes: list[Any], there: str
) -> None:
    mounts = [{"name": name, path: f"/{name}"} for name in ("models", "dshm")]
    pod = of(containers=[ENGINE, {**SIDE_CAR, field: mounts}], volumes=volumes)
    rule = f"{field} of a container must name volumes of the pod"
    assert refused(pod) == [f"{CONTAINERS.rpartition('.')[0]}: {rule}: shipper mounts models; {there}"]


def test_of_a_pod_that_was_stored_without_an_engine_the_first_container_is_read() -> None:
    assert PodTemplate.model_validate({"spec": {"containers": [SIDE_CAR]}}).container.name == "shipper"


def test_numbers_or_texts_are_read_as_they_are_written_also_from_doubles() -> None:
    probe = {"tcpSocket": {"port": 8080.0}}
    amounts = {"limits": {"cpu": 4.0, "memory": "8Gi"}}
    found = PodTemplate.model_validate(
        {"spec": {"containers": [{**ENGINE, "livenessProbe": probe, "resources": amounts}]}}
    )
    assert found.container.plain() == {
        **ENGINE,
        "livenessProbe": {"tcpSocket": {"port": 8080}},
        "resources": {"limits": {"cpu": 4, "memory": "8Gi"}},
    }


def test_an_empty_volume_source_is_written_back() -> None:
    spec = {"containers": [ENGINE], "volumes": [{"name": "scratch", "emptyDir": {}}]}
    assert PodTemplate.model_validate({"spec": spec}).plain() == {"spec": spec}


def test_a_member_has_a_pod() -> None:
    assert refused(deployment(engines=[engine("qwen", member(template={}))])) == [
        "spec.engines[0].members[0].template.spec: is required"
    ]


RESERVED = "must not start with modelplane.ai/, which is reserved"


QUALIFIED = (
    "must be qualified names: an optional DNS prefix and '/', then 1 to 63 letters, digits, '-', '_' or '.',"
    " starting and ending with a letter or digit"
)


@pytest.mark.parametrize("key", ["app", "llm-d.ai/role", "infrastructure.modelplane.ai/x", "A_b.c", "a" * 63])
def test_template_labels_may_have_any_qualified_key_that_is_not_reserved(key: str) -> None:
    assert refused(nested(labels={key: "x"})) == []
    flat = deployment(template={"metadata": {"labels": {key: "x"}}})
    assert refused(flat) == []


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("modelplane.ai/x", RESERVED),
        ("-app", QUALIFIED),
        ("a" * 64, QUALIFIED),
        ("Upper.Case/x", QUALIFIED),
        ("a/b/c", QUALIFIED),
        (f"{'a' * 254}/x", "must have at most 253 characters"),
    ],
)
def test_template_labels_with_other_keys_are_refused(key: str, message: str) -> None:
    (found,) = refused(nested(labels={key: "x"}))
    assert found.startswith("spec.template.metadata: ")
    assert "template.metadata.labels" in found
    assert message in found


def test_labels_and_annotations_of_pods_have_rules_of_their_own() -> None:
    def labelled(**metadata: Mapping[str, str]) -> dict[str, Any]:
        return deployment(engines=[engine("qwen", member(template=template() | {"metadata": metadata}))])

    at = "spec.engines[0].members[0].template.metadata"
    assert refused(labelled(labels={"app": "x"}, annotations={"modelplane.ai/note": "any text: is fine"})) == []
    assert refused(labelled(labels={"modelplane.ai/x": "x"})) == [
        f"{at}: keys of member template.metadata.labels {RESERVED}"
    ]
    assert refused(labelled(annotations={"-x": "x"})) == [
        f"{at}: keys of member template.metadata.annotations {QUALIFIED}"
    ]


def test_label_values_are_label_values() -> None:
    assert refused(nested(labels={"app": "", "tier": "a.b_c-D"})) == []
    assert refused(nested(labels={"app": "-x"})) == [
        (
            "spec.template.metadata.labels[app]: must be a label value: letters, digits, '-', '_' and '.', starting and"
            ' ending with a letter or digit, not "-x"'
        )
    ]


def test_environment_variables_may_come_twice() -> None:
    env = [{"name": "NCCL_DEBUG", "value": "0"}, {"name": "NCCL_DEBUG", "value": "INFO"}]
    container = {"name": "engine", "image": "vllm", "env": env}
    assert refused(deployment(engines=[engine("q", member(template=template(containers=[container])))])) == []
