"""The Gateway API on the control cluster: installed before, by an administrator, and only looked at here.

Its definitions are larger than a Helm release can hold and may belong to others, so they are
never composed. Nothing of their kinds is composed before they are seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from function.composition import Draft, Object, Requirement, unstructured
from function.routing.gateway_conditions import GATEWAY_API
from function.selectors.semver import SemverError, parse_semver

GROUP: Final = "gateway.networking.k8s.io"
API_VERSION: Final = f"{GROUP}/v1"
GATEWAY_NAME: Final = "modelplane"
"""The Gateway that every service's route belongs to, in the system namespace."""

BUNDLE: Final = f"{GROUP}/bundle-version"
"""The annotation of a definition that says which bundle it is of."""

OLDEST: Final = "v1.5.0"
"""The first bundle in which everything that a gateway watches is served as v1."""

INSTALLED: Final = "v1.5.1"
"""The bundle that the installation page asks for."""

INSTALL: Final = (
    "kubectl apply --server-side -f "
    f"https://github.com/kubernetes-sigs/gateway-api/releases/download/{INSTALLED}/standard-install.yaml"
)
"""What installs the definitions."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """What was found of the Gateway API.

    Attributes:
        plurals: The kinds that were asked for.
        unresolved: They have not been fetched yet.
        missing: Definitions that are not there, or not served yet.
        old: Definitions that are older than needed, with their versions.
        doubts: Definitions whose version cannot be read, and why.
    """

    plurals: tuple[str, ...]
    unresolved: bool = False
    missing: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether everything is known to be there, and new enough."""
        return not (self.unresolved or self.missing or self.old or self.doubts)


def require(draft: Draft, plurals: Sequence[str]) -> Definitions:
    """Require the definitions of some kinds, and read what was found."""
    answers = {
        plural: draft.require(
            f"crd-{plural}",
            Requirement("apiextensions.k8s.io/v1", "CustomResourceDefinition", name=f"{plural}.{GROUP}"),
        )
        for plural in plurals
    }
    if any(answer.unresolved for answer in answers.values()):
        return Definitions(tuple(plurals), unresolved=True)
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
            problem = f"{version!r}, which is no version" if version else "missing"
            doubts.append(f"CustomResourceDefinition {plural}.{GROUP}: annotation {BUNDLE} is {problem}")
    return Definitions(tuple(plurals), missing=tuple(missing), old=tuple(old), doubts=tuple(doubts))


def set_condition(draft: Draft, found: Definitions) -> None:
    """Set the condition that tells whether the Gateway API is there."""
    total = len(found.plurals)
    for doubt in found.doubts:
        draft.doubt("InputInvalid", f"{doubt}; install the definitions with: {INSTALL}")
    if found.missing:
        message = f"{len(found.missing)} of {total} definitions are missing ({', '.join(found.missing)})"
        draft.set_condition(GATEWAY_API, "CRDsMissing", f"{message}; install them with: {INSTALL}")
    elif found.old:
        message = f"{len(found.old)} of {total} definitions are older than {OLDEST} ({', '.join(found.old)})"
        draft.set_condition(GATEWAY_API, "CRDsTooOld", f"{message}; update them with: {INSTALL}")
    elif found.doubts:
        draft.carry_condition(GATEWAY_API)
    else:
        draft.set_condition(
            GATEWAY_API, "CRDsPresent", f"All {total} definitions are there, of bundle {OLDEST} or later"
        )


def _served(obj: Object) -> bool:
    """Whether a definition is served; one that says nothing about it is taken to be."""
    terminating = bool(unstructured.text(obj, "metadata", "deletionTimestamp"))
    return not terminating and unstructured.condition(obj, "Established").get("status") != "False"
