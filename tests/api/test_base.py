import pytest
from pydantic import ValidationError

from function.api.kinds import INFERENCE_CLASS, INFERENCE_CLUSTER, MODEL_DEPLOYMENT, SERVING_STACK
from function.api.model_deployment import ModelDeploymentSpec, Rollout
from function.api.node_pools import NodePool
from function.api.pods.environment import KeySelector
from tests.support.api import cluster, deployment, inference_class, stack


def test_whole_doubles_are_read_as_integers() -> None:
    pool = NodePool.model_validate({"name": "gpu", "className": "l4", "nodeCount": 2.0})
    assert pool.node_count == 2
    assert isinstance(pool.node_count, int)


@pytest.mark.parametrize("count", [True, "2", 2.5])
def test_nothing_but_a_whole_number_is_an_integer(count: object) -> None:
    with pytest.raises(ValidationError):
        NodePool.model_validate({"name": "gpu", "className": "l4", "nodeCount": count})


@pytest.mark.parametrize("flag", [1, 0, "true", "yes"])
def test_nothing_but_true_and_false_is_a_boolean(flag: object) -> None:
    with pytest.raises(ValidationError):
        KeySelector.model_validate({"name": "token", "key": "k", "optional": flag})


@pytest.mark.parametrize("name", [7, True, None, b"token"])
def test_nothing_but_text_is_text(name: object) -> None:
    with pytest.raises(ValidationError):
        KeySelector.model_validate({"name": name, "key": "k"})


def test_unknown_fields_are_passed_over() -> None:
    assert Rollout.model_validate({"maxSurge": 2, "crossplane": {}}) == Rollout(max_surge=2)


def test_limits_do_not_keep_an_object_from_being_read() -> None:
    spec = ModelDeploymentSpec.model_validate({"replicas": 5000, "engines": []})
    assert spec.replicas == 5000


def test_fields_are_read_by_their_name_in_python_too() -> None:
    assert NodePool(name="gpu", class_name="l4").most_nodes == 1


def test_values_are_frozen() -> None:
    pool = NodePool(name="gpu", class_name="l4")
    with pytest.raises(ValidationError):
        pool.node_count = 3


def test_what_was_written_is_written_back() -> None:
    for kind, obj in (
        (INFERENCE_CLASS, inference_class(node={"cpu": "8", "taints": [{"key": "gpu", "effect": "NoSchedule"}]})),
        (INFERENCE_CLUSTER, cluster("Nebius", servingStack={"versions": {"certManager": "v1.18.0"}})),
        (MODEL_DEPLOYMENT, deployment(serving={}, rollout={"paused": True})),
        (SERVING_STACK, stack(versions={}, gateway={"listeners": []})),
    ):
        assert kind.spec.model_validate(obj["spec"]).plain() == obj["spec"]


def test_a_pool_that_scales_can_have_as_many_nodes_as_its_maximum() -> None:
    assert NodePool(name="gpu", class_name="l4", node_count=1, max_node_count=4).most_nodes == 4
    assert NodePool(name="gpu", class_name="l4", node_count=3).most_nodes == 3
