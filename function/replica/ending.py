"""How the containers of a pod end: not before what they answer is answered.

The kubelet runs a container's `preStop` before it sends SIGTERM, and counts it against the pod's grace period. The
hook of an engine first waits until no gateway sends new requests, then until no connection to its ports is left, and
gives up a few seconds before the grace period ends. It reads connections from /proc with the builtins of a POSIX shell,
so it needs nothing from the image beside `sh` and `sleep`. The gateways close connections that are idle
(`backend_policy` in `fleet/stack/envoys.py`), as vLLM, TensorRT-LLM and llama.cpp do themselves: one that stays is one
that is answered.

A hook that cannot run is worse than none: SIGTERM comes at once. So it is given only to containers that are known to
have a shell; the others sleep, which the kubelet does itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from function.api.engines import PlacedEngine, PlacedMember, Role
from function.api.pod_template import Container
from function.composition import Manifest

DRAIN_SECONDS: Final = 15
"""How long a terminating pod goes on answering, until it is sent no new requests."""

GRACE_SECONDS: Final = 120
"""How long termination may take in all when the user does not say, so that answers in progress can be finished."""

QUIET_SECONDS: Final = 5
"""How long nothing may be answered before an engine counts as idle: probes come and go, and a pod of phase Prefill is
still read from after its answer."""

LAST_SECONDS: Final = 10
"""What is left of the grace period for the engine's own ending; vLLM 0.23.0 takes six seconds."""

HUNG_SECONDS: Final = 30
"""How long an engine whose liveness probe has failed may take to end: nothing is to be expected of what it answers."""

LEADER_ADDRESS: Final = "MODELPLANE_LEADER_ADDRESS"
"""Variable of every pod of a gang with the name of its leader."""

_SHELLS: Final = frozenset({"ash", "bash", "dash", "sh", "zsh"})

_WITH_SHELL: Final = re.compile(
    r"(^|/)("
    r"(vllm|sglang)(-[a-z0-9._-]+)?"
    r"|tensorrt-llm/release|tensorrtllm-runtime|tritonserver"
    r"|huggingfaceserver|text-generation-inference|llama\.cpp|ollama"
    r"|llm-d-(cuda|rocm|xpu|hpu|cpu|gaudi|tpu|aws|gke)[a-z0-9._-]*"
    r")$"
)
"""Repositories of images that are built on a distribution of Linux: those of the engines' own makers, and copies."""

_TAG: Final = re.compile(r"(:[^/@]*)?(@.*)?$")
_WITHOUT_SHELL: Final = re.compile(r"^cgr\.dev/|(^|[^a-z])(distroless|chainguard|scratch)([^a-z]|$)")
"""Images that are built without one, whatever they are called."""

_SCRIPT: Final = """\
sleep {drain}
clock() {{ IFS=. read -r up _ </proc/uptime; }}
busy() {{
{busy}
}}
clock || exit 0
end=$((up + {limit})) quiet=0
while [ "$quiet" -lt {quiet} ] && clock && [ "$up" -lt "$end" ]; do
  if busy; then quiet=0; else quiet=$((quiet + 1)); fi
  sleep 1
done
"""

_CONNECTED: Final = """\
  for table in /proc/net/tcp /proc/net/tcp6; do
    [ -r "$table" ] || continue
    while read -r _ to _ state _; do
      case "$to $state" in {connections}) return 0 ;; esac
    done <"$table"
  done
"""
"""State 01 is a connection that is established; its own end comes before the other, both in hexadecimal."""

_LED: Final = f'  [ -n "${{{LEADER_ADDRESS}}}" ] && getent hosts "${{{LEADER_ADDRESS}}}" >/dev/null 2>&1'
"""The name of a gang's leader stands for as long as its containers run, ready or not (LeaderWorkerSet 0.7)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a container waits for before it ends.

    Attributes:
        ports: Ports whose connections have to be over.
        leader: Whether the leader of its gang has to be gone.
    """

    ports: tuple[int, ...] = ()
    leader: bool = False


def waits_for(engine: PlacedEngine, member: PlacedMember, ports: Collection[int]) -> Waiting:
    """Tell what the container of an engine waits for.

    A worker waits for its leader. Where a gang is deleted or replaced, its workers are deleted only after its leader is
    gone, which owns them, and have nothing to wait for. But when a worker is evicted, LeaderWorkerSet deletes its
    leader and the other workers at once.

    Args:
        engine: The engine.
        member: The member that the container is of.
        ports: Where the member's pods take requests; empty when they take none.
    """
    led = any(other.role is Role.LEADER for other in engine.members)
    return Waiting(tuple(sorted(set(ports))), leader=led and member.role is Role.WORKER)


def lifecycle(container: Container, waiting: Waiting, *, grace: int = GRACE_SECONDS) -> Manifest:
    """Build what a container adds to its manifest so that it ends well: the field `lifecycle`, or nothing without time.

    Args:
        container: The container, as the user wrote it.
        waiting: What it waits for.
        grace: The pod's grace period in seconds.
    """
    drain = min(DRAIN_SECONDS, max(1, grace // 2))
    limit = grace - drain - LAST_SECONDS
    if grace <= 0:
        return {}
    if limit < QUIET_SECONDS or waiting == Waiting() or not has_shell(container):
        # The API server refuses to sleep for longer than the grace period.
        return {"lifecycle": {"preStop": {"sleep": {"seconds": drain}}}}
    return {"lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", script(waiting, drain, limit)]}}}}


def script(waiting: Waiting, drain: int, limit: int, quiet: int = QUIET_SECONDS) -> str:
    """Write the shell script of the hook.

    Args:
        waiting: What it waits for.
        drain: Seconds that it waits in any case.
        limit: Seconds for which it waits beside these at most.
        quiet: Seconds for which there must have been nothing to wait for.
    """
    connections = " | ".join(f"*:{port:04X}\\ 01" for port in waiting.ports)
    connected = _CONNECTED.format(connections=connections) if connections else ""
    busy = connected + (_LED if waiting.leader else "  return 1")
    return _SCRIPT.format(drain=drain, busy=busy, limit=limit, quiet=quiet)


def has_shell(container: Container) -> bool:
    """Tell whether a container is known to have a shell: it runs one, or its image is known."""
    if container.command and container.command[0].rpartition("/")[2] in _SHELLS:
        return True
    image = container.image.lower()
    return bool(_WITH_SHELL.search(_TAG.sub("", image))) and not _WITHOUT_SHELL.search(image)
