"""A cluster that cannot be reached is said to be so, and nothing of it goes away."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.fleet.builders import cluster, compose_cluster, message, running_cluster, with_status
from tests.fleet.stack.builders import compose_stack, installed, stack
from tests.support.observe import reasons, with_condition

REFUSED = "connect failed: no kubeconfig"


def stack_with(failing: int) -> tuple[Manifest, dict[str, Manifest]]:
    """A stack that has come up, of which the first so many parts cannot be synced any more."""
    children = installed(stack())
    obj = with_status(stack(), compose_stack(stack(), children))
    parts = sorted(key for key, child in children.items() if child["kind"] in {"Object", "Release"})
    for key in parts[:failing]:
        children[key] = with_condition(children[key], "Synced", "False", "ReconcileError", REFUSED)
    return obj, children


def cluster_saying(status: str | None, reason: str = "", text: str = "") -> tuple[Manifest, dict[str, Manifest]]:
    """A cluster that is ready, whose stack says this about reaching it."""
    obj, children = running_cluster(cluster())
    if status is None:
        children["serving-stack"] = {**children["serving-stack"], "status": {}}
    else:
        children["serving-stack"] = with_condition(children["serving-stack"], "ClusterReachable", status, reason, text)
    return obj, children


@pytest.mark.parametrize(
    ("failing", "reachable", "text"),
    [
        (0, "True/Reachable", "18 objects are in sync"),
        (2, "False/NotSynced", f"2 of 18 objects cannot be applied or read; ai-gateway: {REFUSED}"),
        (18, "False/Unreachable", f"18 of 18 objects cannot be applied or read; ai-gateway: {REFUSED}"),
    ],
)
def test_a_stack_counts_what_cannot_be_synced_and_quotes_the_first(failing: int, reachable: str, text: str) -> None:
    obj, children = stack_with(failing)
    answered = compose_stack(obj, children)
    assert reasons(answered)["ClusterReachable"] == reachable
    assert message(answered, "ClusterReachable") == text


@pytest.mark.parametrize("failing", [2, 18])
def test_a_stack_that_cannot_be_synced_keeps_ready_and_everything_it_has(failing: int) -> None:
    obj, children = stack_with(failing)
    answered = compose_stack(obj, children)
    assert answered.ready
    assert set(answered.children) == set(children)


def test_nothing_said_is_no_news() -> None:
    obj, children = stack_with(0)
    silent = {key: {**child, "status": {}} for key, child in children.items()}
    assert reasons(compose_stack(obj, silent))["ClusterReachable"] == "True/Reachable"
    assert reasons(compose_stack(stack()))["ClusterReachable"] == "False/Connecting"


@pytest.mark.parametrize(
    ("stack_says", "reachable", "ready"),
    [
        (("True", "Reachable", "18 objects are in sync"), "True/Reachable", True),
        (("False", "NotSynced", "2 of 18 objects"), "False/NotSynced", True),
        (("False", "Unreachable", REFUSED), "False/Unreachable", False),
        (("False", "SomethingElse", ""), "True/Reachable", True),
        ((None,), "True/Reachable", True),
    ],
)
def test_a_cluster_says_what_its_stack_says_and_takes_no_new_replicas_while_nothing_reaches_it(
    stack_says: tuple[Any, ...],
    reachable: str,
    ready: bool,  # noqa: FBT001  # a parameter
) -> None:
    obj, children = cluster_saying(*stack_says)
    answered = compose_cluster(obj, children)
    assert reasons(answered)["ClusterReachable"] == reachable
    assert answered.ready is ready
    assert set(answered.children) == set(children)
    assert answered.status["gpuPools"], "what it offers stays published"


def test_a_stack_that_says_nothing_any_more_is_no_news_about_its_cluster() -> None:
    obj, children = cluster_saying("False", "Unreachable", REFUSED)
    lost = with_status(obj, compose_cluster(obj, children))
    silent = {**children, "serving-stack": {**children["serving-stack"], "status": {}}}
    assert reasons(compose_cluster(lost, silent))["ClusterReachable"] == "False/Unreachable"
