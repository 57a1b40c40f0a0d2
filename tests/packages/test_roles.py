"""Who may do what: Crossplane exactly what is composed, people what is theirs."""

from collections.abc import Mapping
from typing import Any

import pytest

from function.api.kinds import KINDS
from function.packages import roles
from function.packages.composed import COMPOSED, ServedBy

ENDPOINTS = "modelendpoints.modelplane.ai"
READ = {"get", "list", "watch"}
VIEW, EDIT, ENDPOINT_EDIT, PLATFORM_VIEW, PLATFORM_EDIT = roles.team_roles()
ALL = (roles.crossplane_role(COMPOSED), *roles.team_roles())


def granted(role: Mapping[str, Any]) -> dict[str, set[str]]:
    """The verbs of a role, by resource and group."""
    return {
        f"{resource}.{group}".rstrip("."): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def aggregated_into(role: Mapping[str, Any]) -> set[str]:
    return {key for key, value in role["metadata"].get("labels", {}).items() if value == "true"}


def our_resources(scope: str, *, internal: bool = False) -> set[str]:
    return {kind.name for kind in KINDS if kind.scope == scope and kind.internal == internal}


def test_crossplane_is_granted_every_kind_that_no_other_role_covers_and_nothing_else() -> None:
    assert granted(roles.crossplane_role(COMPOSED)).keys() == {
        "backendtlspolicies.gateway.networking.k8s.io",
        "configmaps",
        "namespaces",
        "services",
        "endpointslices.discovery.k8s.io",
        "gatewayclasses.gateway.networking.k8s.io",
        "gateways.gateway.networking.k8s.io",
        "httproutes.gateway.networking.k8s.io",
        "ipaddresspools.metallb.io",
        "l2advertisements.metallb.io",
    }


def test_every_composed_kind_is_activated_granted_by_us_or_covered_by_crossplane() -> None:
    covered = {ServedBy.MANAGED, ServedBy.PROVIDER, ServedBy.CROSSPLANE}
    mine = granted(roles.crossplane_role(COMPOSED))
    assert all((row.served_by in covered) != (row.name.rstrip(".") in mine) for row in COMPOSED)


def test_crossplane_may_read_write_and_watch_what_it_composes() -> None:
    wanted = READ | {"create", "delete", "patch", "update"}
    assert set(map(frozenset, granted(roles.crossplane_role(COMPOSED)).values())) == {frozenset(wanted)}
    assert aggregated_into(roles.crossplane_role(COMPOSED)) == {"rbac.crossplane.io/aggregate-to-crossplane"}


@pytest.mark.parametrize("role", ALL, ids=lambda role: role["metadata"]["name"])
def test_nothing_is_granted_by_a_wildcard(role: dict[str, Any]) -> None:
    words = [word for rule in role["rules"] for key in ("apiGroups", "resources", "verbs") for word in rule[key]]
    assert not [word for word in words if "*" in word]


def test_ml_teams_may_change_what_lives_in_their_namespace_but_endpoints_and_what_modelplane_writes() -> None:
    assert granted(EDIT).keys() == {*our_resources("Namespaced"), "modeldeployments/scale.modelplane.ai"} - {ENDPOINTS}
    assert aggregated_into(EDIT) == {f"rbac.authorization.k8s.io/aggregate-to-{role}" for role in ("edit", "admin")}


def test_ml_teams_may_also_see_their_replicas() -> None:
    assert granted(VIEW) == dict.fromkeys([*granted(EDIT), ENDPOINTS, "modelreplicas.modelplane.ai"], READ)
    assert aggregated_into(VIEW) == {"rbac.authorization.k8s.io/aggregate-to-view"}


def test_endpoints_may_be_written_only_where_that_is_bound_on_purpose() -> None:
    assert granted(ENDPOINT_EDIT) == {ENDPOINTS: READ | {"create", "delete", "deletecollection", "patch", "update"}}
    assert aggregated_into(ENDPOINT_EDIT) == set()
    others = [role for role in ALL if role != ENDPOINT_EDIT]
    assert {verb for role in others for verb in granted(role).get(ENDPOINTS, ())} == READ


def test_the_platform_team_may_change_the_fleet_only_where_that_is_bound_on_purpose() -> None:
    assert granted(PLATFORM_EDIT).keys() == our_resources("Cluster")
    assert aggregated_into(PLATFORM_EDIT) == set()


def test_the_fleet_may_be_seen_by_whoever_may_see_the_whole_cluster() -> None:
    assert granted(PLATFORM_VIEW) == dict.fromkeys(our_resources("Cluster"), READ)
    assert aggregated_into(PLATFORM_VIEW) == {"rbac.authorization.k8s.io/aggregate-to-view"}


@pytest.mark.parametrize("role", roles.team_roles(), ids=lambda role: role["metadata"]["name"])
def test_nobody_is_given_a_providers_objects_secrets_or_a_hand_in_what_modelplane_writes(role: dict[str, Any]) -> None:
    assert {group for rule in role["rules"] for group in rule["apiGroups"]} == {"modelplane.ai"}
    internal = our_resources("Namespaced", internal=True)
    assert not [name for name, verbs in granted(role).items() if name in internal and verbs != READ]
