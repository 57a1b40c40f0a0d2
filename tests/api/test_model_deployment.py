from typing import Any

import pytest

from tests.support.api import changed, deployment, engine, manifest, nested, refused


@pytest.mark.parametrize("replicas", [0, 1, 200])
def test_there_are_up_to_two_hundred_replicas(replicas: int) -> None:
    assert refused(deployment(replicas=replicas)) == []


@pytest.mark.parametrize("replicas", [-1, 201])
def test_other_numbers_of_replicas_are_refused(replicas: int) -> None:
    assert refused(deployment(replicas=replicas)) == [f"spec.replicas: must be 0 to 200, not {replicas}"]


def test_the_number_of_replicas_has_no_default() -> None:
    obj = deployment()
    del obj["spec"]["replicas"]
    assert refused(obj) == ["spec.replicas: is required"]


def test_a_deployment_is_written_in_one_of_two_ways() -> None:
    either = "spec: exactly one of spec.engines and spec.template.spec must be set"
    assert refused(deployment()) == []
    assert refused(nested()) == []
    both = changed(nested(), "spec", "engines", to=[engine()])
    assert refused(both) == [either]
    assert refused(manifest("ModelDeployment", {"replicas": 1})) == [either]
    assert refused(manifest("ModelDeployment", {"replicas": 1, "template": {"metadata": {}}})) == [either]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clusterSelector", {"matchLabels": {"modelplane.ai/region": "us-west"}}),
        ("modelCacheRef", {"name": "weights"}),
        ("serving", {}),
        ("tolerations", []),
    ],
)
def test_the_two_ways_are_not_mixed(field: str, value: Any) -> None:
    assert refused(deployment(**{field: value})) == []
    assert refused(nested(**{field: value})) == []
    assert refused(changed(nested(), "spec", field, to=value)) == [
        "spec: with spec.template.spec, clusterSelector, modelCacheRef, serving and tolerations belong under it"
    ]


def test_rollout_and_template_labels_go_with_either_way() -> None:
    rollout = {"maxSurge": 0, "maxUnavailable": 1, "paused": True}
    assert refused(deployment(rollout=rollout, template={"metadata": {"labels": {"team": "ml"}}})) == []
    assert refused(changed(nested(labels={"team": "ml"}), "spec", "rollout", to=rollout)) == []


def test_a_rollout_can_make_progress() -> None:
    assert refused(deployment(rollout={"maxSurge": 0})) == []
    assert refused(deployment(rollout={"maxUnavailable": 0})) == []
    assert refused(deployment(rollout={"maxSurge": 0, "maxUnavailable": 0})) == [
        "spec.rollout: rollout.maxSurge and rollout.maxUnavailable must not both be 0"
    ]
