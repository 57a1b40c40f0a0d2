"""How an endpoint outside proves who it is, in the words of the Gateway API.

The gateway checks every certificate. Without being told it checks for the host of the URL, against the
well-known authorities. Another name or another authority is said in a BackendTLSPolicy for the endpoint's
Service, which the gateway heeds on any port. It takes an authority's certificates from a ConfigMap: they are
copied there from the Secret, so that a Secret that is lost stops no traffic.

There is no way to tell the gateway to check nothing: a policy has none, and a gateway's own kind of backend
cannot have a path of its own beside others.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from function.api import urls
from function.api.model_endpoint import ModelEndpointSpec
from function.composition import Draft, Manifest, Required, Requirement, names, unstructured
from function.routing import certificates, front_door
from function.routing.endpoint_conditions import TLS
from function.routing.gateway_api import API_VERSION, CONTROLLER_NAME
from function.routing.gateway_conditions import GATEWAY_API

PORT_NAME: Final = "https"
"""The name of a Service's port behind which TLS is spoken; a policy is for the port of this name."""

POLICY: Final = "backendtlspolicy"
AUTHORITY: Final = "certificate-authority"


@dataclass(frozen=True, slots=True)
class Check:
    """What a certificate is checked for, where the gateway has to be told.

    Attributes:
        hostname: The name that it must have; empty when none is known.
        served: Whether policies are known to be served, or are there already.
        authority: Which authority must have issued it, in words; empty for the well-known ones.
        certificates: The authority's certificates, in PEM; empty when they are not known.
        problem: Why they are not; empty when they are.
        fetched: Whether everything that this is made of has been fetched.
    """

    hostname: str
    served: bool = False
    authority: str = ""
    certificates: str = ""
    problem: str = ""
    fetched: bool = True


def ask(draft: Draft, spec: ModelEndpointSpec, url: urls.Url) -> Check | None:
    """Require what telling the gateway needs; give what to tell it, None when it need not be told."""
    authority = spec.tls.ca_secret_ref if spec.tls else None
    hostname = spec.host or (url.host if url.family is urls.Family.FQDN else "")
    if url.scheme != "https" or (authority is None and hostname in {"", url.host}):
        return None
    gateway = draft.require("inference-gateway", front_door.GATEWAY)
    served = unstructured.is_true(gateway.first, GATEWAY_API) or draft.observed(POLICY) is not None
    if authority is None:
        return Check(hostname, served, fetched=not gateway.unresolved)
    wanted = Requirement("v1", "Secret", name=authority.name, namespace=draft.observation.namespace)
    secret = draft.require(AUTHORITY, wanted)
    where = f"{authority.key} of Secret {authority.name}"
    trusted, problem = _certificates(secret, authority.key, where)
    return Check(hostname, served, where, trusted, problem, not (gateway.unresolved or secret.unresolved))


def compose(draft: Draft, check: Check | None, backend: str) -> bool:
    """Compose what tells the gateway, each part once what it refers to is observed; tell whether it is told.

    Args:
        draft: The answer.
        check: What is to be checked; None when the gateway need not be told.
        backend: The endpoint's Service; empty until its name is known.
    """
    if check is None:
        draft.drop(POLICY)
        _drop_authority(draft)
        return True
    if not check.hostname or check.problem:
        return False
    if check.authority:
        draft.child(AUTHORITY, _authority(draft, check.certificates))
    else:
        _drop_authority(draft)
    known = not check.authority or draft.observed(AUTHORITY) is not None
    if known and check.served and backend:
        draft.child(POLICY, _policy(draft, check, backend))
    return known and draft.observed(POLICY) is not None


def obstacle(check: Check | None) -> tuple[str, str]:
    """Why the gateway cannot be told, as a reason to hold and its words; it may only take a moment more."""
    if check is not None and not check.hostname:
        return "InvalidSpec", "spec.host must say which name the certificate has"
    if check is not None and check.problem:
        return ("InputMissing" if "does not exist" in check.problem else "InputInvalid"), check.problem
    if check is not None and not check.served:
        return "InputMissing", "InferenceGateway default does not say GatewayAPIReady=True"
    return "InputUnresolved", "The gateway is being told what to check the certificate for"


