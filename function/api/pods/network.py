"""Names and addresses that a pod knows, and ports that its containers have."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api import patterns
from function.api.base import Model, Text, length, matches
from function.api.pods.values import PortNumber, SubdomainName, Word, few

Address: TypeAlias = Annotated[Text, length(1, 45), matches(patterns.ADDRESS)]
DnsPolicy: TypeAlias = Literal["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]


class ContainerPort(Model):
    """A port that a container listens on."""

    container_port: PortNumber
    """Number of the port."""

    name: Annotated[Text, length(1, 15), matches(patterns.PORT_NAME)] | None = None
    """Name, by which probes can refer to it."""

    protocol: Literal["TCP", "UDP", "SCTP"] | None = None
    """Protocol; without it TCP."""

    host_port: PortNumber | None = None
    """Port of the node that leads to it."""

    host_ip: Address | None = Field(default=None, alias="hostIP")
    """Address of the node that `hostPort` is opened on; without it all."""


class DnsOption(Model):
    """An option of the resolver."""

    name: Annotated[Text, length(1, 253)]
    """Name, such as `ndots`."""

    value: Word | None = None
    """Value, if the option has one."""


class DnsConfig(Model):
    """What is added to the pod's settings for DNS."""

    nameservers: Annotated[tuple[Address, ...], few(3)] = ()
    """Addresses of servers."""

    searches: Annotated[tuple[Annotated[Text, length(1, 254)], ...], few(32)] = ()
    """Domains in which names are looked for."""

    options: Annotated[tuple[DnsOption, ...], few(32)] = ()
    """Options of the resolver."""


class HostAlias(Model):
    """Names for an address, in the pod's file of hosts."""

    ip: Address
    """The address."""

    hostnames: Annotated[tuple[SubdomainName, ...], few(32)] = ()
    """Its names."""
