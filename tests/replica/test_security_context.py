"""What is ours on a cluster runs as nobody, and a new version of ours restarts nothing that runs."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from function.composition import Manifest, Object, unstructured
from tests.support.replicas import composed, container, engine, gang, member, remotes, replica, serving

PAIR = replica(
    engine("prefill", phase="Prefill"),
    engine("decode", phase="Decode"),
    serving={"mode": "PrefillDecode"},
)
SHAPES = {
    "one": replica(),
    "copies": replica(engine(copies=2)),
    "gang": replica(gang(copies=2)),
    "pair": PAIR,
}

NEW = {"automountServiceAccountToken", "securityContext"}
"""Fields that the version before this one gave to no pod."""


def templates(body: Object) -> list[Manifest]:
    """The pod templates of a workload."""
    gang_of = unstructured.mapping(body, "spec", "leaderWorkerTemplate")
    candidates = (
        unstructured.dig(body, "spec", "template"),
        gang_of.get("leaderTemplate"),
        gang_of.get("workerTemplate"),
    )
    return [template for template in candidates if isinstance(template, dict)]


def pods(obj: Manifest) -> Iterator[Manifest]:
    for body in remotes(composed(obj)).values():
        for template in templates(body):
            yield template["spec"]


def without(value: Any) -> Any:
    """A manifest as the version before this one made it."""
    if isinstance(value, dict):
        return {key: without(item) for key, item in value.items() if key not in NEW}
    return [without(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("obj", SHAPES.values(), ids=SHAPES)
def test_a_new_version_changes_no_pod_template_that_runs(obj: Manifest) -> None:
    """Whatever an earlier version made of pods stays, were it only a field more or less."""
    obj, children = serving(obj)
    earlier = {key: without(deepcopy(dict(child))) for key, child in children.items()}
    before = {
        key: templates(unstructured.mapping(child, "spec", "forProvider", "manifest")) for key, child in earlier.items()
    }
    assert any(before.values())
    answered = composed(obj, earlier)
    assert {key: templates(body) for key, body in remotes(answered).items()} == before
    assert answered.ready


def test_a_picker_whose_configuration_changes_starts_anew_and_is_hardened_then() -> None:
    _, children = serving(SHAPES["copies"])
    flags: Any = {"template": {"spec": {"containers": [container(args=["--block-size=128"])]}}}
    earlier = {key: without(deepcopy(dict(child))) for key, child in children.items()}
    answered = composed(replica(engine("vllm", member(**flags), copies=2)), earlier)
    (template,) = templates(remotes(answered)["epp"])
    assert template["spec"]["securityContext"]["runAsNonRoot"] is True


@pytest.mark.parametrize("obj", SHAPES.values(), ids=SHAPES)
def test_pods_with_a_container_of_the_users_have_no_token_and_no_security_context_of_ours(obj: Manifest) -> None:
    specs = [spec for spec in pods(obj) if spec["containers"][0]["name"] == "engine"]
    assert specs
    assert [spec["automountServiceAccountToken"] for spec in specs] == [False] * len(specs)
    assert not any("securityContext" in spec or "securityContext" in spec["containers"][0] for spec in specs)


@pytest.mark.parametrize("shape", [engine, gang])
def test_pods_have_a_token_where_the_user_asks(shape: Any) -> None:
    tokens: Any = {"template": {"spec": {"containers": [container()], "automountServiceAccountToken": True}}}
    placed = engine("vllm", member(**tokens)) if shape is engine else gang(leader=tokens, worker=tokens)
    assert {spec["automountServiceAccountToken"] for spec in pods(replica(placed))} == {True}


@pytest.mark.parametrize("obj", [SHAPES["copies"], PAIR], ids=["picker", "pair"])
def test_every_container_of_ours_runs_as_nobody_without_any_capability(obj: Manifest) -> None:
    own = [built for spec in pods(obj) for built in spec["containers"] if built["name"] != "engine"]
    assert own
    for built in own:
        assert built["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }


def test_only_the_picker_asks_the_api_server_and_as_an_account_of_its_own() -> None:
    with_token = [spec for spec in pods(PAIR) if spec["automountServiceAccountToken"]]
    assert [spec["containers"][0]["name"] for spec in with_token] == ["epp"]
    assert with_token[0]["serviceAccountName"] == remotes(composed(PAIR))["epp-serviceaccount"]["metadata"]["name"]
    assert "serviceAccountName" not in str([spec for spec in pods(PAIR) if spec not in with_token])
