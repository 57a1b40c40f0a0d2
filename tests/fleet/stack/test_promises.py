"""What a user says that a cluster has already is left alone, looked for, and reported when it is not there."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import pytest

from function.api.serving_stack import Component
from function.composition import Composition, Manifest, objects
from function.fleet.stack.objects import CONTROLLER
from function.fleet.stack.promises import PROMISES, as_promised, lack
from tests.fleet.builders import cluster, compose_cluster, message, observed
from tests.fleet.stack.builders import compose_stack, installed, spec_of, stack
from tests.support.observe import reasons, with_condition

ABSENT: Final = "observe failed: external resource does not exist"
UNSERVED: Final = 'observe failed: cannot get object: no matches for kind "DeviceClass" in version "resource.k8s.io/v1"'
LOST: Final = "cannot get REST config for provider: dial tcp: i/o timeout"
LWS: Final = "installed-leaderworkersets.leaderworkerset.x-k8s.io"
CLASS: Final = "gateway-class"


def seen(child: Mapping[str, Any], there: Mapping[str, Any] | None = None, problem: str = "") -> Manifest:
    """A promise as provider-kubernetes reports on it: with what it found, or with why it did not."""
    found = {key: value for key, value in child.items() if key != "status"}
    status = {"status": {"atProvider": {"manifest": dict(there)}}} if there else {}
    return with_condition({**found, **status}, "Synced", "False" if problem else "True", message=problem)


def up(*components: str) -> tuple[Manifest, dict[str, Manifest]]:
    """A stack beside what the user has, and its children once everything that was promised is found."""
    obj = stack(installed=list(components))
    return obj, installed(obj)


def was_ready(obj: Manifest) -> Manifest:
    return with_condition(obj, "Ready")


def asked(answered: Composition) -> set[str]:
    return {key for key in answered.children if key.startswith("installed-")}


@pytest.mark.parametrize("component", get_args(Component))
def test_each_component_that_the_cluster_has_is_looked_for_and_never_touched(component: str) -> None:
    obj, children = up(component)
    answered = compose_stack(obj, children)
    expected = {promise.key for promise in PROMISES if promise.component == component}
    assert asked(answered) == expected != set()
    for key in expected:
        assert spec_of(answered, key)["managementPolicies"] == ["Observe"]
    assert (answered.ready, reasons(answered)["StackReady"]) == (True, "True/Installed")


def test_without_promises_nothing_is_looked_for() -> None:
    assert asked(compose_stack(stack(), installed(stack()))) == set()


def test_what_is_not_promised_any_more_is_not_looked_for_any_more() -> None:
    _, children = up("leaderWorkerSet")
    assert LWS not in compose_stack(stack(), children).children


@pytest.mark.parametrize("before", [False, True])
def test_what_is_promised_and_not_there_is_named_with_what_shows_it(*, before: bool) -> None:
    obj, children = up("leaderWorkerSet")
    children[LWS] = seen(children[LWS], problem=ABSENT)
    answered = compose_stack(was_ready(obj) if before else obj, children)
    assert (answered.ready, reasons(answered)["StackReady"]) == (False, "False/Missing")
    assert message(answered, "StackReady") == (
        "17 of 18 parts are ready; leaderWorkerSet: CustomResourceDefinition "
        "leaderworkersets.leaderworkerset.x-k8s.io is not on the cluster, and v1 is needed"
    )
    assert reasons(answered)["ClusterReachable"] == "True/Reachable"


def test_a_definition_that_does_not_serve_the_version_is_named_with_both() -> None:
    obj, children = up("leaderWorkerSet")
    old = {**objects.desired(children[LWS]), "spec": {"versions": [{"name": "v1alpha1", "served": True}]}}
    children[LWS] = seen(children[LWS], old)
    answered = compose_stack(obj, children)
    assert reasons(answered)["StackReady"] == "False/Missing"
    assert message(answered, "StackReady").endswith("serves v1alpha1, and v1 is needed")


def test_a_kind_that_the_cluster_does_not_serve_is_not_there() -> None:
    obj, children = up("nvidiaDraDriver")
    key = "installed-gpu.nvidia.com"
    children[key] = seen(children[key], problem=UNSERVED)
    answered = compose_stack(obj, children)
    assert reasons(answered)["StackReady"] == "False/Missing"
    assert "nvidiaDraDriver: DeviceClass gpu.nvidia.com is not on the cluster" in message(answered, "StackReady")


@pytest.mark.parametrize("how", ["not asked yet", "nothing said", "lost", "lost after it was found"])
def test_a_stack_that_was_ready_stays_so_while_nobody_can_look(how: str) -> None:
    obj, children = up("leaderWorkerSet")
    child = children.pop(LWS)
    bare = {key: value for key, value in child.items() if key != "status"}
    there = as_promised(dict(objects.desired(child)))
    now = {
        "not asked yet": {},
        "nothing said": {LWS: bare},
        "lost": {LWS: seen(bare, problem=LOST)},
        "lost after it was found": {LWS: seen(bare, there, LOST)},
    }[how]
    assert compose_stack(was_ready(obj), {**children, **now}).ready
    fresh = compose_stack(obj, {**children, **now})
    assert (fresh.ready, reasons(fresh)["StackReady"]) == (False, "False/Installing")


@pytest.mark.parametrize(
    "versions",
    [
        None,
        "junk",
        7,
        {},
        [],
        ["v1"],
        [{}],
        [{"name": "v1"}],
        [{"name": "v1", "served": []}],
    ],
)
def test_a_stack_that_was_ready_stays_so_while_a_definition_cannot_be_read(versions: Any) -> None:
    obj, children = up("leaderWorkerSet")
    there = {"metadata": {"name": "x"}, "spec": {"versions": versions}}
    answered = compose_stack(was_ready(obj), {**children, LWS: seen(children[LWS], there)})
    before = compose_stack(was_ready(obj), children)
    assert (answered.ready, reasons(answered)["StackReady"]) == (True, "True/Installed")
    assert LWS in message(answered, "StackReady")
    assert {key: child.manifest for key, child in answered.children.items()} == {
        key: child.manifest for key, child in before.children.items()
    }


def test_the_cluster_says_what_of_the_stack_is_missing() -> None:
    children = observed(compose_cluster(cluster()))
    unready = with_condition(children["serving-stack"], "Ready", "False")
    missing = with_condition(unready, "StackReady", "False", "Missing", "leaderWorkerSet: nowhere")
    children["serving-stack"] = missing
    answered = compose_cluster(cluster(), children)
    assert reasons(answered)["BackendReady"] == "False/PartsMissing"
    assert message(answered, "BackendReady").endswith("leaderWorkerSet: nowhere")


# ---------------------------------------------------------------------- the GatewayClass


def test_a_gateway_class_beside_the_users_envoy_gateway_is_made_when_it_is_missing_and_never_changed() -> None:
    obj, children = up("envoyGateway")
    body = spec_of(compose_stack(obj, children), CLASS)
    assert body["managementPolicies"] == ["Observe", "Create"]
    assert body["readiness"] == {
        "policy": "DeriveFromCelQuery",
        "celQuery": 'object.spec.controllerName == "gateway.envoyproxy.io/gatewayclass-controller"',
    }
    assert "managementPolicies" not in spec_of(compose_stack(stack(), installed(stack())), CLASS)


def test_a_gateway_class_that_was_the_users_once_is_never_changed_whoever_installs_envoy_gateway_later() -> None:
    _, children = up("envoyGateway")
    assert spec_of(compose_stack(stack(), children), CLASS)["managementPolicies"] == ["Observe", "Create"]


OURS: Final = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "inference-gateway"}


def with_class(children: Mapping[str, Manifest], **spec: Any) -> dict[str, Manifest]:
    """The same children beside a GatewayClass of the user's."""
    there = {"metadata": {"name": "envoy"}, "spec": spec}
    return {
        **children,
        CLASS: {**children[CLASS], "status": {**children[CLASS]["status"], "atProvider": {"manifest": there}}},
    }


