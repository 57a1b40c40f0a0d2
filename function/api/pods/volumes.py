"""Volumes of a pod, and where its containers mount them."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from function.api import patterns
from function.api.base import Flag, Integer, Model, Rule, Text, between, entries, length, matches
from function.api.pods.claims import ClaimTemplate
from function.api.pods.environment import FieldSelector, ResourceSelector
from function.api.pods.values import (
    AbsolutePath,
    FileMode,
    Key,
    LabelName,
    NodePath,
    PodQuantity,
    PullPolicy,
    RelativePath,
    Word,
    few,
    one_of,
)
from function.api.references import ObjectName

FsType: TypeAlias = Annotated[Text, length(None, 63)]


class KeyToPath(Model):
    """One key as a file."""

    key: Key
    """The key."""

    path: RelativePath
    """Path of the file, below that of the volume."""

    mode: FileMode | None = None
    """Permissions of the file."""


KeyPaths: TypeAlias = Annotated[tuple[KeyToPath, ...], few(64)]


class ClaimVolume(Model):
    """A PersistentVolumeClaim on the inference cluster, in the namespace of the deployment's name."""

    claim_name: ObjectName
    """Name of the claim."""

    read_only: Flag = False
    """Mount it for reading only."""


class ConfigMapFiles(Model):
    """Keys of a ConfigMap as files."""

    name: ObjectName
    """Name of the ConfigMap, in the namespace of the deployment."""

    items: KeyPaths = ()
    """Keys to have; without it each under its own name."""

    optional: Flag = False
    """Start the pod even if it does not exist."""


class ConfigMapVolume(ConfigMapFiles):
    """A ConfigMap as a volume."""

    default_mode: FileMode | None = None
    """Permissions of files for which nothing else is said; without it 420 (rw-r--r--)."""


class SecretFiles(Model):
    """Keys of a Secret as files."""

    name: ObjectName
    """Name of the Secret, in the namespace of the deployment."""

    items: KeyPaths = ()
    """Keys to have; without it each under its own name."""

    optional: Flag = False
    """Start the pod even if it does not exist."""


class SecretVolume(Model):
    """A Secret as a volume."""

    secret_name: ObjectName
    """Name of the Secret, in the namespace of the deployment."""

    items: KeyPaths = ()
    """Keys to have; without it each under its own name."""

    optional: Flag = False
    """Start the pod even if it does not exist."""

    default_mode: FileMode | None = None
    """Permissions of files for which nothing else is said; without it 420 (rw-r--r--)."""


class EmptyDirVolume(Model):
    """An empty folder that goes with the pod."""

    EMPTY_SAYS_SOMETHING = True

    medium: Annotated[Text, length(None, 32), matches(patterns.STORAGE_MEDIUM)] = ""
    """Memory, or pages of the kernel such as HugePages-2Mi; without it the node's disk."""

    size_limit: PodQuantity | None = None
    """How much it may hold."""


