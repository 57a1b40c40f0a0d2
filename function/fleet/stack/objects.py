"""Objects of the serving stack: the gateway and its surroundings, a quota, and definitions.

The gateway's name and namespace are a contract with the routes of replicas (`composition/gateway_address.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.api.labels import SYSTEM_NAMESPACE
from function.api.serving_stack import ServingStackSpec, StackGateway
from function.composition import Draft, Manifest, objects, unstructured
from function.composition.gateway_address import GATEWAY_NAME, STEERING_HEADERS
from function.fleet.stack import envoys, namespaces
from function.fleet.stack.inference_extension import CRDS, resource_name
from function.fleet.stack.parts import Part

PROXY: Final = "gateway-proxy"
GATEWAY_CLASS: Final = "gateway-class"
GATEWAY: Final = "gateway"
NAMESPACE: Final = "gateway-namespace"
QUOTA: Final = "dra-driver-critical-pods-quota"
CLIENT_POLICY: Final = "gateway-client-policy"
BACKEND_POLICY: Final = "gateway-backend-policy"

HAS_ADDRESS: Final = "has(object.status) && has(object.status.addresses) && object.status.addresses.size() > 0"
"""Ready by an address: an Object that is not ready is looked at again soon."""

ESTABLISHED: Final = (
    "has(object.status) && has(object.status.conditions) && "
    'object.status.conditions.exists(c, c.type == "Established" && c.status == "True")'
)
"""Ready by what the definition says: an Object that may not update never is ready by one that it finds there."""

CONTROLLER: Final = "gateway.envoyproxy.io/gatewayclass-controller"
"""The controller of Envoy Gateway's GatewayClasses."""

_OUR_CLASS: Final = f'object.spec.controllerName == "{CONTROLLER}"'
_CREATE_ONLY: Final = ("Observe", "Create")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackObject(Part):
    """An Object of the stack.

    Attributes:
        manifest: What it puts on the cluster.
        ready_when: A CEL query; empty for ready once created.
        watch: Whether changes on the cluster are reported at once.
        policies: Management policies; empty for all.
    """

    manifest: Manifest
    ready_when: str = ""
    watch: bool = False
    policies: tuple[str, ...] = ()


def stack_objects(draft: Draft, spec: ServingStackSpec) -> tuple[StackObject, ...]:
    """Give every Object of the stack, in the order in which they are named to the user."""
    proxy = draft.remote_name(PROXY, GATEWAY_NAME)
    gateway_class = draft.remote_name(GATEWAY_CLASS, spec.gateway.class_name)
    return (
        *(
            StackObject(
                key=resource_name(crd),
                component="inferenceExtension",
                manifest=crd,
                ready_when=ESTABLISHED,
                policies=_CREATE_ONLY,
            )
            for crd in CRDS
        ),
        StackObject(key=NAMESPACE, manifest=_namespace(), policies=objects.KEEP_REMOTE),
        StackObject(key=QUOTA, component="nvidiaDraDriver", after=("dra-driver",), manifest=_quota()),
        StackObject(key=PROXY, after=("envoy-gateway", NAMESPACE), manifest=_proxy(draft, spec)),
        StackObject(key=CLIENT_POLICY, after=("envoy-gateway", NAMESPACE), manifest=_client_policy()),
        StackObject(
            key=BACKEND_POLICY,
            after=("envoy-gateway", NAMESPACE),
            manifest=envoys.backend_policy(),
            refines=True,
        ),
        StackObject(
            key=GATEWAY_CLASS,
            after=("envoy-gateway", "ai-gateway", PROXY),
            manifest=_gateway_class(gateway_class, proxy),
            **_class_handling(draft, spec),
        ),
        StackObject(
            key=GATEWAY,
            after=(NAMESPACE, GATEWAY_CLASS, CLIENT_POLICY),
            manifest=_gateway(gateway_class, spec.gateway, _infrastructure(draft, proxy)),
            ready_when=HAS_ADDRESS,
            watch=True,
        ),
    )


