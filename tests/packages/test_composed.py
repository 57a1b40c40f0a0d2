"""The table of composed kinds says what is composed, no less and no more."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from function.api.kinds import GROUPS
from function.composers import COMPOSERS, compose
from function.composition import Composition, Observation
from function.packages.composed import COMPOSED, READ_BY_CROSSPLANE, Composed, ServedBy, TableError, check
from function.packages.dependencies import HELM, KUBERNETES, PROVIDERS, NoProviderError, needed
from function.preview.control_plane import ControlPlane
from function.preview.inputs import read
from function.preview.kinds import group_of, is_namespaced
from function.preview.providers import CHART_CRDS
from tests.support.settled import BROUGHT, EXAMPLES, example

ROWS = {(row.api_version, row.kind): row for row in COMPOSED}
ROW = Composed("example.org/v1", "Widget", "widgets", ServedBy.KUBERNETES)


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Composition]:
    """Every answer until every example has settled, and what no example needs has."""
    others = tmp_path_factory.mktemp("brought") / "brought.yaml"
    others.write_text(BROUGHT, encoding="utf-8")
    previewed = [*map(example, sorted(EXAMPLES.iterdir())), (others,)]
    return [answer for paths in previewed for answer in answered(paths)]


@cache
def answered(paths: tuple[Path, ...]) -> list[Composition]:
    given: list[Composition] = []

    def recorded(seen: Observation) -> Composition:
        given.append(compose(seen))
        return given[-1]

    plane = ControlPlane(recorded)
    plane.apply(read([str(path) for path in paths]))
    plane.settle()
    return given


def test_the_table_has_exactly_what_the_examples_compose_of_others_kinds(answers: list[Composition]) -> None:
    seen = {
        (child.manifest["apiVersion"], child.manifest["kind"])
        for answer in answers
        for child in answer.children.values()
    }
    assert {key for key in seen if group_of(key[0]) not in GROUPS} == ROWS.keys()


def test_what_is_required_is_ours_or_composed_or_read_by_crossplanes_own_role(answers: list[Composition]) -> None:
    required = {
        (requirement.api_version, requirement.kind)
        for answer in answers
        for requirement in answer.requirements.values()
    }
    assert {key for key in required if group_of(key[0]) not in GROUPS} <= ROWS.keys() | READ_BY_CROSSPLANE


def test_the_table_agrees_with_what_the_composers_declare() -> None:
    assert check() == COMPOSED


def test_a_kind_that_a_composer_declares_and_the_table_lacks_is_named() -> None:
    composer = next(iter(COMPOSERS.values()))
    widget = replace(composer, children={"widget-*": "Widget"})
    with pytest.raises(TableError, match=rf"{composer.kind} composes widget-\* of kind Widget; add the kind"):
        check({("v1", "Thing"): widget}, [])


def test_a_kind_of_the_table_that_no_composer_declares_is_named() -> None:
    with pytest.raises(TableError, match=r"composed by nothing: widgets\.example\.org; remove it"):
        check(COMPOSERS, [*COMPOSED, ROW])


def test_each_kind_stands_in_the_table_once() -> None:
    assert len(ROWS) == len(COMPOSED)


@pytest.mark.parametrize("row", COMPOSED, ids=lambda row: row.name)
def test_a_kind_is_served_by_who_can_serve_it(row: Composed) -> None:
    by_provider = any(row.group in provider.groups for provider in PROVIDERS)
    assert (row.served_by in {ServedBy.MANAGED, ServedBy.PROVIDER}) == by_provider
    assert (row.served_by is ServedBy.CROSSPLANE) == (row.group == "protection.crossplane.io")
    assert (row.served_by is ServedBy.GATEWAY_API) == (row.group == "gateway.networking.k8s.io")
    by_chart = row.group in {group for brought in CHART_CRDS.values() for group, _, _ in brought}
    assert (row.served_by is ServedBy.CHART) == by_chart
    assert (row.served_by is ServedBy.PROVIDER) == row.kind.endswith("ProviderConfig")
    assert row.plural == row.plural.lower()


def test_a_managed_resource_lives_in_a_namespace() -> None:
    assert all(is_namespaced(row.api_version, row.kind) for row in COMPOSED if row.served_by is ServedBy.MANAGED)


def test_only_providers_that_serve_what_is_composed_are_needed() -> None:
    assert needed(COMPOSED) == (HELM, KUBERNETES)
    assert needed([ROW]) == ()


def test_a_cloud_brings_its_provider_by_being_in_the_table() -> None:
    vpc = Composed("ec2.aws.m.upbound.io/v1beta1", "VPC", "vpcs", ServedBy.MANAGED)
    assert [provider.name for provider in needed([*COMPOSED, vpc])] == [
        "provider-helm",
        "provider-kubernetes",
        "provider-aws-ec2",
    ]


def test_a_managed_resource_without_a_provider_is_named() -> None:
    with pytest.raises(NoProviderError, match=r"serves example\.org"):
        needed([replace(ROW, served_by=ServedBy.MANAGED)])


def test_no_two_providers_serve_the_same_group() -> None:
    groups = [group for provider in PROVIDERS for group in provider.groups]
    assert len(groups) == len(set(groups))
