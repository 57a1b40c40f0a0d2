"""What containers request beside what they may have."""

from __future__ import annotations

from collections.abc import Iterator

from function.api.pod_template import Container
from function.inventory.reserve import read_quantity


def over_limits(container: Container) -> Iterator[tuple[str, str, str]]:
    """What a container requests more of than it may have, which Kubernetes refuses: resource, request and limit.

    What cannot be read is passed over.

    Args:
        container: The container.
    """
    if container.resources is None:
        return
    limits = container.resources.limits
    for name, amount in container.resources.requests.items():
        request, limit = read_quantity(str(amount)), read_quantity(str(limits.get(name, "")))
        if request is not None and limit is not None and request > limit:
            yield name, str(amount), str(limits[name])
