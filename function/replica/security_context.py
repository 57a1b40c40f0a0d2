"""The security contexts of our own containers: an unprivileged user without any capability.

The images of picker and side-car run as user 65532 by default and write no files. The user's containers run
as their images say, so a pod that has one gets no security context of its own.
"""

from __future__ import annotations

from typing import Final

from function.composition import Manifest

_NONROOT_ID: Final = 65532
"""User and group of both images, and of the distroless bases that they are built on."""

_NONROOT: Final = {"runAsNonRoot": True, "runAsUser": _NONROOT_ID, "runAsGroup": _NONROOT_ID}


def pod_security_context() -> Manifest:
    """Build the security context of a pod that has only containers of ours."""
    return {**_NONROOT, "seccompProfile": {"type": "RuntimeDefault"}}


def container_security_context() -> Manifest:
    """Build the security context of a container of ours, in any pod."""
    return {
        **pod_security_context(),
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
