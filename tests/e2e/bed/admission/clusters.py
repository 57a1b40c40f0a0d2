"""Rules of InferenceCluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from function.api import clouds, cluster_sources, identities, patterns
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
from tests.e2e.bed.admission.messages import (
    broken,
    duplicate,
    mismatch,
    required,
    too_long,
    too_many,
    too_short,
    unsupported,
)
from tests.support.api import BLOCKS, changed, cluster, manifest

CLOUDS: Final = tuple(cloud.name for cloud in clouds.CLOUDS)
INFINIBAND: Final[Mapping[str, Any]] = {"fabric": {"type": "InfiniBand"}}
FABRIC: Final[Mapping[str, Any]] = {"infiniband": {"fabric": "fabric-4"}}
RESERVED: Final[Mapping[str, Any]] = {"capacityBlock": {"capacityReservationId": "cr-0123456789abcdef0"}}
EFA: Final[Mapping[str, Any]] = {"fabric": {"type": "EFA"}}

_POOL: Final = "spec.nodePools[0]"
_LOCATION: Final = {"GKE": "region", "EKS": "region", "AKS": "location", "Vultr": "region"}
"""The field that says where a cluster is, of the clouds that have one."""

LEVELS: Final = ("privileged", "baseline", "restricted")

PLACES: Final[Mapping[str, Mapping[str, Any]]] = {
    "Secret": {"secretRef": {"name": "identity"}},
    "InjectedIdentity": {},
    "Environment": {"env": {"name": "IDENTITY"}},
    "Filesystem": {"fs": {"path": "/var/run/identity"}},
    "None": {},
}
"""Where an identity can come from, with the field that says more of it."""

_IDENTITY: Final = "spec.cluster.existing.identity"
_MAKE: Final = "make another InferenceCluster"


def sourced(source: str, **blocks: Any) -> Manifest:
    """A cluster whose source has these blocks."""
    return changed(cluster(), "spec", "cluster", to={"source": source, **blocks})


def existing(**fields: Any) -> Manifest:
    """A cluster that exists."""
    return sourced("Existing", existing={"secretRef": {"name": "kubeconfig"}, **fields})


def identified(kind: str, source: str) -> Manifest:
    """A cluster that exists, reached by an identity."""
    return existing(identity={"type": kind, "source": source, **PLACES[source]})


def block(source: str, **fields: Any) -> Manifest:
    """A cluster that a cloud makes, with some fields of the cloud's block."""
    return changed(cluster(source), "spec", "cluster", source.lower(), to={**BLOCKS[source][source.lower()], **fields})


def tainted(*taints: tuple[str, str]) -> Manifest:
    """A cluster with taints of these keys and effects."""
    return cluster(taints=[{"key": key, "effect": effect} for key, effect in taints])


def poolless(source: str) -> Manifest:
    """A cluster without node pools."""
    return manifest("InferenceCluster", {"cluster": {"source": source, **BLOCKS[source]}}, "east")


