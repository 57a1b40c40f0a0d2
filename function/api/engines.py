"""Engines: how a deployment's pods are shaped, before and after they are placed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from function.api import patterns
from function.api.base import Integer, Limits, Model, Rule, Text, between, entries, items, length, matches
from function.api.devices import CONSTRAINTS, DEVICES, DeviceConstraint, DeviceRequest, ResolvedDeviceRequest
from function.api.member_rules import ROUTER_SHAPE, SHAPE, WORKER_ONLY, claims
from function.api.nodes import Quantity
from function.api.pod_template import Annotations, Labels, PodTemplate, key_rules, label_rules
from function.api.taints import TOLERATIONS, NodeToleration

EngineName: TypeAlias = Annotated[Text, length(1, 63), matches(patterns.DNS_LABEL)]
Port: TypeAlias = Annotated[Integer, between(1, 65535)]
Copies: TypeAlias = Annotated[Integer, between(1, 64)]

ENGINES: Limits = items(1, 8, keys=("name",))
"""How lists of engines are bounded."""

MEMBERS: Limits = items(1, 2, type="atomic")
"""How lists of members are bounded."""


class ServingMode(StrEnum):
    """How many engines answer a request."""

    UNIFIED = "Unified"
    PREFILL_DECODE = "PrefillDecode"


class Phase(StrEnum):
    """Which half of a request an engine does."""

    PREFILL = "Prefill"
    DECODE = "Decode"


class Role(StrEnum):
    """What a member's pods are to each other."""

    STANDALONE = "Standalone"
    LEADER = "Leader"
    WORKER = "Worker"


class EngineRole(StrEnum):
    """What an engine is to the other engines of its replica."""

    ROUTER = "Router"


class ServedFrom(StrEnum):
    """Which pods of an engine answer requests."""

    LEADER = "Leader"
    ALL_PODS = "AllPods"


class Scheme(StrEnum):
    """How an engine is spoken to."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"


class EngineType(StrEnum):
    """The program that serves in an engine's container."""

    VLLM = "vLLM"
    SGLANG = "SGLang"
    TENSORRT_LLM = "TensorRT-LLM"
    TRITON = "Triton"
    LLAMA_CPP = "llama.cpp"
    TGI = "TGI"
    DYNAMO = "Dynamo"
    OLLAMA = "Ollama"
    OTHER = "Other"


class KVTransfer(StrEnum):
    """How a prefill engine hands its KV cache to a decode engine."""

    NIXL = "NIXL"
    SGLANG = "SGLang"
    MOONCAKE = "Mooncake"
    SHARED_STORAGE = "SharedStorage"