class HostPathVolume(Model):
    """A file or folder of the node."""

    path: NodePath
    """Its path."""

    type: (
        Literal["", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"]
        | None
    ) = None
    """What must be there, or is made; without it nothing is checked."""


class PodFieldFile(Model):
    """A field of the pod as a file."""

    RULES = (
        one_of("an item of downwardAPI", ("fieldRef", "resourceFieldRef")),
        Rule(
            "!has(self.resourceFieldRef) || has(self.resourceFieldRef.containerName)",
            "resourceFieldRef of a volume needs containerName",
        ),
    )

    path: RelativePath
    """Path of the file, below that of the volume."""

    field_ref: FieldSelector | None = None
    """A field of the pod."""

    resource_field_ref: ResourceSelector | None = None
    """A request or limit of a container, which must be named."""

    mode: FileMode | None = None
    """Permissions of the file."""


class PodFieldFiles(Model):
    """Fields of the pod as files."""

    EMPTY_SAYS_SOMETHING = True

    items: Annotated[tuple[PodFieldFile, ...], few(32)] = ()
    """The files."""


class PodFieldVolume(PodFieldFiles):
    """Fields of the pod as a volume."""

    default_mode: FileMode | None = None
    """Permissions of files for which nothing else is said; without it 420 (rw-r--r--)."""


class TokenFile(Model):
    """A token of the pod's service account as a file."""

    path: RelativePath
    """Path of the file, below that of the volume."""

    audience: Word = ""
    """Who may accept the token; without it the API server."""

    expiration_seconds: Annotated[Integer, between(600, 2**32)] | None = None
    """How long a token is valid; without it 3600."""


class ProjectedSource(Model):
    """A part of a projected volume."""

    RULES = (one_of("a projected source", ("secret", "configMap", "downwardAPI", "serviceAccountToken")),)

    secret: SecretFiles | None = None
    """Keys of a Secret."""

    config_map: ConfigMapFiles | None = None
    """Keys of a ConfigMap."""

    downward_api: PodFieldFiles | None = Field(default=None, alias="downwardAPI")
    """Fields of the pod."""

    service_account_token: TokenFile | None = None
    """A token of the pod's service account."""


class ProjectedVolume(Model):
    """Several sources in one folder."""

    EMPTY_SAYS_SOMETHING = True

    sources: Annotated[tuple[ProjectedSource, ...], few(16)] = ()
    """The sources."""

    default_mode: FileMode | None = None
    """Permissions of files for which nothing else is said; without it 420 (rw-r--r--)."""


class SecretName(Model):
    """A Secret by its name."""

    name: ObjectName
    """Name of the Secret, in the namespace of the deployment."""


class CsiVolume(Model):
    """A volume that a CSI driver of the cluster makes for the pod."""

    driver: Annotated[Text, length(1, 63)]
    """Name of the driver."""

    read_only: Flag = False
    """Mount it for reading only."""

    fs_type: FsType | None = None
    """File system."""

    volume_attributes: Annotated[dict[str, Annotated[Text, length(None, 4096)]], entries(32)] = Field(
        default_factory=dict
    )
    """What the driver is told."""

    node_publish_secret_ref: SecretName | None = None
    """A Secret that the driver is given."""


class EphemeralVolume(Model):
    """A claim that is made for each pod and goes with it."""

    volume_claim_template: ClaimTemplate
    """The claim."""


class NfsVolume(Model):
    """A folder of an NFS server."""

    server: Annotated[Text, length(1, 253)]
    """Host or address of the server."""

    path: AbsolutePath
    """Path that it exports."""

    read_only: Flag = False
    """Mount it for reading only."""


class ImageVolume(Model):
    """The files of an image, for reading only."""

    reference: Annotated[Text, length(1, 1024)]
    """The image."""

    pull_policy: PullPolicy | None = None
    """When it is pulled; without it always if its tag is `latest`, else if it is not there."""


_SOURCES: Final = (
    "persistentVolumeClaim",
    "configMap",
    "secret",
    "emptyDir",
    "hostPath",
    "projected",
    "downwardAPI",
    "csi",
    "ephemeral",
    "nfs",
    "image",
)


class PodVolume(Model):
    """A volume of the pod."""

    RULES = (one_of("a volume", _SOURCES),)

    name: LabelName
    """Name, by which containers mount it."""

    persistent_volume_claim: ClaimVolume | None = None
    """A claim on the inference cluster."""

    config_map: ConfigMapVolume | None = None
    """A ConfigMap."""

    secret: SecretVolume | None = None
    """A Secret."""

    empty_dir: EmptyDirVolume | None = None
    """An empty folder that goes with the pod."""

    host_path: HostPathVolume | None = None
    """A file or folder of the node."""

    projected: ProjectedVolume | None = None
    """Several sources in one folder."""

    downward_api: PodFieldVolume | None = Field(default=None, alias="downwardAPI")
    """Fields of the pod."""

    csi: CsiVolume | None = None
    """A volume that a CSI driver makes for the pod."""

    ephemeral: EphemeralVolume | None = None
    """A claim that is made for the pod."""

    nfs: NfsVolume | None = None
    """A folder of an NFS server."""

    image: ImageVolume | None = None
    """The files of an image."""


class VolumeMount(Model):
    """Where a container sees a volume."""

    RULES = (
        Rule("!has(self.subPath) || !has(self.subPathExpr)", "of subPath and subPathExpr only one may be set"),
        Rule(
            "!has(self.recursiveReadOnly) || self.recursiveReadOnly == 'Disabled'"
            " || (has(self.readOnly) && self.readOnly"
            " && (!has(self.mountPropagation) || self.mountPropagation == 'None'))",
            "recursiveReadOnly needs readOnly: true, and no mountPropagation",
        ),
    )

    name: LabelName
    """Name of the volume."""

    mount_path: AbsolutePath
    """Path in the container."""

    read_only: Flag = False
    """Mount it for reading only."""

    recursive_read_only: Literal["Disabled", "IfPossible", "Enabled"] | None = None
    """Whether what is mounted below it is for reading only too."""

    sub_path: RelativePath | None = None
    """Path within the volume, instead of its root."""

    sub_path_expr: RelativePath | None = None
    """Like `subPath`, with variables of the container as `$(NAME)`."""

    mount_propagation: Literal["None", "HostToContainer", "Bidirectional"] | None = None
    """Whether mounts that are made later are seen; without it they are not."""


class VolumeDevice(Model):
    """Where a container sees a volume that is a block device."""

    name: LabelName
    """Name of the volume."""

    device_path: AbsolutePath
    """Path of the device in the container."""
