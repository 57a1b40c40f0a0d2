"""The argument by which an engine finds the weights of a cache that the user did not name.

An image `vllm-openai` without a model would serve a tiny default model beside the cached one. Its newer versions run
`vllm serve`, which wants the model as its first argument and warns of `--model` (seen of vLLM 0.23.0 and 0.26.0). Older
ones run `python3 -m vllm.entrypoints.openai.api_server`, which serves what `--model` says alone, and an image whose tag
says no version may be one of them. Every version so far understands the flag.
"""

from __future__ import annotations

import re
from typing import Final

from function.api.pod_template import Container

MODELS_PATH: Final = "/mnt/models"
"""Where the weights of a ModelCache are mounted."""

_POSITIONAL_SINCE: Final = (0, 20)
"""The version of vLLM from which on its images certainly run `vllm serve`; earlier ones may."""

_IS_VLLM: Final = re.compile(r"(^|/)vllm-openai([:@]|$)")
_VERSION: Final = re.compile(r"(^|/)vllm-openai:v?(?P<major>\d{1,4})\.(?P<minor>\d{1,4})(?![0-9])")


def arguments(container: Container, *, cached: bool) -> list[str]:
    """The user's arguments, and the model where the image would not find the cached weights without it.

    Args:
        container: The engine's container, as the user wrote it.
        cached: Whether the weights of a cache are mounted, and the container answers requests.
    """
    written = list(container.args)
    if not cached or container.command or _names_model(container) or not _IS_VLLM.search(container.image):
        return written
    return [MODELS_PATH, *written] if _takes_position(container.image) else [*written, f"--model={MODELS_PATH}"]


def _names_model(container: Container) -> bool:
    flag = any(arg == "--model" or arg.startswith("--model=") for arg in container.args)
    return flag or (bool(container.args) and not container.args[0].startswith("-"))


def _takes_position(image: str) -> bool:
    """Tell by the tag whether an image takes a model as its first argument."""
    found = _VERSION.search(image)
    return found is not None and (int(found["major"]), int(found["minor"])) >= _POSITIONAL_SINCE