def _class_handling(draft: Draft, spec: ServingStackSpec) -> dict[str, Any]:
    """How the GatewayClass is kept: beside a user's own Envoy Gateway it may be the user's, and is never changed.

    What was the user's once stays so, whoever installs Envoy Gateway later.
    """
    before = unstructured.dig(draft.observed(GATEWAY_CLASS), "spec", "managementPolicies", default=[])
    if "envoyGateway" in spec.installed or tuple(before) == _CREATE_ONLY:
        return {"ready_when": _OUR_CLASS, "policies": _CREATE_ONLY}
    return {}


def _namespace() -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}}


def _quota() -> Manifest:
    """Lets the driver's pods have a critical priority outside kube-system, which some clouds forbid otherwise."""
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "allow-critical-pods", "namespace": namespaces.DRA_DRIVER},
        "spec": {
            "hard": {"pods": "1000"},
            "scopeSelector": {
                "matchExpressions": [
                    {
                        "operator": "In",
                        "scopeName": "PriorityClass",
                        "values": ["system-node-critical", "system-cluster-critical"],
                    },
                ],
            },
        },
    }


def _proxy(draft: Draft, spec: ServingStackSpec) -> Manifest:
    """Build the EnvoyProxy. Another version of Envoy Gateway than is installed replaces every Envoy."""
    wanted = unstructured.text(spec.versions.plain(), "envoyGateway")
    installed = unstructured.text(draft.observed("envoy-gateway"), "spec", "forProvider", "chart", "version")
    return envoys.proxy(
        objects.desired(draft.observed(PROXY)),
        tolerations=[toleration.plain() for toleration in spec.tolerations],
        replaced=bool(wanted and installed) and wanted != installed,
    )


def _client_policy() -> Manifest:
    """Takes from clients what only an endpoint picker may say; a filter of a route would come after the picker."""
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY_NAME}
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "ClientTrafficPolicy",
        "metadata": {"name": GATEWAY_NAME, "namespace": SYSTEM_NAMESPACE},
        "spec": {
            "targetRefs": [target],
            "headers": {"earlyRequestHeaders": {"remove": list(STEERING_HEADERS)}},
        },
    }


def _gateway_class(name: str, proxy: str) -> Manifest:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": name},
        "spec": {
            "controllerName": CONTROLLER,
            "parametersRef": {
                "group": "gateway.envoyproxy.io",
                "kind": "EnvoyProxy",
                "name": proxy,
                "namespace": SYSTEM_NAMESPACE,
            },
        },
    }


def _infrastructure(draft: Draft, proxy: str) -> Mapping[str, Any]:
    """Refer a new gateway to the EnvoyProxy where its class, of the user's Envoy Gateway, refers to none.

    A Gateway's EnvoyProxy counts instead of its class's (Envoy Gateway 1.8), so a user's own stays what counts. Another
    one replaces every Envoy: a gateway that is there keeps what it was made with.
    """
    gateway, found = draft.observed(GATEWAY), objects.remote(draft.observed(GATEWAY_CLASS))
    if gateway is not None:
        return unstructured.mapping(objects.desired(gateway) or objects.remote(gateway), "spec", "infrastructure")
    if unstructured.text(found, "spec", "controllerName") != CONTROLLER or "parametersRef" in found["spec"]:
        return {}
    return {"parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": proxy}}


def _gateway(gateway_class: str, wanted: StackGateway, infrastructure: Mapping[str, Any]) -> Manifest:
    listeners: list[Manifest] = [
        {"name": listener.name, "protocol": listener.protocol, "port": listener.port} for listener in wanted.listeners
    ] or [{"name": "http", "protocol": "HTTP", "port": 80}]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": GATEWAY_NAME, "namespace": SYSTEM_NAMESPACE},
        "spec": {
            "gatewayClassName": gateway_class,
            **({"infrastructure": infrastructure} if infrastructure else {}),
            "listeners": [{**listener, "allowedRoutes": {"namespaces": {"from": "All"}}} for listener in listeners],
        },
    }
