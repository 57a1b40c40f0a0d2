"""Secrets and ConfigMaps that pods name are copied to the cluster, and the pods refer to the copies."""

from typing import Any

import pytest

from function.composers import compose
from function.composition import Manifest, names
from tests.support.observe import observation, reasons
from tests.support.replicas import CLUSTER, composed, container, engine, gang, member, observed, remotes, replica
from tests.support.replicas import serving as that_serves

ENV = [
    {"name": "PLAIN", "value": "x"},
    {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token", "optional": True}}},
    {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
]
WRITTEN = {"spec": {"containers": [container(env=ENV)], "imagePullSecrets": [{"name": "registry"}]}}
REPLICA = replica(engine("vllm", member(template=WRITTEN)))


def source(kind: str, name: str, **content: Any) -> Manifest:
    meta = {"name": name, "namespace": "ml-team", "labels": {"team": "a"}, "resourceVersion": "7"}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **content}


HF = source("Secret", "hf", type="Opaque", data={"token": "c2VjcmV0"}, immutable=True)
SETTINGS = source("ConfigMap", "settings", data={"mode": "fast"}, binaryData={"blob": "AA=="})
REGISTRY = source("Secret", "registry", type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": "e30="})
ALL: dict[str, list[Manifest]] = {"secret-hf": [HF], "configmap-settings": [SETTINGS], "secret-registry": [REGISTRY]}
NONE: dict[str, list[Manifest]] = {key: [] for key in ALL}


def copy(kind: str, name: str) -> str:
    return names.name(f"chat-1-{name}", 63, kind, "ml-team", "chat-1", name)


def referred(answered: Any, key: str = "model-serving-vllm") -> tuple[str, str, str]:
    """What pods call the Secret, the ConfigMap and the pull secret that they refer to."""
    pod = remotes(answered)[key]["spec"]["template"]["spec"]
    sources = [entry.get("valueFrom", {}) for entry in pod["containers"][0]["env"]]
    return (
        sources[1]["secretKeyRef"]["name"],
        sources[2]["configMapKeyRef"]["name"],
        pod["imagePullSecrets"][0]["name"],
    )


COPIES = (copy("Secret", "hf"), copy("ConfigMap", "settings"), copy("Secret", "registry"))
AS_WRITTEN = ("hf", "settings", "registry")


def test_everything_that_pods_name_is_asked_for_by_name_in_the_replicas_namespace() -> None:
    asked = {
        key: (requirement.api_version, requirement.kind, requirement.name, requirement.namespace)
        for key, requirement in composed(REPLICA, found=NONE).requirements.items()
        if key not in {"cluster", "pods", "remains"}
    }
    assert asked == {
        "secret-hf": ("v1", "Secret", "hf", "ml-team"),
        "secret-registry": ("v1", "Secret", "registry", "ml-team"),
        "configmap-settings": ("v1", "ConfigMap", "settings", "ml-team"),
    }


def test_what_exists_is_copied_under_the_replicas_own_name_with_its_content_and_nothing_else() -> None:
    made = remotes(composed(REPLICA, found=ALL))
    assert made["secret-hf"] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": COPIES[0], "namespace": "ml-team"},
        "type": "Opaque",
        "data": {"token": "c2VjcmV0"},
    }
    assert made["configmap-settings"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": COPIES[1], "namespace": "ml-team"},
        "data": {"mode": "fast"},
        "binaryData": {"blob": "AA=="},
    }
    assert made["secret-registry"]["type"] == "kubernetes.io/dockerconfigjson"


def test_the_pods_refer_to_the_copies_and_all_else_of_them_stays_as_written() -> None:
    answered = composed(REPLICA, found=ALL)
    assert referred(answered) == COPIES
    env = remotes(answered)["model-serving-vllm"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [env[0], env[3]] == [ENV[0], ENV[3]]
    assert env[1]["valueFrom"]["secretKeyRef"] == {"name": COPIES[0], "key": "token", "optional": True}


def test_every_member_of_a_gang_refers_to_the_copies() -> None:
    both_members = gang(leader={"template": WRITTEN}, worker={"template": WRITTEN})
    both = remotes(composed(replica(both_members), found=ALL))["model-serving-vllm"]["spec"]["leaderWorkerTemplate"]
    for template in (both["leaderTemplate"], both["workerTemplate"]):
        assert template["spec"]["imagePullSecrets"] == [{"name": COPIES[2]}]
        assert template["spec"]["containers"][0]["env"][3]["valueFrom"]["secretKeyRef"]["name"] == COPIES[0]


PERMITTING = {**CLUSTER, "spec": {"namespaces": {"csiDrivers": ["x"]}}}
"""A cluster that lets pods mount volumes of the driver x."""

EVERYWHERE: Manifest = {
    "containers": [
        container(envFrom=[{"secretRef": {"name": "hf"}}, {"prefix": "P_", "configMapRef": {"name": "settings"}}]),
        {"name": "log", "image": "x", "env": [ENV[1]]},
    ],
    "initContainers": [
        {"name": "fetch", "image": "x", "env": [ENV[2]], "envFrom": [{"secretRef": {"name": "hf", "optional": True}}]}
    ],
    "volumes": [
        {"name": "a", "secret": {"secretName": "hf", "items": [{"key": "k", "path": "p"}]}},
        {"name": "b", "configMap": {"name": "settings", "defaultMode": 256}},
        {
            "name": "c",
            "projected": {
                "sources": [
                    {"secret": {"name": "hf"}},
                    {"configMap": {"name": "settings"}},
                    {"serviceAccountToken": {"path": "token"}},
                ]
            },
        },
        {"name": "d", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "registry"}}},
        {"name": "e", "persistentVolumeClaim": {"claimName": "hf"}},
    ],
    "imagePullSecrets": [{"name": "registry"}],
}


