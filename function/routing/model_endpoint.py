"""ModelEndpoint: a Service without a selector, and an EndpointSlice with the one address behind it.

The Service is what routes refer to, so it stays whatever becomes of the URL, and so does its port: the port
of the URL is the slice's. The address family of an EndpointSlice cannot change: another family gets another
slice, and the old one goes once the new one is there. Where nothing valid is asked for, what was composed
last stays.
"""

from __future__ import annotations

from typing import Final

from function.api import labels, urls
from function.api.model_endpoint import ModelEndpointSpec
from function.composition import Composer, Composition, Draft, Manifest, manifest
from function.routing.endpoint_conditions import ROUTING, TLS, VOCABULARY
from function.routing.endpoint_view import Endpoint, is_port, is_service_name, routing_problem, service_name

SERVICE: Final = "service"

_SLICE: Final = "endpointslice"
_HTTPS_PORT: Final = 443
_SERVICE_PORTS: Final = {"http": 80, "https": _HTTPS_PORT}


def compose(draft: Draft) -> Composition:
    """Compose the backend of an endpoint."""
    spec = draft.spec(ModelEndpointSpec)
    url = urls.parse(spec.url)
    if isinstance(url, urls.NoUrl):
        return _refuse(draft, "InvalidURL", f"spec.url {url.problem}")
    endpoint = _endpoint(draft, spec, url)
    problem = routing_problem(endpoint.rewrite_path, endpoint.hostname)
    if problem:
        return _refuse(draft, "InvalidRewrite", f"spec.{problem}")
    if url.refusal:
        return _refuse(draft, "AddressRefused", f"spec.url names {url.host}: {url.refusal}")

    _say_tls(draft, spec, url)
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
    _publish(draft, url, endpoint)
    configured = draft.observed(SERVICE) is not None and draft.observed(wanted) is not None
    if configured:
        draining = "; it is draining, and services send it nothing new" if spec.draining else ""
        draft.say(ROUTING, "BackendConfigured", f"{endpoint.backend} sends to {url.host}:{url.port}{draining}")
    else:
        draft.say(ROUTING, "WaitingForBackend", "The Service and the EndpointSlice are being created")
    return draft.finish(ready=configured)


def slice_key(family: urls.Family) -> str:
    """The composition resource name of the EndpointSlice of an address family."""
    return f"{_SLICE}-{family.value.lower()}"


def _endpoint(draft: Draft, spec: ModelEndpointSpec, url: urls.Url) -> Endpoint:
    """The endpoint as services will see it; without a backend until the Service's name is known.

    Requests name the host that the endpoint asks for: a provider outside routes by it. To an IP address
    they name what the client did.
    """
    return Endpoint(
        draft.observation.name,
        backend=_backend_name(draft),
        port=_backend_port(draft, url),
        rewrite_path=spec.rewrite_path or url.rewrite_path,
        hostname=spec.host or (url.host if url.family is urls.Family.FQDN else ""),
    )


def _refuse(draft: Draft, reason: str, problem: str) -> Composition:
    """Answer what cannot be composed: what runs stays, and the first time there is nothing."""
    if draft.observation.children:
        return draft.hold("InvalidSpec", f"{problem}; requests go where they went before")
    draft.repeat(TLS)
    draft.say(ROUTING, reason, problem)
    return draft.finish(ready=False)


def _backend_name(draft: Draft) -> str:
    """The Service's name: as observed, or as last published, so that a lost one comes back under its name."""
    published = manifest.text(draft.observation.status, "routing", "backendName")
    return manifest.name_of(draft.observed(SERVICE)) or (published if is_service_name(published) else "")


def _backend_port(draft: Draft, url: urls.Url) -> int:
    """The Service's port, which routes name: as observed or last published, so that it never changes under them."""
    before = (
        manifest.dig(draft.observed(SERVICE), "spec", "ports", 0, "port"),
        manifest.dig(draft.observation.status, "routing", "port"),
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
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": namespace, "labels": {"kubernetes.io/service-name": backend}},
        "addressType": url.family.value,
        "ports": [{"name": _port_name(url), "port": url.port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [url.host], "conditions": {"ready": True}}],
    }


def _port_name(url: urls.Url) -> str:
    """The name of the port, which is how the gateway knows that an endpoint speaks TLS."""
    return "https" if url.scheme == "https" else ""


def _publish(draft: Draft, url: urls.Url, endpoint: Endpoint) -> None:
    """Publish how routes refer to the endpoint, once that was possible."""
    slices = [key for key in draft.observation.children if key.startswith(_SLICE)]
    routed = draft.observed(SERVICE) is not None and bool(slices)
    published = manifest.text(draft.observation.status, "routing", "backendName")
    if not endpoint.backend or not (routed or published == endpoint.backend):
        draft.publish({})
        return
    draft.publish({"routing": {**endpoint.publishes(), "host": url.host, "protocol": url.scheme}})


def _say_tls(draft: Draft, spec: ModelEndpointSpec, url: urls.Url) -> None:
    if spec.tls is not None and (spec.tls.ca_secret_ref is not None or spec.tls.insecure_skip_verify):
        draft.say(TLS, "NotSupported", "spec.tls has no effect: certificates are checked against the well-known CAs")
    elif url.scheme == "https":
        draft.say(TLS, "WellKnownAuthorities")
    else:
        draft.say(TLS, "NotNeeded")


COMPOSER = Composer(
    api_version=f"{labels.GROUP}/{labels.VERSION}",
    kind="ModelEndpoint",
    compose=compose,
    vocabulary=VOCABULARY,
    children={SERVICE: "Service", f"{_SLICE}-*": "EndpointSlice"},
)
