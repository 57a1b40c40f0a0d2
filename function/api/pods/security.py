"""What pods and containers may do on their node."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from function.api.base import Flag, Model, Rule, Text, length
from function.api.pods.values import Id, RelativePath, Word, few

ProfileType: TypeAlias = Literal["RuntimeDefault", "Localhost", "Unconfined"]
Capability: TypeAlias = Annotated[Text, length(1, 63)]

_LOCALHOST = Rule(
    "(self.type == 'Localhost') == has(self.localhostProfile)",
    "localhostProfile must be set if type is Localhost, and only then",
)


class SeLinuxOptions(Model):
    """A label of SELinux."""

    user: Word = ""
    """User part of the label."""

    role: Word = ""
    """Role part of the label."""

    type: Word = ""
    """Type part of the label."""

    level: Word = ""
    """Level part of the label."""


class SeccompProfile(Model):
    """Which system calls are possible."""

    RULES = (_LOCALHOST,)

    type: ProfileType
    """RuntimeDefault is the container runtime's profile, Localhost a file on the node."""

    localhost_profile: RelativePath | None = None
    """The file, below the kubelet's folder of seccomp profiles."""


class AppArmorProfile(Model):
    """A profile of AppArmor."""

    RULES = (_LOCALHOST,)

    type: ProfileType
    """RuntimeDefault is the container runtime's profile, Localhost one that is loaded on the node."""

    localhost_profile: Annotated[Text, length(1, 4095)] | None = None
    """Name of the loaded profile."""


class Capabilities(Model):
    """Capabilities of Linux, beside those that the container runtime gives."""

    add: Annotated[tuple[Capability, ...], few(64)] = ()
    """Capabilities to give."""

    drop: Annotated[tuple[Capability, ...], few(64)] = ()
    """Capabilities to take away; `ALL` for all of them."""


class _SecurityContext(Model):
    """What pod and container can both say; what the container says counts for it."""

    run_as_user: Id | None = None
    """User that processes run as; without it that of the image."""

    run_as_group: Id | None = None
    """Group that processes run as; without it that of the image."""

    run_as_non_root: Flag | None = None
    """Refuse to start as root."""

    se_linux_options: SeLinuxOptions | None = None
    """Label of SELinux."""

    seccomp_profile: SeccompProfile | None = None
    """Which system calls are possible."""

    app_armor_profile: AppArmorProfile | None = None
    """Profile of AppArmor."""


class ContainerSecurityContext(_SecurityContext):
    """What a container may do on its node."""

    RULES = (
        Rule(
            "!has(self.allowPrivilegeEscalation) || self.allowPrivilegeEscalation"
            " || !has(self.privileged) || !self.privileged",
            "a privileged container cannot have allowPrivilegeEscalation: false",
        ),
    )

    privileged: Flag | None = None
    """Give the container nearly all that processes on the node have."""

    allow_privilege_escalation: Flag | None = None
    """Let processes gain more privileges than their parent has."""

    read_only_root_filesystem: Flag | None = None
    """Refuse writes outside volumes."""

    capabilities: Capabilities | None = None
    """Capabilities to give and to take away."""


class Sysctl(Model):
    """A parameter of the kernel."""

    name: Annotated[Text, length(1, 253)]
    """Name, such as `net.core.somaxconn`."""

    value: Word
    """Value, always a text: quote numbers."""


class PodSecurityContext(_SecurityContext):
    """What all containers of a pod may do on their node."""

    fs_group: Id | None = None
    """Group that owns the volumes."""

    fs_group_change_policy: Literal["Always", "OnRootMismatch"] | None = None
    """When the owner of a volume's files is set; OnRootMismatch spares large volumes a walk at each start."""

    supplemental_groups: Annotated[tuple[Id, ...], few(64)] = ()
    """More groups of the processes."""

    supplemental_groups_policy: Literal["Merge", "Strict"] | None = None
    """Whether the groups that the image gives its user count too."""

    sysctls: Annotated[tuple[Sysctl, ...], few(64)] = ()
    """Parameters of the kernel for the pod."""
