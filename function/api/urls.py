"""URLs and addresses: one reading of them for every composer, which never fails.

Only what an EndpointSlice and a route can say is a URL here: http or https, a host that is a DNS
name or an IP address without a zone, a port.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes

from function.api import patterns

API: Final = "/v1"
"""Where clients look for the API of models, below whatever path."""

LONGEST_PATH: Final = 1000
"""A longer path could not be written into a route, which takes 1024 characters."""

_LONGEST_HOST: Final = 253
_LONGEST_LABEL: Final = 63
_LAST_PORT: Final = 65535
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SPLIT: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(\?(?P<query>[^#]*))?(#(?P<fragment>.*))?",
    re.DOTALL,
)
_AUTHORITY: Final = re.compile(r"(?:\[(?P<inside>[^\[\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[0-9]*))?")
_DNS: Final = re.compile(patterns.DNS_SUBDOMAIN)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""What makes a host an IPv4 address to those who read one in any notation, when it stands last."""

_VERSION: Final = re.compile(r"v[0-9]+([a-z]+[0-9]*)?")
"""What parts of a path are versions of an API: v1beta, v3, v2alpha1."""

_DOTS: Final = frozenset({".", ".."})
_NO_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORBIDDEN: Final = re.compile(r"[\s\\\x00-\x1f\x7f-\x9f]")


class Family(Enum):
    """What a host is, in the words of an EndpointSlice; the best to be reached at first."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"
    FQDN = "FQDN"


@dataclass(frozen=True, slots=True)
class Url:
    """A URL that requests can be sent to.

    Attributes:
        scheme: http or https.
        host: The host in lower case; an IPv6 address in its short form and without brackets.
        port: The port, that of the scheme when the URL names none.
        path: The path, decoded.
        family: What the host is.
        ignored: Parts of the URL that are left out of every request, in words and without what they say.
        queried: Whether it has a query, which is left out too.
    """

    scheme: str
    host: str
    port: int
    path: str
    family: Family
    ignored: tuple[str, ...] = ()
    queried: bool = False

    @property
    def refusal(self) -> str:
        """Why Kubernetes takes the host into no EndpointSlice; empty when it takes it."""
        if self.family is Family.FQDN:
            return "" if "." in self.host else "a host name in an EndpointSlice needs at least two labels"
        address = ipaddress.ip_address(self.host)
        refused = {
            "unspecified": address.is_unspecified,
            "loopback": address.is_loopback,
            "link-local": address.is_link_local,
            "multicast": address.is_multicast,
        }
        kind = next((kind for kind, applies in refused.items() if applies), "")
        return f"a {kind} address has no place in an EndpointSlice" if kind else ""

    @property
    def rewrite_path(self) -> str:
        """The path that takes the place of a service's own: clients bring the `/v1` themselves."""
        stem = self.path.rstrip("/").removesuffix(API).rstrip("/")
        return f"{stem}/" if stem.startswith("/") else "/"

    @property
    def api_path(self) -> str:
        """Where the API is that clients know as `/v1`, when the URL says a path that does not end so; empty if not."""
        root = self.path.rstrip("/")
        return "" if root.endswith(API) else root


@dataclass(frozen=True, slots=True)
class NoUrl:
    """A text that is no URL that requests can be sent to.

    Attributes:
        problem: What is wrong with it, to follow the name of a field.
    """

    problem: str


