"""Both ways of writing a deployment, and the name of what it runs."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from function.api.model_deployment import ModelDeploymentSpec
from function.api.schema import Schema, structural
from function.api.validation import admit
from function.api.workload import Workload, revision
from tests.support.api import deployment, engine, member, nested, stored, template

HASHED = ("engines", "modelCacheRef", "serving")
PAGES = Path(__file__).parent / "documented"


def workload(obj: dict[str, Any]) -> Workload:
    return ModelDeploymentSpec.model_validate(obj["spec"]).workload()


def page(name: str) -> dict[str, Any]:
    found = next(iter(yaml.safe_load_all((PAGES / name).read_text(encoding="utf-8"))))
    assert isinstance(found, dict)
    return found


def test_both_ways_of_writing_a_deployment_are_one_workload() -> None:
    fields: dict[str, Any] = {
        "clusterSelector": {"matchLabels": {"modelplane.ai/region": "us-west"}},
        "modelCacheRef": {"name": "weights"},
        "serving": {"mode": "Unified", "picker": "Enabled"},
        "tolerations": [{"operator": "Exists"}],
        "engines": [engine("a", copies=2), engine("b", serving={"port": 9000})],
    }
    flat = workload(deployment(**fields, template={"metadata": {"labels": {"team": "ml"}}}))
    assert flat == workload(nested(labels={"team": "ml"}, **fields))
    assert flat.plain() == {**fields, "labels": {"team": "ml"}}
    assert revision(flat) == revision(workload(nested(**fields)))


def test_what_is_left_out_reads_as_its_default() -> None:
    found = workload(deployment())
    assert found.serving.mode == "Unified"
    assert found.cluster_selector.match_labels == {}
    assert found.tolerations == ()
    assert found.labels == {}
    assert found.engines[0].copies == 1
    assert found.engines[0].serving.port is None
    assert found.engines[0].members[0].role == "Standalone"
    assert found.plain() == {"engines": [engine()]}


def test_a_deployment_that_says_nothing_to_run_is_an_empty_workload() -> None:
    assert workload({"spec": {"replicas": 1}}).engines == ()


def defaults(schema: Schema, path: str) -> dict[str, Any]:
    """Every default of a schema, by path."""
    found = {path: schema["default"]} if "default" in schema else {}
    for name, inner in schema.get("properties", {}).items():
        found |= defaults(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            found |= defaults(schema[key], path)
    return found


def test_a_released_default_that_revisions_depend_on_never_changes() -> None:
    """Three did while nothing was released: `serving.port`, `healthPath` and `from` came to depend on the engine's
    program and its command, so that what is written there, 8000 and Leader too, is now a word of the user's."""
    properties = structural(Workload)["properties"]
    found = {path: value for key in HASHED for path, value in defaults(properties[key], key).items()}
    assert found == {
        "engines.copies": 1,
        "engines.members.nodeSelector.devices.count": 1,
        "engines.members.role": "Standalone",
        "engines.members.template.spec.tolerations.operator": "Equal",
        "engines.serving.startupSeconds": 1800,
        "serving.mode": "Unified",
    }


REVISIONS = {
    "qwen-demo.yaml": "bc9005bb",
    "model-deployment.yaml": "7641d95d",
    "model-deployment-multinode.yaml": "c556dc29",
}


@pytest.mark.parametrize(("name", "expected"), REVISIONS.items())
def test_the_revision_of_a_documented_manifest_never_changes(name: str, expected: str) -> None:
    assert revision(workload(page(name))) == expected


def test_a_revision_is_a_hash_of_what_was_written_as_json() -> None:
    fields = {
        "engines": [
            {
                "name": "décode",
                "phase": "Decode",
                "copies": 2,
                "members": [
                    {
                        "template": {
                            "metadata": {"annotations": {"note": "x"}},
                            "spec": {
                                "containers": [
                                    {"name": "engine", "image": "vllm", "env": [{"name": "A", "value": ""}], "args": []}
                                ]
                            },
                        }
                    }
                ],
            }
        ],
        "modelCacheRef": {"name": "weights"},
        "serving": {"mode": "PrefillDecode"},
    }
    text = (
        '{"engines":[{"copies":2,"members":[{"template":{"metadata":{"annotations":{"note":"x"}},"spec":{"containers":'
        '[{"args":[],"env":[{"name":"A","value":""}],"image":"vllm","name":"engine"}]}}}],"name":"décode",'
        '"phase":"Decode"}],"modelCacheRef":{"name":"weights"},"serving":{"mode":"PrefillDecode"}}'
    )
    assert json.loads(text) == fields
    assert revision(workload({"spec": {"replicas": 1, **fields}})) == hashlib.sha256(text.encode()).hexdigest()[:8]
    assert revision(workload({"spec": {"replicas": 1, **fields}})) == "86a8300e"


