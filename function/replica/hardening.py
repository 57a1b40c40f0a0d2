"""How programs run that are ours and not the user's: as nobody in particular, who may do nothing.

The images of picker and side-car run as user 65532 by themselves and write no files. What the user
brings runs as the image says, so a pod with a container of the user's is left as it is but for ours.
"""

from __future__ import annotations

from typing import Final

from function.composition import Manifest

_NOBODY: Final = 65532
"""User and group of both images, and of the distroless bases that they are built on."""

_AS_NOBODY: Final = {"runAsNonRoot": True, "runAsUser": _NOBODY, "runAsGroup": _NOBODY}


def pod_security() -> Manifest:
    """Build the security context of a pod that is all ours."""
    return {**_AS_NOBODY, "seccompProfile": {"type": "RuntimeDefault"}}


def container_security() -> Manifest:
    """Build the security context of a container of ours, whosever its pod is."""
    return {
        **pod_security(),
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
