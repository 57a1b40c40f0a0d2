"""How an endpoint outside proves who it is.

The gateway checks every certificate. Without being told it checks for the host of the URL, against the
well-known authorities. It has to be told of another name or another authority.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from function.api import urls
from function.api.model_endpoint import ModelEndpointSpec
from function.composition import Draft, Required, Requirement, unstructured
from function.routing import certificates
from function.routing.endpoint_conditions import TLS
from function.routing.gateway_conditions import GATEWAY_API
from function.routing.gateways.protocol import CertificateCheck, CertificatePolicies, PolicyRefusal

PORT_NAME: Final = "https"
"""The name of a Service's port behind which TLS is spoken; a policy is for the port of this name."""

AUTHORITY: Final = "certificate-authority"
"""The requirement of the authority's Secret."""


def require(
    draft: Draft, spec: ModelEndpointSpec, url: urls.Url, gateway: Required, policies: CertificatePolicies
) -> CertificateCheck | None:
    """Require what telling the gateway needs; give what to tell it, None when it need not be told.

    Args:
        draft: The answer.
        spec: The endpoint.
        url: Where it leads.
        gateway: The InferenceGateway.
        policies: How the gateway is told.
    """
    authority = spec.tls.ca_secret_ref if spec.tls else None
    hostname = spec.host or (url.host if url.family is urls.Family.FQDN else "")
    if url.scheme != "https" or (authority is None and hostname in {"", url.host}):
        return None
    served = unstructured.is_true(gateway.first, GATEWAY_API) or policies.exists(draft)
    if authority is None:
        return CertificateCheck(hostname, served, fetched=not gateway.unresolved)
    wanted = Requirement("v1", "Secret", name=authority.name, namespace=draft.observation.namespace)
    secret = draft.require(AUTHORITY, wanted)
    where = f"{authority.key} of Secret {authority.name}"
    trusted, problem = _certificates(secret, authority.key, where)
    return CertificateCheck(hostname, served, where, trusted, problem, not (gateway.unresolved or secret.unresolved))


def pending(check: CertificateCheck | None) -> tuple[str, str]:
    """Why the gateway cannot be told, as a reason to hold and its words; it may only take a moment more."""
    if check is not None and not check.hostname:
        return "InvalidSpec", "spec.host must say which name the certificate has"
    if check is not None and check.problem:
        return ("InputMissing" if "does not exist" in check.problem else "InputInvalid"), check.problem
    if check is not None and not check.served:
        return "InputMissing", "InferenceGateway default does not say GatewayAPIReady=True"
    return "InputUnresolved", "The gateway is being told what to check the certificate for"


def set_condition(
    draft: Draft,
    spec: ModelEndpointSpec,
    url: urls.Url,
    check: CertificateCheck | None,
    refusal: PolicyRefusal | None,
) -> None:
    """Set the condition that tells how the endpoint is spoken to, or would be."""
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
    elif refusal is not None:
        draft.set_condition(TLS, "PolicyRefused", refusal.message)
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
