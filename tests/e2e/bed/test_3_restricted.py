"""A namespace that takes only restricted pods runs models, and keeps out what would not be admitted there."""

from __future__ import annotations

import pytest

from function.composition import unstructured
from tests.e2e.bed import restricted
from tests.e2e.bed.api import ApiError
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.restricted import CLUSTER, LOOSE, MODEL_NAME, NAMESPACE, TEMPLATES, Restricted

_FORBIDDEN = 403


def test_a_model_with_a_side_car_and_volumes_is_served_in_a_restricted_namespace(bed: Bed, locked: Restricted) -> None:
    bed.await_with_looks(f"{MODEL_NAME} is served", lambda: locked.is_served, 180, NAMESPACE)
    (pod,) = locked.pods()
    found = restricted.pod_of(pod)
    assert {"engine", "log-shipper"} <= found["containers"].keys()
    assert {"templates", "logs"} <= found["volumes"].keys()
    copy = found["volumes"]["templates"]["configMap"]["name"]
    (replica,) = {name for key, name in unstructured.labels(pod).items() if key == "modelplane.ai/replica"}
    assert copy.startswith(f"{replica}-templates-")
    content = bed.inference[CLUSTER].api.get("v1", "ConfigMap", copy, NAMESPACE)
    assert content
    assert content["data"] == TEMPLATES


def test_the_api_server_holds_the_namespace_to_its_level(bed: Bed, locked: Restricted) -> None:
    bed.await_with_looks("the namespace is there", locked.namespace, 90, NAMESPACE)
    assert unstructured.labels(locked.namespace())["pod-security.kubernetes.io/enforce"] == "restricted"
    with pytest.raises(ApiError, match="violates PodSecurity") as refused:
        bed.inference[CLUSTER].api.create(restricted.privileged_pod())
    assert refused.value.status == _FORBIDDEN


def test_a_deployment_whose_pods_would_be_refused_there_says_so_before_anything_is_composed(
    bed: Bed, locked: Restricted
) -> None:
    bed.await_with_looks("it says so", lambda: "restricted" in locked.scheduling_message(LOOSE), 90, NAMESPACE)
    condition = unstructured.condition(bed.composite("ModelDeployment", LOOSE, NAMESPACE), "ReplicasScheduled")
    assert condition["status"] == "False"
    assert "securityContext" in condition["message"], condition["message"]
    assert not locked.has_remote_objects(LOOSE)
