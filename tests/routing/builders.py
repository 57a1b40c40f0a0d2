"""Builders of the three kinds of the front door, and of what is observed of them."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from function.composition import Composition, Draft, Manifest, Observation, names, unstructured
from function.preview.control_plane import ControlPlane
from function.routing import gateway_api, inference_gateway, model_endpoint, model_service
from function.routing.gateways import traefik
from tests.support.observe import NOW, answer

API_VERSION = "modelplane.ai/v1alpha1"
URL = "http://192.0.2.1/ml-team/chat"
SECOND = timedelta(seconds=1)
JUNK: tuple[Any, ...] = ("junk", 7, [], ["x"], None)
COMPOSERS = {
    (composer.api_version, composer.kind): composer
    for composer in (inference_gateway.COMPOSER, model_endpoint.COMPOSER, model_service.COMPOSER)
}


def compose(observation: Observation) -> Composition:
    composer = COMPOSERS[observation.api_version, observation.kind]
    return composer.compose(Draft(observation, composer.vocabulary))


def plane(*given: Mapping[str, Any]) -> ControlPlane:
    """A settled control plane that composes the three kinds."""
    made = ControlPlane(compose, kinds=COMPOSERS.keys())
    made.apply(given)
    made.settle()
    return made


def _composite(kind: str, name: str, namespace: str, spec: Any, status: Any = None, **meta: Any) -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **meta}
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    return {**body, "status": status} if status is not None else body


def true(*types: str, generation: int | None = None) -> list[Manifest]:
    """Conditions that are True."""
    seen = {} if generation is None else {"observedGeneration": generation}
    return [{"type": kind, "status": "True", "reason": kind, **seen} for kind in types]


# ---------------------------------------------------------------------- endpoints


def endpoint(
    name: str = "a",
    url: str = "http://203.0.113.4/v1",
    *,
    namespace: str = "ml-team",
    backend: str | None = None,
    labels: Mapping[str, str] | None = None,
    uid: str = "",
    **spec: Any,
) -> Manifest:
    """A ModelEndpoint that is routable unless `backend` is empty."""
    backend = f"{name}-0123456789ab" if backend is None else backend
    status = published(url, backend, spec) if backend else {}
    meta = {**({"labels": dict(labels)} if labels else {}), **({"uid": uid} if uid else {})}
    return _composite("ModelEndpoint", name, namespace, {"url": url, **spec}, status, **meta)


def published(url: str, backend: str, spec: Mapping[str, Any]) -> Manifest:
    """What an endpoint with a URL publishes of itself."""
    bare = _composite("ModelEndpoint", "x", "ml-team", {"url": url, **spec})
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": backend}}
    policy = {"kind": "BackendTLSPolicy"}
    children: Any = {"service": service, "endpointslice_ipv4": {"kind": "EndpointSlice"}, "backendtlspolicy": policy}
    return dict(composed_endpoint(bare, [], **children).status)


def bare_endpoint(url: str = "http://203.0.113.4/v1", status: Any = None, **spec: Any) -> Manifest:
    """A ModelEndpoint as a composite, before anything is known of it."""
    return _composite("ModelEndpoint", "a", "ml-team", {"url": url, **spec}, status)


CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBOzCB4qADAgECAgEBMAoGCCqGSM49BAMCMBwxGjAYBgNVBAMMEUV4YW1wbGUg
YXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAcMRow
GAYDVQQDDBFFeGFtcGxlIGF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABG73xXJOMVw2Ui/vdYZOWc9XQhY9omY37QwvdeCfl6QilPjcdDJ+bwK20Mx/
K/GyLEAmmJNkl6fRxIUpRoaSweajEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
zj0EAwIDSAAwRQIgBNDYTv+X+g2+Ol6LjBZxKYh1GHRBO/plja8aoSxt+LgCIQD0
e+JI9PfoE7eNakYJbec/owJKN1QCLQXrrSTXBDBFZw==
-----END CERTIFICATE-----
"""