def infrastructure(answered: Composition) -> Any:
    """What the gateway says of its Envoys itself."""
    return spec_of(answered, "gateway")["forProvider"]["manifest"]["spec"].get("infrastructure")


def test_a_gateway_refers_to_its_envoys_itself_where_the_users_class_refers_to_none() -> None:
    obj, children = up("envoyGateway")
    del children["gateway"]
    answered = compose_stack(obj, with_class(children, controllerName=CONTROLLER))
    assert infrastructure(answered) == {"parametersRef": OURS}
    again = compose_stack(obj, {**children, **observed(answered)})
    assert infrastructure(again) == {"parametersRef": OURS}


@pytest.mark.parametrize(
    "spec",
    [
        {"controllerName": CONTROLLER, "parametersRef": {**OURS, "name": "theirs", "namespace": "edge"}},
        {"controllerName": CONTROLLER, "parametersRef": {**OURS, "namespace": "modelplane-system"}},
        {"controllerName": "example.com/other"},
        {},
    ],
    ids=["theirs", "ours", "another controller's", "junk"],
)
def test_a_gateway_refers_to_no_envoys_where_its_class_may_do_so(spec: Manifest) -> None:
    obj, children = up("envoyGateway")
    del children["gateway"]
    assert infrastructure(compose_stack(obj, with_class(children, **spec))) is None


def test_a_gateway_that_is_there_keeps_its_envoys_whatever_its_class_becomes() -> None:
    obj, children = up("envoyGateway")
    assert infrastructure(compose_stack(obj, with_class(children, controllerName=CONTROLLER))) is None


def test_envoys_of_the_users_own_are_named() -> None:
    obj, children = up("envoyGateway")
    theirs = {**OURS, "namespace": "edge"}
    answered = compose_stack(was_ready(obj), with_class(children, controllerName=CONTROLLER, parametersRef=theirs))
    said = "GatewayClass envoy has its Envoys as EnvoyProxy edge/inference-gateway says, not as this stack does"
    assert (reasons(answered)["StackReady"], said in message(answered, "StackReady")) == ("True/Installed", True)
    assert "has its Envoys as" not in message(compose_stack(was_ready(obj), children), "StackReady")


def test_a_gateway_class_of_another_controller_is_named_with_it() -> None:
    obj, children = up("envoyGateway")
    theirs = {"metadata": {"name": "envoy"}, "spec": {"controllerName": "example.com/theirs"}}
    children[CLASS] = {**children[CLASS], "status": {"atProvider": {"manifest": theirs}}}
    answered = compose_stack(obj, children)
    assert reasons(answered)["StackReady"] == "False/Missing"
    assert message(answered, "StackReady").endswith("envoyGateway: GatewayClass envoy belongs to example.com/theirs")


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.key)
def test_a_promise_that_is_kept_lacks_nothing_and_one_that_nobody_looked_at_is_not_known(promise: Any) -> None:
    kept = {"status": {"atProvider": {"manifest": as_promised(promise.manifest)}}}
    assert lack(promise, kept) == ""
    assert lack(promise, None) is None
