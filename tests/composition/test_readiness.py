from typing import Any

import pytest

from function.composition import readiness
from tests.support.observe import ready, with_condition


def of_kind(kind: str, **body: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "generation": 2}, **body}


def parent(accepted: str = "True", resolved: str = "True", generation: int = 2) -> dict[str, Any]:
    def condition(kind: str, status: str) -> dict[str, Any]:
        return {"type": kind, "status": status, "reason": kind, "message": "m", "observedGeneration": generation}

    return {"conditions": [condition("Accepted", accepted), condition("ResolvedRefs", resolved)]}


CASES = {
    "a child that is not observed is not ready": (None, "not created yet"),
    "a managed resource is ready by its Ready condition": (ready(of_kind("Object")), ""),
    "without a Ready condition it is not": (with_condition(of_kind("Object"), "Synced"), "Ready is not reported yet"),
    "what a provider has not looked at names the provider": (
        of_kind("Object"),
        "not reported on yet; if this lasts, see whether provider-kubernetes runs",
    ),
    "a Synced error explains more than an unready Ready": (
        with_condition(with_condition(of_kind("Object"), "Ready", "False"), "Synced", "False", message="403"),
        "Synced is False: 403",
    ),
    "Unknown is not True": (with_condition(of_kind("Release"), "Ready", "Unknown"), "Ready is Unknown: Ready"),
    "a Service is ready when it exists": (of_kind("Service"), ""),
    "configuration is ready when it exists": (of_kind("ProviderConfig"), ""),
    "a Gateway needs to be accepted and programmed": (
        with_condition(of_kind("Gateway"), "Accepted"),
        "Programmed is not reported yet",
    ),
    "a GatewayClass needs to be accepted": (with_condition(of_kind("GatewayClass"), "Accepted"), ""),
    "a route without parents is not ready": (of_kind("HTTPRoute"), "no gateway has accepted the route yet"),
    "a route is ready when accepted and resolved": (of_kind("HTTPRoute", status={"parents": [parent()]}), ""),
    "a route with broken references is not ready": (
        of_kind("HTTPRoute", status={"parents": [parent(resolved="False")]}),
        "ResolvedRefs is False: m",
    ),
    "a verdict on an older route does not count": (
        of_kind("HTTPRoute", status={"parents": [parent(generation=1)]}),
        "Accepted is about an earlier generation of the route",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_readiness_is_read_from_the_child_itself(case: str) -> None:
    observed, message = CASES[case]
    assert readiness.of(observed) == readiness.Readiness(ready=not message, message=message), case


@pytest.mark.parametrize("status", [None, "x", [], {"conditions": "x"}, {"conditions": [1, None]}, {"parents": {}}])
@pytest.mark.parametrize("kind", ["Object", "HTTPRoute", "Gateway"])
def test_a_status_of_any_shape_is_read_without_error(kind: str, status: object) -> None:
    assert not readiness.of({"kind": kind, "status": status}).ready
