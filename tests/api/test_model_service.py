import pytest

from function.api.model_service import MODEL_SERVICE
from tests.support.api import refused, service


def test_a_service_selects_by_at_least_one_label() -> None:
    assert refused(service()) == []
    assert refused(service({"selector": {"matchLabels": {}}})) == [
        "spec.endpoints[0].selector: a selector of endpoints needs an entry in matchLabels or matchExpressions"
    ]


def test_a_service_has_up_to_sixteen_groups() -> None:
    group = {"selector": {"matchLabels": {"app": "x"}}}
    assert refused(service(*[group] * 16)) == []
    assert refused(service(*[group] * 17)) == ["spec.endpoints: must have 1 to 16 items, has 17"]


@pytest.mark.parametrize("weight", [0, 1, 1000000])
def test_a_group_may_have_no_weight(weight: int) -> None:
    assert refused(service({"weight": weight, "selector": {"matchLabels": {"app": "x"}}})) == []


@pytest.mark.parametrize("weight", [-1, 1000001])
def test_weights_have_bounds(weight: int) -> None:
    assert refused(service({"weight": weight, "selector": {"matchLabels": {"app": "x"}}})) == [
        f"spec.endpoints[0].weight: must be 0 to 1000000, not {weight}"
    ]


def test_a_services_columns_show_its_url_how_many_endpoints_serve_and_whether_the_route_works() -> None:
    assert [(column.name, column.path) for column in MODEL_SERVICE.columns] == [
        ("ADDRESS", ".status.address"),
        ("ENDPOINTS", ".status.summary.ready"),
        ("ROUTING", ".status.conditions[?(@.type=='RoutingReady')].status"),
    ]
