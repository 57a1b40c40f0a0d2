from function.scheduling.disruption_budget import DisruptionBudget, deletion_cost, disruption_budget
from tests.support.fleets import deployment, own

SILENT = own("a", serving=False, ever_ready=False, available=False)
FRESH = own("b", available=False)
AVAILABLE = own("c")


def test_as_many_disruptions_are_allowed_as_replicas_are_available_beyond_those_that_have_to_be() -> None:
    budget = disruption_budget([AVAILABLE, AVAILABLE, FRESH], deployment(2))
    assert budget == DisruptionBudget(available=2, min_available=1)
    assert (budget.disruptions_allowed, budget.after([AVAILABLE]).disruptions_allowed) == (1, 0)


def test_what_cannot_answer_may_always_go() -> None:
    assert DisruptionBudget(available=0, min_available=3).allows([SILENT])


def test_while_fewer_are_available_than_have_to_be_nothing_goes_that_may_answer() -> None:
    assert not DisruptionBudget(available=0, min_available=1).allows([FRESH])
    assert DisruptionBudget(available=1, min_available=1).allows([FRESH])


def test_no_more_available_replicas_go_together_than_disruptions_are_allowed() -> None:
    budget = DisruptionBudget(available=2, min_available=1)
    assert budget.allows([AVAILABLE, SILENT])
    assert not budget.allows([AVAILABLE, AVAILABLE])


def test_a_replica_that_requests_would_miss_costs_more_to_delete() -> None:
    draining = own("d", draining=True, available=False)
    assert sorted([AVAILABLE, FRESH, draining, SILENT], key=deletion_cost) == [SILENT, draining, FRESH, AVAILABLE]
