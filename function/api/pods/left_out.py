"""What of Kubernetes' PodSpec a pod template does not take, and why.

Fields are named as Kubernetes 1.34 has them; `containers[]` stands for init containers too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_SCHEDULED: Final = "Modelplane chooses the pool, and the cluster's scheduler the node"
_SEVERAL: Final = "an engine's pods are several, and LeaderWorkerSet names those of a gang itself"
_CLASS: Final = "Kubernetes sets it from the class: say priorityClassName or runtimeClassName"
_LINUX: Final = "nodes run Linux"
_YOUNG: Final = "not stable in Kubernetes: an API server may drop it in silence"
_DEVICES: Final = "Modelplane makes the claims, from the member's nodeSelector"
_RESTARTS: Final = "pods of Deployments and LeaderWorkerSets always restart"
_TERMINAL: Final = "nobody is attached to an engine"
_DRIVER: Final = "an old driver within Kubernetes: use csi, or a claim on a volume that a CSI driver made"
_OTHERS: Final = "it would keep pods of other teams off nodes: prefer it, or say it of this namespace alone"
_DISK: Final = "a disk belongs to one node: claim it by persistentVolumeClaim"

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    _SCHEDULED: (
        "nodeName",
        "schedulingGates",
        "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[].matchFields",
        "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[].preference.matchFields",
    ),
    _OTHERS: (
        "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[].namespaces",
        "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[].namespaceSelector",
    ),
    _SEVERAL: ("hostname", "subdomain", "setHostnameAsFQDN"),
    _CLASS: ("priority", "preemptionPolicy", "overhead"),
    _LINUX: ("os", "securityContext.windowsOptions", "containers[].securityContext.windowsOptions"),
    _YOUNG: (
        "hostnameOverride",
        "resources",
        "containers[].env[].valueFrom.fileKeyRef",
        "containers[].lifecycle.stopSignal",
        "containers[].restartPolicyRules",
        "containers[].securityContext.procMount",
        "securityContext.seLinuxChangePolicy",
        "volumes[].projected.sources[].clusterTrustBundle",
        "volumes[].projected.sources[].podCertificate",
        "volumes[].ephemeral.volumeClaimTemplate.spec.dataSourceRef.namespace",
    ),
    _DEVICES: ("resourceClaims", "containers[].resources.claims"),
    _RESTARTS: ("restartPolicy", "activeDeadlineSeconds", "containers[].resizePolicy"),
    "an init container takes it, with the value Always": ("containers[].restartPolicy",),
    "added to a pod that runs, never to a template": ("ephemeralContainers",),
    "an old name of serviceAccountName": ("serviceAccount",),
    _TERMINAL: ("containers[].stdin", "containers[].stdinOnce", "containers[].tty"),
    "only liveness and startup probes may have it": ("containers[].readinessProbe.terminationGracePeriodSeconds",),
    "Kubernetes names the claims of pods, in their namespace": (
        "volumes[].ephemeral.volumeClaimTemplate.metadata.finalizers",
        "volumes[].ephemeral.volumeClaimTemplate.metadata.name",
        "volumes[].ephemeral.volumeClaimTemplate.metadata.namespace",
    ),
    _DISK: ("volumes[].fc", "volumes[].iscsi"),
    _DRIVER: (
        "volumes[].awsElasticBlockStore",
        "volumes[].azureDisk",
        "volumes[].azureFile",
        "volumes[].cephfs",
        "volumes[].cinder",
        "volumes[].flexVolume",
        "volumes[].flocker",
        "volumes[].gcePersistentDisk",
        "volumes[].gitRepo",
        "volumes[].glusterfs",
        "volumes[].photonPersistentDisk",
        "volumes[].portworxVolume",
        "volumes[].quobyte",
        "volumes[].rbd",
        "volumes[].scaleIO",
        "volumes[].storageos",
        "volumes[].vsphereVolume",
    ),
}

LEFT_OUT: Final[Mapping[str, str]] = {field: reason for reason, fields in _FIELDS.items() for field in fields}
"""Why a field is left out, by its path below the spec of a pod."""

_POD: Final = ".template.spec."


def reason_for(path: str) -> str | None:
    """Why an unknown field is left out, if it is one of a pod that Kubernetes knows.

    Args:
        path: The field's path in an object, such as `spec.engines[0].members[0].template.spec.nodeName`.
    """
    _, found, field = path.rpartition(_POD)
    plain = re.sub(r"\[\d+\]", "[]", field).replace("initContainers[]", "containers[]")
    return LEFT_OUT.get(plain) if found and "members[" in path else None
