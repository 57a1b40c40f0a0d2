from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api.kinds import KINDS
from function.api.validation import admit, admit_update
from tests.support.api import (
    changed,
    cluster,
    deployment,
    device,
    engine,
    gateway,
    inference_class,
    manifest,
    member,
    nested,
    pool,
    refused,
    replica,
    service,
    stack,
    stored,
)

# Kinds


@pytest.mark.parametrize(
    "obj",
    [
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"anything": None}},
        {"apiVersion": "v1", "kind": "Secret"},
        {"kind": "List"},
        {},
    ],
)
def test_what_is_of_another_group_is_admitted_as_it_is(obj: dict[str, Any]) -> None:
    found = admit(obj)
    assert (found.object, found.problems) == (obj, ())


def test_an_unknown_kind_of_ours_names_those_that_are_known() -> None:
    assert refused({"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelDeploymet"}) == [
        (
            'kind: "ModelDeploymet" is no kind of modelplane.ai/v1alpha1; did you mean "ModelDeployment"? Known kinds:'
            " InferenceClass, InferenceCluster, InferenceGateway, ModelCache, ModelDeployment, ModelEndpoint,"
            " ModelReplica, ModelService."
        )
    ]
    assert refused({"apiVersion": "infrastructure.modelplane.ai/v1alpha1", "kind": "GKECluster"}) == [
        'kind: "GKECluster" is no kind of infrastructure.modelplane.ai/v1alpha1; known here: ServingStack'
    ]
    assert refused({"apiVersion": "modelplane.ai/v1alpha1"}) == ["kind: is required"]


@pytest.mark.parametrize(
    ("api_version", "kind", "right"),
    [
        ("modelplane.ai/v1", "ModelService", "modelplane.ai/v1alpha1"),
        ("modelplane.ai/v1alpha1", "ServingStack", "infrastructure.modelplane.ai/v1alpha1"),
    ],
)
def test_a_kind_of_ours_under_another_version_or_group_says_which_it_is(
    api_version: str, kind: str, right: str
) -> None:
    assert refused({"apiVersion": api_version, "kind": kind}) == [
        f'apiVersion: {kind} is served as {right}, not "{api_version}"'
    ]


# Metadata


@pytest.mark.parametrize("name", ["a", "qwen3-8b", "a.b", "a" * 63])
def test_names_are_dns_subdomains_of_up_to_63_characters(name: str) -> None:
    assert refused(service(name=name)) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a" * 64, "must have at most 63 characters, has 64"),
        ("Qwen", "must be DNS labels (lower case letters, digits, '-') joined by dots, not \"Qwen\""),
        ("qwen\n", "must be DNS labels (lower case letters, digits, '-') joined by dots, not \"qwen\n\""),
        ("", "is required"),
    ],
)
def test_other_names_are_refused(name: str, message: str) -> None:
    assert refused(service(name=name)) == [f"metadata.name: {message}"]


def test_a_name_is_required_unless_one_is_to_be_made() -> None:
    obj = service()
    del obj["metadata"]["name"]
    assert refused(obj) == ["metadata.name: is required"]
    assert refused(changed(obj, "metadata", "generateName", to="qwen-")) == []
    del obj["metadata"]
    assert refused(obj) == ["metadata.name: is required"]


def test_of_metadata_only_unknown_fields_and_names_are_judged() -> None:
    assert refused(manifest("ModelService", service()["spec"], labels={"any": "thing"}, managedFields=[{}])) == []
    assert refused(manifest("ModelService", service()["spec"], label={"any": "thing"})) == [
        'metadata.label: unknown field; did you mean "labels"?'
    ]


# Unknown fields


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (deployment(replica=2), 'spec.replica: unknown field; did you mean "replicas"?'),
        (
            deployment(engines=[engine("q", member(nodeselector={}))]),
            'spec.engines[0].members[0].nodeselector: unknown field; did you mean "nodeSelector"?',
        ),
        (
            changed(nested(), "spec", "template", "engines", to=[engine()]),
            'spec.template.engines: unknown field; did you mean "spec.template.spec.engines"?',
        ),
        (
            changed(deployment(), "spec", "engines", 0, "members", 0, "template", "spec", "volume", to=[]),
            'spec.engines[0].members[0].template.spec.volume: unknown field; did you mean "volumes"?',
        ),
        (changed(service(), "endpoints", to=[]), 'endpoints: unknown field; did you mean "spec.endpoints"?'),
        (changed(service(), "specs", to={}), 'specs: unknown field; did you mean "spec"?'),
        (
            cluster("EKS", pool(max_nodes=3)),
            'spec.nodePools[0].max_nodes: unknown field; did you mean "maxNodeCount"?',
        ),
        (
            inference_class(devices=[device(attributes={"a": {"str": "x", "string": "x"}})]),
            'spec.devices[0].attributes[a].str: unknown field; did you mean "string"?',
        ),
    ],
)
def test_an_unknown_field_is_refused_with_what_was_probably_meant(obj: dict[str, Any], problem: str) -> None:
    assert refused(obj) == [problem]


