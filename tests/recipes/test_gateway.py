"""A gateway that does not exist is added by the recipe alone: docs/recipes/gateway.md."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from function.api.inference_gateway import InferenceGatewaySpec
from function.composition import Composer, Composition, Manifest, unstructured
from function.routing import inference_gateway, model_endpoint, model_service
from function.routing.gateways import protocol, registry, traefik
from function.routing.gateways.protocol import Gateway
from function.routing.gateways.registry import GatewayRegistry
from tests.routing.builders import (
    authority,
    bare_endpoint,
    composed_gateway,
    definition,
    endpoint,
    gateway,
    group,
    open_gateway,
    served,
    service,
    service_of,
    system_namespace,
    true,
)
from tests.routing.gateways.installed import observed
from tests.support.observe import answer, reasons

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/recipes/gateway.md").read_text("utf-8")
MODULE, LINE, FIELD = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
NAME = "function.routing.gateways.harbor"


@pytest.fixture(scope="module")
def harbor() -> Iterator[Gateway]:
    """The recipe's gateway: its module, and the value of `backend` that selects it."""
    module = ModuleType(NAME)
    sys.modules[NAME] = module
    exec(compile(MODULE, f"{NAME}.py", "exec"), module.__dict__)  # noqa: S102  # the page is ours
    backend = InferenceGatewaySpec.model_fields["backend"]
    before, backend.annotation = backend.annotation, Literal["Traefik", "Harbor"]  # type: ignore[assignment]
    InferenceGatewaySpec.model_rebuild(force=True)
    yield module.__dict__["GATEWAY"]
    backend.annotation = before
    InferenceGatewaySpec.model_rebuild(force=True)
    del sys.modules[NAME]


@pytest.fixture
def both(harbor: Gateway) -> GatewayRegistry:
    """The registry with the recipe's line."""
    assert f"({traefik.__name__.rpartition('.')[2]}.GATEWAY, harbor.GATEWAY)" in LINE
    assert FIELD == 'backend: Literal["Traefik", "Harbor"]\n'
    return GatewayRegistry((*registry.GATEWAYS.supported, harbor))


def installed(composer: Composer, passes: int = 4) -> Composition:
    """The answer for an InferenceGateway that asks for Harbor, once what it composed is observed and ready."""
    required = {
        f"crd-{plural}": [definition(plural)] for plural in ("gatewayclasses", "gateways", "backendtlspolicies")
    }
    made = answer(composer, gateway(backend="Harbor"), {}, required)
    for _ in range(passes):
        made = answer(composer, gateway(backend="Harbor"), observed(made), required)
    return made


def routed(
    composer: Composer,
    *endpoints: Mapping[str, Any],
    obj: Mapping[str, Any] | None = None,
    route: Mapping[str, Any] | None = None,
    gateway_obj: Mapping[str, Any] | None = None,
) -> Composition:
    """The answer for a service behind Harbor."""
    required: dict[str, list[Any]] = {
        "endpoints-0": [*endpoints],
        "inference-gateway": [gateway_obj] if gateway_obj else [],
    }
    required |= {f"routed-{unstructured.name_of(found)}": [found] for found in endpoints}
    required |= {f"backend-{found['status']['routing']['backendName']}": [service_of(found)] for found in endpoints}
    return answer(composer, obj or service(group()), {"harbor-route": route} if route else {}, required)


def reported(made: Composition) -> Manifest:
    """The route of an answer, which Harbor has accepted."""
    body = made.children["harbor-route"].manifest
    parents = [{"controllerName": "harbor.example.com/controller"}]
    status = {"conditions": true("Accepted", generation=1), "parents": parents}
    return {**body, "metadata": {**body["metadata"], "name": "chat-0", "generation": 1}, "status": status}


def test_it_is_installed_with_its_controller_and_asks_for_its_definitions(both: GatewayRegistry) -> None:
    made = installed(inference_gateway.composer(both))
    assert {key: child.manifest["kind"] for key, child in made.children.items()} == {
        "gateway": "Gateway",
        "gateway-class": "GatewayClass",
        "harbor": "Release",
        "provider-config-helm": "ProviderConfig",
        "usage-pc-by-harbor": "Usage",
    }
    assert made.children["gateway-class"].manifest["spec"] == {"controllerName": "harbor.example.com/controller"}
    assert sorted(key for key in made.requirements if key.startswith("crd-")) == [
        "crd-backendtlspolicies",
        "crd-gatewayclasses",
        "crd-gateways",
    ]
    assert (made.ready, made.status) == (True, {"address": "192.0.2.1"})
    assert reasons(made) == {
        "GatewayAPIReady": "True/CRDsPresent",
        "ControllerReady": "True/ControllerHealthy",
        "ControllerSupported": "True/Supported",
        "LoadBalancerReady": "True/NotManaged",
        "AddressAssigned": "True/AddressAssigned",
        "TLSReady": "False/NotConfigured",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }


