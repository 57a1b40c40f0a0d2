"""Rules of ModelReplica beside those of its engines."""

from __future__ import annotations

from typing import Any, Final

from function.api import patterns
from function.composition import Manifest
from tests.e2e.bed.admission.case import (
    Rule,
    accepts,
    accepts_status,
    accepts_update,
    rejects,
    rejects_status,
    rejects_update,
    rule,
)
from tests.e2e.bed.admission.engine_forms import PLACED
from tests.e2e.bed.admission.messages import (
    broken,
    duplicate,
    mismatch,
    required,
    too_few,
    too_short,
    unknown,
    unsupported,
)
from tests.support.api import changed, placed, replica

_INSTEAD: Final = "change its ModelDeployment, which makes another replica"
_ENGINES: Final = f"what a replica runs cannot be changed: {_INSTEAD}"
_FIRST: Final = PLACED.first


def of(**fields: Any) -> Manifest:
    """A replica whose only member has these fields."""
    return PLACED.members(placed(**fields))


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "api 23",
        "requests for devices are absent or some, and some member has them",
        accepts(PLACED.members(placed("Leader", claims=False), placed("Worker"))),
        rejects(
            PLACED.members(placed("Leader", claims=False, deviceRequests=[]), placed("Worker")),
            too_few(f"{_FIRST}.deviceRequests"),
        ),
        rejects(
            PLACED.members(placed("Leader", claims=False), placed("Worker", claims=False)),
            broken(
                "spec.engines[0]", "at least one member of an engine needs deviceRequests, unless its role is Router"
            ),
        ),
    ),
    rule(
        "api section 3.2",
        "a replica is pinned to a cluster, and each member to a pool",
        rejects(replica(clusterName=""), too_short("spec.clusterName", "")),
        rejects(of(nodePoolName=""), too_short(f"{_FIRST}.nodePoolName", "")),
        rejects(
            PLACED.members({key: value for key, value in placed().items() if key != "nodePoolName"}),
            required(f"{_FIRST}.nodePoolName"),
        ),
    ),
    rule(
        "own",
        "names of resources have at most 317 characters",
        accepts(of(resources={"requests": {"r" * 317: "1"}})),
        rejects(
            of(resources={"requests": {"r" * 318: "1"}}),
            broken(f"{_FIRST}.resources", "names of resources must have at most 317 characters"),
        ),
    ),
    rule(
        "api section 3.2",
        "a request for devices names its DeviceClass, and may have no selectors",
        accepts(of(deviceRequests=[{"name": "gpu", "deviceClassName": "gpu.nvidia.com", "selectors": []}])),
        rejects(of(deviceRequests=[{"name": "gpu"}]), required(f"{_FIRST}.deviceRequests[0].deviceClassName")),
        rejects(
            of(deviceRequests=[{"name": "gpu", "deviceClassName": "gpu.nvidia.com"}] * 2),
            duplicate(f"{_FIRST}.deviceRequests[1]", name="gpu"),
        ),
    ),
    rule(
        "api section 3.2",
        "what is a deployment's to say cannot be said of a replica",
        *(
            rejects(changed(replica(), "spec", field, to={}), unknown(f"spec.{field}"))
            for field in ("clusterSelector", "tolerations", "replicas", "rollout")
        ),
        rejects(of(nodeSelector={"devices": []}), unknown(f"{_FIRST}.nodeSelector")),
    ),
    rule(
        "design fields",
        "a member tolerates taints of nodes, and requests what it needs beside devices",
        accepts(
            of(tolerations=[{"key": "k", "effect": "PreferNoSchedule"}, {"operator": "Exists"}]),
            of(resources={"requests": {"cpu": "8", "memory": "64Gi"}}),
        ),
        rejects(
            of(tolerations=[{}]),
            broken(f"{_FIRST}.tolerations[0]", "a toleration with operator Equal, which is the default, needs a key"),
        ),
        rejects(
            of(tolerations=[{"operator": "Exists", "value": "x"}]),
            broken(f"{_FIRST}.tolerations[0]", "a toleration with operator Exists must not have a value"),
        ),
        rejects(
            of(resources={"requests": {"cpu": "many"}}),
            mismatch(f"{_FIRST}.resources.requests.cpu", "many", patterns.QUANTITY),
        ),
    ),
    rule(
        "design, immutable",
        "the cluster of a replica does not change",
        rejects_update(
            replica(),
            replica(clusterName="eks-us-west"),
            broken("spec.clusterName", f"the cluster of a replica cannot be changed: {_INSTEAD}", "eks-us-west"),
        ),
    ),
    rule(
        "design, immutable",
        "what a replica runs does not change, in any part",
        accepts_update(replica(), replica(), changed(replica(), "spec", "engines", 0, "copies", to=1)),
        *(
            rejects_update(replica(), new, broken("spec.engines", _ENGINES))
            for new in (
                changed(replica(), "spec", "engines", 0, "copies", to=2),
                changed(replica(), "spec", "engines", 0, "name", to="other"),
                replica(engines=[PLACED.engine(), PLACED.engine("second")]),
                of(nodePoolName="h100"),
                of(resources={"requests": {"cpu": "8"}}),
                PLACED.container(image="vllm/vllm-openai:v0.24.0"),
                PLACED.container(args=["--max-model-len=32768"]),
                PLACED.metadata(labels={"app": "qwen"}),
            )
        ),
    ),
    rule(
        "design, immutable",
        "how requests reach a replica may still be said",
        accepts_update(replica(), replica(serving={"mode": "Unified"}), replica(serving={"picker": "Disabled"})),
    ),
    rule(
        "design fields",
        "the status tells since when a replica serves, its path, and what runs for each engine",
        accepts_status(
            replica(),
            servingSince="2026-01-02T03:04:05Z",
            path="/ml-team/qwen-demo",
            engines=[{"name": "qwen", "kind": "Deployment", "workload": "qwen-demo", "desired": 1, "ready": 0}],
        ),
        rejects_status(
            replica(),
            {"servingSince": "today"},
            broken("status.servingSince", 'servingSince in body must be of type date-time: "today"', "today"),
        ),
        rejects_status(
            replica(),
            {"engines": [{"name": "qwen", "kind": "Pod"}]},
            unsupported("status.engines[0].kind", "Pod", "Deployment", "LeaderWorkerSet"),
        ),
    ),
)
