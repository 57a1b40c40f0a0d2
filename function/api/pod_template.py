"""The pod template of an engine's member: the part of a pod that is the user's to say."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from function.api import pod_metadata
from function.api.base import Flag, Integer, Model, Rule, Text, between, entries, items, length
from function.api.pods.claims import ResourceAmounts
from function.api.pods.environment import Env, EnvFrom
from function.api.pods.network import ContainerPort, DnsConfig, DnsPolicy, HostAlias
from function.api.pods.probes import Lifecycle, ReadinessProbe, RestartingProbe
from function.api.pods.scheduling import Affinity, PodToleration, SchedulerName, SpreadConstraint
from function.api.pods.security import ContainerSecurityContext, PodSecurityContext
from function.api.pods.values import MAX_GRACE_SECONDS, Arguments, LabelName, PullPolicy, SubdomainName, few
from function.api.pods.volumes import PodVolume, VolumeDevice, VolumeMount
from function.api.references import LabelValue, ObjectName

ENGINE: Final = "engine"
"""Name of the container that serves."""

SHARED_MEMORY: Final = "dshm"
"""Name of the volume that Modelplane mounts at /dev/shm."""

CACHE: Final = "model-cache"
"""Name of the volume with the weights of a ModelCache."""

OWN_VOLUMES: Final = (SHARED_MEMORY, CACHE)
"""Volumes that pods have without being asked; containers may mount them as well as the user's own."""

_QUALIFIED_NAME = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)
_SHORT_PREFIX = "^([^/]{0,253}/|[^/]*$)"

Labels: TypeAlias = Annotated[dict[str, LabelValue], entries(32)]
Annotations: TypeAlias = Annotated[dict[str, Annotated[Text, length(None, 8192)]], entries(32)]


def key_rules(field: str, path: str) -> tuple[Rule, ...]:
    """Rules over the keys of labels or annotations.

    Args:
        field: The field of `self` that holds them.
        path: How messages name the field.
    """
    return (
        Rule(
            f"!has(self.{field}) || self.{field}.all(k, k.matches('{_QUALIFIED_NAME}'))",
            f"keys of {path} must be qualified names: an optional DNS prefix and '/', then 1 to 63 letters, digits,"
            " '-', '_' or '.', starting and ending with a letter or digit",
        ),
        Rule(
            f"!has(self.{field}) || self.{field}.all(k, k.matches('{_SHORT_PREFIX}'))",
            f"the prefix of a key of {path} must have at most 253 characters",
        ),
    )


def label_rules(path: str) -> tuple[Rule, ...]:
    """Rules over labels that users give to what Modelplane makes."""
    return (
        Rule(
            "!has(self.labels) || self.labels.all(k, !k.startsWith('modelplane.ai/'))",
            f"keys of {path} must not start with modelplane.ai/, which is reserved",
        ),
        *key_rules("labels", path),
    )


class MemberMetadata(Model):
    """Labels and annotations that are added to a member's pods."""

    RULES = (
        *label_rules("member template.metadata.labels"),
        *key_rules("annotations", "member template.metadata.annotations"),
    )

    labels: Labels = Field(default_factory=dict)
    """Labels of the pods; keys under `modelplane.ai/` are reserved."""

    annotations: Annotations = Field(default_factory=dict)
    """Annotations of the pods. Keys that grant something to a pod need a cluster whose `spec.namespaces.podMetadata`
    has them; so do such labels."""