def test_an_unknown_field_is_not_stored() -> None:
    found = admit(changed(deployment(replica=2), "metadata", "label", to="x"))
    assert "replica" not in found.object["spec"]
    assert "label" not in found.object["metadata"]


def test_what_crossplane_adds_is_known_and_kept_as_it_is() -> None:
    added = {"compositionRef": {"name": "x"}, "resourceRefs": [{"kind": None}]}
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    for obj in (deployment(), inference_class(), gateway()):
        obj = changed(obj, "spec", "crossplane", to=added)  # noqa: PLW2901 - the same object, as it is observed
        obj["status"] = {"conditions": conditions}
        found = admit(obj)
        assert found.problems == ()
        assert found.object["spec"]["crossplane"] == added
        assert found.object["status"] == {"conditions": conditions}


# Types and limits


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (deployment(replicas="3"), 'spec.replicas: must be a whole number, not a string: "3"'),
        (deployment(replicas=True), "spec.replicas: must be a whole number, not a boolean: True"),
        (deployment(replicas=1.5), "spec.replicas: must be a whole number, not a number: 1.5"),
        (deployment(rollout={"paused": "yes"}), 'spec.rollout.paused: must be true or false, not a string: "yes"'),
        (deployment(rollout={"paused": 1}), "spec.rollout.paused: must be true or false, not a whole number: 1"),
        (deployment(engines={}), "spec.engines: must be a list, not an object: {}"),
        (deployment(serving="Unified"), 'spec.serving: must be an object, not a string: "Unified"'),
        (deployment(tolerations=[None]), "spec.tolerations[0]: must be an object, not null: None"),
        (
            deployment(serving={"mode": "prefilldecode"}),
            (
                'spec.serving.mode: must be "Unified" or "PrefillDecode", not "prefilldecode"; did you mean'
                ' "PrefillDecode"?'
            ),
        ),
        (deployment(serving={"mode": "X"}), 'spec.serving.mode: must be "Unified" or "PrefillDecode", not "X"'),
        (deployment(engines=[engine(copies=65)]), "spec.engines[0].copies: must be 1 to 64, not 65"),
        (
            deployment(modelCacheRef={"name": "x" * 254}),
            "spec.modelCacheRef.name: must have 1 to 253 characters, has 254",
        ),
        (
            deployment(modelCacheRef={"name": "../x"}),
            (
                "spec.modelCacheRef.name: must be DNS labels (lower case letters, digits, '-') joined by dots, "
                'not "../x"'
            ),
        ),
        (deployment(engines=[engine(f"e{n}") for n in range(9)]), "spec.engines: must have 1 to 8 items, has 9"),
        (
            deployment(clusterSelector={"matchLabels": {f"k{n}": "" for n in range(33)}}),
            "spec.clusterSelector.matchLabels: must have at most 32 entries, has 33",
        ),
        (
            stack(installed=["prometheus", "prometheus"]),
            'spec.installed[1]: duplicate of spec.installed[0]: "prometheus"',
        ),
        (
            {**deployment(), "status": {"revision": {"name": "x", "since": "yesterday"}}},
            'status.revision.since: must be a time such as 2026-01-31T09:30:00Z, not "yesterday"',
        ),
        (manifest("ModelDeployment", None), "spec: is required"),
        ({**manifest("ModelDeployment", None), "spec": []}, "spec: must be an object, not a list: []"),
    ],
)
def test_what_does_not_fit_its_schema_is_refused(obj: dict[str, Any], problem: str) -> None:
    assert refused(obj) == [problem]


def test_keys_that_yaml_reads_as_numbers_are_text() -> None:
    obj = deployment(clusterSelector={"matchLabels": {2: "a", True: "b"}})
    assert stored(obj)["clusterSelector"]["matchLabels"] == {"2": "a", "true": "b"}


# Defaults


def test_defaults_are_those_of_the_api_server() -> None:
    assert stored(deployment(rollout={}, engines=[engine(serving={})])) == {
        "replicas": 1,
        "rollout": {"maxSurge": 1, "progressDeadlineSeconds": 3600},
        "engines": [
            {
                "name": "qwen",
                "copies": 1,
                "serving": {"startupSeconds": 1800},
                "members": [
                    {
                        **member("Standalone"),
                        "nodeSelector": {
                            "devices": [{**member()["nodeSelector"]["devices"][0], "count": 1}],
                        },
                    }
                ],
            }
        ],
    }


