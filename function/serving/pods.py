"""The pods of a replica: what the user wrote, and what Modelplane adds.

Image, command, arguments and environment pass through as they were written. Added are the pool
that the pod is pinned to, the devices that it claims, tolerations, shared memory, probes and
labels. One argument is added, and only in one case: `--model` for an image of vLLM that would
otherwise serve a tiny default model beside the cached one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.api import labels
from function.api.engines import EngineServing, PlacedEngine, PlacedMember
from function.api.pod_template import Container
from function.composition import Manifest, Observation, manifest, names

PORT_NAME: Final = "engine"
"""Name of the port that an engine listens on; Services refer to it, so engines may use different numbers."""

MODELS: Final = "/mnt/models"
"""Where the weights of a ModelCache are mounted."""

_CLAIM: Final = "devices"
_GPU_TAINT: Final = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
_SHARED_MEMORY: Final = "dshm"
_CACHE: Final = "model-cache"
_PROBE_SECONDS: Final = 10
_PROBE_TIMEOUT: Final = 5
_TAKES_MODEL: Final = re.compile(r"(^|/)vllm-openai([:@]|$)")


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica, as its pods need to know it.

    Attributes:
        namespace: Its namespace, on the control plane and on its cluster.
        name: Its name.
        deployment: The deployment that it belongs to; empty for one written by hand.
        cache: The ModelCache whose weights it mounts; empty for none.
    """

    namespace: str
    name: str
    deployment: str = ""
    cache: str = ""

    @property
    def path(self) -> str:
        """The path below the gateway of its cluster that leads to it."""
        return f"/{self.namespace}/{self.name}/"

    @property
    def service(self) -> str:
        """Its own name on the cluster: of its Service and its route."""
        if re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", self.name):
            return self.name
        return names.name(self.name, names.DNS_LABEL, "ModelReplica", self.namespace, self.name)


def read_replica_identity(seen: Observation, cache: str) -> Replica:
    """Read who a ModelReplica is."""
    return Replica(seen.namespace, seen.name, manifest.labels(seen.composite).get(labels.DEPLOYMENT, ""), cache)


def workload_name(replica: Replica, engine: str) -> str:
    """Name the workload of an engine; never the replica's own name, which its Service has."""
    identity = ("Engine", replica.namespace, replica.name, engine)
    return names.name(f"{replica.name}-{engine}", names.DNS_LABEL, *identity)


def claim_template_name(replica: Replica, engine: str, role: str) -> str:
    """Name the claim template of a member."""
    identity = ("Engine", replica.namespace, replica.name, engine, role)
    return names.name(f"{replica.name}-{engine}", names.DNS_LABEL, *identity)


def claim_name(namespace: str, cache: str) -> str:
    """Name the volume claim that holds the weights of a ModelCache."""
    return names.name(cache, names.DNS_LABEL, "ModelCache", namespace, cache)


def pod_template(replica: Replica, engine: PlacedEngine, member: PlacedMember, said: Mapping[str, str]) -> Manifest:
    """Build the pod template of a member that answers requests.

    Args:
        replica: Whose pods they are.
        engine: The engine.
        member: The member.
        said: Labels that the workload needs beside those of every pod.
    """
    metadata = member.template.metadata
    annotations = dict(metadata.annotations) if metadata else {}
    own = {
        labels.DEPLOYMENT: replica.deployment,
        labels.REPLICA: replica.name,
        labels.ENGINE: engine.name,
        labels.SERVING: replica.name,
        **said,
    }
    written = dict(metadata.labels) if metadata else {}
    return {
        "metadata": {
            "labels": {**written, **{key: value for key, value in own.items() if value}},
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": _pod_spec(replica, engine, member),
    }


def _pod_spec(replica: Replica, engine: PlacedEngine, member: PlacedMember) -> Manifest:
    spec: Manifest = {
        "nodeSelector": {labels.POOL: member.node_pool_name},
        "tolerations": _tolerations(member),
        "containers": [_container(replica, engine.serving, member)],
        "volumes": [
            {"name": _SHARED_MEMORY, "emptyDir": {"medium": "Memory"}},
            *_cache_volumes(replica),
        ],
    }
    if member.device_requests:
        template = claim_template_name(replica, engine.name, member.role)
        spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimTemplateName": template}]
    if member.template.spec.image_pull_secrets:
        spec["imagePullSecrets"] = [one.plain() for one in member.template.spec.image_pull_secrets]
    return spec


def _tolerations(member: PlacedMember) -> list[Manifest]:
    asked = [one.plain() for one in member.tolerations]
    return [_GPU_TAINT, *(one for one in asked if one != _GPU_TAINT)]


def _cache_volumes(replica: Replica) -> list[Manifest]:
    if not replica.cache:
        return []
    claim = claim_name(replica.namespace, replica.cache)
    return [{"name": _CACHE, "persistentVolumeClaim": {"claimName": claim}}]


def _container(replica: Replica, serving: EngineServing, member: PlacedMember) -> Manifest:
    written = member.template.container
    body: Manifest = {"name": written.name, "image": written.image}
    if written.command:
        body["command"] = list(written.command)
    args = _args(written, cached=bool(replica.cache))
    if args:
        body["args"] = args
    if written.env:
        body["env"] = [one.plain() for one in written.env]
    resources = _resources(member)
    if resources:
        body["resources"] = resources
    mounts = [{"name": _SHARED_MEMORY, "mountPath": "/dev/shm"}]  # noqa: S108  # a mount in the engine's container
    if replica.cache:
        mounts.append({"name": _CACHE, "mountPath": MODELS})
    return {
        **body,
        "ports": [{"name": PORT_NAME, "containerPort": serving.port}],
        "volumeMounts": mounts,
        **_probes(serving),
    }


def _args(container: Container, *, cached: bool) -> list[str]:
    """The user's arguments, and `--model` where the image would not find the cached weights without it."""
    names_model = any(arg == "--model" or arg.startswith("--model=") for arg in container.args)
    positional = bool(container.args) and not container.args[0].startswith("-")
    if not cached or container.command or names_model or positional or not _TAKES_MODEL.search(container.image):
        return list(container.args)
    return [*container.args, f"--model={MODELS}"]


def _resources(member: PlacedMember) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if member.device_requests:
        found["claims"] = [{"name": _CLAIM}]
    if member.resources and member.resources.requests:
        found["requests"] = dict(member.resources.requests)
    return found


def _probes(serving: EngineServing) -> Manifest:
    """Wait for the engine as long as it may take to load its weights, then look every ten seconds."""
    looks = {
        "httpGet": {"path": serving.health_path, "port": PORT_NAME},
        "periodSeconds": _PROBE_SECONDS,
        "timeoutSeconds": _PROBE_TIMEOUT,
    }
    patience = max(1, -(-serving.startup_seconds // _PROBE_SECONDS))
    return {"startupProbe": {**looks, "failureThreshold": patience}, "readinessProbe": looks}
