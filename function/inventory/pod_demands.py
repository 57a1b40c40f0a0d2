"""What the pods of a workload ask of a cluster beyond what every cluster gives: what a platform team has to permit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from function.api import pod_metadata
from function.api.engines import Engine, PlacedEngine
from function.api.pod_template import PodSpec
from function.inventory.pod_security import SecurityLevel, describe, violations

DEFAULT_ACCOUNT: Final = "default"
"""The service account that every pod has which names none."""


CSI_DRIVER: Final = "volumes[].csi.driver"
NFS_SERVER: Final = "volumes[].nfs.server"
"""The fields in which volumes name storage: no claim stands in between that a quota or a class could refuse."""


@dataclass(frozen=True, slots=True, order=True)
class ClusterName:
    """Something of the cluster that pods name, and that has rights of its own there or leads to storage.

    Attributes:
        field: The field of a pod's spec.
        name: The name.
    """

    field: str
    name: str

    def __str__(self) -> str:
        """Field and name, as a manifest has them."""
        return f"{self.field} {self.name}"


@dataclass(frozen=True, slots=True)
class PodDemands:
    """What pods ask for.

    Attributes:
        keys: Keys of labels and annotations that grant something.
        names: What of the cluster they name.
        violations: What each level of pod security does not admit of them.
    """

    keys: frozenset[str]
    names: tuple[ClusterName, ...]
    violations: Mapping[SecurityLevel, tuple[str, ...]]

    @property
    def level(self) -> SecurityLevel:
        """The strictest level that admits them."""
        return next(level for level in SecurityLevel if not self.violations[level])


def read_demands(engines: Iterable[Engine | PlacedEngine]) -> PodDemands:
    """Read what the pods of engines ask for."""
    keys: set[str] = set()
    names: set[ClusterName] = set()
    found: dict[SecurityLevel, dict[str, None]] = {level: {} for level in SecurityLevel}
    for engine in engines:
        if engine.workload is not None and engine.workload.metadata is not None:
            metadata = engine.workload.metadata
            written = (*metadata.labels.items(), *metadata.annotations.items())
            keys.update(key for key, value in written if pod_metadata.grants(key, value))
        for member in engine.members:
            keys |= member.template.granting
            names.update(_names(member.template.spec))
            template = member.template.plain()
            for level in SecurityLevel:
                found[level].update(dict.fromkeys(describe(violations(template, level))))
    return PodDemands(frozenset(keys), tuple(sorted(names)), {level: tuple(said) for level, said in found.items()})


def _names(spec: PodSpec) -> Iterable[ClusterName]:
    named = {
        "serviceAccountName": spec.service_account_name,
        "priorityClassName": spec.priority_class_name,
        "runtimeClassName": spec.runtime_class_name,
    }
    yield from (ClusterName(field, name) for field, name in named.items() if name and name != DEFAULT_ACCOUNT)
    for volume in spec.volumes:
        if volume.csi is not None:
            yield ClusterName(CSI_DRIVER, volume.csi.driver)
        if volume.nfs is not None:
            yield ClusterName(NFS_SERVER, volume.nfs.server)