def parse(text: str) -> Url | NoUrl:
    """Read a URL.

    User info, query and fragment are left out, and that there is a query is told. Port 0 counts as no port.

    Args:
        text: Anything.

    Returns:
        The URL, or what is wrong with the text.
    """
    found = _SPLIT.match(text)
    if found is None:
        return NoUrl("is no URL: write http://host or https://host")
    if _FORBIDDEN.search(text):
        return NoUrl("has a backslash, white space or a control character: percent-encode what belongs to its path")
    scheme = found["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        return NoUrl(f"has the scheme {scheme}: only http and https are routed")
    if len(found["path"]) > LONGEST_PATH:
        return NoUrl(f"has a path of more than {LONGEST_PATH} characters")
    path = decoded(found["path"])
    if isinstance(path, NoUrl):
        return path
    user, _, place = found["authority"].rpartition("@")
    authority = _AUTHORITY.fullmatch(place)
    if authority is None:
        return NoUrl("has a host or a port that cannot be read: an IPv6 address needs brackets, a port is a number")
    port = _port(authority["port"] or "", scheme)
    if port is None:
        return NoUrl(f"has a port above {_LAST_PORT}")
    host = _address(authority["inside"]) if authority["inside"] is not None else _host(authority["name"])
    if isinstance(host, NoUrl):
        return host
    name, family = host
    parts = {"user info": user, "fragment": found["fragment"]}
    ignored = tuple(part for part, value in parts.items() if value)
    return Url(scheme, name, port, path, family, ignored, bool(found["query"]))


def decoded(path: str) -> str | NoUrl:
    """Decode the percent-encoding of a path: a route says paths without, and the gateway encodes what it sends.

    Args:
        path: A path as it stands in a URL.

    Returns:
        The path, or why a route cannot say it.
    """
    if _NO_ESCAPE.search(path):
        return NoUrl("has a '%' without two hexadecimal digits behind it: write %25 for the character itself")
    if "%2f" in path.lower():
        return NoUrl("has an encoded slash (%2F) in its path, which a route cannot tell from a slash")
    if set(path) & set("?#\\"):
        return NoUrl("has a path with '?', '#' or a backslash: write %3F, %23 or %5C for the character itself")
    try:
        found = unquote_to_bytes(path).decode()
    except UnicodeError:
        return NoUrl("has percent-encoded bytes in its path that are no UTF-8")
    if _CONTROL.search(found):
        return NoUrl("has a control character in its path")
    if _DOTS & set(found.split("/")):
        return NoUrl("has '.' or '..' for a part of its path, which leads elsewhere than it says")
    return NoUrl("has two slashes in a row in its path") if "//" in found else found


def api_path_of(path: str, url: Url) -> str:
    """Where the API is by a path that is given instead of the URL's; empty when that comes before a `/v1` as it is.

    A path with a version in it is taken for the API's own, and so is the URL's own path, said again.

    Args:
        path: The path, decoded.
        url: The URL.
    """
    root = path.rstrip("/")
    versioned = any(_VERSION.fullmatch(part) for part in root.split("/"))
    return root if root and (versioned or root == url.api_path) else ""


def authority(address: str) -> str:
    """Write a host or an IP address, in brackets or without, as it stands in a URL; empty when it can be neither."""
    host = canonical(address)
    return f"[{host}]" if ":" in host else host


def canonical(address: str) -> str:
    """Write a host or an IP address, in brackets or without, as `Url.host` has it; empty when it can be neither."""
    found = _read(address)
    return "" if isinstance(found, NoUrl) else found[0]


def preferred(addresses: Iterable[str], before: str) -> str:
    """Choose the address to publish among several; empty when none can be reached by others.

    IPv4 goes before IPv6, and both before host names. Among equals the one that is published already stays.

    Args:
        addresses: Hosts and IP addresses; what is neither is passed over.
        before: The address that is published.
    """
    ranked = ((_rank(address), address) for address in addresses)
    usable = [(rank, address) for rank, address in ranked if rank is not None]
    return min(usable, key=lambda candidate: (candidate[0], candidate[1] != before, candidate[1]), default=(0, ""))[1]


def _port(text: str, scheme: str) -> int | None:
    digits = text.lstrip("0")
    if not digits:
        return _DEFAULT_PORTS[scheme]
    return int(digits) if len(digits) <= len(str(_LAST_PORT)) and int(digits) <= _LAST_PORT else None


def _read(address: str) -> tuple[str, Family] | NoUrl:
    if address.startswith("[") and address.endswith("]"):
        return _address(address[1:-1])
    return _address(address) if ":" in address else _host(address)


def _rank(address: str) -> int | None:
    """How good an address is, the lower the better; None when it is none."""
    found = _read(address)
    if isinstance(found, NoUrl):
        return None
    host, family = found
    if family is not Family.FQDN and ipaddress.ip_address(host).is_unspecified:
        return None
    return list(Family).index(family)


def _address(inside: str) -> tuple[str, Family] | NoUrl:
    """Read what stands in brackets."""
    if "%" in inside:
        return NoUrl("has an address with a zone, which means something on one machine only")
    try:
        found = ipaddress.IPv6Address(inside)
    except ValueError:
        return NoUrl(f"has [{inside}] for a host, which is no IPv6 address")
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped), Family.IPV4
    return str(found), Family.IPV6


def _host(text: str) -> tuple[str, Family] | NoUrl:
    name = text.lower().removesuffix(".")
    if not name:
        return NoUrl("has no host")
    try:
        return str(ipaddress.IPv4Address(name)), Family.IPV4
    except ValueError:
        labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return NoUrl(f"has the host {name}, which looks like an IPv4 address and is none")
    if len(name) > _LONGEST_HOST or max(map(len, labels)) > _LONGEST_LABEL or not _DNS.fullmatch(name):
        return NoUrl("has a host that is no DNS name: letters, digits and '-' in labels joined by dots")
    return name, Family.FQDN
