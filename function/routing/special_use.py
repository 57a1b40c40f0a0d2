"""Addresses and names that are not public, and addresses that stand for other addresses.

Python's `ipaddress` knows what most of the IANA's special-purpose registries say, and not all: multicast and what
translates to IPv4 are global to it, some ranges depend on its release, and that clouds answer at a public address
(168.63.129.16) is in no registry. So the ranges are written here, and nothing of IPv6 is public outside of 2000::/3.
What it decides counts besides, for what is registered later.

Nothing is resolved here: what a name leads to is known to the gateway alone, when it sends a request.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA: Final = "where a cloud tells machines their secrets"
_TRANSLATED: Final = "an IPv4 address in the dress of IPv6"
_DOCUMENTATION: Final = "for documentation"
_RESERVED: Final = "reserved"
_PRIVATE: Final = "private"
_NO_PUBLIC_IPV6: Final = "no public IPv6 address (2000::/3)"

_KINDS: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ipaddress.ip_network(text), kind)
    for text, kind in (
        ("100.100.100.200/32", _METADATA),
        ("168.63.129.16/32", _METADATA),
        ("169.254.0.0/16", "link-local, " + _METADATA),
        ("192.0.0.192/32", _METADATA),
        ("fd00:ec2::/32", _METADATA),
        ("fd20:ce::/32", _METADATA),
        ("0.0.0.0/8", "this very network"),
        ("10.0.0.0/8", _PRIVATE),
        ("100.64.0.0/10", "shared by customers of a carrier (CGNAT)"),
        ("127.0.0.0/8", "loopback"),
        ("172.16.0.0/12", _PRIVATE),
        ("192.0.0.0/24", _RESERVED),
        ("192.0.2.0/24", _DOCUMENTATION),
        ("192.88.99.0/24", _TRANSLATED),
        ("192.168.0.0/16", _PRIVATE),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", _DOCUMENTATION),
        ("203.0.113.0/24", _DOCUMENTATION),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", _RESERVED),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", _TRANSLATED),
        ("::ffff:0:0/96", _TRANSLATED),
        ("::ffff:0:0:0/96", _TRANSLATED),
        ("64:ff9b::/96", _TRANSLATED),
        ("64:ff9b:1::/48", _TRANSLATED),
        ("2001::/32", _TRANSLATED),
        ("2001::/23", _RESERVED),
        ("2001:db8::/32", _DOCUMENTATION),
        ("2002::/16", _TRANSLATED),
        ("3fff::/20", _DOCUMENTATION),
        ("fc00::/7", _PRIVATE),
        ("fe80::/10", "link-local"),
        ("fec0::/10", _PRIVATE),
        ("ff00::/8", "multicast"),
    )
)
"""Ranges that are not public, the first that fits saying what an address is."""

_PUBLIC_IPV6: Final = ipaddress.ip_network("2000::/3")

_BEHIND: Final = tuple(
    (ipaddress.IPv6Network(text), shift)
    for text, shift in (
        ("::/96", 0),
        ("::ffff:0:0/96", 0),
        ("::ffff:0:0:0/96", 0),
        ("64:ff9b::/96", 0),
        ("64:ff9b:1::/48", 0),
        ("2001::/32", 64),
        ("2002::/16", 80),
    )
)
"""Ranges that translate to an IPv4 address, and how many bits stand behind that."""

_TEREDO: Final = ipaddress.IPv6Network("2001::/32")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
_IPV4: Final = 2**32 - 1

_SUFFIXES: Final = {
    **dict.fromkeys(
        (
            "instance-data.ec2.internal",
            "metadata.azure.internal",
            "metadata.goog",
            "metadata.google.internal",
            "metadata.packet.net",
            "metadata.platformequinix.com",
            "metadata.tencentyun.com",
        ),
        _METADATA,
    ),
    **dict.fromkeys(("svc", "pod", "cluster.local"), "a name inside a cluster"),
    **dict.fromkeys(("alt", "arpa", "invalid", "onion", "test"), "a name that the public DNS does not have"),
    **dict.fromkeys(
        ("consul", "corp", "home", "home.arpa", "internal", "intranet", "lan", "local", "localdomain", "private"),
        "a name of a private network",
    ),
    **dict.fromkeys(("localhost", "localtest.me", "lvh.me", "vcap.me"), "loopback"),
    **dict.fromkeys(
        ("backname.io", "nip.io", "sslip.io", "traefik.me", "xip.io"),
        "a name that leads to whatever address is written into it",
    ),
}
"""Names that are not public, with everything below them; the first that fits says what a name is."""

_LOCAL: Final = frozenset(
    {
        _METADATA,
        "a name inside a cluster",
        "link-local",
        "link-local, " + _METADATA,
        "loopback",
        "multicast",
        "this very network",
        "unspecified",
    }
)
"""Kinds that mean something else on every machine or in every cluster, so that they lead to no other one."""


def embedded(address: Address) -> tuple[Address, ...]:
    """An address and every IPv4 address that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    bits = int(address)
    found = {bits >> shift & _IPV4 for network, shift in _BEHIND if address in network}
    if address in _TEREDO:
        found.add(~bits & _IPV4)
    if bits >> 32 & _IPV4 in _ISATAP:
        found.add(bits & _IPV4)
    return (address, *map(ipaddress.IPv4Address, sorted(found)))


def kind_of_address(address: Address) -> str:
    """Why an address is not public, in words that follow "is"; empty when it is."""
    found = next((f"{kind} ({network})" for network, kind in _KINDS if address in network), "")
    if found:
        return found
    if isinstance(address, ipaddress.IPv6Address) and address not in _PUBLIC_IPV6:
        return _NO_PUBLIC_IPV6
    if len(embedded(address)) > 1:
        return f"{_TRANSLATED} (ISATAP)"
    return "" if address.is_global else _RESERVED


def kind_of_name(host: str) -> str:
    """Why a name is not public, in words that follow "is"; empty when it may be.

    Args:
        host: A DNS name in lower case, without a dot at its end.
    """
    parts = host.split(".")
    if len(parts) == 1:
        return "a name without a domain, as inside a cluster"
    if "svc" in parts[1:]:
        return "a name inside a cluster"
    suffix = next((known for known in _SUFFIXES if is_below(host, known)), "")
    return f"{_SUFFIXES[suffix]} ({suffix})" if suffix else ""


def local(host: str) -> str:
    """Why a host leads to no other cluster, in words that follow "is"; empty when it may.

    Where a cluster's gateway is reached, the cluster says, and private networks are what most are in. But what means
    something else on every machine or in every cluster is no address of another one.
    """
    address = as_address(host)
    if address is None:
        kind = next((f"{kind} ({suffix})" for suffix, kind in _SUFFIXES.items() if is_below(host, suffix)), "")
        return kind if kind.rpartition(" (")[0] in _LOCAL else ""
    kinds = (next((kind for network, kind in _KINDS if meant in network), "") for meant in embedded(address))
    return next((kind for kind in kinds if kind in _LOCAL), "")


def as_address(host: str) -> Address | None:
    """The address that a host is; None when it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_below(host: str, suffix: str) -> bool:
    """Tell whether a name is another one or below it."""
    return host == suffix or host.endswith(f".{suffix}")


def among(address: Address, networks: Iterable[Network]) -> Network | None:
    """The first network that an address is in."""
    return next((network for network in networks if address in network), None)