SOURCES: Final[tuple[Rule, ...]] = (
    rule(
        "api 1",
        "a Nebius block may be empty, and no other cloud's may",
        accepts(sourced("Nebius", nebius={})),
        *(
            rejects(
                sourced(source, **{source.lower(): {}}),
                *(required(f"spec.cluster.{source.lower()}.{field}") for field in BLOCKS[source][source.lower()]),
            )
            for source in CLOUDS
            if source != "Nebius"
        ),
        rejects(sourced("Existing", existing={}), required("spec.cluster.existing.secretRef")),
    ),
    rule(
        "api 2",
        "a source needs its own block, and others may stand beside it",
        accepts(*(cluster(source) for source in BLOCKS)),
        accepts(sourced("EKS", **BLOCKS["EKS"], **BLOCKS["GKE"], **BLOCKS["Nebius"])),
        *(
            rejects(
                sourced(source), broken("spec.cluster", f"cluster.{source.lower()} is required for source {source}")
            )
            for source in BLOCKS
        ),
        rejects(
            sourced("OVH"),
            unsupported("spec.cluster.source", "OVH", *(source.name for source in cluster_sources.SOURCES)),
        ),
    ),
    rule(
        "api section 2.3",
        "a cluster that exists names the Secret of its kubeconfig, and may name an identity and a storage class",
        accepts(existing(identitySecretRef={"name": "sa"}, cache={"storageClassName": "rwx"})),
        rejects(existing(identitySecretRef={}), required("spec.cluster.existing.identitySecretRef.name")),
        rejects(
            existing(identitySecretRef={"name": "sa", "type": "Password"}),
            unsupported(
                "spec.cluster.existing.identitySecretRef.type",
                "Password",
                *identities.TYPES,
            ),
        ),
        rejects(
            existing(cache={"storageClassName": ""}), too_short("spec.cluster.existing.cache.storageClassName", "")
        ),
    ),
    rule(
        "own",
        "an identity comes from where the providers take its type from, and says where that is",
        *(
            accepts(identified(kind, source))
            if source in sources
            else rejects(
                identified(kind, source),
                broken(_IDENTITY, f"the providers take {kind} from {' or '.join(sources)} only: correct source"),
            )
            for kind, sources in identities.SOURCES.items()
            for source in PLACES
        ),
        *(
            rejects(
                existing(identity={"type": "GoogleApplicationCredentials", "source": source}),
                broken(_IDENTITY, f"{field} goes with source {source}, and it needs one"),
            )
            for source, found in PLACES.items()
            for field in found
        ),
        rejects(
            existing(identity={"type": "UpboundTokens", "source": "Vault"}),
            unsupported(f"{_IDENTITY}.source", "Vault", *PLACES),
        ),
        rejects(
            existing(identity={}),
            required(f"{_IDENTITY}.type"),
            required(f"{_IDENTITY}.source"),
        ),
    ),
    rule(
        "own",
        "an identity is said once, and one that no Secret holds is not said to be in one",
        accepts(existing(identitySecretRef={"name": "sp", "type": "AzureServicePrincipalCredentials"})),
        rejects(
            existing(identitySecretRef={"name": "irsa", "type": "AWSWebIdentityCredentials"}),
            broken(
                "spec.cluster.existing.identitySecretRef",
                "the providers read no AWSWebIdentityCredentials from a Secret: write identity, with this type and "
                "source InjectedIdentity, instead of identitySecretRef",
            ),
        ),
        rejects(
            existing(
                identitySecretRef={"name": "sa"},
                identity={"type": "AWSWebIdentityCredentials", "source": "InjectedIdentity"},
            ),
            broken(
                "spec.cluster.existing",
                "identity and identitySecretRef are two ways to say the same: write one of them",
            ),
        ),
    ),
    rule(
        "api section 5",
        "a version of Kubernetes has 1 to 16 characters, as the cluster that is composed demands",
        accepts(*(block(source, kubernetesVersion="1.36") for source in CLOUDS)),
        *(
            rejects(
                block(source, kubernetesVersion=""),
                too_short(f"spec.cluster.{source.lower()}.kubernetesVersion", ""),
            )
            for source in CLOUDS
        ),
        rejects(block("EKS", kubernetesVersion="1" * 17), too_long("spec.cluster.eks.kubernetesVersion", 16)),
    ),
    rule(
        "design",
        "a GKE cluster may say its project",
        accepts(block("GKE", project="acme-inference")),
        rejects(block("GKE", project=""), too_short("spec.cluster.gke.project", "")),
    ),
    rule(
        "api better 2",
        "the source of a cluster does not change",
        accepts_update(
            sourced("EKS", **BLOCKS["EKS"]),
            sourced("EKS", **BLOCKS["EKS"], **BLOCKS["GKE"]),
            block("EKS", kubernetesVersion="1.37"),
        ),
        rejects_update(
            sourced("EKS", **BLOCKS["EKS"]),
            sourced("GKE", **BLOCKS["EKS"], **BLOCKS["GKE"]),
            broken("spec.cluster.source", f"the source of a cluster cannot be changed: {_MAKE}", "GKE"),
        ),
    ),
    rule(
        "api better 2",
        "where a cluster is does not change",
        *(
            rejects_update(
                cluster(source),
                block(source, **{field: "elsewhere"}),
                broken(
                    f"spec.cluster.{source.lower()}.{field}",
                    f"the {field} of a cluster cannot be changed: {_MAKE}",
                    "elsewhere",
                ),
            )
            for source, field in _LOCATION.items()
        ),
        accepts_update(cluster("GKE"), block("GKE", project="said-later")),
        rejects_update(
            block("GKE", project="one"),
            block("GKE", project="two"),
            broken("spec.cluster.gke.project", f"the project of a cluster cannot be changed: {_MAKE}", "two"),
        ),
    ),
)

