"""The InferenceGateway as a service sees it: where its URL begins, and whether it can have a route."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from function.api import patterns, urls
from function.api.inference_gateway import INFERENCE_GATEWAY, NAME, InferenceGatewaySpec
from function.composition import Object, Required, Requirement, names, unstructured
from function.routing.gateway_conditions import ADDRESS, GATEWAY_API, TLS

REQUIREMENT: Final = Requirement(INFERENCE_GATEWAY.api_version, INFERENCE_GATEWAY.kind, name=NAME)

EVERY_PATH: Final = "/"
PUBLIC_PATHS: Final = (urls.API,)
"""What is public unless the InferenceGateway says otherwise: the API of models, and none of an engine's own pages."""

LONGEST_PUBLIC_PATH: Final = 64

MARKER: Final = "x-modelplane-gateway"
"""Headers with this name, and what tells gateways apart behind it, are a gateway's own."""

_PATH: Final = re.compile(patterns.PATH_PREFIX)


@dataclass(frozen=True, slots=True)
class GatewayView:
    """The InferenceGateway.

    Attributes:
        exists: Whether there is one.
        serves_routes: Whether HTTPRoutes are known to be served. It reports so itself: it looks at the
            definitions of the Gateway API, which every service would otherwise have to fetch.
        host: Host of every URL, as it stands in one; empty while it has no address.
        secure: Whether it is known to answer https.
        paths: What of an endpoint is public, as paths below a service's; empty while that is not known.
        marker: The header that requests carry once they have gone through it, by which one that comes back is known;
            empty while there is no InferenceGateway.
        unreachable: The reason why nobody is answered at the URL, when it reports so itself; empty otherwise.
        fault: Why it cannot be read; empty when it can.
    """

    exists: bool
    serves_routes: bool = False
    host: str = ""
    secure: bool = False
    paths: tuple[str, ...] = ()
    marker: str = ""
    unreachable: str = ""
    fault: str = ""

    def url(self, path: str, known: str) -> str:
        """Give the URL of a path; the one that is known already while the gateway has no host.

        Once a URL began with https it keeps that as long as a certificate is asked for.
        """
        if not self.host:
            return known
        return f"{'https' if self.secure else 'http'}://{self.host}{path}"


def read(answer: Required, known: str) -> GatewayView:
    """Read the InferenceGateway.

    Args:
        answer: What was found.
        known: The URL that is published now.
    """
    obj = answer.first
    if obj is None:
        return GatewayView(exists=False)
    view = GatewayView(exists=True, serves_routes=unstructured.is_true(obj, GATEWAY_API), marker=marker(obj))
    try:
        spec = InferenceGatewaySpec.model_validate(unstructured.plain(unstructured.dig(obj, "spec")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("spec", *first["loc"])))
        return replace(view, fault=f"{where}: {first['msg']}")
    address = unstructured.dig(obj, "status", "address", default="")
    host = urls.authority(address) if isinstance(address, str) else ""
    if (address and not host) or not _is_mapping(obj, "status"):
        return replace(view, fault="status.address is no IP address and no host name")
    if host and spec.hostname:
        host = urls.authority(spec.hostname)
        if not host:
            return replace(view, fault="spec.hostname is no host name")
    secure = spec.tls is not None and (unstructured.is_true(obj, TLS) or known.startswith("https://"))
    paths = _paths(spec)
    if not paths:
        return replace(view, fault="spec.publicPaths has something that is no path")
    return replace(view, host=host, secure=secure, paths=paths, unreachable=_unreachable(obj, secure=secure))


def marker(obj: Object) -> str:
    """The header of this very gateway: that of another one says nothing, so that gateways can stand behind others."""
    uid = unstructured.text(obj, "metadata", "uid")
    return names.name(MARKER, names.DNS_LABEL, "InferenceGateway", unstructured.name_of(obj), uid)


def _unreachable(obj: Object, *, secure: bool) -> str:
    """Why nobody is answered; what it does not report of itself does not count."""
    if unstructured.condition(obj, ADDRESS).get("status") == "False":
        return "WaitingForAddress"
    if secure and unstructured.condition(obj, TLS).get("status") == "False":
        return "WaitingForTLS"
    return ""


def _paths(spec: InferenceGatewaySpec) -> tuple[str, ...]:
    """What is public; nothing when a path cannot be one."""
    wanted = spec.public_paths or PUBLIC_PATHS
    if not all(_PATH.fullmatch(path) and len(path) <= LONGEST_PUBLIC_PATH for path in wanted):
        return ()
    return (EVERY_PATH,) if EVERY_PATH in wanted else tuple(sorted(set(wanted)))


def _is_mapping(obj: object, field: str) -> bool:
    value = unstructured.dig(obj, field)
    return value is None or isinstance(value, Mapping)
