"""The ports of an engine's container, and their names."""

from __future__ import annotations

from function.api.pod_template import Container
from function.replica.topologies.topology import PORT_NAME


def has_other_name(container: Container, port: int) -> bool:
    """Tell whether the user has given a port of a container a name, by which alone it then can be referred to.

    Kubernetes lists a port once, so it has one name.

    Args:
        container: The container.
        port: The number of the port.
    """
    names = {each.name for each in container.ports if each.container_port == port and each.protocol in {None, "TCP"}}
    return bool(names - {None, PORT_NAME})