TAINTS: Final[tuple[Rule, ...]] = (
    rule(
        "api 16",
        "a key may taint a cluster once with each effect",
        accepts(tainted(("maintenance", "NoSchedule"), ("maintenance", "NoExecute"))),
        rejects(
            tainted(("maintenance", "NoSchedule"), ("maintenance", "NoSchedule")),
            duplicate("spec.taints[1]", effect="NoSchedule", key="maintenance"),
        ),
    ),
    rule(
        "api section 2.3",
        "a taint has a key, and keeps deployments away or drives them out",
        rejects(tainted(("", "NoSchedule")), too_short("spec.taints[0].key", "")),
        rejects(
            tainted(("k", "PreferNoSchedule")),
            unsupported("spec.taints[0].effect", "PreferNoSchedule", "NoSchedule", "NoExecute"),
        ),
        accepts_update(cluster(), tainted(("modelplane.ai/maintenance", "NoExecute"))),
    ),
    rule(
        "api 10.1.14",
        "a snippet with nothing but taints is no cluster",
        rejects(
            manifest("InferenceCluster", {"taints": [{"key": "k", "effect": "NoExecute"}]}, "east"),
            required("spec.cluster"),
        ),
    ),
)

NAMESPACES: Final[tuple[Rule, ...]] = (
    rule(
        "own",
        "a platform team allows namespaces by name, reserves them by pattern, and permits what grants by key",
        accepts(
            cluster(
                namespaces={
                    "allowed": ["default"],
                    "reserved": ["argocd", "argo-*", "*-infra", "*db*"],
                    "podMetadata": ["k8s.v1.cni.cncf.io/networks", "eks.amazonaws.com/*", "aadpodidbinding"],
                    "csiDrivers": ["gcsfuse.csi.storage.gke.io", "secrets-store.*"],
                    "nfsServers": ["files.example.com", "10.0.0.7", "[fd00::7]", "fd00::7"],
                },
            ),
        ),
        accepts(
            *(
                cluster(namespaces={"podSecurity": level, "overrides": [{"name": "trusted", "podSecurity": level}]})
                for level in LEVELS
            ),
        ),
        rejects(
            cluster(namespaces={"podSecurity": "Baseline"}),
            unsupported("spec.namespaces.podSecurity", "Baseline", *LEVELS),
        ),
        rejects(
            cluster(namespaces={"overrides": [{"name": "a", "podSecurity": level} for level in LEVELS[:2]]}),
            duplicate("spec.namespaces.overrides[1]", name="a"),
        ),
        rejects(
            cluster(namespaces={"overrides": [{"name": "a"}]}), required("spec.namespaces.overrides[0].podSecurity")
        ),
        rejects(
            cluster(namespaces={"allowed": ["*-system"]}),
            mismatch("spec.namespaces.allowed[0]", "*-system", patterns.DNS_LABEL),
        ),
        rejects(
            cluster(namespaces={"reserved": ["a*b"]}),
            mismatch("spec.namespaces.reserved[0]", "a*b", patterns.NAMESPACE_PATTERN),
        ),
        rejects(
            cluster(namespaces={"podMetadata": ["*/networks"]}),
            mismatch("spec.namespaces.podMetadata[0]", "*/networks", patterns.KEY_PATTERN),
        ),
        rejects(
            cluster(namespaces={"nfsServers": ["10.0.*"]}),
            mismatch("spec.namespaces.nfsServers[0]", "10.0.*", patterns.SERVER),
        ),
        rejects(
            cluster(namespaces={"reserved": [f"n{number}" for number in range(65)]}),
            too_many("spec.namespaces.reserved", 65, 64),
        ),
    ),
)

STATUS: Final[tuple[Rule, ...]] = (
    rule(
        "api section 2.3",
        "the status publishes at most 8 pools, each with a name of its own and its devices",
        accepts_status(
            cluster(),
            gateway={"address": "198.51.100.1"},
            gpuPools=[{"name": "gpu", "nodes": 2, "devices": [{"name": "gpu", "driver": "gpu.nvidia.com"}]}],
        ),
        rejects_status(
            cluster(),
            {"gpuPools": [{"name": f"p{n}"} for n in range(9)]},
            too_many("status.gpuPools", 9, 8),
        ),
        rejects_status(
            cluster(),
            {"gpuPools": [{"name": "gpu", "devices": [{"name": "gpu"}]}]},
            required("status.gpuPools[0].devices[0].driver"),
        ),
        rejects_status(
            cluster(),
            {"gpuPools": [{"name": "gpu", "devices": [{"name": "gpu", "driver": "d", "claim": "Both"}]}]},
            unsupported("status.gpuPools[0].devices[0].claim", "Both", "DRA", "Synthetic"),
        ),
    ),
)
