"""The identity of a replica, and the names of everything that it has on its cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from function.api import labels
from function.composition import Observation, names, unstructured
from function.composition.gateway_address import replica_path

_CUT: Final = names.DNS_LABEL - len("-01234567")
"""How many characters of what a name shows are left beside its hash."""


@dataclass(frozen=True, slots=True, order=True)
class ConfigSource:
    """A Secret or ConfigMap that pods refer to, in the namespace of their replica.

    Attributes:
        kind: `Secret` or `ConfigMap`.
        name: Its name.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class ReplicaIdentity:
    """The identity of a replica, from which everything on its cluster is named and labelled.

    Attributes:
        namespace: Its namespace, on the control plane and on its cluster.
        name: Its name.
        deployment: The deployment that it belongs to; empty for one written by hand.
        cache: The ModelCache whose weights it mounts; empty for none.
        copy_names: The names of its copies of Secrets and ConfigMaps that its pods refer to.
        routed: The engines that its Router passes requests on to, with the port of each; empty without a Router.
    """

    namespace: str
    name: str
    deployment: str = ""
    cache: str = ""
    copy_names: Mapping[ConfigSource, str] = field(default_factory=dict)
    routed: Mapping[str, int] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path below the gateway of its cluster that reaches it."""
        return replica_path(self.namespace, self.name)

    @property
    def service(self) -> str:
        """The name of its Service and its HTTPRoute on the cluster."""
        if re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", self.name):
            return self.name
        return names.name(self.name, names.DNS_LABEL, "ModelReplica", self.namespace, self.name)

    def served_by(self, engine: str) -> str:
        """The value of the label `modelplane.ai/serving` on an engine's pods, which says who sends them requests."""
        return engine_service_name(self, engine) if engine in self.routed else self.name

    @property
    def object_labels(self) -> dict[str, str]:
        """The labels of all its Objects."""
        return {labels.REPLICA: self.service}


def read_replica_identity(seen: Observation, cache: str) -> ReplicaIdentity:
    """Read the identity of a ModelReplica."""
    return ReplicaIdentity(
        seen.namespace, seen.name, unstructured.labels(seen.composite).get(labels.DEPLOYMENT, ""), cache
    )


def deployment_name(replica: ReplicaIdentity, engine: str) -> str:
    """Name the Deployment of an engine; never the replica's own name, which its Service has."""
    return names.name(f"{replica.name}-{engine}", names.DNS_LABEL, *_engine(replica, engine))


def gang_name(replica: ReplicaIdentity, engine: str) -> str:
    """Name the LeaderWorkerSet of an engine, whose headless Service gets the same name.

    Its pods and their labels are named after it, which leaves it fewer characters.
    """
    return names.name(f"{replica.name}-{engine}", names.LEADER_WORKER_SET, *_engine(replica, engine))


def engine_service_name(replica: ReplicaIdentity, engine: str) -> str:
    """Name the Service by which a Router finds an engine; never that of a gang, whose own Service has its name."""
    identity = ("EngineService", replica.namespace, replica.name, engine)
    return names.name(f"{replica.name}-{engine}", names.DNS_LABEL, *identity)


def claim_template_name(replica: ReplicaIdentity, engine: str, role: str) -> str:
    """Name the claim template of a member."""
    return names.name(f"{replica.name}-{engine}", names.DNS_LABEL, *_engine(replica, engine), role)


def pool_name(replica: ReplicaIdentity) -> str:
    """Name the pool of the pods that answer requests."""
    return names.name(f"{replica.name}-pool", names.DNS_LABEL, "InferencePool", replica.namespace, replica.name)


def picker_name(replica: ReplicaIdentity) -> str:
    """Name the endpoint picker and all that belongs to it."""
    return names.name(f"{replica.name}-epp", names.DNS_LABEL, "EndpointPicker", replica.namespace, replica.name)


def is_picker_name(name: str) -> bool:
    """Tell whether a name is one that an endpoint picker may have, of whichever replica.

    Of a long name the end is cut off, `-epp` with it; a dash where it is cut goes too.
    """
    return re.fullmatch(rf"(.*-epp|.{{{_CUT - 1},{_CUT}}})-[0-9a-f]{{8}}", name) is not None


def claim_name(namespace: str, cache: str) -> str:
    """Name the volume claim that holds the weights of a ModelCache."""
    return names.name(cache, names.DNS_LABEL, "ModelCache", namespace, cache)


def copy_name(namespace: str, replica: str, source: ConfigSource) -> str:
    """Name a replica's copy of a Secret or ConfigMap."""
    return names.name(f"{replica}-{source.name}", names.DNS_LABEL, source.kind, namespace, replica, source.name)


def _engine(replica: ReplicaIdentity, engine: str) -> tuple[str, ...]:
    return ("Engine", replica.namespace, replica.name, engine)
