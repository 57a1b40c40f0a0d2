"""How programs run that are ours and not the user's: as nobody in particular, who may do nothing.

The images of picker and side-car run as user 65532 by themselves and write no files. What the user
brings runs as the image says, so a pod with a container of the user's is left as it is but for ours.
"""

from __future__ import annotations

from typing import Final

from function.composition import Manifest

_NONROOT_ID: Final = 65532
"""User and group of both images, and of the distroless bases that they are built on."""

_NONROOT: Final = {"runAsNonRoot": True, "runAsUser": _NONROOT_ID, "runAsGroup": _NONROOT_ID}


def pod_security_context() -> Manifest:
    """Build the security context of a pod that is all ours."""
    return {**_NONROOT, "seccompProfile": {"type": "RuntimeDefault"}}


def container_security_context() -> Manifest:
    """Build the security context of a container of ours, whosever its pod is."""
    return {
        **pod_security_context(),
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
