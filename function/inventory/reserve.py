"""What of a node pods of models cannot have, by default: the most that a large cloud keeps, and room for daemon sets.

| | processors | memory |
|---|---|---|
| GKE | 6% of the first, 1% of the second, 0.5% of the next two, 0.25% of the rest; 400m more on nodes that may have
more than 110 pods | 25% of 4 GiB, 20% of the next 4, 10% of the next 8, 6% of the next 112, 2% of the rest |
| EKS | as GKE, without the 400m | 255 MiB, and 11 MiB for each pod that the node may have |
| AKS | 60m, 100m, 140m, 180m, 260m, 420m, 740m of 1, 2, 4, 8, 16, 32, 64 | 50 MB, and 20 MB for each pod that the
node may have, at most a quarter |
| eviction threshold of each | | 100 MiB |

The sources are GKE's page "Plan GKE Standard node sizes", what EKS' images compute (awslabs/amazon-eks-ami,
nodeadm/internal/kubelet/config.go), and AKS' page "Node resource reservations" (MicrosoftDocs/azure-aks-docs,
articles/aks/node-resource-reservations.md, from Kubernetes 1.29 on). AKS keeps the most processors on every size, but
for the 400m of GKE, for which the one below has room. Of memory GKE or AKS keeps the most, and EKS less than GKE even
on nodes that may have 737 pods. Beside that, a machine has less memory than is stated: the kernel keeps 64 of every
4,096 bytes for its pages alone, and firmware some more.

One processor and 2 GiB are left to daemon sets for network, storage, metrics and logs. What these request differs
from cluster to cluster; nothing is known of it here.

It is meant to be too much rather than too little. A request is no limit, so that a pod may use what is left, but
one that requests more than its node has never starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from function.selectors.quantity import QuantityError, parse_quantity

_MILLI: Final = 1000
_MEGA: Final = 10**6
_MEBI: Final = 2**20
_GIBI: Final = 2**30

_CPU_STEPS: Final = (
    (1, Fraction(60, 1000)),
    (2, Fraction(40, 1000)),
    (4, Fraction(20, 1000)),
    (None, Fraction(10, 1000)),
)
"""Up to how many processors which part of each is kept: the table of AKS, which is linear between its entries."""
_MEMORY_STEPS: Final = (
    (4 * _GIBI, Fraction(25, 100)),
    (8 * _GIBI, Fraction(20, 100)),
    (16 * _GIBI, Fraction(10, 100)),
    (128 * _GIBI, Fraction(6, 100)),
    (None, Fraction(2, 100)),
)
"""Up to how many bytes which part is kept, on GKE."""
_MOST_FOR_PODS: Final = (50 + 20 * 250) * _MEGA
"""What AKS keeps for the most pods that a node may have."""
_QUARTER: Final = Fraction(1, 4)

_EVICTION_THRESHOLD: Final = 100 * _MEBI
_NOT_SEEN: Final = Fraction(3, 100)
"""The part of the stated memory that a node does not see."""

_DAEMON_CPU: Final = 1
_DAEMON_MEMORY: Final = 2 * _GIBI
_MOST: Final = Fraction(1, 2)
"""A small node keeps at most this part of itself."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """What of a node is not for pods of models.

    Attributes:
        cpu: Processors.
        memory: Bytes of memory.
    """

    cpu: Fraction = Fraction(0)
    memory: Fraction = Fraction(0)


NOTHING: Final = Reserve()
"""Of a node that keeps nothing, and of one that does not say what it has."""


_LARGEST: Final = Fraction(2**63 - 1)
"""The largest quantity that Kubernetes knows; it takes larger ones for this."""


def read_quantity(text: str) -> Fraction | None:
    """Read a quantity; None for one that is none, or below zero."""
    try:
        quantity = parse_quantity(text)
    except QuantityError:
        return None
    value = Fraction(quantity.unscaled) * Fraction(10) ** quantity.scale
    return min(value, _LARGEST) if value >= 0 else None


def reserve(cpu: Fraction, memory: Fraction, written_cpu: str = "", written_memory: str = "") -> Reserve:
    """Work out what a node keeps: what is written, and the default for what is not or cannot be read.

    Args:
        cpu: Its processors.
        memory: Its bytes of memory.
        written_cpu: Processors that it is said to keep, as a quantity; empty if that is not said.
        written_memory: Likewise memory.
    """
    usual = _default(cpu, memory)
    said_cpu, said_memory = read_quantity(written_cpu), read_quantity(written_memory)
    return Reserve(usual.cpu if said_cpu is None else said_cpu, usual.memory if said_memory is None else said_memory)


def said_reserve(cpu: Fraction, memory: Fraction, written_cpu: str, written_memory: str) -> Reserve:
    """Work out what a node keeps by the word of its class alone: what is published as the default is nobody's word.

    Args:
        cpu: Its processors.
        memory: Its bytes of memory.
        written_cpu: Processors that it is said to keep, as it is published; empty if that is not said.
        written_memory: Likewise memory.
    """
    default, said = default_texts(cpu, memory), {"cpu": written_cpu, "memory": written_memory}
    amounts = {name: read_quantity(text) for name, text in said.items() if text != default.get(name)}
    return Reserve(amounts.get("cpu") or Fraction(0), amounts.get("memory") or Fraction(0))


def default_texts(cpu: Fraction, memory: Fraction) -> dict[str, str]:
    """The default as a cluster publishes it, of what is known of a node.

    Args:
        cpu: Its processors; 0 if that is not known.
        memory: Its bytes of memory; 0 if that is not known.
    """
    usual = _default(cpu, memory)
    texts = {"cpu": f"{ceil(usual.cpu * _MILLI)}m", "memory": f"{ceil(usual.memory / _MEBI)}Mi"}
    return {name: texts[name] for name, amount in (("cpu", cpu), ("memory", memory)) if amount}


def _default(cpu: Fraction, memory: Fraction) -> Reserve:
    kubelet = max(_stepwise(memory, _MEMORY_STEPS), min(memory * _QUARTER, Fraction(_MOST_FOR_PODS)))
    kept = kubelet + _EVICTION_THRESHOLD + memory * _NOT_SEEN + _DAEMON_MEMORY
    return Reserve(
        cpu=min(_stepwise(cpu, _CPU_STEPS) + _DAEMON_CPU, cpu * _MOST),
        memory=min(kept, memory * _MOST),
    )


def _stepwise(amount: Fraction, steps: tuple[tuple[int | None, Fraction], ...]) -> Fraction:
    """Add up the parts of an amount, each up to where its step ends."""
    kept, begin = Fraction(0), 0
    for end, part in steps:
        until = amount if end is None else min(amount, Fraction(end))
        kept += max(until - begin, Fraction(0)) * part
        begin = begin if end is None else end
    return kept
