import pytest

from function.preview.admission import admit, status_problems
from function.preview.errors import InvalidObjectError
from tests.support.api import deployment, engine, manifest, replica


def test_defaults_are_filled_in() -> None:
    stored = admit(deployment(serving={}), None)
    assert stored["spec"]["serving"] == {"mode": "Unified"}


def test_a_foreign_kind_is_taken_as_it_is() -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": None}}
    assert admit(obj, None) == obj


def test_what_the_schema_refuses_is_refused_with_every_reason() -> None:
    with pytest.raises(InvalidObjectError) as caught:
        admit(deployment(replicas=-1, engine=[]), None)
    assert str(caught.value) == (
        "ModelDeployment/ml-team/qwen-demo is refused: spec.replicas: must be 0 to 200, not -1; "
        'spec.engine: unknown field; did you mean "engines"?'
    )


def test_a_field_that_is_written_once_cannot_change() -> None:
    old = admit(replica(), None)
    assert admit(old, old) == old
    with pytest.raises(InvalidObjectError, match="clusterName"):
        admit(replica(clusterName="elsewhere"), old)


def test_the_same_rule_is_judged_anew_when_the_object_is_another() -> None:
    wrong = deployment(engines=[engine("a"), engine("a")])
    for _ in range(2):
        admit(deployment(), None)
        with pytest.raises(InvalidObjectError):
            admit(wrong, None)


def test_a_status_is_judged_by_the_kinds_schema() -> None:
    service = manifest("ModelService", {"endpoints": [{"selector": {"matchLabels": {"a": "b"}}}]})
    assert status_problems(service, {"address": "http://192.0.2.1/ml-team/thing"}) == ()
    assert status_problems(service, {"adress": "x", "address": 5}) == (
        'status.adress: unknown field; did you mean "address"?',
        "status.address: must be a string, not a whole number: 5",
    )


def test_a_null_in_a_status_is_a_problem_wherever_it_is() -> None:
    service = manifest("ModelService", {"endpoints": [{"selector": {"matchLabels": {"a": "b"}}}]})
    assert status_problems(service, {"address": None, "endpoints": [{"name": "a"}, {"name": None}]})[:2] == (
        "status.address: must not be null",
        "status.endpoints[1].name: must not be null",
    )


def test_a_problem_of_the_spec_is_no_problem_of_the_status() -> None:
    assert status_problems(manifest("ModelService", {"endpoints": []}), {}) == ()
