from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from function.scheduling import NotSelected
from function.scheduling.filters.cluster_selector import ClusterSelector
from function.selectors.label_requirement import LabelRequirement
from tests.support.fleets import cluster, deployment

GOLD = {"tier": "gold"}


def test_a_cluster_with_all_labels_passes_whatever_else_it_has() -> None:
    assert ClusterSelector().filter(cluster("a", labels={**GOLD, "zone": "x"}), deployment(labels=GOLD)) is None


def test_the_labels_that_are_missing_or_differ_are_named() -> None:
    asked = deployment(labels={**GOLD, "zone": "x"})
    assert ClusterSelector().filter(cluster("a", labels={"tier": "lead"}), asked) == NotSelected(
        (("tier", "gold"), ("zone", "x"))
    )


def test_without_a_selector_every_cluster_passes() -> None:
    assert ClusterSelector().filter(cluster("a"), deployment()) is None


def test_the_requirements_that_are_not_met_are_named_beside_the_labels() -> None:
    east, fast = LabelRequirement("region", "NotIn", ("east",)), LabelRequirement("disk", "Exists")
    asked = replace(deployment(labels=GOLD), match_expressions=(east, fast))
    refused = ClusterSelector().filter(cluster("a", labels={"region": "east"}), asked)
    assert refused == NotSelected((("tier", "gold"),), (east, fast))
    assert refused.phrase == "not selected (lacks tier=gold; does not meet region notin (east),disk)"
    assert ClusterSelector().filter(cluster("a", labels={**GOLD, "disk": ""}), asked) is None


def test_clusters_that_do_not_meet_the_same_are_told_of_once() -> None:
    refused = NotSelected((("tier", "gold"),), (LabelRequirement("region", "NotIn", ("east",)),))
    assert NotSelected.summarize([refused, refused]) == "not selected (tier=gold,region notin (east))"
    assert NotSelected.summarize([refused, NotSelected()]) == "not selected"


KEYS, VALUES = st.sampled_from("kl"), st.sampled_from("ab")
REQUIREMENTS = st.builds(
    LabelRequirement,
    KEYS,
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    st.lists(VALUES, max_size=2).map(tuple),
)


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.lists(REQUIREMENTS, max_size=3))
def test_a_cluster_passes_exactly_when_it_meets_everything(
    has: dict[str, str], wanted: dict[str, str], expressions: list[LabelRequirement]
) -> None:
    asked = replace(deployment(labels=wanted), match_expressions=tuple(expressions))
    meets = wanted.items() <= has.items() and all(expression.matches(has) for expression in expressions)
    assert (ClusterSelector().filter(cluster("a", labels=has), asked) is None) == meets