class Container(Model):
    """A container of the pod: the engine, or a side-car beside it."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.volumeMounts) || (has(self.securityContext) && has(self.securityContext.privileged)"
            " && self.securityContext.privileged)"
            " || self.volumeMounts.all(m, !has(m.mountPropagation) || m.mountPropagation != 'Bidirectional')",
            "mountPropagation Bidirectional needs securityContext.privileged: true",
        ),
    )

    name: LabelName
    """Name; `engine` is the one that serves."""

    image: Annotated[Text, length(1, 1024)]
    """Image of the container."""

    image_pull_policy: PullPolicy | None = None
    """When the image is pulled; without it always if its tag is `latest`, else if it is not there."""

    command: Arguments = ()
    """Entry point, instead of the image's; passed through as written."""

    args: Arguments = ()
    """Arguments of the entry point; passed through as written."""

    working_dir: Annotated[Text, length(1, 1024)] | None = None
    """Folder in which it starts, instead of the image's."""

    env: Env = ()
    """Environment variables; of two with one name the later one counts, in a gang the first."""

    env_from: EnvFrom = ()
    """Secrets and ConfigMaps whose every key is a variable; those in `env` win."""

    ports: Annotated[tuple[ContainerPort, ...], few(32)] = ()
    """Ports that the container listens on, for people and for probes that name them."""

    resources: ResourceAmounts | None = None
    """What it requests of its node, and what it may use."""

    volume_mounts: Annotated[tuple[VolumeMount, ...], items(None, 32, keys=("mountPath",))] = ()
    """Where it sees volumes."""

    volume_devices: Annotated[tuple[VolumeDevice, ...], items(None, 16, keys=("devicePath",))] = ()
    """Where it sees volumes that are block devices."""

    startup_probe: RestartingProbe | None = None
    """Asks whether it has started; until then no other probe asks."""

    readiness_probe: ReadinessProbe | None = None
    """Asks whether it can take requests."""

    liveness_probe: RestartingProbe | None = None
    """Asks whether it has to be restarted."""

    lifecycle: Lifecycle | None = None
    """What is done when it starts and stops."""

    security_context: ContainerSecurityContext | None = None
    """What it may do on its node."""

    termination_message_path: Annotated[Text, length(1, 1024)] | None = None
    """File in which it says why it ends; without it `/dev/termination-log`."""

    termination_message_policy: Literal["File", "FallbackToLogsOnError"] | None = None
    """Whether the end of its log says why it ended when the file does not."""


class InitContainer(Container):
    """A container that runs before the others, or starts before them and stays."""

    RULES = (
        *Container.RULES,
        Rule(
            "(has(self.restartPolicy) && self.restartPolicy == 'Always')"
            " || !(has(self.startupProbe) || has(self.readinessProbe) || has(self.livenessProbe)"
            " || has(self.lifecycle))",
            "an init container may have probes and lifecycle only with restartPolicy: Always",
        ),
    )

    restart_policy: Literal["Always"] | None = None
    """Always makes it a side-car that starts before the engine and ends after it."""


class PullSecret(Model):
    """A Secret to pull an image with, in the namespace of the deployment."""

    name: ObjectName
    """Name of the Secret."""


class ReadinessGate(Model):
    """A condition of the pod that counts for its readiness."""

    condition_type: Annotated[Text, length(1, 317)]
    """Type of the condition."""


ONE_ENGINE = Rule(
    "self.exists_one(c, c.name == 'engine')",
    "exactly one container must be named engine",
)


def _every_container(holds: str) -> str:
    """Ask something of every container `c` and init container of a pod."""
    return f"self.containers.all(c, {holds}) && (!has(self.initContainers) || self.initContainers.all(c, {holds}))"


def _mounted(field: str) -> Rule:
    """Ask that mounts name volumes. The names are bound once, by a list of one list, which the cost budget asks for."""
    own = ", ".join(f"'{name}'" for name in OWN_VOLUMES)
    of_pod = f"[{own}] + (has(self.volumes) ? self.volumes.map(v, v.name) : [])"
    holds = _every_container(f"!has(c.{field}) || c.{field}.all(m, m.name in names)")
    return Rule(f"[{of_pod}].all(names, {holds})", f"{field} of a container must name volumes of the pod")


MOUNTS: Final = {field: _mounted(field) for field in ("volumeMounts", "volumeDevices")}
"""What each field of a container with names of volumes has to name, by field."""

_HOST_PORT = "!has(p.hostPort) || p.hostPort == p.containerPort"


