import pytest

from function.api.base import Kind
from function.api.compositions import composition
from function.api.kinds import KINDS
from tests.support.crd_schemas import violations

STEPS = {
    "InferenceClass": "compose-inference-class",
    "InferenceCluster": "compose-inference-cluster",
    "InferenceGateway": "compose-inference-gateway",
    "ModelDeployment": "compose-model-deployment",
    "ModelReplica": "compose-model-replica",
    "ModelEndpoint": "compose-model-endpoint",
    "ModelService": "compose-model-service",
    "ServingStack": "compose-serving-stack",
}
COMPOSED = [kind for kind in KINDS if kind.step]


def test_every_kind_is_composed_but_the_cache() -> None:
    assert {kind.kind: kind.step for kind in COMPOSED} == STEPS
    assert [kind.kind for kind in KINDS if composition(kind) is None] == ["ModelCache"]


@pytest.mark.parametrize("kind", COMPOSED, ids=lambda kind: kind.kind)
def test_a_composition_has_one_step_of_the_one_function(kind: Kind) -> None:
    assert composition(kind) == {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "compositeTypeRef": {"apiVersion": f"{kind.group}/v1alpha1", "kind": kind.kind},
            "mode": "Pipeline",
            "pipeline": [{"step": STEPS[kind.kind], "functionRef": {"name": "function-modelplane"}}],
        },
    }


@pytest.mark.parametrize("kind", COMPOSED, ids=lambda kind: kind.kind)
def test_crossplane_takes_every_composition_as_it_is(kind: Kind) -> None:
    written = composition(kind)
    assert written is not None
    assert violations(written, "compositions") == []
