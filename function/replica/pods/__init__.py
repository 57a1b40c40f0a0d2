"""The pods of a replica: what the user wrote, and what Modelplane adds, joined by one rule (`merge`).

What is added says `additions`: the pool that the pod is pinned to, the devices that it claims, tolerations,
shared memory, probes, time to terminate, labels, and whatever the topology of its engine needs. What both say
differently and serving needs is a conflict, and `conflicts` puts it into words before anything is composed.
"""

from function.replica.pods.additions import (
    pod_selector,
    spread_constraint,
    tolerations,
)
from function.replica.pods.conflicts import conflicts, warnings
from function.replica.pods.ports import has_other_name
from function.replica.pods.template import pod_templates, with_metadata

__all__ = [
    "conflicts",
    "has_other_name",
    "pod_selector",
    "pod_templates",
    "spread_constraint",
    "tolerations",
    "warnings",
    "with_metadata",
]
