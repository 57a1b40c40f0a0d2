"""What the user says that a cluster has already: it is looked for by what shows that it is there, and never touched.

Names of controllers are their installers' choice, and definitions of kinds are not. So what shows a component is a
definition that it brings, with the version that is relied on; of a DRA driver, its DeviceClass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.api.serving_stack import Component
from function.composition import Manifest, Object, objects, unstructured
from function.fleet.stack.inference_extension import EXPERIMENTAL_GROUP, GROUP
from function.fleet.stack.objects import CONTROLLER, GATEWAY_CLASS, StackObject
from function.fleet.stack.parts import Part

_DEFINITION: Final = "CustomResourceDefinition"
_ABSENT: Final = ("external resource does not exist", "no matches for kind")
"""How provider-kubernetes v1.3.0 says that something is not there to be observed, or is of a kind that is not served.

The first is crossplane-runtime v2.3's, the second that of Kubernetes' clients. Anything else is no word about the
object.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise(StackObject):
    """Something that a cluster has when it has a component.

    Attributes:
        version: The version that it has to serve; empty when any will do.
    """

    version: str = ""


def _definition(component: Component, name: str, version: str = "") -> Promise:
    wanted = f'v.name == "{version}" && v.served' if version else "v.served"
    return Promise(
        key=f"installed-{name}",
        component=component,
        manifest={"apiVersion": "apiextensions.k8s.io/v1", "kind": _DEFINITION, "metadata": {"name": name}},
        ready_when=f"has(object.spec.versions) && object.spec.versions.exists(v, {wanted})",
        policies=("Observe",),
        version=version,
    )


PROMISES: Final[tuple[Promise, ...]] = (
    _definition("certManager", "certificates.cert-manager.io", "v1"),
    _definition("envoyGateway", "gateways.gateway.networking.k8s.io", "v1"),
    _definition("envoyGateway", "httproutes.gateway.networking.k8s.io", "v1"),
    _definition("envoyGateway", "envoyproxies.gateway.envoyproxy.io", "v1alpha1"),
    _definition("envoyGateway", "clienttrafficpolicies.gateway.envoyproxy.io", "v1alpha1"),
    _definition("aiGateway", "aigatewayroutes.aigateway.envoyproxy.io"),
    _definition("prometheus", "podmonitors.monitoring.coreos.com", "v1"),
    _definition("leaderWorkerSet", "leaderworkersets.leaderworkerset.x-k8s.io", "v1"),
    _definition("nodeFeatureDiscovery", "nodefeatures.nfd.k8s-sigs.io", "v1alpha1"),
    Promise(
        key="installed-gpu.nvidia.com",
        component="nvidiaDraDriver",
        manifest={"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu.nvidia.com"}},
        ready_when="has(object.metadata.name)",
        policies=("Observe",),
    ),
    _definition("inferenceExtension", f"inferencepools.{GROUP}", "v1"),
    _definition("inferenceExtension", f"inferenceobjectives.{EXPERIMENTAL_GROUP}", "v1alpha2"),
)
"""Everything that may be looked for, in the order in which it is named to the user."""


def lack(part: Part, observed: Object | None) -> str | None:
    """Say what a cluster lacks of a part: empty when it is there, None when that is not known.

    A GatewayClass that was there before may be another controller's.

    Args:
        part: A part of the stack; only promises and the GatewayClass can be lacking.
        observed: Its Object as observed.
    """
    found = objects.remote(observed)
    if part.key == GATEWAY_CLASS:
        return _foreign(found)
    if not isinstance(part, Promise):
        return None
    subject = f"{part.component}: {part.manifest['kind']} {unstructured.name_of(part.manifest)}"
    synced = unstructured.condition(observed, "Synced")
    if synced.get("status") == "False":
        absent = any(word in unstructured.text(synced, "message") for word in _ABSENT)
        needed = f", and {part.version} is needed" if part.version else ""
        return f"{subject} is not on the cluster{needed}" if absent else None
    if not found:
        return None
    return _unserved(part, found, subject)


def _unserved(promise: Promise, found: Object, subject: str) -> str | None:
    if promise.manifest["kind"] != _DEFINITION:
        return ""
    versions = unstructured.items(found, "spec", "versions")
    if not versions or not all(isinstance(version.get("served"), bool) for version in versions):
        return None
    served = [unstructured.text(version, "name") for version in versions if version["served"] is True]
    if promise.version in served or (served and not promise.version):
        return ""
    needed = promise.version or "any version"
    return f"{subject} serves {', '.join(served) or 'no version'}, and {needed} is needed"


def _foreign(found: Object) -> str | None:
    controller = unstructured.text(found, "spec", "controllerName")
    if not controller:
        return None
    name = unstructured.name_of(found)
    return "" if controller == CONTROLLER else f"envoyGateway: GatewayClass {name} belongs to {controller}"


def as_promised(manifest: Manifest) -> Manifest | None:
    """What a cluster has that keeps a promise, for who takes its user at their word; None for anything else."""
    promise = next((found for found in PROMISES if found.manifest == manifest), None)
    if promise is None:
        return None
    if manifest["kind"] != _DEFINITION:
        return {**manifest, "spec": {}}
    return {**manifest, "spec": {"versions": [{"name": promise.version or "v1", "served": True}]}}
