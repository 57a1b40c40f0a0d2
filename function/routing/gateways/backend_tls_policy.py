"""BackendTLSPolicy: how a Gateway API gateway is told what an endpoint's certificate is checked for.

The policy is for the endpoint's Service, and the gateway heeds it on any port. It takes an authority's certificates
from a ConfigMap: they are copied there from the Secret, so that a Secret that is lost stops no traffic.

There is no way to tell the gateway to check nothing: a policy has none, and a gateway's own kind of backend
cannot have a path of its own beside others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from function.composition import Draft, Manifest, names, unstructured
from function.routing.backend_tls import AUTHORITY, PORT_NAME
from function.routing.gateway_api import API_VERSION
from function.routing.gateways.protocol import CertificateCheck, PolicyRefusal

POLICY: Final = "backendtlspolicy"
"""The composition resource name of the policy."""


@dataclass(frozen=True, slots=True)
class BackendTLSPolicies:
    """How a gateway is told what a certificate is checked for: by a BackendTLSPolicy.

    Attributes:
        controller_name: The controller whose status on the policy counts.
    """

    controller_name: str

    @property
    def children(self) -> Mapping[str, str]:
        """The policy, and the copy of the authority's certificates."""
        return {AUTHORITY: "ConfigMap", POLICY: "BackendTLSPolicy"}

    def exists(self, draft: Draft) -> bool:
        """Tell whether the policy is observed."""
        return draft.observed(POLICY) is not None

    def compose(self, draft: Draft, check: CertificateCheck | None, backend: str) -> bool:
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

    def refusal(self, draft: Draft) -> PolicyRefusal | None:
        """Read why the gateway refuses the policy as it is now; None when it does not."""
        policy = draft.observed(POLICY)
        for ancestor in unstructured.items(policy, "status", "ancestors"):
            if unstructured.text(ancestor, "controllerName") != self.controller_name:
                continue
            for kind in ("ResolvedRefs", "Accepted"):
                found = unstructured.condition({"status": ancestor}, kind)
                if found.get("status") == "False" and unstructured.is_current(found, policy):
                    why = unstructured.text(found, "message") or unstructured.text(found, "reason")
                    return PolicyRefusal(f"BackendTLSPolicy {unstructured.name_of(policy)}", f"{kind} is False: {why}")
        return None


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


def _policy(draft: Draft, check: CertificateCheck, backend: str) -> Manifest:
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
