"""The network policy of the page on routing closes what the rules close, for what a name may lead to."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from function.routing import special_use
from tests.routing.test_special_use import CLOSED, OPEN

PAGE = Path(__file__).parents[2] / "docs" / "routing.md"


def policy() -> Any:
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [obj for obj in map(yaml.safe_load, blocks) if obj.get("kind") == "NetworkPolicy"]
    return found


def blocks() -> list[Any]:
    """The blocks for everything, without those for what is private and named on purpose."""
    return [to["ipBlock"] for to in policy()["spec"]["egress"][-1]["to"] if "except" in to["ipBlock"]]


def passes(address: special_use.Address) -> bool:
    return any(
        address in ipaddress.ip_network(block["cidr"])
        and not any(address in ipaddress.ip_network(closed) for closed in block["except"])
        for block in blocks()
    )


def test_it_is_valid() -> None:
    kubernetes_validate.validate(policy(), kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("text", CLOSED)
def test_it_closes_what_is_not_public_unless_nothing_answers_there(text: str) -> None:
    address = ipaddress.ip_address(text)
    kind = special_use.kind_of_address(address)
    assert not passes(address) or "documentation" in kind or "192.88.99.0/24" in kind or "ISATAP" in kind


@pytest.mark.parametrize("text", OPEN)
def test_it_leaves_open_what_is_public(text: str) -> None:
    assert passes(ipaddress.ip_address(text))
