"""How a prefill engine hands its KV cache to a decode engine, and what the side-car between them must know of it.

Facts of llm-d's side-car 0.9.0: the protocols that it speaks (`--kv-connector`), that it names SGLang's port by the
variable `SGLANG_BOOTSTRAP_PORT` and Mooncake's by `--mooncake-bootstrap-port`, and that both are 8998 unless said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from function.api.engines import EngineType, KVTransfer, PlacedEngine
from function.api.pod_template import Container
from function.composition import Manifest
from function.replica.engines import read_engine

CONNECTORS: Final = {
    KVTransfer.NIXL: "nixlv2",
    KVTransfer.SGLANG: "sglang",
    KVTransfer.MOONCAKE: "mooncake",
    KVTransfer.SHARED_STORAGE: "shared-storage",
}
"""What the side-car calls each way."""

NIXL_ENVIRONMENT: Final[tuple[Manifest, ...]] = (
    {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    {"name": "VLLM_NIXL_SIDE_CHANNEL_PORT", "value": "5557"},
)
"""Where a pod of vLLM hands over its part of the KV cache by NIXL; every pod of a gang has a part."""

_BOOTSTRAP_PORT: Final = 8998
_LARGEST_PORT: Final = 65535
_SGLANG_FLAG: Final = "--disaggregation-bootstrap-port"
_SGLANG_VARIABLE: Final = "SGLANG_BOOTSTRAP_PORT"
_MOONCAKE_VARIABLE: Final = "VLLM_MOONCAKE_BOOTSTRAP_PORT"

_VLLM_CONNECTORS: Final = {
    "MooncakeConnector": KVTransfer.MOONCAKE,
    "SharedStorageConnector": KVTransfer.SHARED_STORAGE,
    "ExampleConnector": KVTransfer.SHARED_STORAGE,
}
"""What `--kv-transfer-config` of vLLM may name beside NIXL; the last is what later versions call the one before."""

_UNSUPPORTED: Final = frozenset(
    {
        EngineType.DYNAMO,
        EngineType.LLAMA_CPP,
        EngineType.OLLAMA,
        EngineType.TENSORRT_LLM,
        EngineType.TGI,
        EngineType.TRITON,
    }
)
"""Programs that hand over nothing, or in a way that the side-car does not speak."""


@dataclass(frozen=True, slots=True)
class Handover:
    """How one engine hands over or takes the KV cache.

    Attributes:
        program: The engine's program.
        transfer: The way.
        port: Where the prefill engine is asked for it; 0 when the way needs no such port.
        supported: Whether the side-car speaks it.
        assumed: Whether neither program nor field says it.
    """

    program: EngineType
    transfer: KVTransfer
    port: int
    supported: bool
    assumed: bool

    @property
    def both_at_once(self) -> bool:
        """Whether a decode engine refuses what no prefill engine has worked on, as SGLang's does."""
        return self.transfer is KVTransfer.SGLANG

    @property
    def side_car_args(self) -> list[str]:
        """The side-car's arguments."""
        args = [f"--kv-connector={CONNECTORS[self.transfer]}"]
        return [*args, f"--mooncake-bootstrap-port={self.port}"] if self.transfer is KVTransfer.MOONCAKE else args

    @property
    def side_car_env(self) -> list[Manifest]:
        """The side-car's environment."""
        return [{"name": _SGLANG_VARIABLE, "value": str(self.port)}] if self.transfer is KVTransfer.SGLANG else []

    @property
    def engine_env(self) -> list[Manifest]:
        """What every pod of the engine needs in its environment."""
        return [dict(variable) for variable in NIXL_ENVIRONMENT] if self.transfer is KVTransfer.NIXL else []


def handover(engine: PlacedEngine, container: Container) -> Handover:
    """Read how an engine hands over or takes the KV cache.

    Args:
        engine: The engine.
        container: The container that answers requests.
    """
    facts = read_engine(engine, container)
    program = facts.type
    typed = engine.serving.kv_transfer
    transfer = typed or (KVTransfer.SGLANG if program is EngineType.SGLANG else _named_by_vllm(facts.words))
    return Handover(
        program=program,
        transfer=transfer,
        port=_bootstrap_port(transfer, facts.words, container),
        supported=typed is not None or program not in _UNSUPPORTED,
        assumed=typed is None and program is EngineType.OTHER,
    )


def mismatch(handovers: dict[str, Handover]) -> str:
    """Say why engines could not hand over to each other; empty when they can.

    Args:
        handovers: How each does, by its name.
    """
    for name, found in handovers.items():
        if not found.supported:
            return (
                f"engine {name}: the side-car between prefill and decode does not speak the way in which "
                f"{found.program} hands over its KV cache; use vLLM or SGLang, or say in engines[].serving.kvTransfer "
                "which way the engine has"
            )
    if len({found.transfer for found in handovers.values()}) > 1:
        return f"prefill and decode hand over the KV cache in different ways: {_listed(handovers, 'transfer')}"
    if len({found.port for found in handovers.values()}) > 1:
        ports = _listed(handovers, "port")
        return f"prefill and decode name different ports to hand over the KV cache, say the same for both: {ports}"
    return ""


def assumptions(handovers: dict[str, Handover]) -> list[str]:
    """Say what is assumed of engines whose program is not known.

    Args:
        handovers: How each hands over, by its name.
    """
    return [
        f"engine {name}: that it hands over its KV cache by {found.transfer} is assumed; "
        "engines[].serving.kvTransfer says another way"
        for name, found in handovers.items()
        if found.assumed
    ]


def _listed(handovers: dict[str, Handover], field: str) -> str:
    return ", ".join(f"{name} {getattr(found, field)}" for name, found in handovers.items())


def _named_by_vllm(words: Sequence[str]) -> KVTransfer:
    for name, transfer in _VLLM_CONNECTORS.items():
        if any(name in word for word in words):
            return transfer
    return KVTransfer.NIXL


def _bootstrap_port(transfer: KVTransfer, words: Sequence[str], container: Container) -> int:
    if transfer is KVTransfer.SGLANG:
        text = _flag(words, _SGLANG_FLAG)
    elif transfer is KVTransfer.MOONCAKE:
        variables = [variable for variable in container.env if variable.name == _MOONCAKE_VARIABLE]
        text = next((variable.value or "" for variable in variables), "")
    else:
        return 0
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_PORT))
    return int(text) if digits and 0 < int(text) <= _LARGEST_PORT else _BOOTSTRAP_PORT


def _flag(words: Sequence[str], flag: str) -> str:
    for word, following in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name == flag:
            return value if equals else following
    return ""
