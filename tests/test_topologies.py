"""Every topology, from a manifest to what runs on a cluster."""

from functools import cache
from typing import Any

import pytest
import yaml

from function.composition import Object, unstructured
from function.preview.clusters import Remote
from function.preview.control_plane import ControlPlane
from tests.support.settled import EXAMPLES, example, settle

TOPOLOGIES = ("data-parallel", "engines", "multi-node", "prefill-decode", "router", "several-copies")


@cache
def preview(name: str) -> ControlPlane:
    """A settled example. Shared: observe it, do not change it."""
    return settle(*example(EXAMPLES / name))


def written(name: str) -> dict[str, Any]:
    """The deployments of an example, by name."""
    objs = [obj for file in (EXAMPLES / name).glob("*.yaml") for obj in yaml.safe_load_all(file.read_text("utf-8"))]
    return {obj["metadata"]["name"]: obj for obj in objs if obj["kind"] == "ModelDeployment"}


def running(name: str, kind: str) -> list[Object]:
    """What runs of a kind in the team's namespace, on any cluster."""
    remotes: list[Remote] = preview(name).clusters.everything()
    found = [remote.obj for remote in remotes if remote.obj["kind"] == kind]
    return [obj for obj in found if unstructured.namespace_of(obj) == "ml-team"]


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_every_model_of_the_examples_is_ready_and_answers_at_its_url(name: str) -> None:
    plane = preview(name)
    for kind in ("ModelDeployment", "ModelService", "ModelReplica", "ModelEndpoint"):
        objs = plane.list("modelplane.ai/v1alpha1", kind)
        assert objs
        assert [unstructured.name_of(obj) for obj in objs if not unstructured.is_true(obj, "Ready")] == []


@pytest.mark.parametrize(("name", "port"), [("sglang", 30000), ("tensorrt-llm", 8000), ("llama-cpp", 8080)])
def test_flags_of_any_engine_pass_verbatim_and_requests_reach_the_port_that_they_say(name: str, port: int) -> None:
    (member,) = written("engines")[name]["spec"]["engines"][0]["members"]
    (requested,) = member["template"]["spec"]["containers"]
    (made,) = [
        obj["spec"]["template"]["spec"]["containers"][0]
        for obj in running("engines", "Deployment")
        if unstructured.name_of(obj).startswith(name)
    ]
    assert {key: made.get(key) for key in ("image", "command", "args", "env")} == {
        key: requested.get(key) for key in ("image", "command", "args", "env")
    }
    assert made["ports"] == [{"name": "engine", "containerPort": port}]


def test_a_gang_runs_on_a_cluster_with_the_secret_that_it_names() -> None:
    (gang,), (secret,) = running("multi-node", "LeaderWorkerSet"), running("multi-node", "Secret")
    both = gang["spec"]["leaderWorkerTemplate"]
    for template in (both["leaderTemplate"], both["workerTemplate"]):
        env = {variable["name"]: variable for variable in template["spec"]["containers"][0]["env"]}
        assert env["HF_TOKEN"]["valueFrom"]["secretKeyRef"] == {"name": secret["metadata"]["name"], "key": "token"}


@pytest.mark.parametrize(("name", "mode"), [("several-copies", "FailOpen"), ("prefill-decode", "FailClose")])
def test_route_pool_and_picker_lead_to_each_other(name: str, mode: str) -> None:
    (route,), (pool,) = running(name, "HTTPRoute"), running(name, "InferencePool")
    (service,) = running(name, "Service")
    (picker,) = [obj for obj in running(name, "Deployment") if "epp" in unstructured.name_of(obj)]
    assert route["spec"]["rules"][0]["backendRefs"][0]["name"] == unstructured.name_of(pool)
    assert pool["spec"]["endpointPickerRef"]["name"] == unstructured.name_of(service)
    assert pool["spec"]["endpointPickerRef"]["failureMode"] == mode
    labels = picker["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    engines = [obj for obj in running(name, "Deployment") if obj is not picker]
    assert engines
    for obj in engines:
        labels = obj["spec"]["template"]["metadata"]["labels"]
        assert pool["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_another_pass_over_a_settled_example_changes_nothing(name: str) -> None:
    plane = settle(*example(EXAMPLES / name))
    before = {obj["metadata"]["uid"]: obj for obj in plane.everything()}
    plane.settle()
    assert {obj["metadata"]["uid"]: obj for obj in plane.everything()} == before
