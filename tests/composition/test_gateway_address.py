"""Which of a gateway's addresses is published."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.composition.gateway_address import choose_address

UNSPECIFIED = "0.0.0.0"  # noqa: S104  # refused, not bound


def gateway(*values: Any) -> dict[str, Any]:
    return {"status": {"addresses": [{"value": value} for value in values]}}


@pytest.mark.parametrize(
    ("addresses", "before", "chosen", "reason"),
    [
        ((), "", "", "none is reported"),
        (("lb.example.com", "192.0.2.1"), "", "192.0.2.1", "an IP address goes before a host name"),
        (("2001:db8::1", "192.0.2.1"), "", "192.0.2.1", "IPv4 goes before IPv6"),
        (("lb.example.com", "2001:db8::1"), "", "2001:db8::1", "IPv6 goes before a host name"),
        (("192.0.2.1", "192.0.2.2"), "192.0.2.2", "192.0.2.2", "what is published stays among equals"),
        (("192.0.2.1", "lb.example.com"), "lb.example.com", "192.0.2.1", "and gives way to better"),
        (("192.0.2.3",), "192.0.2.2", "192.0.2.3", "an address that is no longer reported gives way"),
        (
            ("", 7, "x" * 257, "a b", UNSPECIFIED, "::", "h.example"),
            "",
            "h.example",
            "what is none is passed over",
        ),
    ],
)
def test_the_address_that_is_published(addresses: tuple[Any, ...], before: str, chosen: str, reason: str) -> None:
    assert choose_address(gateway(*addresses), before) == chosen, reason


@given(st.permutations(["lb.example.com", "192.0.2.1", "192.0.2.2", "2001:db8::1"]), st.sampled_from(["", "192.0.2.2"]))
def test_the_order_in_which_addresses_are_reported_changes_nothing(order: list[str], before: str) -> None:
    assert choose_address(gateway(*order), before) == (before or "192.0.2.1")


def test_junk_reads_as_no_address() -> None:
    assert choose_address({"status": {"addresses": "junk"}}, "") == ""
    assert choose_address({}, "") == ""