def authority(text: str = CERTIFICATE, key: str = "ca.crt") -> Manifest:
    """A Secret with the certificates of an authority."""
    data = {key: base64.b64encode(text.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ca", "namespace": "ml-team"}, "data": data}


def composed_endpoint(
    obj: Mapping[str, Any],
    secrets: Sequence[Mapping[str, Any]] | None = None,
    gateway_obj: Mapping[str, Any] | None = None,
    **children: Mapping[str, Any],
) -> Composition:
    """The composer's answer; without secrets none is fetched yet."""
    seen = {key.replace("_", "-"): child for key, child in children.items()}
    required = {"inference-gateway": [gateway_obj or open_gateway()]}
    if secrets is not None:
        required["certificate-authority"] = [*secrets]
    return answer(model_endpoint.COMPOSER, obj, seen, required)


# ---------------------------------------------------------------------- gateway


DOCUMENTATION = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"]


def gateway(status: Any = None, name: str = "default", **spec: Any) -> Manifest:
    """An InferenceGateway; where endpoints may lead, it allows the addresses that tests have."""
    wanted = {"backend": "Traefik", "traefik": {}, "endpoints": {"allow": DOCUMENTATION}, **spec}
    return _composite("InferenceGateway", name, "", wanted, status)


def open_gateway(address: str = "192.0.2.1", **spec: Any) -> Manifest:
    """An InferenceGateway that services can use."""
    return gateway({"address": address, "conditions": true("GatewayAPIReady", "Ready")}, **spec)


def definition(plural: str, version: str | None = "v1.5.1") -> Manifest:
    notes = {} if version is None else {gateway_api.BUNDLE: version}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{gateway_api.GROUP}", "annotations": notes},
    }


def definitions(version: str | None = "v1.5.1", *, without: Sequence[str] = ()) -> dict[str, list[Manifest]]:
    """The answers to every requirement of an InferenceGateway."""
    found = {f"crd-{p}": [] if p in without else [definition(p, version)] for p in traefik.GATEWAY.definitions}
    return {**found, "system-namespace": [system_namespace()]}


def system_namespace() -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "modelplane-system", "uid": "system"}}


def composed_gateway(
    obj: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]] | None = None,
    required: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Composition:
    return answer(inference_gateway.COMPOSER, obj, children, definitions() if required is None else required)


# ---------------------------------------------------------------------- services


def group(weight: int | None = None, priority: int | None = None, **labels: str) -> Manifest:
    """One entry of a service's endpoints."""
    more = {"weight": weight, "priority": priority}
    selector = {"matchLabels": labels or {"app": "chat"}}
    return {"selector": selector, **{key: value for key, value in more.items() if value is not None}}


def service(*groups: Manifest, status: Any = None) -> Manifest:
    return _composite("ModelService", "chat", "ml-team", {"endpoints": list(groups or (group(),))}, status)


def served(
    *groups: Manifest,
    address: str = "http://192.0.2.1/ml-team/chat",
    unreported_for: int | None = None,
    weights: Mapping[str, int] | None = None,
) -> Manifest:
    """A service that is Ready; for so many seconds the gateway may not have reported on its route.

    Its status tells the shares of endpoints, if any.
    """
    conditions = true("Ready", "RoutingReady")
    if unreported_for is not None:
        since = (NOW - timedelta(seconds=unreported_for)).isoformat()
        conditions[1] |= {"status": "False", "reason": "Configuring", "lastTransitionTime": since}
    rows = [{"name": name, "weight": weight, "priority": 0, "ready": True} for name, weight in (weights or {}).items()]
    status = {"address": address, "summary": {"ready": "1/1"}, "conditions": conditions}
    return service(*groups, status={**status, **({"endpoints": rows} if rows else {})})


