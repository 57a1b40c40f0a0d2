"""Why a cluster did not take a replica: one typed reason per cluster, which carries its own words.

`function.scheduling.diagnosis` sums up the reasons of a whole fleet in one sentence.
"""

from function.scheduling.reasons.base import UnschedulableReason
from function.scheduling.reasons.capacity import EnginesTooLarge, NodesTooSmall, NotEnoughNodes, TooComplex
from function.scheduling.reasons.cluster import (
    BackedOff,
    Denied,
    NoGateway,
    NoNodePools,
    NotPermitted,
    NotReady,
    NotSelected,
    PodsTooPrivileged,
    PoolsUnknown,
    ReservedNamespace,
    Tainted,
    Terminating,
)
from function.scheduling.reasons.devices import ConstraintUnmet, CountTooSmall, NoDevice, SyntheticOnly

__all__ = [
    "BackedOff",
    "ConstraintUnmet",
    "CountTooSmall",
    "Denied",
    "EnginesTooLarge",
    "NoDevice",
    "NoGateway",
    "NoNodePools",
    "NodesTooSmall",
    "NotEnoughNodes",
    "NotPermitted",
    "NotReady",
    "NotSelected",
    "PodsTooPrivileged",
    "PoolsUnknown",
    "ReservedNamespace",
    "SyntheticOnly",
    "Tainted",
    "Terminating",
    "TooComplex",
    "UnschedulableReason",
]
