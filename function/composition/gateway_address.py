"""The address of a Gateway: an IP address before a host name, and no change without need."""

from __future__ import annotations

from function.api import urls
from function.composition import manifest
from function.composition.manifest import Object


def choose_address(gateway: Object | None, before: str) -> str:
    """Choose among the addresses that a Gateway reports; empty when it reports none that can be used.

    Args:
        gateway: The Gateway as observed.
        before: The address that is published.
    """
    found = (manifest.text(entry, "value") for entry in manifest.items(gateway, "status", "addresses"))
    return urls.preferred(found, before)
