"""Files with manifests, and what reading them gives."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.preview.inputs import InputError, read


def config(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def write(name: str, *content: Any) -> str:
    """A file with a text, or with manifests."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content[0] if content and isinstance(content[0], str) else yaml.safe_dump_all(content)
    path.write_text(text, encoding="utf-8")
    return name


def names(*paths: str, stdin: str = "") -> list[str]:
    return [obj["metadata"]["name"] for obj in read(paths, io.StringIO(stdin))]


def refused(*paths: str, stdin: str = "") -> list[str]:
    with pytest.raises(InputError) as stopped:
        read(paths, io.StringIO(stdin))
    assert str(stopped.value) == "\n".join(stopped.value.problems)
    return list(stopped.value.problems)
