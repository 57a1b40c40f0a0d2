"""ModelEndpoint: a Service without a selector, and an EndpointSlice with the one address behind it.

The Service is what routes refer to, so it stays whatever becomes of the URL, and so does its port: the port
of the URL is the slice's. The address family of an EndpointSlice cannot change: another family gets another
slice, and the old one goes once the new one is there. Where nothing valid is asked for, what was composed
last stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from function.api import urls
from function.api.model_endpoint import MODEL_ENDPOINT, ModelEndpointSpec
from function.composition import Composer, Composition, Doubt, Draft, Manifest, Outcome, Required, unstructured
from function.routing import backend_tls, egress, gateway_view, replica_endpoint
from function.routing.backend_tls import AUTHORITY, PORT_NAME
from function.routing.endpoint_conditions import ROUTING, TLS, VOCABULARY
from function.routing.endpoint_view import Endpoint, is_port, is_service_name, routing_problem, service_name
from function.routing.gateways.protocol import CertificatePolicies, PolicyRefusal
from function.routing.gateways.registry import GATEWAYS, GatewayRegistry

SERVICE: Final = "service"

_NO_QUERY: Final = (
    "spec.url has a query, which the gateway cannot add to requests: take it out, and have clients say it, whose "
    "queries pass as they are; or name a base URL of the provider's that needs none"
)
_METHODS: Final = ("/chat/completions", "/completions", "/embeddings", "/responses", "/messages")
"""Paths of requests that are taken for part of a base URL, since providers show whole URLs; the longest first."""
_SLICE: Final = "endpointslice"
_HTTPS_PORT: Final = 443
_SERVICE_PORTS: Final = {"http": 80, "https": _HTTPS_PORT}


@dataclass(frozen=True, slots=True)
class GatewayRules:
    """What the InferenceGateway says to an endpoint, and how its gateway is told of certificates.

    Attributes:
        answer: The InferenceGateway.
        hosts: The names that the front door's own Service may have.
        policies: How the gateway is told what certificates are checked for.
    """

    answer: Required
    hosts: tuple[str, ...]
    policies: CertificatePolicies

    def egress(self) -> egress.Egress:
        """Read where endpoints may lead."""
        return egress.read(self.answer, self.hosts)


def compose(draft: Draft, registry: GatewayRegistry) -> Composition:
    """Compose the backend of an endpoint."""
    spec = draft.spec(ModelEndpointSpec)
    children = draft.observation.children.values()
    if replica_endpoint.is_replica_endpoint(draft.observation.composite):
        return _of_replica(draft, spec, registry.of(None, children).policies)
    answer = draft.require("inference-gateway", gateway_view.REQUIREMENT)
    rules = GatewayRules(answer, registry.hosts, registry.of(answer.first, children).policies)
    url = urls.parse(spec.url)
    if isinstance(url, urls.NoUrl):
        return _refuse(draft, rules, "InvalidURL", f"spec.url {url.problem}")
    paths = _paths(draft, spec, url)
    if isinstance(paths, urls.NoUrl):
        return _refuse(draft, rules, "InvalidRewrite", f"spec.rewritePath {paths.problem}")
    endpoint = _endpoint(draft, spec, url, *paths)
    problem = routing_problem(endpoint.rewrite_path, endpoint.hostname)
    if problem:
        return _refuse(draft, rules, "InvalidRewrite", f"spec.{problem}")
    if url.queried:
        return _refuse(draft, rules, "QueryNotSent", _NO_QUERY)
    if url.refusal:
        return _refuse(draft, rules, "AddressRefused", f"spec.url names {url.host}: {url.refusal}")
    check = backend_tls.require(draft, spec, url, answer, rules.policies)
    kept_out = _kept_out(draft, rules, url.host, spec.host)
    if kept_out is not None:
        return kept_out
    if check is not None and not check.fetched:
        return _stay(draft, rules, "InputUnresolved", "What the certificate is checked against is not fetched yet")
    refusal = rules.policies.refusal(draft)
    backend_tls.set_condition(draft, spec, url, check, refusal)
    configured = rules.policies.compose(draft, check, endpoint.backend)
    if not configured and _published(draft) and draft.observed(SERVICE) is not None:
        reason, why = backend_tls.pending(check)
        return _stay(draft, rules, reason, f"{why}; requests go where they went before")
    _compose_backend(draft, url, endpoint)
    _publish(draft, url, endpoint, configured=configured)
    refused = None if check is None else refusal
    ready = _set_routing(draft, spec, url, _path_note(url, spec, endpoint), configured=configured, refusal=refused)
    return draft.finish(ready=ready)


def _kept_out(draft: Draft, rules: GatewayRules, url_host: str, host_header: str) -> Composition | None:
    """Answer for an endpoint that may not lead where it says, or of which that is not known; None for any other.

    Without an InferenceGateway a new endpoint may lead to what is public; one that is routed to stays as it is.
    """
    if rules.answer.unresolved:
        return _hold(draft, rules.policies, "InputUnresolved", "InferenceGateway default is not fetched yet")
    found = rules.egress()
    refusal = found.refusal("spec.url", url_host, urls.canonical(host_header))
    if refusal and (refusal.certain or not _published(draft)):
        return _close(draft, refusal)
    if found.missing and _published(draft):
        missing = "InferenceGateway default, which says where endpoints may lead, does not exist"
        return _hold(draft, rules.policies, "InputMissing", f"{missing}; requests go where they went before")
    if not found.doubt:
        return None
    return _stay(draft, rules, "InputInvalid", f"{found.doubt}; requests go where they went before")


def _stay(draft: Draft, rules: GatewayRules, reason: str, why: str) -> Composition:
    """Leave everything as it is, unless it is known to lead where it may not."""
    hostname = urls.canonical(unstructured.text(draft.observation.status, "routing", "hostname"))
    for host in _in_use(draft) if not rules.answer.unresolved else ():
        refusal = rules.egress().refusal("What is in use", host, hostname)
        if refusal and refusal.certain:
            return _close(draft, refusal)
    return _hold(draft, rules.policies, reason, why)


def _in_use(draft: Draft) -> list[str]:
    """The hosts that requests are sent to now."""
    slices = (draft.observed(slice_key(family)) for family in urls.Family)
    endpoints = (endpoint for found in slices for endpoint in unstructured.items(found, "endpoints"))
    hosts = (urls.canonical(unstructured.text(endpoint, "addresses", 0)) for endpoint in endpoints)
    return [host for host in hosts if host]


def _of_replica(draft: Draft, spec: ModelEndpointSpec, policies: CertificatePolicies) -> Composition:
    """Compose the backend of a replica, wherever its endpoint says that it leads."""
    url = replica_endpoint.require_url(draft)
    if isinstance(url, replica_endpoint.UnknownAddress):
        forged = replica_endpoint.forged(draft.observation)
        if forged and url.reason != "InputUnresolved":
            return _close(draft, egress.Refusal("AddressNotAllowed", f"{forged}; {url.message}"))
        if draft.observation.children or url.reason == "InputUnresolved":
            return _hold(draft, policies, url.reason, f"{url.message}; requests go where they went before")
        draft.carry_condition(TLS)
        draft.set_condition(ROUTING, "WaitingForCluster", url.message)
        return draft.finish(ready=False)
    plain = ModelEndpointSpec(url=spec.url, draining=spec.draining)
    endpoint = _endpoint(draft, plain, url, url.rewrite_path)
    draft.set_condition(TLS, "NotNeeded")
    _compose_backend(draft, url, endpoint)
    _publish(draft, url, endpoint, configured=True)
    return draft.finish(ready=_set_routing(draft, plain, url, configured=True, refusal=None))


def slice_key(family: urls.Family) -> str:
    """The composition resource name of the EndpointSlice of an address family."""
    return f"{_SLICE}-{family.value.lower()}"


def _paths(draft: Draft, spec: ModelEndpointSpec, url: urls.Url) -> tuple[str, str] | urls.NoUrl:
    """What takes the place of the service's own path, and of that with a `/v1` behind it.

    An endpoint that is published keeps a path before its `/v1`, as every path once was, until it says another one.
    """
    given = urls.decoded(spec.rewrite_path) if spec.rewrite_path else None
    if isinstance(given, urls.NoUrl):
        return given
    path = url.rewrite_path if given is None else given
    api_path = url.api_path if given is None else urls.api_path_of(given, url)
    published = unstructured.mapping(draft.observation.status, "routing")
    if not api_path or (published.get("rewritePath") == path and "apiPath" not in published):
        return path, ""
    return f"{api_path.removesuffix(urls.API)}/", "" if api_path.endswith(urls.API) else api_path


def _endpoint(draft: Draft, spec: ModelEndpointSpec, url: urls.Url, path: str, api_path: str = "") -> Endpoint:
    """The endpoint as services will see it; without a backend until the Service's name is known.

    Requests name the host that the endpoint asks for: a provider outside routes by it. To an IP address
    they name what the client did.
    """
    return Endpoint(
        draft.observation.name,
        backend=_backend_name(draft),
        port=_backend_port(draft, url),
        rewrite_path=path,
        api_path=api_path,
        hostname=spec.host or (url.host if url.family is urls.Family.FQDN else ""),
    )


def _compose_backend(draft: Draft, url: urls.Url, endpoint: Endpoint) -> None:
    seen = draft.observation
    given = service_name(seen.namespace, seen.name, seen.uid)
    draft.child(SERVICE, _service(seen.namespace, url, endpoint.backend or given, endpoint.port))
    wanted = slice_key(url.family)
    if endpoint.backend:
        draft.child(wanted, _endpoint_slice(seen.namespace, url, endpoint.backend))
    if draft.observed(wanted) is not None:
        for key in sorted(seen.children):
            if key.startswith(_SLICE) and key != wanted:
                draft.drop(key)


def _set_routing(
    draft: Draft,
    spec: ModelEndpointSpec,
    url: urls.Url,
    note: str = "",
    *,
    configured: bool,
    refusal: PolicyRefusal | None,
) -> bool:
    """Set the condition that tells whether services can route to the endpoint, and tell it."""
    if draft.observed(SERVICE) is None or draft.observed(slice_key(url.family)) is None:
        draft.set_condition(ROUTING, "WaitingForBackend", "The Service and the EndpointSlice are being created")
        return False
    if not (configured or _published(draft)):
        draft.set_condition(ROUTING, "WaitingForTLS", "The gateway does not know yet how to check the certificate")
        return False
    if refusal is not None:
        _set_refused(draft, refusal)
        return False
    draining = "; it is draining, and services send it nothing new" if spec.draining else ""
    ignored = f"; ignored of spec.url: {', '.join(url.ignored)}" if url.ignored else ""
    message = f"{_backend_name(draft)} sends to {url.host}:{url.port}{note}{ignored}{draining}"
    draft.set_condition(ROUTING, "BackendConfigured", message)
    return True


def _path_note(url: urls.Url, spec: ModelEndpointSpec, endpoint: Endpoint) -> str:
    """What is said of an API that is not at a `/v1`, and of a path that can hardly be the base of one."""
    if endpoint.api_path:
        return f", {urls.API} as {endpoint.api_path}{_method_note(spec, endpoint.api_path)}"
    if spec.rewrite_path or not url.api_path:
        return ""
    kept = f"{urls.API} stays behind {url.api_path} as it always did for this endpoint"
    return f"; {kept}: say rewritePath {url.api_path} to have it replaced"


def _method_note(spec: ModelEndpointSpec, path: str) -> str:
    """Say that a base path ends with a path that requests have themselves, which would come twice."""
    method = next((method for method in _METHODS if path.rstrip("/").endswith(method)), "")
    field = "rewritePath" if spec.rewrite_path else "url"
    return f"; spec.{field} ends with {method}, which requests have themselves: leave it out" if method else ""


def _set_refused(draft: Draft, refusal: PolicyRefusal) -> None:
    consequence = f"The gateway refuses {refusal.policy}, and answers requests with 500"
    draft.set_condition(ROUTING, "PolicyRefused", f"{consequence}: {refusal.message}")


def _hold(draft: Draft, policies: CertificatePolicies, reason: str, why: str) -> Composition:
    """Leave everything as it is; a policy that is refused is a fact all the same."""
    refusal = policies.refusal(draft)
    if refusal is None:
        return draft.hold(reason, why)
    _set_refused(draft, refusal)
    return replace(draft.hold(reason, why), ready=False)


def _refuse(draft: Draft, rules: GatewayRules, reason: str, problem: str) -> Composition:
    """Answer what cannot be composed: what runs stays, and the first time there is nothing."""
    if draft.observation.children:
        return _stay(draft, rules, "InvalidSpec", f"{problem}; requests go where they went before")
    draft.carry_condition(TLS)
    draft.set_condition(ROUTING, reason, problem)
    return draft.finish(ready=False)


def _close(draft: Draft, refusal: egress.Refusal) -> Composition:
    """Answer what leads where it may not: what was composed stays, and leads nowhere any more.

    Routes name the Service until their services look again, so it stays, and its EndpointSlices without an address.
    """
    for family in urls.Family:
        seen = draft.observed(slice_key(family))
        ports = [unstructured.plain(port) for port in unstructured.items(seen, "ports")]
        if seen is not None:
            empty = _slice(draft.observation.namespace, family, _backend_name(draft), [], ports)
            draft.child(slice_key(family), empty)
    draft.carry_condition(TLS)
    draft.set_condition(ROUTING, refusal.reason, refusal.message)
    draft.publish({"routing": {"refused": True}})
    return draft.finish(ready=False)


def _published(draft: Draft) -> str:
    """The Service that was published; empty when there is none."""
    name = unstructured.text(draft.observation.status, "routing", "backendName")
    return name if is_service_name(name) else ""


def _backend_name(draft: Draft) -> str:
    """The Service's name: as observed, or as last published, so that a lost one comes back under its name."""
    return unstructured.name_of(draft.observed(SERVICE)) or _published(draft)


