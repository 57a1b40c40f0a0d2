"""Two heaps give the same order as comparing all clusters anew for each replica."""

import pkgutil
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from function.scheduling import SCORERS, Candidate, Cluster, Fleet, Scorer, Spread, schedule, scorers
from function.scheduling.capacity import NodeLedger
from function.scheduling.feasibility import Feasibility
from tests.support.fleets import cluster, deployment, places, pool


class Price(Scorer):
    """Prefers what costs least; the price is a label."""

    def score(self, candidate: Candidate, spread: Spread) -> float:  # noqa: ARG002
        return -float(dict(candidate.cluster.labels)["price"])


CLUSTERS = st.lists(
    st.builds(
        lambda nodes, region, price: cluster("", pool(nodes=nodes), region=region, labels={"price": str(price)}),
        st.integers(0, 3),
        st.sampled_from(["", "north", "south"]),
        st.sampled_from([1, 2]),
    ),
    max_size=5,
).map(lambda fleet: [replace(each, name=f"c{number}") for number, each in enumerate(fleet)])
ORDERS = st.permutations((*SCORERS, Price())).flatmap(
    lambda scorers: st.integers(0, len(scorers)).map(lambda count: tuple(scorers[:count]))
)


def compared_anew(clusters: list[Cluster], replicas: int, scorers: tuple[Scorer, ...]) -> list[str]:
    """Compare all clusters anew for each replica."""
    feasibility, ledger, spread = Feasibility(deployment().engines), NodeLedger(()), Spread([])
    chosen: list[str] = []
    for _ in range(replicas):
        candidates = [
            Candidate(each, fit)
            for each in clusters
            if (fit := feasibility.fit(each.pools or (), ledger.free(each))) is not None
        ]
        if candidates:
            best = min(
                candidates,
                key=lambda each: (*(-scorer.score(each, spread) for scorer in scorers), each.cluster.name),
            )
            ledger.reserve(best.cluster.name, best.fit.engines)
            spread.add(best.cluster)
            chosen.append(best.cluster.name)
    return chosen


@given(CLUSTERS, st.integers(0, 12), ORDERS)
def test_replicas_go_where_comparing_all_clusters_anew_would_put_them(
    clusters: list[Cluster], replicas: int, scorers: tuple[Scorer, ...]
) -> None:
    answer = schedule(Fleet(tuple(clusters)), deployment(replicas), scorers=scorers)
    assert sorted(place.partition("/")[0] for place in places(answer)) == sorted(
        compared_anew(clusters, replicas, scorers)
    )


def test_every_scorer_in_its_folder_is_registered() -> None:
    modules = {f"function.scheduling.scorers.{found.name}" for found in pkgutil.iter_modules(scorers.__path__)}
    registered = {type(each).__module__ for each in SCORERS}
    assert modules - {"function.scheduling.scorers.protocol"} == registered, "add it to SCORERS"