def test_a_default_below_an_absent_object_is_not_filled_in() -> None:
    spec = stored(cluster("Nebius"))
    assert spec["cluster"] == {"source": "Nebius", "nebius": {"kubernetesVersion": "1.34"}}
    assert stored(stack()) == {**stack()["spec"], "nvidiaDriverRoot": "/"}
    assert stored(stack(versions={}))["versions"] == {}
    assert stored(stack(gateway={}))["gateway"] == {"className": "envoy"}


@pytest.mark.parametrize(
    ("source", "block", "filled"),
    [
        ("GKE", {"region": "r"}, {"kubernetesVersion": "1.35"}),
        ("EKS", {"region": "r"}, {"kubernetesVersion": "1.36"}),
        ("AKS", {"location": "r"}, {"kubernetesVersion": "1.34"}),
        ("Vultr", {"region": "r"}, {"kubernetesVersion": "v1.36.1+3"}),
        (
            "Nebius",
            {"credentials": {}},
            {"kubernetesVersion": "1.34", "credentials": {"type": "ClusterProviderConfig", "name": "default"}},
        ),
        (
            "Existing",
            {"secretRef": {"name": "k"}, "identitySecretRef": {"name": "i"}},
            {
                "secretRef": {"name": "k", "key": "kubeconfig"},
                "identitySecretRef": {"name": "i", "key": "private_key", "type": "GoogleApplicationCredentials"},
            },
        ),
    ],
)
def test_each_source_of_a_cluster_has_its_defaults(source: str, block: dict[str, Any], filled: dict[str, Any]) -> None:
    obj = changed(cluster(source), "spec", "cluster", to={"source": source, source.lower(): block})
    assert stored(obj)["cluster"][source.lower()] == {**block, **filled}


def test_no_default_makes_a_member_a_worker() -> None:
    spec = stored(deployment(engines=[engine("q", member("Leader"), member("Worker"))]))
    assert [set(m) for m in spec["engines"][0]["members"]] == [{"role", "nodeSelector", "template"}] * 2


def test_a_null_is_an_absent_field() -> None:
    assert stored(deployment(serving=None, rollout={"maxSurge": None})) == stored(deployment(rollout={}))
    assert refused(deployment(replicas=None)) == ["spec.replicas: is required"]


def test_whole_doubles_are_stored_as_integers() -> None:
    assert repr(stored(deployment(replicas=2.0))["replicas"]) == "2"


def test_what_is_given_is_left_as_it_is() -> None:
    obj = deployment(serving={}, rollout=None)
    before = repr(obj)
    admit(obj)
    admit_update(obj, obj)
    assert repr(obj) == before


# Reports


def test_a_problem_is_told_with_the_file_the_object_and_the_field() -> None:
    assert admit(deployment(replicas=201), "fleet.yaml").lines() == [
        "fleet.yaml: ModelDeployment/qwen-demo: spec.replicas: must be 0 to 200, not 201"
    ]


def test_every_problem_is_told_at_once() -> None:
    obj = deployment("Qwen", replicas=201, engine=[], tolerations=[{}])
    assert [problem.path for problem in admit(obj).problems] == [
        "metadata.name",
        "spec.replicas",
        "spec.engine",
        "spec.tolerations[0]",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
SPECS = [deployment(), nested(), replica(), cluster(), inference_class(), gateway(), service(), stack()]


@given(st.sampled_from([kind.kind for kind in KINDS]), json_values)
def test_nothing_that_is_written_makes_admission_fail(kind: str, spec: Any) -> None:
    admit({**manifest(kind, None), "spec": spec, "status": spec})
    admit({**manifest(kind, {}), "metadata": spec})


@given(st.sampled_from(SPECS), st.data())
def test_a_field_of_the_wrong_kind_never_makes_admission_fail(obj: dict[str, Any], data: st.DataObject) -> None:
    path: list[str | int] = ["spec"]
    at: Any = obj["spec"]
    while isinstance(at, (dict, list)) and at and (len(path) == 1 or data.draw(st.booleans())):
        step = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else list(range(len(at)))))
        path.append(step)
        at = at[step]
    admit(changed(obj, *path, to=data.draw(json_values)))


@given(st.sampled_from(SPECS))
def test_what_was_admitted_is_admitted_again_unchanged(obj: dict[str, Any]) -> None:
    once = admit(obj).object
    again = admit_update(once, once)
    assert (again.object, again.problems) == (once, ())