def _backend_port(draft: Draft, url: urls.Url) -> int:
    """The Service's port, which routes name: as observed or last published, so that it never changes under them."""
    before = (
        unstructured.dig(draft.observed(SERVICE), "spec", "ports", 0, "port"),
        unstructured.dig(draft.observation.status, "routing", "port"),
    )
    return next((port for port in before if is_port(port)), _SERVICE_PORTS[url.scheme])


def _service(namespace: str, url: urls.Url, name: str, number: int) -> Manifest:
    port: Manifest = {"port": number, "protocol": "TCP"}
    if _port_name(url):
        port["name"] = _port_name(url)
    elif number == _HTTPS_PORT:
        port["appProtocol"] = "http"  # the gateway takes this port for TLS otherwise
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"ports": [port]},
    }


def _endpoint_slice(namespace: str, url: urls.Url, backend: str) -> Manifest:
    """A name has the root's dot: without it, the gateway looks for it among the cluster's own names first."""
    address = f"{url.host}." if url.family is urls.Family.FQDN else url.host
    port = {"name": _port_name(url), "port": url.port, "protocol": "TCP"}
    return _slice(namespace, url.family, backend, [address], [port])


def _slice(
    namespace: str, family: urls.Family, backend: str, addresses: Sequence[str], ports: Sequence[Manifest]
) -> Manifest:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": namespace, "labels": {"kubernetes.io/service-name": backend}},
        "addressType": family.value,
        "ports": list(ports),
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
    }