def composed_service(
    obj: Mapping[str, Any],
    *endpoints: Sequence[Mapping[str, Any]] | None,
    route: Mapping[str, Any] | None = None,
    gateway_obj: Mapping[str, Any] | None = None,
    without_gateway: bool = False,
    there: Sequence[Mapping[str, Any]] | None = None,
    after: timedelta = timedelta(),
) -> Composition:
    """The composer's answer; each list of endpoints answers one group, None for one not fetched yet.

    Asked by name are found: of endpoints and Services those in `there`, or no others than those in the lists.
    """
    required: dict[str, Sequence[Mapping[str, Any]]] = {
        f"endpoints-{index}": found for index, found in enumerate(endpoints) if found is not None
    }
    required["inference-gateway"] = [] if without_gateway else [gateway_obj or open_gateway()]
    listed = [known for found in endpoints for known in found or ()]
    world = [*listed, *map(service_of, listed)] if there is None else there
    by_name = {(known["kind"], unstructured.name_of(known)): known for known in world}
    children = {"httproute": route} if route else {}
    for key, wanted in answer(model_service.COMPOSER, obj, children).requirements.items():
        if wanted.name and wanted.kind in {"ModelEndpoint", "Service"}:
            required[key] = [by_name[wanted.kind, wanted.name]] if (wanted.kind, wanted.name) in by_name else []
    return answer(model_service.COMPOSER, obj, children, required, NOW + after)


def given_to(name: str, uid: str) -> str:
    """The name of an endpoint's Service."""
    return names.name(name, 63, "Service", "ml-team", name, uid)


def publishing(**facts: Any) -> Callable[[Manifest], Manifest]:
    """Spoil what an endpoint publishes; None leaves a fact out."""

    def spoil(obj: Manifest) -> Manifest:
        routing = {**obj["status"]["routing"], **facts}
        return {**obj, "status": {"routing": {key: value for key, value in routing.items() if value is not None}}}

    return spoil


def service_of(endpoint: Mapping[str, Any], **meta: Any) -> Manifest:
    """The Service that an endpoint composes."""
    owner = {"kind": "ModelEndpoint", "name": unstructured.name_of(endpoint), "controller": True}
    name = unstructured.text(endpoint, "status", "routing", "backendName") or "none"
    body = {"name": name, "namespace": unstructured.namespace_of(endpoint), "ownerReferences": [owner], **meta}
    return {"apiVersion": "v1", "kind": "Service", "metadata": body}


def observed_route(
    made: Composition,
    *conditions: Manifest,
    generation: int = 1,
    parent: str = "modelplane",
    controller: str = traefik.CONTROLLER_NAME,
) -> Manifest:
    """The route of an answer, as it is observed with the words of a gateway."""
    body = made.children["httproute"].manifest
    ref = {"name": parent, "namespace": "modelplane-system"}
    reported = list(conditions or true("Accepted", "ResolvedRefs", generation=generation))
    return {
        **body,
        "metadata": {**body["metadata"], "name": "chat-aaaaaaaaaaaa", "generation": generation},
        "status": {"parents": [{"parentRef": ref, "controllerName": controller, "conditions": reported}]},
    }


def rules(made: Composition) -> list[Manifest]:
    """The rules of a route, without the one for requests that have gone in a circle."""
    *found, circle = made.children["httproute"].manifest["spec"]["rules"]
    assert "backendRefs" not in circle
    return list(found)


def rule(made: Composition) -> Manifest:
    (only,) = rules(made)
    return dict(only)


def refs(made: Composition) -> list[Manifest]:
    return list(rule(made).get("backendRefs", []))


def rewrite(path: str, **more: str) -> list[Manifest]:
    """What becomes of the public path `/v1`, for an endpoint that is found below a path."""
    body = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": f"{path}v1"}, **more}
    return [{"type": "URLRewrite", "urlRewrite": body}]


def weights_of(made: Composition) -> dict[str, int]:
    return {ref["name"].rpartition("-")[0]: ref["weight"] for ref in refs(made)}


def message(made: Composition, kind: str) -> str:
    return next(condition.message for condition in made.conditions if condition.type == kind)


def rows(made: Composition) -> dict[str, str]:
    """Why each endpoint gets no traffic."""
    return {row["name"]: row.get("message", "") for row in made.status.get("endpoints", [])}


def conditions_of(obj: Manifest) -> dict[str, str]:
    return {c["type"]: c["status"] for c in unstructured.items(obj, "status", "conditions")}