@pytest.mark.parametrize(
    "fields",
    [
        {"serving": {}},
        {"serving": {"mode": "Unified"}},
        {"engines": [engine(copies=1)]},
        {"engines": [engine(copies=1.0)]},
        {"engines": [engine("qwen", member("Standalone"))]},
        {"engines": [engine(serving={})]},
        {"engines": [engine(serving={"startupSeconds": 1800})]},
        {"engines": [{**engine(), "unknown": 1}]},
        {"tolerations": [{"operator": "Exists"}]},
        {"clusterSelector": {"matchLabels": {"a": "b"}}},
        {"template": {"metadata": {"labels": {"team": "ml"}}}},
        {"replicas": 7},
        {"rollout": {"maxSurge": 3}},
    ],
)
def test_defaults_and_what_says_how_many_or_where_make_no_new_revision(fields: dict[str, Any]) -> None:
    assert revision(workload(deployment(**fields))) == revision(workload(deployment()))


@pytest.mark.parametrize(
    "fields",
    [
        {"serving": {"picker": "Enabled"}},
        {"modelCacheRef": {"name": "weights"}},
        {"engines": [engine(copies=2)]},
        {"engines": [engine(serving={"port": 8001})]},
        {"engines": [engine(serving={"from": "Leader"})]},
        {"engines": [engine(serving={"kvCacheBlockSize": 16})]},
        {"engines": [engine("qwen", member(claims=False))]},
        {
            "engines": [
                engine("qwen", {**member(), "template": {"spec": {"containers": [{"name": "e", "image": "i"}]}}})
            ]
        },
    ],
)
def test_a_change_of_what_runs_is_a_new_revision(fields: dict[str, Any]) -> None:
    assert revision(workload(deployment(**fields))) != revision(workload(deployment()))


def pods(**spec: Any) -> dict[str, Any]:
    """A deployment whose pods have these fields beside their container."""
    return deployment(engines=[engine("qwen", {**member(), "template": template(**spec)})])


def affinity(**term: Any) -> dict[str, Any]:
    required = [{"topologyKey": "zone", **term}]
    return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def test_every_part_of_a_pod_counts_also_an_empty_object_that_says_something() -> None:
    container = {"name": "engine", "image": "vllm/vllm-openai:v0.23.0"}
    forms: list[dict[str, Any]] = [
        {},
        {"nodeSelector": {"disk": "fast"}},
        {"nodeSelector": {"disk": "slow"}},
        {"volumes": [{"name": "scratch", "emptyDir": {}}]},
        {"volumes": [{"name": "scratch", "projected": {}}]},
        affinity(),
        affinity(labelSelector={}),
        affinity(labelSelector={}, namespaceSelector={}),
        {"containers": [{**container, "resources": {"limits": {"cpu": 4}}}]},
        {"containers": [{**container, "resources": {"limits": {"cpu": "4"}}}]},
        {"containers": [{**container, "livenessProbe": {"tcpSocket": {"port": 8080}}}]},
        {"containers": [{**container, "livenessProbe": {"tcpSocket": {"port": "http"}}}]},
        {"containers": [container, {"name": "shipper", "image": "i"}]},
        {"containers": [{"name": "shipper", "image": "i"}, container]},
        {"initContainers": [{"name": "shipper", "image": "i"}]},
        {"hostIPC": True},
        {"hostPID": True},
    ]
    found = [revision(workload(pods(**form))) for form in forms]
    assert len(set(found)) == len(forms)


@pytest.mark.parametrize(
    "spec",
    [
        {"affinity": {}, "securityContext": {}, "dnsConfig": {}, "nodeSelector": {}},
        {"affinity": {"podAffinity": {}}},
    ],
)
def test_an_empty_object_that_says_nothing_makes_no_new_revision(spec: dict[str, Any]) -> None:
    assert revision(workload(pods(**spec))) == revision(workload(deployment()))


def test_a_number_that_comes_as_a_double_makes_no_new_revision() -> None:
    def limited(amount: float) -> str:
        container = {"name": "engine", "image": "i", "resources": {"limits": {"cpu": amount}}}
        return revision(workload(pods(containers=[container])))

    assert limited(4) == limited(4.0)


engines = st.lists(
    st.builds(
        lambda name, copies, port, role, args: {
            "name": name,
            **({"copies": copies} if copies else {}),
            **({"serving": {"port": port}} if port else {}),
            "members": [
                {**({"role": role} if role else {}), "template": {"spec": {"containers": [{"image": "i", **args}]}}}
            ],
        },
        st.text("abc-", min_size=1, max_size=5),
        st.none() | st.integers(1, 64),
        st.none() | st.sampled_from([8000, 8001]),
        st.none() | st.sampled_from(["Standalone", "Leader", "Worker"]),
        st.fixed_dictionaries(
            {"name": st.just("engine")}, optional={"args": st.lists(st.text(max_size=5), max_size=3)}
        ),
    ),
    max_size=3,
)


@given(engines, st.sampled_from([None, {}, {"mode": "Unified"}, {"mode": "PrefillDecode"}]))
def test_the_revision_of_what_the_api_server_stores_is_that_of_what_was_written(
    written: list[dict[str, Any]], serving: dict[str, Any] | None
) -> None:
    fields: dict[str, Any] = {} if serving is None else {"serving": serving}
    obj = deployment(engines=written, **fields)
    filled = admit(obj).object
    assert revision(workload(filled)) == revision(workload(obj))
    flat = {key: value for key, value in obj["spec"].items() if key != "replicas"}
    assert revision(workload(nested(**flat))) == revision(workload(obj))


def test_what_is_stored_is_written_back_as_it_is() -> None:
    spec = stored(deployment())
    assert ModelDeploymentSpec.model_validate(spec).plain() == spec
