"""The gateways are behind one protocol, and nothing else of routing knows which there are."""

import re
from pathlib import Path
from typing import Any

import pytest

import function.routing
from function.api.inference_gateway import InferenceGatewaySpec
from function.composition import Reason, Status
from function.routing import gateway_conditions
from function.routing.gateways import traefik
from function.routing.gateways.registry import GATEWAYS
from tests.routing.builders import gateway


def test_outside_of_their_folder_no_module_of_routing_names_a_gateway() -> None:
    folder = Path(function.routing.__file__).parent
    naming = {
        path.name
        for path in folder.glob("*.py")
        # A public service of names that have an address written into them.
        if re.search("traefik|metallb", path.read_text("utf-8").replace('"traefik.me"', ""), re.IGNORECASE)
    }
    assert naming == set()


def test_every_backend_that_users_can_select_has_a_gateway() -> None:
    wanted = InferenceGatewaySpec.model_json_schema()["properties"]["backend"]
    assert {known.backend for known in GATEWAYS.supported} == set(wanted.get("enum", [wanted.get("const")]))


@pytest.mark.parametrize("obj", [None, {}, {"spec": "junk"}, gateway(backend="Other"), gateway()])
def test_while_nothing_tells_which_gateway_is_selected_it_is_the_first(obj: Any) -> None:
    assert GATEWAYS.of(obj) == traefik.GATEWAY


def test_two_gateways_cannot_explain_one_reason_differently() -> None:
    first = {"TLSReady": {"Waiting": Reason(Status.FALSE, "It waits.")}}
    merged = gateway_conditions.vocabulary([first, first])
    assert merged["TLSReady"]["Waiting"].meaning == "It waits."
    assert list(merged) == list(gateway_conditions.vocabulary([]))
    with pytest.raises(ValueError, match="two gateways explain TLSReady/Waiting differently"):
        gateway_conditions.vocabulary([first, {"TLSReady": {"Waiting": Reason(Status.FALSE, "It hopes.")}}])
