"""Where an endpoint that is written by hand may lead: the rules of the InferenceGateway, and what holds without them.

In this order, as with other rules of the kind: a gateway of our own is refused whatever is written; then what `deny`
has; then what `allow` has is open; then what is not public is refused, and everything else is open. An address is also
what it stands for: one that translates to an IPv4 address is refused for either.

Refusing is certain when something that could be read refuses. What could not be read opens nothing and closes nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from function.api import patterns, urls
from function.api.inference_gateway import InferenceGatewaySpec
from function.composition import Object, Required, unstructured
from function.routing import special_use
from function.routing.special_use import Network

_HOST_SUFFIX: Final = re.compile(patterns.HOST_SUFFIX)


@dataclass(frozen=True, slots=True)
class EntryList:
    """Entries of a list of the InferenceGateway.

    Attributes:
        networks: Those that are CIDRs.
        suffixes: Those that are names, each with everything below it.
        faults: Those that cannot be read, in words.
    """

    networks: tuple[Network, ...] = ()
    suffixes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def entry(self, host: str) -> str:
        """The entry that has a host, or an address that the host stands for; empty when none has."""
        address = special_use.as_address(host)
        if address is None:
            return next((suffix for suffix in self.suffixes if special_use.is_below(host, suffix)), "")
        for candidate in special_use.embedded(address):
            found = special_use.among(candidate, self.networks)
            if found is not None:
                return str(found)
        return ""

    def has_itself(self, host: str) -> bool:
        """Tell whether an entry has a host as it is written, whatever that stands for."""
        address = special_use.as_address(host)
        if address is None:
            return bool(self.entry(host))
        return special_use.among(address, self.networks) is not None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an endpoint may not lead where it says.

    Attributes:
        reason: Reason of RoutingReady.
        message: Which rule refuses, and what can be done.
        certain: Whether something that could be read refuses; otherwise it may be open once all can be read.
    """

    reason: str
    message: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Egress:
    """The rules for endpoints that are written by hand.

    Attributes:
        allow: What is open although it is not public.
        deny: What is refused whatever else is written.
        hosts: The names of the front door's own Service inside of the control cluster.
        own: Where gateways of our own are reached, by canonical host, in words.
        claimed: The same for what clusters say of themselves. It keeps new endpoints out; but a cluster may say
            anything, such as the address of a provider, and so it closes none that is routed to.
        doubt: What could not be read; empty when all could.
        missing: Whether there is no InferenceGateway.
    """

    allow: EntryList = field(default_factory=EntryList)
    deny: EntryList = field(default_factory=EntryList)
    hosts: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)
    claimed: Mapping[str, str] = field(default_factory=dict)
    doubt: str = ""
    missing: bool = False

    def refusal(self, source: str, url_host: str, host_header: str) -> Refusal | None:
        """Judge an endpoint; None when it may lead there.

        Args:
            source: What names the host, in words.
            url_host: Canonical host of its URL.
            host_header: The host that its requests name, when it says one.
        """
        for path, host in ((source, url_host), ("spec.host", host_header)):
            own = self._own(host) if host else ""
            if own:
                message = f"{path} names {host}, which is {own}: requests would go in circles or around the rules"
                return Refusal("OwnGateway", message, certain=own not in self.claimed.values())
            denied = self.deny.entry(host) if host else ""
            if denied:
                message = f"{path} names {host}, which spec.endpoints.deny of InferenceGateway default has: {denied}"
                return Refusal("AddressNotAllowed", message)
        kind = _kind(url_host)
        if not kind or self.allow.has_itself(url_host):
            return None
        opens = "spec.endpoints.allow of InferenceGateway default can open it"
        message = f"{source} names {url_host}, which is {kind}: only what is public is open by itself; {opens}"
        return Refusal("AddressNotAllowed", message, certain=not (self.doubt or self.missing))

    def _own(self, host: str) -> str:
        if any(host == name or host.startswith(f"{name}.") for name in self.hosts):
            return "the front door's own Service"
        address = special_use.as_address(host)
        hosts = [host] if address is None else [str(candidate) for candidate in special_use.embedded(address)]
        return next((known[host] for known in (self.own, self.claimed) for host in hosts if host in known), "")


def read(answer: Required, hosts: tuple[str, ...]) -> Egress:
    """Read the rules of the InferenceGateway.

    Args:
        answer: The InferenceGateway.
        hosts: The names that the front door's own Service may have inside of the control cluster.
    """
    obj = answer.first
    if obj is None:
        return Egress(hosts=hosts, missing=True)
    own, claimed, doubt = _gateways(obj)
    try:
        spec = InferenceGatewaySpec.model_validate(unstructured.plain(unstructured.dig(obj, "spec")))
    except ValidationError as error:
        where = ".".join(map(str, ("spec", *error.errors()[0]["loc"])))
        return Egress(hosts=hosts, own=own, claimed=claimed, doubt=f"InferenceGateway default cannot be read: {where}")
    hostname = urls.canonical(spec.hostname)
    if hostname:
        own[hostname] = "the name of InferenceGateway default"
    allow, deny = rules(spec)
    return Egress(allow, deny, hosts, own, claimed, "; ".join((*allow.faults, *deny.faults)) or doubt)


def rules(spec: InferenceGatewaySpec) -> tuple[EntryList, EntryList]:
    """Read what is allowed and what is denied."""
    return entry_list("allow", spec.endpoints.allow), entry_list("deny", spec.endpoints.deny)


def entry_list(name: str, entries: Sequence[str]) -> EntryList:
    """Read one list; an entry that cannot be read is left out and named."""
    networks: list[Network] = []
    suffixes: list[str] = []
    faults: list[str] = []
    for index, entry in enumerate(entries):
        if "/" in entry:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
                continue
            except ValueError:
                pass
        elif _HOST_SUFFIX.fullmatch(entry):
            suffixes.append(entry)
            continue
        faults.append(f"spec.endpoints.{name}[{index}] is no CIDR and no host name")
    return EntryList(tuple(networks), tuple(suffixes), tuple(faults))


def _kind(host: str) -> str:
    address = special_use.as_address(host)
    return special_use.kind_of_name(host) if address is None else special_use.kind_of_address(address)


def _gateways(obj: Object) -> tuple[dict[str, str], dict[str, str], str]:
    """Where our own gateways are, as the InferenceGateway publishes it: its own, clusters', and what cannot be read."""
    status = unstructured.dig(obj, "status", default={})
    if not isinstance(status, Mapping):
        return {}, {}, "InferenceGateway default cannot be read: status"
    published = unstructured.dig(status, "address", default="")
    rows = unstructured.dig(status, "clusterGateways", default=[])
    clusters = dict(_clusters(rows if isinstance(rows, Iterable) else ()))
    doubt = "" if isinstance(published, str) and isinstance(rows, list | tuple) else "status"
    address = urls.canonical(published) if isinstance(published, str) else ""
    own = {address: "where InferenceGateway default is reached"} if address else {}
    return own, clusters, f"InferenceGateway default cannot be read: {doubt}" if doubt else ""


def _clusters(rows: Iterable[object]) -> Iterable[tuple[str, str]]:
    for row in rows:
        host = urls.canonical(unstructured.text(row, "address"))
        if host:
            yield host, f"the gateway of InferenceCluster {unstructured.text(row, 'name')}"
