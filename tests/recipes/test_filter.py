"""An invented filter and an invented scorer, added by docs/recipes/filter.md alone."""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from function import scheduling
from function.scheduling import FILTERS, SCORERS, Cluster, Fleet, NotReady, Plan, schedule
from tests.support.fleets import cluster, deployment, own, places, pool

PRICE = "example.com/price"


CEILING = 10
PAGE = (Path(__file__).parents[2] / "docs" / "recipes" / "filter.md").read_text("utf-8")
BLOCKS = [dedent(code) for code in re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)]
"""The page's code: the reason with its filter, and the scorer. It is ours, so it may be run."""

NAMES: dict[str, Any] = {**vars(scheduling), "dataclass": dataclass, "CEILING": CEILING, "__name__": __name__}
for block in BLOCKS:
    exec(compile(block, "filter.md", "exec"), NAMES)  # noqa: S102

TooExpensive, PriceCeiling, LowestPrice = NAMES["TooExpensive"], NAMES["PriceCeiling"], NAMES["LowestPrice"]


def priced(name: str, price: float, nodes: int = 4, *, ready: bool = True) -> Cluster:
    return cluster(name, pool(nodes=nodes), labels={PRICE: f"{price}"}, ready=ready)


def plan_under_a_ceiling(replicas: int, *clusters: Cluster) -> Plan:
    return schedule(Fleet(clusters), deployment(replicas), filters=(*FILTERS, PriceCeiling()))


def test_a_new_filter_keeps_clusters_out_and_its_reason_is_given() -> None:
    answer = plan_under_a_ceiling(2, priced("a", 12), priced("b", 8, nodes=1))
    assert places(answer) == ["b/0"]
    assert dict(answer.diagnosis.reasons)["a"] == TooExpensive(12, CEILING)


def test_a_new_reason_is_told_in_its_own_words() -> None:
    answer = plan_under_a_ceiling(1, priced("a", 12), priced("b", 12), priced("c", 30), priced("d", 1, ready=False))
    assert answer.diagnosis.message(0, 1) == (
        "0 of 1 placed, 4 clusters: 1 not ready, 2 too expensive (12 an hour, at most 10), "
        "1 too expensive (30 an hour, at most 10). Raise the ceiling, or add a cheaper cluster."
    )


def test_many_variants_of_a_new_reason_are_summed_up() -> None:
    answer = plan_under_a_ceiling(1, *(priced(name, 20 + number) for number, name in enumerate("abc")))
    assert answer.diagnosis.message(0, 1) == (
        "0 of 1 placed, 3 clusters: 3 too expensive. Raise the ceiling, or add a cheaper cluster."
    )


def test_filters_that_come_before_a_new_one_give_their_reason_first() -> None:
    answer = plan_under_a_ceiling(1, priced("a", 12, ready=False))
    assert answer.diagnosis.reasons == (("a", NotReady()),)


def test_a_new_filter_moves_no_replica_that_runs() -> None:
    running = own("a")
    answer = schedule(Fleet((priced("a", 12),), (running,)), deployment(1), filters=(*FILTERS, PriceCeiling()))
    assert ([kept.replica for kept in answer.kept], answer.deletions) == ([running], ())


def test_a_new_scorer_decides_where_it_stands_in_the_order() -> None:
    fleet = Fleet((priced("a", 9), priced("b", 2), priced("c", 5)))
    assert places(schedule(fleet, deployment(2))) == ["a/0", "b/0"]
    assert places(schedule(fleet, deployment(2), scorers=(*SCORERS, LowestPrice()))) == ["b/0", "c/0"]
    assert places(schedule(fleet, deployment(2), scorers=(LowestPrice(), *SCORERS))) == ["b/0", "b/1"]