class Picker(StrEnum):
    """Whether an endpoint picker chooses the pod that answers a request."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


_DISAGGREGATED = "has(self.serving) && self.serving.mode == 'PrefillDecode'"


def _one_phase(phase: Phase) -> Rule:
    return Rule(
        f"!has(self.engines) || !({_DISAGGREGATED})"
        f" || self.engines.exists_one(e, has(e.phase) && e.phase == '{phase}')",
        f"serving mode PrefillDecode needs exactly one engine with phase {phase}",
    )


PHASE_RULES: tuple[Rule, ...] = (
    Rule(
        f"!has(self.engines) || !({_DISAGGREGATED}) || self.engines.size() == 2",
        "serving mode PrefillDecode needs exactly two engines",
    ),
    _one_phase(Phase.PREFILL),
    _one_phase(Phase.DECODE),
    Rule(
        f"!has(self.engines) || ({_DISAGGREGATED}) || self.engines.all(e, !has(e.phase))",
        "an engine may have a phase only when the serving mode is PrefillDecode",
    ),
)
"""Rules over an object that has `serving` and `engines`: prefill and decode come as a pair."""

_PICKED = f"has(self.serving) && has(self.serving.picker) && self.serving.picker == '{Picker.ENABLED}'"
_ROUTES = f"has(e.role) && e.role == '{EngineRole.ROUTER}'"
_SEVERAL_PORTS = "has(e.serving) && has(e.serving.ports) && e.serving.ports.size() > 1"
_TLS = f"has(e.serving) && has(e.serving.scheme) && e.serving.scheme == '{Scheme.HTTPS}'"

REACH_RULES: tuple[Rule, ...] = (
    Rule(
        f"!has(self.engines) || !self.engines.exists(e, {_ROUTES})"
        f" || (self.engines.size() > 1 && self.engines.exists_one(e, {_ROUTES}))",
        "an engine of role Router needs another engine to pass requests on to, and may be the only Router",
    ),
    Rule(
        f"!has(self.engines) || !({_DISAGGREGATED}) || !self.engines.exists(e, {_ROUTES})",
        "an engine of role Router chooses among engines itself: the serving mode must not be PrefillDecode",
    ),
    Rule(
        f"!has(self.engines) || !({_PICKED} || {_DISAGGREGATED}) || !self.engines.exists(e, {_SEVERAL_PORTS})",
        "an endpoint picker chooses among pods that have one port: with several serving.ports the picker must not be"
        " Enabled, nor the serving mode PrefillDecode",
    ),
    Rule(
        f"!has(self.engines) || !({_PICKED} || {_DISAGGREGATED}) || !self.engines.exists(e, {_TLS})",
        "an endpoint picker does not speak TLS to engines: with serving.scheme HTTPS the picker must not be Enabled,"
        " nor the serving mode PrefillDecode",
    ),
)
"""Rules over an object that has `serving` and `engines`: which of them are asked, and how."""


class Serving(Model):
    """How requests reach the engines."""

    RULES = (
        Rule(
            "self.mode != 'PrefillDecode' || !has(self.picker) || self.picker != 'Disabled'",
            "serving mode PrefillDecode always has an endpoint picker: picker must not be Disabled",
        ),
    )

    mode: ServingMode = ServingMode.UNIFIED
    """Unified answers a request in one engine; PrefillDecode splits it over a pair of engines."""

    picker: Picker | None = None
    """Whether an endpoint picker chooses the pod. Without it there is one when several pods of a replica serve, unless
    a Router chooses, or they answer on several ports or speak TLS, which pickers do not."""


class EngineServing(Model):
    """How an engine is reached and how long it may take to start."""

    RULES = (
        Rule(
            "!has(self.port) || !has(self.ports)",
            "of serving.port and serving.ports only one may be set",
        ),
    )

    engine_type: EngineType | None = None
    """The program that serves, which decides what is assumed of it: port, health path, metrics, how it hands over its
    KV cache. Without it the program is recognised by the image and the command."""

    port: Port | None = None
    """Port that the engine listens on. Without it the flag of the command that serves counts, and without one the
    program's own default."""

    ports: Annotated[tuple[Port, ...], items(1, 8, type="set")] | None = None
    """Ports of a pod that answers requests on several, such as one for each data-parallel rank, instead of `port`.
    Requests are spread evenly; probes ask the first."""

    scheme: Scheme | None = None
    """How the engine is spoken to; without it HTTPS if its command has a certificate, else HTTP. Its certificate is not
    verified."""

    served_from: ServedFrom | None = Field(default=None, alias="from")
    """Which pods of a gang answer requests: its leader, or each of its pods; without it all pods where the commands of
    leader and worker say so, else the leader."""

    health_path: Annotated[Text, length(1, 256), matches(patterns.ABSOLUTE_PATH)] | None = None
    """Path that answers with success once the engine can serve; without it that of the program, or `/health`."""

    startup_seconds: Annotated[Integer, between(1, 86400)] = 1800
    """How long the engine may take from its start until it can serve."""

    kv_cache_block_size: Annotated[Integer, between(1, 65536)] | None = None
    """Tokens in a block of the engine's KV cache; without it what the engine's flag `--block-size` or `--page-size`
    says. An endpoint picker follows prefixes in blocks of so many tokens, and of at least 64."""

    kv_transfer: KVTransfer | None = None
    """How an engine with a phase hands over or takes the KV cache, the same for both; without it by the program:
    SGLang's own way for SGLang, and for others what `--kv-transfer-config` names, or NIXL."""


class Worker(Model):
    """The size of a gang."""

    nodes: Annotated[Integer, between(1, 63)]
    """Worker pods, each on a node of its own."""


class NodeSelector(Model):
    """The hardware that each pod of a member needs from its node."""

    RULES = (
        Rule(
            "!has(self.constraints) || self.constraints.all(c,"
            " !has(c.requests) || c.requests.all(r, self.devices.exists(d, d.name == r)))",
            "nodeSelector.constraints[].requests must be names of nodeSelector.devices",
        ),
    )

    devices: Annotated[tuple[DeviceRequest, ...], DEVICES]
    """Devices to ask for; a pool must satisfy every entry."""

    constraints: Annotated[tuple[DeviceConstraint, ...], CONSTRAINTS] = ()
    """What the devices that a pod claims must have in common, such as the PCIe root below which they are."""