def test_pods_refer_to_the_copies_wherever_they_name_a_secret_or_config_map_and_to_claims_as_written() -> None:
    both = gang(leader={"template": {"spec": EVERYWHERE}}, worker={"template": {"spec": EVERYWHERE}})
    answered = composed(replica(both), cluster=PERMITTING, found=ALL)
    assert {key for key in answered.children if key in ALL} == set(ALL)
    made = remotes(answered)["model-serving-vllm"]["spec"]["leaderWorkerTemplate"]
    secret, config, registry = COPIES
    for template in (made["leaderTemplate"], made["workerTemplate"]):
        pod = template["spec"]
        engine_container, log = pod["containers"]
        assert engine_container["envFrom"] == [
            {"secretRef": {"name": secret}},
            {"prefix": "P_", "configMapRef": {"name": config}},
        ]
        assert log["env"][0]["valueFrom"]["secretKeyRef"] == {"name": secret, "key": "token", "optional": True}
        (fetch,) = pod["initContainers"]
        assert fetch["env"] == [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": config, "key": "mode"}}}]
        assert fetch["envFrom"] == [{"secretRef": {"name": secret, "optional": True}}]
        assert pod["volumes"][:5] == [
            {"name": "a", "secret": {"secretName": secret, "items": [{"key": "k", "path": "p"}]}},
            {"name": "b", "configMap": {"name": config, "defaultMode": 256}},
            {
                "name": "c",
                "projected": {
                    "sources": [
                        {"secret": {"name": secret}},
                        {"configMap": {"name": config}},
                        {"serviceAccountToken": {"path": "token"}},
                    ]
                },
            },
            {"name": "d", "csi": {"driver": "x", "nodePublishSecretRef": {"name": registry}}},
            {"name": "e", "persistentVolumeClaim": {"claimName": "hf"}},
        ]
        assert pod["imagePullSecrets"] == [{"name": registry}]


def test_what_does_not_exist_at_first_is_referred_to_as_written() -> None:
    answered = composed(REPLICA, found=NONE)
    assert referred(answered) == AS_WRITTEN
    assert not ALL.keys() & answered.children.keys()
    assert reasons(answered)["Held"] == "False/InputsResolved"


def copied_condition(answered: Any) -> tuple[str, str]:
    (condition,) = [c for c in answered.conditions if c.type == "ReferencesCopied"]
    return reasons(answered)["ReferencesCopied"], condition.message


LEFT = (
    "not found in namespace ml-team when the pods were made: {}; the pods take what is of that name in namespace "
    "ml-team of cluster ams-1, if it is there"
)


def test_what_is_copied_or_optional_is_not_said_to_be_left_to_the_cluster() -> None:
    assert copied_condition(composed(REPLICA, found=ALL)) == ("True/Copied", "")
    assert copied_condition(composed(REPLICA, found={**ALL, "secret-hf": []})) == ("True/Copied", "")


def test_what_pods_need_and_is_no_copy_is_said_to_be_left_to_the_cluster_and_holds_nothing() -> None:
    answered = composed(REPLICA, found=NONE)
    names = LEFT.format("ConfigMap settings, Secret registry")
    assert copied_condition(answered) == ("False/LeftToCluster", names)
    assert "model-serving-vllm" in answered.children


def test_what_is_left_to_the_cluster_stays_so_when_it_comes_into_being_later() -> None:
    before = composed(REPLICA, found=NONE)
    after = composed(REPLICA, observed(before), found=ALL)
    assert copied_condition(after) == copied_condition(before)


def test_a_copy_whose_source_is_gone_is_not_left_to_the_cluster() -> None:
    children = observed(composed(REPLICA, found=ALL))
    assert copied_condition(composed(REPLICA, children, found=NONE)) == ("True/Copied", "")


@pytest.mark.parametrize("field", ["volumes", "containers", "initContainers"])
def test_each_place_that_names_something_needed_is_looked_at(field: str) -> None:
    pod = {"containers": [container()], field: EVERYWHERE[field]}
    found = composed(replica(engine("vllm", member(template={"spec": pod}))), cluster=PERMITTING, found=NONE)
    assert copied_condition(found)[0] == "False/LeftToCluster"


def test_only_the_first_of_many_are_named() -> None:
    volumes = [{"name": f"v{n}", "secret": {"secretName": f"s{n}"}} for n in range(5)]
    pod = {"containers": [container()], "volumes": volumes}
    found = {f"secret-s{n}": list[Manifest]() for n in range(5)}
    answered = composed(replica(engine("vllm", member(template={"spec": pod}))), found=found)
    assert copied_condition(answered)[1] == LEFT.format("Secret s0, Secret s1, Secret s2 and 2 more")


def test_what_pods_refer_to_does_not_change_when_it_comes_into_being_later() -> None:
    children = observed(composed(REPLICA, found=NONE))
    answered = composed(REPLICA, children, found=ALL)
    assert referred(answered) == AS_WRITTEN
    assert not ALL.keys() & answered.children.keys()


def test_a_copy_follows_what_it_is_a_copy_of() -> None:
    children = observed(composed(REPLICA, found=ALL))
    changed = {**ALL, "secret-hf": [{**HF, "data": {"token": "bmV3"}}]}
    assert remotes(composed(REPLICA, children, found=changed))["secret-hf"]["data"] == {"token": "bmV3"}


def test_a_copy_stays_as_it_is_when_what_it_is_a_copy_of_goes_and_the_replica_goes_on_serving() -> None:
    obj, _ = that_serves(REPLICA)
    children = observed(composed(obj, found=ALL))
    answered = composed(obj, children, found=NONE)
    assert referred(answered) == COPIES
    assert remotes(answered)["secret-hf"] == remotes(composed(obj, children, found=ALL))["secret-hf"]
    assert (answered.ready, reasons(answered)["Held"]) == (True, "True/InputMissing")
    (message,) = [c.message for c in answered.conditions if c.type == "Held"]
    assert "Secret ml-team/hf does not exist any more; its copy on the cluster stays" in message


NO_MAPS: tuple[Any, ...] = ("junk", 7, True, [1, "x"], {"token": 1}, {"x": {}})
UNREADABLE: tuple[tuple[str, Any], ...] = (
    *((field, junk) for field in ("data", "binaryData") for junk in NO_MAPS),
    ("type", 7),
    ("type", {"x": 1}),
)


@pytest.mark.parametrize(("field", "junk"), UNREADABLE)
@pytest.mark.parametrize("key", ["secret-hf", "configmap-settings"])
def test_a_copy_stays_as_it_is_while_what_it_is_a_copy_of_cannot_be_read(key: str, field: str, junk: Any) -> None:
    obj, _ = that_serves(REPLICA)
    children = observed(composed(obj, found=ALL))
    before = composed(obj, children, found=ALL)
    doubted = {**ALL, key: [{**ALL[key][0], field: junk}]}
    answered = composed(obj, children, found=doubted)
    assert remotes(answered) == remotes(before)
    assert (answered.ready, reasons(answered)["Held"]) == (before.ready, "True/InputInvalid")
    (message,) = [c.message for c in answered.conditions if c.type == "Held"]
    assert "cannot be read; its copy on the cluster stays" in message
    again = composed(obj, observed(answered), found=ALL)
    assert (remotes(again), reasons(again)["Held"]) == (remotes(before), "False/InputsResolved")


def test_no_copy_is_made_of_what_cannot_be_read() -> None:
    answered = composed(REPLICA, found={**ALL, "secret-hf": [{**HF, "data": 7}]})
    assert "secret-hf" not in answered.children
    assert referred(answered) == COPIES
    assert reasons(answered)["Held"] == "True/InputInvalid"
    later = composed(REPLICA, observed(answered), found=ALL)
    assert remotes(later)["secret-hf"]["metadata"]["name"] == COPIES[0]


def test_a_copy_that_was_lost_is_made_again_under_the_name_that_pods_refer_to() -> None:
    children = observed(composed(REPLICA, found=ALL))
    del children["secret-hf"]
    answered = composed(REPLICA, children, found=ALL)
    assert remotes(answered)["secret-hf"]["metadata"]["name"] == COPIES[0]
    assert referred(answered) == COPIES
    gone = composed(REPLICA, children, found=NONE)
    assert referred(gone) == COPIES
    assert "secret-hf" not in gone.children


@pytest.mark.parametrize("key", sorted(ALL))
def test_nothing_is_made_before_all_that_pods_name_has_been_looked_for(key: str) -> None:
    found = {name: objs for name, objs in ALL.items() if name != key}
    first = compose(observation(REPLICA, {}, {"cluster": [CLUSTER], **found}))
    assert (dict(first.children), first.ready, reasons(first)["Held"]) == ({}, False, "True/InputUnresolved")
    children = observed(composed(REPLICA, found=ALL))
    later = compose(observation(REPLICA, children, {"cluster": [CLUSTER], **found}))
    assert set(later.children) == set(children)


def test_two_replicas_share_no_copy() -> None:
    metas = []
    for name, namespace in (("x", "a"), ("x", "b"), ("y", "a")):
        obj = replica(engine("vllm", member(template=WRITTEN)), name=name, namespace=namespace)
        metas.append(remotes(composed(obj, found=ALL))["secret-hf"]["metadata"])
    assert len({f"{meta['namespace']}/{meta['name']}" for meta in metas}) == 3
    assert [meta["namespace"] for meta in metas] == ["a", "b", "a"]


def test_a_replica_that_names_nothing_asks_for_nothing() -> None:
    assert set(composed(replica()).requirements) == {"cluster", "pods", "remains"}
