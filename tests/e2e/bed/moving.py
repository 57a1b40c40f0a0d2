"""Deployments whose replicas move while the other tests go on, each on GPUs of a kind of its own.

Two roll out, with and without free nodes; two are drained, with and without another place; two
ask for the same node. What serves each of them is watched all the time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from function.composition import Manifest, unstructured
from tests.e2e.bed import pools
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.pools import Pool
from tests.e2e.bed.traffic import OK, Traffic, ask
from tests.e2e.bed.watch import Watch

NAMESPACE: Final = "moving"
DRAINED: Final = "osl-1"
"""The cluster that is drained."""


@dataclass(frozen=True, slots=True)
class MovingDeployment:
    """A deployment that moves, with a service of the same name.

    Attributes:
        name: Its name, and that of its kind of GPU.
        replicas: How many it has.
        nodes: How many nodes of that kind each cluster has.
        least: How many of its replicas have to serve at any time.
    """

    name: str
    replicas: int
    nodes: Mapping[str, int]
    least: int

    @property
    def pools(self) -> list[Pool]:
        """Its node pools."""
        return [Pool(cluster, self.name, nodes, self.name) for cluster, nodes in self.nodes.items()]


SURGING: Final = MovingDeployment("surging", 2, {"ams-1": 4}, least=2)
"""Rolls out with a node for each successor."""

CRAMPED: Final = MovingDeployment("cramped", 2, {"ams-1": 2}, least=1)
"""Rolls out with no node but its own."""

MOVABLE: Final = MovingDeployment("movable", 1, {DRAINED: 1}, least=1)
"""Is drained, and has a place elsewhere."""

ELSEWHERE: Final = Pool("ams-1", MOVABLE.name, 1, MOVABLE.name)
"""That place. It comes when all serve: whoever is asked for early is placed on the cluster that is Ready first."""

STUCK: Final = MovingDeployment("stuck", 1, {DRAINED: 1}, least=1)
"""Is drained, and has no other place."""

MOVING_DEPLOYMENTS: Final = (SURGING, CRAMPED, MOVABLE, STUCK)

RIVALS: Final = ("rival-a", "rival-b")
ARENA: Final = Pool("ams-1", "arena", 1, "arena")
"""The node that two deployments ask for."""

_POOLS: Final = (ARENA, *(pool for moved in MOVING_DEPLOYMENTS for pool in moved.pools))


@dataclass(slots=True)
class Moving:
    """All of them, on their way.

    Attributes:
        bed: Where they run.
        began: When each began to move, by `time.time`.
        watch: What served each of them, over time.
        traffic: The requests to each of them.
        first: The pods of each before it moved.
    """

    bed: Bed
    watch: Watch
    traffic: dict[str, Traffic] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    first: dict[str, frozenset[str]] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def deployment(self, name: str) -> Manifest:
        """A deployment."""
        return self.bed.composite("ModelDeployment", name, NAMESPACE)

    def reason(self, name: str, condition: str) -> str:
        """The reason of a deployment's condition."""
        return unstructured.text(unstructured.condition(self.deployment(name), condition), "reason")

    def revisions(self, name: str) -> list[tuple[int, int]]:
        """How many replicas run and serve each revision of a deployment."""
        found = unstructured.items(self.deployment(name), "status", "revisions")
        return [(revision["replicas"], revision["serving"]) for revision in found]

    @property
    def under_way(self) -> set[str]:
        """The deployments that move at this moment."""
        return {moved.name for moved in MOVING_DEPLOYMENTS if moved.name in self.began and not self.seconds(moved)}

    def seconds(self, moved: MovingDeployment) -> float:
        """How long a deployment took to move: until new pods alone served it. 0 while it has not."""
        for sample in self.watch.samples:
            pods, serving = (found.get(moved.name, frozenset()) for found in (sample.pods, sample.serving))
            if len(pods) == len(serving) == moved.replicas and not pods & self.first[moved.name]:
                return sample.at - self.began[moved.name]
        return 0

    def start(self) -> None:
        """Once everything serves, have it move."""
        self.bed.processes.until("everything that is to move serves", self._all_serve, 180)
        urls = {moved.name: self._url(moved) for moved in MOVING_DEPLOYMENTS}
        if self.bed.isolated:
            self.bed.processes.until("it answers", lambda: all(ask(url).status == OK for url in urls.values()))
        pools.add(self.bed, ELSEWHERE)
        self.watch.start()
        self.bed.processes.until("it is watched", lambda: self.watch.samples)
        for moved in MOVING_DEPLOYMENTS:
            sent = Traffic(urls[moved.name], sends=self.bed.isolated)
            self.traffic[moved.name] = self._stack.enter_context(sent)
            self.first[moved.name] = self.watch.latest.pods[moved.name]
        for moved in (SURGING, CRAMPED):
            deployment = self.deployment(moved.name)
            (engine,) = deployment["spec"]["engines"]
            engine["members"][0]["template"]["spec"]["containers"][0]["args"].append("--max-num-seqs=64")
            self.bed.control.api.patch(deployment, {"spec": {"engines": [engine]}})
            self.began[moved.name] = time.time()
        self.bed.processes.until("there is a place elsewhere", self._place_elsewhere)
        taint(self.bed, {"key": "example.com/maintenance", "effect": "NoExecute"})
        self.began[MOVABLE.name] = self.began[STUCK.name] = time.time()
        self.bed.control.kubectl.apply_objects(pools.deployment(name, 1, NAMESPACE, ARENA.product) for name in RIVALS)

    def stop(self) -> None:
        """Send and watch no more."""
        self._stack.close()
        self.watch.stop()

    def clear(self) -> None:
        """Take the pools away, when nothing is on them any more."""
        pools.remove(self.bed, *_POOLS, ELSEWHERE)

    def _url(self, moved: MovingDeployment) -> str:
        service = self.bed.composite("ModelService", moved.name, NAMESPACE)
        return f"{unstructured.text(service, 'status', 'address')}/v1/models"

    def _place_elsewhere(self) -> bool:
        cluster = self.bed.composite("InferenceCluster", ELSEWHERE.cluster)
        return any(pool["name"] == ELSEWHERE.name for pool in unstructured.items(cluster, "status", "gpuPools"))

    def _all_serve(self) -> bool:
        return all(
            unstructured.dig(self.deployment(moved.name), "status", "replicas", "ready") == moved.replicas
            and len(self.watch.look().serving.get(moved.name, ())) == moved.replicas
            for moved in MOVING_DEPLOYMENTS
        )


def arrange(bed: Bed) -> Moving:
    """Ask for everything that is to move."""
    pools.add(bed, *_POOLS)
    bed.control.kubectl.apply_objects(_manifests())
    return Moving(bed, Watch(bed, NAMESPACE))


def taint(bed: Bed, *taints: Mapping[str, str]) -> None:
    """Give the cluster taints, in place of those that it has."""
    bed.control.api.patch(bed.composite("InferenceCluster", DRAINED), {"spec": {"taints": [*taints]}})


def _manifests() -> Iterator[Manifest]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    for moved in MOVING_DEPLOYMENTS:
        yield pools.deployment(moved.name, moved.replicas, NAMESPACE, moved.name)
        yield pools.service(moved.name, NAMESPACE)