def refusal(draft: Draft) -> str:
    """Why the gateway refuses what it is told now, and so every request; empty when it does not."""
    policy = draft.observed(POLICY)
    for ancestor in unstructured.items(policy, "status", "ancestors"):
        if unstructured.text(ancestor, "controllerName") != CONTROLLER_NAME:
            continue
        for kind in ("ResolvedRefs", "Accepted"):
            found = unstructured.condition({"status": ancestor}, kind)
            if found.get("status") == "False" and unstructured.is_current(found, policy):
                return f"{kind} is False: {unstructured.text(found, 'message') or unstructured.text(found, 'reason')}"
    return ""


def say(draft: Draft, spec: ModelEndpointSpec, url: urls.Url, check: Check | None) -> None:
    """Say how the endpoint is spoken to, or would be."""
    refused = refusal(draft)
    if url.scheme != "https":
        draft.set_condition(TLS, "NotNeeded")
    elif spec.tls and spec.tls.insecure_skip_verify:
        draft.set_condition(
            TLS, "NotSupported", "spec.tls.insecureSkipVerify has no effect: certificates are always checked"
        )
    elif check is None:
        draft.set_condition(TLS, "WellKnownAuthorities", f"Checked for {url.host}")
    elif not check.hostname:
        draft.set_condition(TLS, "HostNeeded", f"spec.host must say which name the certificate of {url.host} has")
    elif check.problem:
        draft.set_condition(TLS, "AuthorityMissing", check.problem)
    elif not check.served:
        draft.set_condition(TLS, "WaitingForGateway", "InferenceGateway default does not say GatewayAPIReady=True yet")
    elif refused:
        draft.set_condition(TLS, "PolicyRefused", refused)
    elif check.authority:
        draft.set_condition(TLS, "GivenAuthority", f"Checked for {check.hostname} against {check.authority}")
    else:
        draft.set_condition(TLS, "WellKnownAuthorities", f"Checked for {check.hostname}")


def _certificates(secret: Required, key: str, where: str) -> tuple[str, str]:
    """The certificates in a Secret and nothing else of it, or what is wrong with it."""
    obj = secret.first
    if obj is None:
        return "", f"{where}: the Secret does not exist"
    try:
        text = base64.b64decode(unstructured.text(obj, "data", key), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", f"{where}: not base64 of a text"
    found = certificates.read(text)
    return ("", f"{where}: {found.problem}") if isinstance(found, certificates.NoCertificates) else (found, "")


def _drop_authority(draft: Draft) -> None:
    """Let the copy of the certificates go once no policy refers to it any more."""
    if not unstructured.items(draft.observed(POLICY), "spec", "validation", "caCertificateRefs"):
        draft.drop(AUTHORITY)


def _authority(draft: Draft, trusted: str) -> Manifest:
    seen = draft.observation
    name = names.name(seen.name, names.DNS_LABEL, "ConfigMap", seen.namespace, seen.name, seen.uid)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": seen.namespace},
        "data": {"ca.crt": trusted},
    }


def _policy(draft: Draft, check: Check, backend: str) -> Manifest:
    validation: Manifest = {"hostname": check.hostname}
    if check.authority:
        name = unstructured.name_of(draft.observed(AUTHORITY))
        validation["caCertificateRefs"] = [{"group": "", "kind": "ConfigMap", "name": name}]
    else:
        validation["wellKnownCACertificates"] = "System"
    target = {"group": "", "kind": "Service", "name": backend, "sectionName": PORT_NAME}
    return {
        "apiVersion": API_VERSION,
        "kind": "BackendTLSPolicy",
        "metadata": {"namespace": draft.observation.namespace},
        "spec": {"targetRefs": [target], "validation": validation},
    }
