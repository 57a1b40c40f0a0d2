"""The address of a cluster's gateway: an IP address before a host name, and no change without need."""

from __future__ import annotations

import ipaddress
from typing import Final

from function.composition import Object, manifest

_LONGEST: Final = 256


def choose_address(gateway: Object, before: str) -> str:
    """Choose among the addresses that a Gateway reports; empty when it reports none.

    IPv4 goes before IPv6, and both before host names. Among equals the address that is
    published already stays.

    Args:
        gateway: The Gateway as observed.
        before: The address that is published.
    """
    found = [manifest.text(entry, "value") for entry in manifest.items(gateway, "status", "addresses")]
    usable = [value for value in found if value and len(value) <= _LONGEST]
    return min(usable, key=lambda value: (_rank(value), value != before, value), default="")


def _rank(address: str) -> int:
    try:
        return 0 if ipaddress.ip_address(address).version == 4 else 1  # noqa: PLR2004 - the version of the protocol
    except ValueError:
        return 2
