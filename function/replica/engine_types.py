"""Which program serves in an engine's container."""

from __future__ import annotations

import re
from typing import Final

from function.api.engines import AnyEngine, EngineType
from function.api.pod_template import Container

_NAMES: Final[tuple[tuple[EngineType, re.Pattern[str]], ...]] = (
    (EngineType.DYNAMO, re.compile(r"\bdynamo\b|/ai-dynamo/")),
    (EngineType.SGLANG, re.compile(r"\bsglang\b")),
    (EngineType.TRITON, re.compile(r"\btritonserver\b")),
    (EngineType.TENSORRT_LLM, re.compile(r"\btrtllm-serve\b|\btensorrt[-_]llm\b")),
    (EngineType.TGI, re.compile(r"\btext-generation-(inference|launcher)\b")),
    (EngineType.LLAMA_CPP, re.compile(r"\bllama[.-]?cpp\b|\bllama-server\b")),
    (EngineType.OLLAMA, re.compile(r"\bollama\b")),
    (EngineType.VLLM, re.compile(r"\bvllm\b")),
)
"""Words by which programs are known, in image and command."""


def engine_type(engine: AnyEngine, container: Container) -> EngineType:
    """Tell the program: as `serving.engineType` says, else by names in the command, else by the image's.

    Args:
        engine: The engine.
        container: The container that answers requests.
    """
    if engine.serving.engine_type is not None:
        return engine.serving.engine_type
    for text in (" ".join((*container.command, *container.args)), container.image):
        for found, name in _NAMES:
            if name.search(text):
                return found
    return EngineType.OTHER
