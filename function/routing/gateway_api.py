"""The Gateway API on the control cluster: installed before, by an administrator, and only looked at here.

Its definitions are larger than a Helm release can hold and may belong to others, so they are
never composed. Nothing of their kinds is composed before they are seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.composition import Draft, Object, Requirement, unstructured
from function.routing.gateway_conditions import GATEWAY_API
from function.selectors.semver import SemverError, parse_semver

GROUP: Final = "gateway.networking.k8s.io"
API_VERSION: Final = f"{GROUP}/v1"
CONTROLLER_NAME: Final = "traefik.io/gateway-controller"
"""The controller that the front door's GatewayClass belongs to, whose word about routes and policies counts."""

BUNDLE: Final = "gateway.networking.k8s.io/bundle-version"
OLDEST: Final = "v1.5.0"
"""The first bundle in which everything that the gateway watches is served as v1."""

INSTALL: Final = (
    "kubectl apply --server-side -f "
    "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.5.1/standard-install.yaml"
)
"""What installs the definitions."""

PLURALS: Final = (
    "gatewayclasses",
    "gateways",
    "httproutes",
    "grpcroutes",
    "referencegrants",
    "tlsroutes",
    "backendtlspolicies",
)
"""What Traefik watches, whatever is routed: while one of them is not served, it does nothing at all."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """What was found of the Gateway API.

    Attributes:
        unresolved: It has not been fetched yet.
        missing: Definitions that are not there, or not served yet.
        old: Definitions that are older than needed, with their versions.
        doubts: Definitions whose version cannot be read, and why.
    """

    unresolved: bool
    missing: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether everything is known to be there, and new enough."""
        return not (self.unresolved or self.missing or self.old or self.doubts)


def ask(draft: Draft) -> Definitions:
    """Require the definitions, and read what was found."""
    answers = {
        plural: draft.require(
            f"crd-{plural}",
            Requirement("apiextensions.k8s.io/v1", "CustomResourceDefinition", name=f"{plural}.{GROUP}"),
        )
        for plural in PLURALS
    }
    if any(answer.unresolved for answer in answers.values()):
        return Definitions(unresolved=True)
    missing, old, doubts = [], [], []
    for plural, answer in answers.items():
        obj = answer.first
        if obj is None or not _served(obj):
            missing.append(plural)
            continue
        version = unstructured.annotations(obj).get(BUNDLE, "")
        try:
            if parse_semver(version, normalize=True) < parse_semver(OLDEST, normalize=True):
                old.append(f"{plural} {version}")
        except SemverError:
            said = f"{version!r}, which is no version" if version else "missing"
            doubts.append(f"CustomResourceDefinition {plural}.{GROUP}: annotation {BUNDLE} is {said}")
    return Definitions(unresolved=False, missing=tuple(missing), old=tuple(old), doubts=tuple(doubts))


def say(draft: Draft, found: Definitions) -> None:
    """Say whether the Gateway API is there."""
    for doubt in found.doubts:
        draft.doubt("InputInvalid", f"{doubt}; install the definitions with: {INSTALL}")
    if found.missing:
        message = f"{len(found.missing)} of {len(PLURALS)} definitions are missing ({', '.join(found.missing)})"
        draft.set_condition(GATEWAY_API, "CRDsMissing", f"{message}; install them with: {INSTALL}")
    elif found.old:
        message = f"{len(found.old)} of {len(PLURALS)} definitions are older than {OLDEST} ({', '.join(found.old)})"
        draft.set_condition(GATEWAY_API, "CRDsTooOld", f"{message}; update them with: {INSTALL}")
    elif found.doubts:
        draft.carry_condition(GATEWAY_API)
    else:
        draft.set_condition(
            GATEWAY_API, "CRDsPresent", f"All {len(PLURALS)} definitions are there, of bundle {OLDEST} or later"
        )


def _served(obj: Object) -> bool:
    """Whether a definition is served; one that says nothing about it is taken to be."""
    terminating = bool(unstructured.text(obj, "metadata", "deletionTimestamp"))
    return not terminating and unstructured.condition(obj, "Established").get("status") != "False"