def _port_name(url: urls.Url) -> str:
    """The name of the port, which is how the gateway knows that an endpoint speaks TLS."""
    return PORT_NAME if url.scheme == "https" else ""


def _publish(draft: Draft, url: urls.Url, endpoint: Endpoint, *, configured: bool) -> None:
    """Publish how routes refer to the endpoint, once that was possible."""
    slices = [key for key in draft.observation.children if key.startswith(_SLICE)]
    routed = draft.observed(SERVICE) is not None and bool(slices) and configured
    if not endpoint.backend or not (routed or _published(draft) == endpoint.backend):
        draft.publish({})
        return
    draft.publish({"routing": {**endpoint.publishes(), "host": url.host, "protocol": url.scheme}})


def composer(registry: GatewayRegistry) -> Composer:
    """Give the composer of endpoints behind one of these gateways."""
    return Composer(
        api_version=MODEL_ENDPOINT.api_version,
        kind=MODEL_ENDPOINT.kind,
        compose=partial(compose, registry=registry),
        vocabulary=VOCABULARY,
        doubts=(
            Doubt("inference-gateway"),
            Doubt(replica_endpoint.CLUSTER),
            Doubt(AUTHORITY, empty=Outcome(conditions={TLS: "AuthorityMissing"})),
        ),
        children={**registry.policy_children, SERVICE: "Service", f"{_SLICE}-*": "EndpointSlice"},
    )


COMPOSER = composer(GATEWAYS)