class AnyMember(Model):
    """What a member of an engine has, placed or not: the fields here are copied into replicas as they are written."""

    RULES = (WORKER_ONLY,)

    role: Role = Role.STANDALONE
    """Standalone is a pod on its own; Leader and Worker form a gang over several nodes."""

    worker: Worker | None = None
    """Size of the gang, on the Worker; without it there is one worker pod, which makes two pods with the leader."""

    template: PodTemplate
    """The member's pods."""


class Member(AnyMember):
    """One kind of pod in an engine, and the hardware that it needs."""

    node_selector: NodeSelector | None = None
    """Hardware that each pod needs; without it the member claims nothing."""


class Resources(Model):
    """What a pod requests of its node beside devices."""

    RULES = (
        Rule(
            "!has(self.requests) || self.requests.all(k, k.size() <= 317)",
            "names of resources must have at most 317 characters",
        ),
    )

    requests: Annotated[dict[str, Quantity], entries(16)] = Field(default_factory=dict)
    """Quantities by resource name, such as `cpu` and `memory`."""


class PlacedMember(AnyMember):
    """One kind of pod in an engine, pinned to a node pool."""

    node_pool_name: Annotated[Text, length(1, 63)]
    """The pool that every pod of the member runs on."""

    device_requests: Annotated[tuple[ResolvedDeviceRequest, ...], DEVICES] = ()
    """Devices that each pod claims; absent when it claims none."""

    device_constraints: Annotated[tuple[DeviceConstraint, ...], CONSTRAINTS] = ()
    """What these devices must have in common."""

    tolerations: Annotated[tuple[NodeToleration, ...], TOLERATIONS] = ()
    """Taints of the pool's nodes that the pods tolerate."""

    resources: Resources | None = None
    """What each pod requests beside devices."""


class WorkloadMetadata(Model):
    """Labels and annotations of a workload, by which queues such as Kueue's know it."""

    RULES = (
        *label_rules("engine workload.metadata.labels"),
        *key_rules("annotations", "engine workload.metadata.annotations"),
    )

    labels: Labels = Field(default_factory=dict)
    """Labels of the workload; keys under `modelplane.ai/` are reserved."""

    annotations: Annotations = Field(default_factory=dict)
    """Annotations of the workload. Keys that grant something need a cluster whose `spec.namespaces.podMetadata` has
    them; so do such labels."""


class EngineWorkload(Model):
    """The Deployment or LeaderWorkerSet that runs an engine's pods."""

    metadata: WorkloadMetadata | None = None
    """Labels and annotations to add to it."""


class AnyEngine(Model):
    """What an engine has, placed or not: the fields here are copied into replicas as they are written."""

    name: EngineName
    """Name of the engine within the deployment."""

    copies: Copies = 1
    """Identical copies of the engine within one replica."""

    role: EngineRole | None = None
    """Router for an engine that passes requests on to the other engines of its replica: only it is asked. It needs no
    nodeSelector, and then runs in the pool of the first engine that has one."""

    phase: Phase | None = None
    """Which half of a request the engine does, when the serving mode is PrefillDecode."""

    workload: EngineWorkload | None = None
    """The Deployment or LeaderWorkerSet that runs the engine's pods."""

    serving: EngineServing = Field(default_factory=EngineServing)
    """How the engine is reached and how long it may take to start."""


class Engine(AnyEngine):
    """An inference engine: a pod, or a gang of pods, that answers requests."""

    RULES = (
        SHAPE,
        ROUTER_SHAPE,
        *claims("nodeSelector", "a nodeSelector"),
    )

    members: Annotated[tuple[Member, ...], MEMBERS]
    """One Standalone member, or a Leader and a Worker in any order."""


class PlacedEngine(AnyEngine):
    """An inference engine whose members are pinned to node pools."""

    RULES = (
        SHAPE,
        ROUTER_SHAPE,
        *claims("deviceRequests", "deviceRequests"),
    )

    members: Annotated[tuple[PlacedMember, ...], MEMBERS]
    """One Standalone member, or a Leader and a Worker in any order."""