def test_a_services_route_is_written_its_way(both: GatewayRegistry) -> None:
    composer = model_service.composer(both)
    gateway_obj = open_gateway(backend="Harbor")
    first = routed(composer, endpoint("a"), endpoint("b", "http://llm.example.com/x/v1"), gateway_obj=gateway_obj)
    assert {key: child.manifest for key, child in first.children.items()} == {
        "harbor-route": {
            "apiVersion": "harbor.example.com/v1",
            "kind": "HarborRoute",
            "metadata": {"namespace": "ml-team"},
            "spec": {
                "prefix": "/ml-team/chat",
                "paths": ["/v1"],
                "backends": [
                    {"service": "a-0123456789ab", "port": 80, "path": "/", "weight": 1, "host": ""},
                    {
                        "service": "b-0123456789ab",
                        "port": 80,
                        "path": "/x/",
                        "weight": 1,
                        "host": "llm.example.com",
                    },
                ],
            },
        }
    }
    assert first.status["address"] == "http://192.0.2.1/ml-team/chat"
    second = routed(composer, endpoint("a"), endpoint("b"), route=reported(first), gateway_obj=gateway_obj)
    assert (second.ready, reasons(second)["RoutingReady"]) == (True, "True/RouteConfigured")


def test_without_an_inference_gateway_a_service_keeps_the_route_that_it_has(both: GatewayRegistry) -> None:
    composer = model_service.composer(both)
    before = routed(composer, endpoint("a"), gateway_obj=open_gateway(backend="Harbor"))
    after = routed(composer, endpoint("a"), obj=served(group()), route=reported(before))
    assert set(after.children) == {"harbor-route"}
    assert after.children["harbor-route"].manifest["spec"] == before.children["harbor-route"].manifest["spec"]


def test_its_controllers_word_on_a_policy_counts_and_no_others(both: GatewayRegistry) -> None:
    composer = model_endpoint.composer(both)
    obj = bare_endpoint("https://llm.example.com/v1", host="llm.example.com", tls={"caSecretRef": {"name": "ca"}})
    for controller, word in (("harbor.example.com/controller", "PolicyRefused"), ("other", "GivenAuthority")):
        refused = [{"type": "Accepted", "status": "False", "reason": "Conflicted"}]
        ancestors = [{"controllerName": controller, "conditions": refused}]
        policy = {"kind": "BackendTLSPolicy", "metadata": {"name": "p"}, "status": {"ancestors": ancestors}}
        required = {"inference-gateway": [open_gateway(backend="Harbor")], "certificate-authority": [authority()]}
        made = answer(composer, obj, {"backendtlspolicy": policy}, required)
        assert reasons(made)["UpstreamTLS"].endswith(word)


def test_beside_it_the_others_answer_as_before(both: GatewayRegistry) -> None:
    required = {f"crd-{plural}": [definition(plural)] for plural in traefik.GATEWAY.definitions}
    required["system-namespace"] = [system_namespace()]
    assert answer(inference_gateway.composer(both), gateway(), {}, required) == composed_gateway(gateway())
    required = {"endpoints-0": [endpoint("a")], "inference-gateway": [open_gateway()]}
    before = answer(model_service.COMPOSER, service(group()), {}, required)
    assert answer(model_service.composer(both), service(group()), {}, required) == before


def test_its_service_is_the_front_doors_own_to_which_no_endpoint_may_lead(both: GatewayRegistry) -> None:
    obj = bare_endpoint("http://harbor.harbor-system.svc/v1")
    made = answer(model_endpoint.composer(both), obj, {}, {"inference-gateway": [open_gateway(backend="Harbor")]})
    assert reasons(made)["RoutingReady"] == "False/OwnGateway"


@pytest.mark.parametrize("part", ["Gateway", "Installation", "Routes"])
def test_the_recipe_has_every_member_of_the_protocol(part: str) -> None:
    members = {name for name in vars(getattr(protocol, part)) if not name.startswith("_")}
    assert members
    assert {name for name in members if not re.search(rf"\bdef {name}\(|^    {name}: ", MODULE, re.MULTILINE)} == set()
