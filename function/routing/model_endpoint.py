"""ModelEndpoint: a Service without a selector, and an EndpointSlice with the one address behind it.

The Service is what routes refer to, so it stays whatever becomes of the URL, and so does its port: the port
of the URL is the slice's. The address family of an EndpointSlice cannot change: another family gets another
slice, and the old one goes once the new one is there. Where nothing valid is asked for, what was composed
last stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from function.api import labels, urls
from function.api.model_endpoint import ModelEndpointSpec
from function.composition import Composer, Composition, Doubt, Draft, Manifest, Outcome, Required, unstructured
from function.routing import backend_tls, egress, front_door, replica_endpoint
from function.routing.backend_tls import AUTHORITY, POLICY, PORT_NAME
from function.routing.endpoint_conditions import ROUTING, TLS, VOCABULARY
from function.routing.endpoint_view import Endpoint, is_port, is_service_name, routing_problem, service_name

SERVICE: Final = "service"

_SLICE: Final = "endpointslice"
_HTTPS_PORT: Final = 443
_SERVICE_PORTS: Final = {"http": 80, "https": _HTTPS_PORT}


def compose(draft: Draft) -> Composition:
    """Compose the backend of an endpoint."""
    spec = draft.spec(ModelEndpointSpec)
    if replica_endpoint.is_one(draft.observation.composite):
        return _of_replica(draft, spec)
    rules = draft.require("inference-gateway", front_door.GATEWAY)
    url = urls.parse(spec.url)
    if isinstance(url, urls.NoUrl):
        return _refuse(draft, rules, "InvalidURL", f"spec.url {url.problem}")
    path = urls.decoded(spec.rewrite_path) if spec.rewrite_path else url.rewrite_path
    if isinstance(path, urls.NoUrl):
        return _refuse(draft, rules, "InvalidRewrite", f"spec.rewritePath {path.problem}")
    endpoint = _endpoint(draft, spec, url, path)
    problem = routing_problem(endpoint.rewrite_path, endpoint.hostname)
    if problem:
        return _refuse(draft, rules, "InvalidRewrite", f"spec.{problem}")
    if url.refusal:
        return _refuse(draft, rules, "AddressRefused", f"spec.url names {url.host}: {url.refusal}")
    check = backend_tls.ask(draft, spec, url)
    kept_out = _kept_out(draft, rules, url.host, spec.host)
    if kept_out is not None:
        return kept_out
    if check is not None and not check.fetched:
        return _stay(draft, rules, "InputUnresolved", "What the certificate is checked against is not fetched yet")
    backend_tls.say(draft, spec, url, check)
    told = backend_tls.compose(draft, check, endpoint.backend)
    if not told and _published(draft) and draft.observed(SERVICE) is not None:
        reason, why = backend_tls.obstacle(check)
        return _stay(draft, rules, reason, f"{why}; requests go where they went before")
    _compose_backend(draft, url, endpoint)
    _publish(draft, url, endpoint, told=told)
    refused = "" if check is None else backend_tls.refusal(draft)
    return draft.finish(ready=_say_routing(draft, spec, url, told=told, refused=refused))


def _kept_out(draft: Draft, rules: Required, url_host: str, said_host: str) -> Composition | None:
    """Answer for an endpoint that may not lead where it says, or of which that is not known; None for any other.

    Without an InferenceGateway a new endpoint may lead to what is public; one that is routed to stays as it is.
    """
    if rules.unresolved:
        return _hold(draft, "InputUnresolved", "InferenceGateway default is not fetched yet")
    found = egress.read(rules)
    refusal = found.refusal("spec.url", url_host, urls.canonical(said_host))
    if refusal and (refusal.certain or not _published(draft)):
        return _close(draft, refusal)
    if found.missing and _published(draft):
        said = "InferenceGateway default, which says where endpoints may lead, does not exist"
        return _hold(draft, "InputMissing", f"{said}; requests go where they went before")
    if not found.doubt:
        return None
    return _stay(draft, rules, "InputInvalid", f"{found.doubt}; requests go where they went before")


def _stay(draft: Draft, rules: Required, reason: str, why: str) -> Composition:
    """Leave everything as it is, unless it is known to lead where it may not."""
    hostname = urls.canonical(unstructured.text(draft.observation.status, "routing", "hostname"))
    for host in _in_use(draft) if not rules.unresolved else ():
        refusal = egress.read(rules).refusal("What is in use", host, hostname)
        if refusal and refusal.certain:
            return _close(draft, refusal)
    return _hold(draft, reason, why)


def _in_use(draft: Draft) -> list[str]:
    """The hosts that requests are sent to now."""
    slices = (draft.observed(slice_key(family)) for family in urls.Family)
    endpoints = (endpoint for thing in slices for endpoint in unstructured.items(thing, "endpoints"))
    found = (urls.canonical(unstructured.text(endpoint, "addresses", 0)) for endpoint in endpoints)
    return [host for host in found if host]


def _of_replica(draft: Draft, spec: ModelEndpointSpec) -> Composition:
    """Compose the backend of a replica, wherever its endpoint says that it leads."""
    url = replica_endpoint.ask(draft)
    if isinstance(url, replica_endpoint.NotKnown):
        forged = replica_endpoint.forged(draft.observation)
        if forged and url.reason != "InputUnresolved":
            return _close(draft, egress.Refusal("AddressNotAllowed", f"{forged}; {url.message}"))
        if draft.observation.children or url.reason == "InputUnresolved":
            return _hold(draft, url.reason, f"{url.message}; requests go where they went before")
        draft.carry_condition(TLS)
        draft.set_condition(ROUTING, "WaitingForCluster", url.message)
        return draft.finish(ready=False)
    plain = ModelEndpointSpec(url=spec.url, draining=spec.draining)
    endpoint = _endpoint(draft, plain, url, url.rewrite_path)
    draft.set_condition(TLS, "NotNeeded")
    _compose_backend(draft, url, endpoint)
    _publish(draft, url, endpoint, told=True)
    return draft.finish(ready=_say_routing(draft, plain, url, told=True, refused=""))


def slice_key(family: urls.Family) -> str:
    """The composition resource name of the EndpointSlice of an address family."""
    return f"{_SLICE}-{family.value.lower()}"


def _endpoint(draft: Draft, spec: ModelEndpointSpec, url: urls.Url, path: str) -> Endpoint:
    """The endpoint as services will see it; without a backend until the Service's name is known.

    Requests name the host that the endpoint asks for: a provider outside routes by it. To an IP address
    they name what the client did.
    """
    return Endpoint(
        draft.observation.name,
        backend=_backend_name(draft),
        port=_backend_port(draft, url),
        rewrite_path=path,
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


def _say_routing(draft: Draft, spec: ModelEndpointSpec, url: urls.Url, *, told: bool, refused: str) -> bool:
    """Say whether services can route to the endpoint, and tell it."""
    if draft.observed(SERVICE) is None or draft.observed(slice_key(url.family)) is None:
        draft.set_condition(ROUTING, "WaitingForBackend", "The Service and the EndpointSlice are being created")
        return False
    if not (told or _published(draft)):
        draft.set_condition(ROUTING, "WaitingForTLS", "The gateway does not know yet how to check the certificate")
        return False
    if refused:
        _say_refused(draft, refused)
        return False
    draining = "; it is draining, and services send it nothing new" if spec.draining else ""
    ignored = f"; ignored of spec.url: {', '.join(url.ignored)}" if url.ignored else ""
    said = f"{_backend_name(draft)} sends to {url.host}:{url.port}{ignored}{draining}"
    draft.set_condition(ROUTING, "BackendConfigured", said)
    return True


def _say_refused(draft: Draft, refused: str) -> None:
    policy = unstructured.name_of(draft.observed(POLICY))
    said = f"The gateway refuses BackendTLSPolicy {policy}, and answers requests with 500"
    draft.set_condition(ROUTING, "PolicyRefused", f"{said}: {refused}")


def _hold(draft: Draft, reason: str, why: str) -> Composition:
    """Leave everything as it is; a policy that is refused is a fact all the same."""
    refused = backend_tls.refusal(draft)
    if not refused:
        return draft.hold(reason, why)
    _say_refused(draft, refused)
    return replace(draft.hold(reason, why), ready=False)


def _refuse(draft: Draft, rules: Required, reason: str, problem: str) -> Composition:
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


def _publish(draft: Draft, url: urls.Url, endpoint: Endpoint, *, told: bool) -> None:
    """Publish how routes refer to the endpoint, once that was possible."""
    slices = [key for key in draft.observation.children if key.startswith(_SLICE)]
    routed = draft.observed(SERVICE) is not None and bool(slices) and told
    if not endpoint.backend or not (routed or _published(draft) == endpoint.backend):
        draft.publish({})
        return
    draft.publish({"routing": {**endpoint.publishes(), "host": url.host, "protocol": url.scheme}})


COMPOSER = Composer(
    api_version=f"{labels.GROUP}/{labels.VERSION}",
    kind="ModelEndpoint",
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt("inference-gateway"),
        Doubt(replica_endpoint.CLUSTER),
        Doubt(AUTHORITY, empty=Outcome(conditions={TLS: "AuthorityMissing"})),
    ),
    children={
        AUTHORITY: "ConfigMap",
        POLICY: "BackendTLSPolicy",
        SERVICE: "Service",
        f"{_SLICE}-*": "EndpointSlice",
    },
)
