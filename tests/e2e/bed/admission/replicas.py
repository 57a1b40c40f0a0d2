"""Rules of ModelReplica beside those of its engines."""

from __future__ import annotations

from typing import Any, Final

from function.api import patterns
from function.composition import Manifest
from tests.e2e.bed.admission.case import Rule, may_become, may_not_become, no, no_status, rule, status, yes
from tests.e2e.bed.admission.ways import PLACED
from tests.e2e.bed.admission.words import (
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
        yes(PLACED.members(placed("Leader", claims=False), placed("Worker"))),
        no(
            PLACED.members(placed("Leader", claims=False, deviceRequests=[]), placed("Worker")),
            too_few(f"{_FIRST}.deviceRequests"),
        ),
        no(
            PLACED.members(placed("Leader", claims=False), placed("Worker", claims=False)),
            broken("spec.engines[0]", "at least one member of an engine needs deviceRequests"),
        ),
    ),
    rule(
        "api section 3.2",
        "a replica is pinned to a cluster, and each member to a pool",
        no(replica(clusterName=""), too_short("spec.clusterName", "")),
        no(of(nodePoolName=""), too_short(f"{_FIRST}.nodePoolName", "")),
        no(
            PLACED.members({key: value for key, value in placed().items() if key != "nodePoolName"}),
            required(f"{_FIRST}.nodePoolName"),
        ),
    ),
    rule(
        "own",
        "names of resources have at most 317 characters",
        yes(of(resources={"requests": {"r" * 317: "1"}})),
        no(
            of(resources={"requests": {"r" * 318: "1"}}),
            broken(f"{_FIRST}.resources", "names of resources must have at most 317 characters"),
        ),
    ),
    rule(
        "api section 3.2",
        "a request for devices names its DeviceClass, and may have no selectors",
        yes(of(deviceRequests=[{"name": "gpu", "deviceClassName": "gpu.nvidia.com", "selectors": []}])),
        no(of(deviceRequests=[{"name": "gpu"}]), required(f"{_FIRST}.deviceRequests[0].deviceClassName")),
        no(
            of(deviceRequests=[{"name": "gpu", "deviceClassName": "gpu.nvidia.com"}] * 2),
            duplicate(f"{_FIRST}.deviceRequests[1]", name="gpu"),
        ),
    ),
    rule(
        "api section 3.2",
        "what is a deployment's to say cannot be said of a replica",
        *(
            no(changed(replica(), "spec", field, to={}), unknown(f"spec.{field}"))
            for field in ("clusterSelector", "tolerations", "replicas", "rollout")
        ),
        no(of(nodeSelector={"devices": []}), unknown(f"{_FIRST}.nodeSelector")),
    ),
    rule(
        "design fields",
        "a member tolerates taints of nodes, and requests what it needs beside devices",
        yes(
            of(tolerations=[{"key": "k", "effect": "PreferNoSchedule"}, {"operator": "Exists"}]),
            of(resources={"requests": {"cpu": "8", "memory": "64Gi"}}),
        ),
        no(
            of(tolerations=[{}]),
            broken(f"{_FIRST}.tolerations[0]", "a toleration with operator Equal, which is the default, needs a key"),
        ),
        no(
            of(tolerations=[{"operator": "Exists", "value": "x"}]),
            broken(f"{_FIRST}.tolerations[0]", "a toleration with operator Exists must not have a value"),
        ),
        no(
            of(resources={"requests": {"cpu": "many"}}),
            mismatch(f"{_FIRST}.resources.requests.cpu", "many", patterns.QUANTITY),
        ),
    ),
    rule(
        "design, immutable",
        "the cluster of a replica does not change",
        may_not_become(
            replica(),
            replica(clusterName="eks-us-west"),
            broken("spec.clusterName", f"the cluster of a replica cannot be changed: {_INSTEAD}", "eks-us-west"),
        ),
    ),
    rule(
        "design, immutable",
        "what a replica runs does not change, in any part",
        may_become(replica(), replica(), changed(replica(), "spec", "engines", 0, "copies", to=1)),
        *(
            may_not_become(replica(), new, broken("spec.engines", _ENGINES))
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
        may_become(replica(), replica(serving={"mode": "Unified"}), replica(serving={"picker": "Disabled"})),
    ),
    rule(
        "design fields",
        "the status tells since when a replica serves, its path, and what runs for each engine",
        status(
            replica(),
            servingSince="2026-01-02T03:04:05Z",
            path="/ml-team/qwen-demo",
            engines=[{"name": "qwen", "kind": "Deployment", "workload": "qwen-demo", "desired": 1, "ready": 0}],
        ),
        no_status(
            replica(),
            {"servingSince": "today"},
            broken("status.servingSince", 'servingSince in body must be of type date-time: "today"', "today"),
        ),
        no_status(
            replica(),
            {"engines": [{"name": "qwen", "kind": "Pod"}]},
            unsupported("status.engines[0].kind", "Pod", "Deployment", "LeaderWorkerSet"),
        ),
    ),
)
