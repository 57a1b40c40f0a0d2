"""What runs the control plane restarts while replicas come, move and leave, and a class is missing.

Nothing that serves changes; `test_4_moving` sees that what moves arrives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from function.composition import objects, unstructured
from tests.e2e.bed import second_team
from tests.e2e.bed.moving import MOVING_DEPLOYMENTS, STUCK, Moving
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import FLEET, NAMESPACE, Serving, repaired
from tests.e2e.bed.second_team import Leaving


def test_a_restart_of_crossplane_of_the_function_or_of_the_provider_changes_nothing(
    bed: Bed, serving: Serving, leaving: Leaving, moving: Moving
) -> None:
    assert leaving.pod
    assert moving.under_way == {moved.name for moved in MOVING_DEPLOYMENTS}
    with _busy(bed, serving, "late-restarts"):
        bed.restart_crossplane()
        serving.endures("a change is composed, and so is all else", _change(bed), rolls=False)
        failed = _failures(bed)
        bed.roll_function()
        serving.endures("a change is composed, and so is all else", _change(bed), rolls=False)
        lost = _failures(bed) - failed
        assert [message for _, message in lost if not message.endswith(_NOT_TAKEN)] == []
        assert moving.under_way > {STUCK.name}
        bed.stop_provider()
        bed.restart_provider()
        with _asked(bed) as answered:
            serving.endures("the provider looks at what is asked", answered, rolls=False)
        bed.control.api.patch(bed.composite(*_CHAT), {"spec": {"rollout": None}})


_CHAT: Final = ("ModelDeployment", "chat", NAMESPACE)

_NOT_TAKEN: Final = "code = Canceled desc = CANCELLED"
"""How gRPC's server ends a call that comes at the very moment at which it is told to stop; Crossplane calls again."""


@contextmanager
def _busy(bed: Bed, serving: Serving, name: str) -> Iterator[None]:
    """Let a replica be under way, and a class be missing; in the end both come about."""
    with serving.as_before():
        second_team.begin(bed, name)
        bed.processes.until("the replica has a place", lambda: _placed(bed, name))
        with repaired(lambda: bed.control.kubectl.apply(FLEET / "classes.yaml")):
            bed.control.kubectl("delete", "inferenceclass", "l4-1x")
            yield
        second_team.finish(bed, name)


def _change(bed: Bed) -> Callable[[], bool]:
    """Change the deployment in a way that has no effect, and tell whether that is composed, and all else."""
    chat = bed.composite(*_CHAT)
    seconds = unstructured.integer(chat, "spec", "rollout", "progressDeadlineSeconds", default=3600) + 1
    changed = bed.control.api.patch(chat, {"spec": {"rollout": {"progressDeadlineSeconds": seconds}}})
    generation = unstructured.integer(changed, "metadata", "generation")

    def composed() -> bool:
        synced = unstructured.condition(bed.composite(*_CHAT), "Synced")
        return unstructured.integer(synced, "observedGeneration") >= generation and not bed.with_condition(
            "Synced", "False"
        )

    return composed


@contextmanager
def _asked(bed: Bed) -> Iterator[Callable[[], bool]]:
    """Have the provider observe what every cluster has, and tell whether it does."""
    other = bed.control.api.list(objects.API_VERSION, objects.KIND, NAMESPACE)[0]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    obj = objects.wrap(namespace, objects.provider_config(other), policies=["Observe"])
    obj["metadata"] = {"name": "after-restart", "namespace": NAMESPACE}
    identity = (objects.API_VERSION, objects.KIND, "after-restart", NAMESPACE)
    bed.control.kubectl.apply_objects([obj])
    with repaired(lambda: bed.control.api.delete(obj)):
        yield lambda: unstructured.is_true(bed.control.api.get(*identity), "Synced")
    bed.processes.until("the provider lets it go", lambda: bed.control.api.get(*identity) is None)


def _placed(bed: Bed, name: str) -> bool:
    return bed.is_true("ModelDeployment", name, "ReplicasScheduled", second_team.NAMESPACE)


def _failures(bed: Bed) -> Counter[tuple[str, str]]:
    """What Crossplane could not compose so far, with how often it said so; without the service that nobody composes."""
    found = bed.control.api.list("v1", "Event")
    hopeless = bed.composite("ModelService", second_team.MODEL_NAME, second_team.NAMESPACE)["metadata"]["uid"]
    return Counter(
        {
            (event["involvedObject"]["uid"], unstructured.text(event, "message")): unstructured.integer(
                event, "count", default=1
            )
            for event in found
            if event.get("reason") == "ComposeResources"
            and event.get("type") == "Warning"
            and event["involvedObject"]["uid"] != hopeless
        }
    )
