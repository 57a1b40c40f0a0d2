"""What is not public, in every spelling; and what an address stands for."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api import urls
from function.routing import special_use

CLOSED = {
    "0.0.0.1": "this very network",
    "10.96.0.1": "private",
    "100.64.0.1": "CGNAT",
    "100.100.100.200": "secrets",
    "127.0.0.1": "loopback",
    "168.63.129.16": "secrets",
    "169.254.169.254": "link-local",
    "172.31.255.255": "private",
    "192.0.0.192": "secrets",
    "192.0.2.1": "documentation",
    "192.88.99.1": "IPv4 address in the dress",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarks",
    "198.51.100.1": "documentation",
    "203.0.113.9": "documentation",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::8.8.8.8": "IPv4 address in the dress",
    "::ffff:0:8.8.8.8": "IPv4 address in the dress",
    "64:ff9b::a9fe:a9fe": "IPv4 address in the dress",
    "64:ff9b:1::808:808": "IPv4 address in the dress",
    "100::1": "no public IPv6",
    "2001::1": "IPv4 address in the dress",
    "2001:2::1": "reserved",
    "2001:db8::1": "documentation",
    "2002:a9fe:a9fe::1": "IPv4 address in the dress",
    "2606:4700::5efe:808:808": "ISATAP",
    "2606:4700::200:5efe:10.0.0.1": "ISATAP",
    "3fff::1": "documentation",
    "5f00::1": "no public IPv6",
    "fd00:ec2::254": "secrets",
    "fd20:ce::254": "secrets",
    "fd12:3456::1": "private",
    "fe80::1": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
}
OPEN = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "168.63.129.17", "2606:4700:4700::1111", "2a00:1450::8a"]


@pytest.mark.parametrize("text", CLOSED)
def test_an_address_that_is_not_public_is_known_by_what_it_is(text: str) -> None:
    assert CLOSED[text] in special_use.kind_of_address(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_a_public_address_is_nothing_special(text: str) -> None:
    assert special_use.kind_of_address(ipaddress.ip_address(text)) == ""


@given(st.ip_addresses())
def test_nothing_is_public_that_python_takes_for_private_or_reserved(address: special_use.Address) -> None:
    if not special_use.kind_of_address(address):
        assert address.is_global
        assert not any((address.is_multicast, address.is_reserved, address.is_private))


@given(st.ip_addresses(v=4))
def test_an_address_that_translates_stands_for_the_one_behind_it(inner: ipaddress.IPv4Address) -> None:
    bits = int(inner)
    dressed = {
        "mapped": 0xFFFF << 32 | bits,
        "compatible": bits,
        "NAT64": 0x64FF9B << 96 | bits,
        "local NAT64": 0x64FF9B0001 << 80 | bits,
        "6to4": 0x2002 << 112 | bits << 80 | 1,
        "Teredo": 0x20010000 << 96 | ~bits & 0xFFFFFFFF,
        "ISATAP": 0x26064700 << 96 | 0x5EFE << 32 | bits,
    }
    for address in map(ipaddress.IPv6Address, dressed.values()):
        assert inner in special_use.embedded(address)
        assert special_use.kind_of_address(address) != ""


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "app.localhost",
        "kubernetes",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "chat.team.svc.my.domain",
        "printer.local",
        "metadata.google.internal",
        "ip-10-0-0-1.ec2.internal",
        "host.localdomain",
        "router.lan",
        "nas.home.arpa",
        "10.0.0.1.nip.io",
        "169-254-169-254.sslip.io",
        "anything.localtest.me",
        "metadata.tencentyun.com",
    ],
)
def test_a_name_that_is_not_public_is_known_by_its_end(name: str) -> None:
    assert special_use.kind_of_name(name) != ""


@pytest.mark.parametrize("name", ["api.together.xyz", "svc.example.com", "nip.io.example.com", "mylocal.example.com"])
def test_a_name_may_be_public_that_only_looks_like_one_that_is_not(name: str) -> None:
    assert special_use.kind_of_name(name) == ""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "fd00:ec2::254",
        "64:ff9b::a9fe:a9fe",
        "kubernetes.default.svc",
        "x.svc.cluster.local",
        "metadata.google.internal",
    ],
)
def test_no_other_cluster_is_where_every_machine_has_something_of_its_own(host: str) -> None:
    assert special_use.local(host) != ""


@pytest.mark.parametrize("host", ["10.1.2.3", "100.64.1.2", "198.51.100.1", "fd12::1", "gpu.internal", "x.elb.example"])
def test_another_cluster_may_be_in_a_private_network(host: str) -> None:
    assert special_use.local(host) == ""


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "127.1",
        "0x7f.0x1",
        "0x7f.1",
        "127.0.0.01",
        "127.0.0.1.",
        "10.96.0.1..",
        "%31%32%37.0.0.1",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7f00:1]",
        "[fe80::1%25eth0]",
        "LOCALHOST",
        "LocalHost.",
        "kubernetes.default.SVC.",
        "key@10.96.0.1",
        "example.com@10.96.0.1",
    ],
)
def test_no_spelling_of_an_inner_host_passes_for_a_public_one(host: str) -> None:
    found = urls.parse(f"http://{host}/v1")
    if isinstance(found, urls.Url):
        address = special_use.as_address(found.host)
        name = special_use.kind_of_name(found.host) if address is None else ""
        assert name or (address is not None and special_use.kind_of_address(address))
