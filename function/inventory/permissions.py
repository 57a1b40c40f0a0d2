"""What a platform team has said of namespaces and of pods on a cluster: one decision for all who ask.

Every kind asks here whether something of a namespace may be made on a cluster, and whether pods may have
a label or annotation that grants them something. The answer is about what is new: whatever is on a
cluster already stays there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from function.api import labels
from function.composition import Object, unstructured
from function.inventory.pod_demands import CSI_DRIVER, NFS_SERVER, ClusterName
from function.inventory.pod_security import SecurityLevel, read_level

_ANY: Final = "*"
_LISTS: Final[Mapping[str, str]] = {
    "serviceAccountName": "serviceAccounts",
    "priorityClassName": "priorityClasses",
    "runtimeClassName": "runtimeClasses",
    CSI_DRIVER: "csiDrivers",
    NFS_SERVER: "nfsServers",
}
"""The list below `spec.namespaces` of a cluster that permits what a field of a pod names."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a cluster allows and forbids beside what holds on all.

    Attributes:
        allowed: Reserved namespaces that models may have.
        reserved: Further namespaces that they may not have; with `*` at either end for any characters.
        pod_metadata: Keys of labels and annotations that pods may have although they grant something; with
            `*` at the end for any characters.
        named: By the list that permits it, names of what pods may name of the cluster; likewise with `*`.
        pod_security: The level that pods keep to.
        overrides: Namespaces with another level, with that.
    """

    allowed: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    pod_metadata: tuple[str, ...] = ()
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()
    pod_security: SecurityLevel = SecurityLevel.BASELINE
    overrides: tuple[tuple[str, SecurityLevel], ...] = ()

    def reserve(self, namespace: str) -> bool:
        """Tell whether nothing of a namespace may be made on the cluster."""
        if labels.is_system_namespace(namespace) or any(_matches(namespace, pattern) for pattern in self.reserved):
            return True
        return labels.is_reserved_namespace(namespace) and namespace not in self.allowed

    def withheld(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Of keys that grant something to pods, find those that pods may not have here."""
        return tuple(sorted(key for key in keys if not any(_matches(key, pattern) for pattern in self.pod_metadata)))

    def withheld_names(self, names: Iterable[ClusterName]) -> tuple[ClusterName, ...]:
        """Of what pods name of the cluster, find what they may not name here."""
        permitted = dict(self.named)
        return tuple(
            name
            for name in sorted(names)
            if not any(_matches(name.name, pattern) for pattern in permitted.get(list_of(name), ()))
        )

    def level_of(self, namespace: str) -> SecurityLevel:
        """The level of pod security that the pods of a namespace keep to."""
        return next((level for name, level in self.overrides if name == namespace), self.pod_security)


def list_of(name: ClusterName) -> str:
    """The list below `spec.namespaces` of a cluster that permits a name."""
    return _LISTS[name.field]


def permissions_of(cluster: Object | None) -> Permissions:
    """Read what an InferenceCluster allows; what cannot be read allows and forbids nothing."""
    namespaces = unstructured.mapping(cluster, "spec", "namespaces")
    if not namespaces:
        return NONE
    overrides = (
        (unstructured.text(entry, "name"), read_level(unstructured.text(entry, "podSecurity")))
        for entry in unstructured.items(namespaces, "overrides")
    )
    level = read_level(unstructured.text(namespaces, "podSecurity"))
    named = ((field, _texts(namespaces.get(field))) for field in _LISTS.values())
    return Permissions(
        allowed=_texts(namespaces.get("allowed")),
        reserved=_texts(namespaces.get("reserved")),
        pod_metadata=_texts(namespaces.get("podMetadata")),
        named=tuple((field, names) for field, names in named if names),
        pod_security=SecurityLevel.BASELINE if level is None else level,
        overrides=tuple((name, level) for name, level in overrides if level is not None),
    )


NONE = Permissions()
"""What a cluster allows whose platform team has said nothing."""


def _matches(text: str, pattern: str) -> bool:
    """Tell whether a text matches a pattern, which has `*` at its ends alone."""
    core = pattern.strip(_ANY)
    match pattern.startswith(_ANY), pattern.endswith(_ANY):
        case True, True:
            return core in text
        case True, False:
            return text.endswith(core)
        case False, True:
            return text.startswith(core)
        case _:
            return text == core


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list | tuple) else ()