class PodSpec(Model):
    """What of a pod is the user's to say."""

    RULES = (
        Rule(
            "!has(self.initContainers) || self.initContainers.all(i, !self.containers.exists(c, c.name == i.name))",
            "containers and initContainers must not have the same names",
        ),
        *MOUNTS.values(),
        Rule(
            "!has(self.hostNetwork) || !self.hostNetwork || "
            f"({_every_container(f'!has(c.ports) || c.ports.all(p, {_HOST_PORT})')})",
            "with hostNetwork, hostPort must be the same as containerPort",
        ),
        Rule(
            "!has(self.hostUsers) || self.hostUsers || !((has(self.hostNetwork) && self.hostNetwork)"
            " || (has(self.hostPID) && self.hostPID) || (has(self.hostIPC) && self.hostIPC))",
            "hostUsers: false goes with none of hostNetwork, hostPID and hostIPC",
        ),
        Rule(
            "!has(self.hostPID) || !self.hostPID || !has(self.shareProcessNamespace) || !self.shareProcessNamespace",
            "of hostPID and shareProcessNamespace only one may be true",
        ),
        Rule(
            "!has(self.dnsPolicy) || self.dnsPolicy != 'None'"
            " || (has(self.dnsConfig) && has(self.dnsConfig.nameservers) && self.dnsConfig.nameservers.size() > 0)",
            "dnsPolicy None needs dnsConfig.nameservers",
        ),
    )

    containers: Annotated[tuple[Container, ...], items(1, 10, keys=("name",)), ONE_ENGINE]
    """The engine, which is named `engine`, and side-cars beside it."""

    init_containers: Annotated[tuple[InitContainer, ...], items(None, 10, keys=("name",))] = ()
    """Containers that run one after the other before the others start."""

    volumes: Annotated[tuple[PodVolume, ...], items(None, 32, keys=("name",))] = ()
    """Volumes that containers can mount."""

    image_pull_secrets: Annotated[tuple[PullSecret, ...], items(None, 16, type="atomic")] = ()
    """Secrets that images are pulled with."""

    service_account_name: SubdomainName | None = None
    """A ServiceAccount in the namespace on the cluster; without it that namespace's `default`."""

    automount_service_account_token: Flag = False
    """Give the pods the token of their service account. Engines need none."""

    security_context: PodSecurityContext | None = None
    """What all containers may do on their node."""

    node_selector: Annotated[dict[str, LabelValue], entries(32)] = Field(default_factory=dict)
    """Labels that the nodes must have, beside being in the pool."""

    affinity: Affinity | None = None
    """What draws the pods to nodes of the pool."""

    tolerations: Annotated[tuple[PodToleration, ...], few(64)] = ()
    """Taints of nodes that the pods tolerate, beside those that the pool's class names."""

    topology_spread_constraints: Annotated[
        tuple[SpreadConstraint, ...], items(None, 16, keys=("topologyKey", "whenUnsatisfiable"))
    ] = ()
    """How the pods are spread over nodes."""

    scheduler_name: SchedulerName | None = None
    """Scheduler of the cluster that assigns the pods to nodes; without it the default one."""

    priority_class_name: SubdomainName | None = None
    """PriorityClass on the cluster."""

    runtime_class_name: SubdomainName | None = None
    """RuntimeClass on the cluster."""

    host_network: Flag = False
    """Use the network of the node."""

    host_pid: Flag = Field(default=False, alias="hostPID")
    """See the processes of the node."""

    host_ipc: Flag = Field(default=False, alias="hostIPC")
    """Use the inter-process communication of the node."""

    host_users: Flag | None = None
    """False runs the pods in a user namespace of their own, in which root is nobody on the node."""

    share_process_namespace: Flag = False
    """Let the containers see each other's processes."""

    dns_policy: DnsPolicy | None = None
    """How names are looked up; without it ClusterFirst."""

    dns_config: DnsConfig | None = None
    """What is added to that."""

    host_aliases: Annotated[tuple[HostAlias, ...], items(None, 32, keys=("ip",))] = ()
    """Names for addresses, beside DNS."""

    enable_service_links: Flag | None = None
    """Whether Services of the namespace are in the environment; without it they are."""

    termination_grace_period_seconds: Annotated[Integer, between(0, MAX_GRACE_SECONDS)] | None = None
    """Seconds that the pods have to stop; a node that is emptied is waited for no longer than an hour."""

    readiness_gates: Annotated[tuple[ReadinessGate, ...], items(None, 8, type="atomic")] = ()
    """Further conditions without which the pods are not ready; something on the cluster has to set them."""


class PodTemplate(Model):
    """The pods of a member."""

    metadata: MemberMetadata | None = None
    """Labels and annotations to add to the pods."""

    spec: PodSpec
    """The pods' spec."""

    @property
    def container(self) -> Container:
        """The container that is named `engine`; what was stored before it had to be is read as its first.

        A spec whose members have no container is refused before anything is read of it.
        """
        containers = self.spec.containers
        return next((container for container in containers if container.name == ENGINE), containers[0])

    @property
    def granting(self) -> frozenset[str]:
        """Keys of labels and annotations that grant something to the pods."""
        if self.metadata is None:
            return frozenset()
        written = (*self.metadata.labels.items(), *self.metadata.annotations.items())
        return frozenset(key for key, value in written if pod_metadata.grants(key, value))
