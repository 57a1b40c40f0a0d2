"""Rules of InferenceCluster about its node pools, most of which depend on where the cluster comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from function.api import patterns
from tests.e2e.bed.admission.case import Rule, accepts, accepts_update, rejects, rejects_update, rule
from tests.e2e.bed.admission.clusters import CLOUDS, EFA, FABRIC, INFINIBAND, RESERVED, poolless
from tests.e2e.bed.admission.messages import (
    above,
    below,
    broken,
    duplicate,
    mismatch,
    required,
    too_few,
    too_long,
    too_many,
    too_short,
)
from tests.support.api import BLOCKS, cluster, pool

_POOL: Final = "spec.nodePools[0]"
_NOT_EKS: Final = tuple(source for source in BLOCKS if source != "EKS")
_AKS_NAME: Final = (
    "the name of a node pool on AKS must be 1 to 12 lower case letters and digits, starting with a letter"
)
_OTHER_CLASS: Final = "the class of a node pool cannot be changed: add a pool with another name and remove this one"


_NO_ZONES: Final[tuple[Mapping[str, Any], ...]] = ({}, {"zones": []})


def _unzoned(name: str = "gpu", /, **fields: Any) -> dict[str, Any]:
    return {"name": name, "className": "l4-1x", **fields}


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "api 3",
        "InfiniBand on Nebius names its fabric, and nowhere else has to",
        accepts(*(cluster(source, pool(**INFINIBAND)) for source in ("GKE", "EKS", "AKS", "Vultr", "Existing"))),
        accepts(cluster("Nebius", pool(fabric={"type": "InfiniBand", **FABRIC}))),
        rejects(
            cluster("Nebius", pool(**INFINIBAND)),
            broken("spec", "fabric.infiniband is required on Nebius for fabric.type InfiniBand"),
        ),
    ),
    rule(
        "api 4",
        "a fabric has no type unless it says one, and only InfiniBand may name a fabric",
        rejects(
            cluster("Nebius", pool(fabric=FABRIC)),
            broken(f"{_POOL}.fabric", "fabric.infiniband may be set only with fabric.type InfiniBand"),
        ),
        rejects(
            cluster("EKS", pool(fabric={"type": "EFA", **FABRIC})),
            broken(f"{_POOL}.fabric", "fabric.infiniband may be set only with fabric.type InfiniBand"),
        ),
    ),
    rule(
        "api section 5",
        "a cluster that Modelplane makes has node pools, and one that exists may have none",
        accepts(poolless("Existing")),
        *(
            rejects(poolless(source), broken("spec", "nodePools is required for a cluster that Modelplane makes"))
            for source in CLOUDS
        ),
    ),
    rule(
        "api section 2.3",
        "a cluster has at most 8 pools, each with a name of its own",
        accepts(cluster("EKS", *(pool(f"p{n}") for n in range(8)))),
        rejects(cluster("EKS", *(pool(f"p{n}") for n in range(9))), too_many("spec.nodePools", 9, 8)),
        rejects(
            {**(existing := cluster("Existing")), "spec": {**existing["spec"], "nodePools": []}},
            too_few("spec.nodePools"),
        ),
        rejects(cluster("EKS", pool("a"), pool("a")), duplicate("spec.nodePools[1]", name="a")),
        rejects(cluster("EKS", {"name": "gpu", "zones": ["a"]}), required(f"{_POOL}.className")),
    ),
    rule(
        "api section 5",
        "pools on GKE and EKS say their zones",
        accepts(*(cluster(source, _unzoned()) for source in ("AKS", "Nebius", "Vultr", "Existing"))),
        *(
            rejects(
                cluster(source, pool("first"), _unzoned(**zones)),
                broken("spec", "zones is required for every node pool on GKE and EKS"),
            )
            for source in ("GKE", "EKS")
            for zones in _NO_ZONES
        ),
        rejects(cluster("EKS", pool(zones=["a"] * 9)), too_many(f"{_POOL}.zones", 9, 8)),
        rejects(cluster("EKS", pool(zones=[""])), too_short(f"{_POOL}.zones[0]", "")),
    ),
    rule(
        "api section 5",
        "a pool on AKS has a short, plain name and at most 3 zones",
        accepts(cluster("AKS", pool("a100pool1234", zones=["1", "2", "3"])), cluster("GKE", pool("a100-pool"))),
        *(
            rejects(cluster("AKS", pool(name)), broken("spec", _AKS_NAME))
            for name in ("a100-pool", "a100pool12345", "1pool")
        ),
        rejects(
            cluster("AKS", pool(zones=["1", "2", "3", "4"])),
            broken("spec", "a node pool on AKS can have at most 3 zones"),
        ),
    ),
    rule(
        "api section 5",
        "a pool on Vultr has at least one node",
        accepts(cluster("EKS", pool(nodeCount=0)), cluster("Vultr", pool(minNodeCount=1, maxNodeCount=2))),
        *(
            rejects(
                cluster("Vultr", pool(**counts)),
                broken("spec", "nodeCount and minNodeCount must be at least 1 on Vultr"),
            )
            for counts in ({"nodeCount": 0}, {"minNodeCount": 0, "maxNodeCount": 2})
        ),
    ),
    rule(
        "api section 5",
        "on Nebius and Vultr a minimum needs a maximum",
        accepts(cluster("Nebius", pool(minNodeCount=1, maxNodeCount=2)), cluster("EKS", pool(minNodeCount=1))),
        *(
            rejects(
                cluster(source, pool(minNodeCount=1)),
                broken("spec", "minNodeCount needs maxNodeCount on Nebius and Vultr"),
            )
            for source in ("Nebius", "Vultr")
        ),
    ),
    rule(
        "api section 5",
        "a pool has at most 1000 nodes",
        accepts(cluster("EKS", pool(nodeCount=1000, minNodeCount=0, maxNodeCount=1000))),
        rejects(cluster("EKS", pool(nodeCount=-1)), below(f"{_POOL}.nodeCount", -1, 0)),
        rejects(cluster("EKS", pool(nodeCount=1001)), above(f"{_POOL}.nodeCount", 1001, 1000)),
        rejects(cluster("EKS", pool(minNodeCount=-1)), below(f"{_POOL}.minNodeCount", -1, 0)),
        rejects(cluster("EKS", pool(maxNodeCount=1001)), above(f"{_POOL}.maxNodeCount", 1001, 1000)),
        rejects(cluster("EKS", pool(nodeCount=0, maxNodeCount=0)), below(f"{_POOL}.maxNodeCount", 0, 1)),
    ),
    rule(
        "api better 1",
        "the size of a pool lies between its bounds",
        accepts(cluster("EKS", pool(minNodeCount=1, nodeCount=2, maxNodeCount=4))),
        rejects(
            cluster("EKS", pool(minNodeCount=2)),
            broken(_POOL, "minNodeCount must not be greater than nodeCount"),
        ),
        rejects(
            cluster("EKS", pool(nodeCount=5, maxNodeCount=4)),
            broken(_POOL, "nodeCount must not be greater than maxNodeCount"),
        ),
    ),
    rule(
        "api better 1",
        "capacity blocks and EFA are for EKS",
        accepts(cluster("EKS", pool(**RESERVED, **EFA))),
        *(
            rejects(cluster(source, pool(**RESERVED)), broken("spec", "capacityBlock may be set only on EKS"))
            for source in _NOT_EKS
        ),
        *(
            rejects(cluster(source, pool(**EFA)), broken("spec", "fabric.type EFA may be set only on EKS"))
            for source in _NOT_EKS
        ),
        rejects(
            cluster("EKS", pool(capacityBlock={"capacityReservationId": "cb-0123"})),
            mismatch(f"{_POOL}.capacityBlock.capacityReservationId", "cb-0123", patterns.CAPACITY_RESERVATION),
        ),
    ),
    rule(
        "api better 3",
        "the name of a pool is a DNS label of 1 to 40 characters, and not system",
        accepts(cluster("EKS", pool("systems")), cluster("EKS", pool("h100-8x")), cluster("EKS", pool("a" * 40))),
        rejects(
            cluster("EKS", pool("system")),
            broken(f"{_POOL}.name", "the pool name system is reserved for the pool that Modelplane adds", "system"),
        ),
        rejects(cluster("EKS", pool("GPU")), mismatch(f"{_POOL}.name", "GPU", patterns.DNS_LABEL)),
        rejects(cluster("EKS", pool("")), too_short(f"{_POOL}.name", "")),
        rejects(cluster("EKS", pool("a" * 41)), too_long(f"{_POOL}.name", 40)),
    ),
    rule(
        "api better 2",
        "pools come and go, and do not change their class",
        accepts_update(
            cluster("EKS", pool("one"), pool("two")),
            cluster("EKS", pool("three", className="h100-8x"), pool("two", nodeCount=4)),
        ),
        rejects_update(
            cluster("EKS", pool("one"), pool("two")),
            cluster("EKS", pool("two", className="h100-8x"), pool("one")),
            broken(f"{_POOL}.className", _OTHER_CLASS, "h100-8x"),
        ),
    ),
    rule(
        "api 10.1.1",
        "a Nebius cluster may say nothing but its source",
        accepts(cluster("Nebius", _unzoned())),
    ),
    rule(
        "api 10.1.7",
        "a pool may start without nodes and grow to one",
        accepts(cluster("Nebius", _unzoned(nodeCount=0, maxNodeCount=1))),
    ),
    rule(
        "api 10.1.8",
        "a capacity block and EFA go together",
        accepts(cluster("EKS", pool("h200", className="h200-8x-efa", nodeCount=2, **RESERVED, **EFA))),
    ),
    rule(
        "api 10.1.11",
        "a GKE cluster may name a class that has no GKE block: the cluster's conditions tell, not admission",
        accepts(cluster("GKE", pool("h100", className="h100-8x-byo"))),
    ),
    rule(
        "api 10.2.5",
        "no cluster needs a system pool",
        accepts(*(cluster(source, pool("gpu")) for source in CLOUDS)),
    ),
)
