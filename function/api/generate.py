"""Write what is made from the models: definitions, Compositions and the API reference.

python -m function.api.generate           write what is stale, remove what nothing makes any more
python -m function.api.generate --check   write nothing; exit 1 and name what is stale
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

import yaml

from function.api.compositions import composition
from function.api.generated_files import GeneratedFiles
from function.api.kinds import KINDS
from function.api.pods import pods_page
from function.api.reference import page
from function.api.xrd import definition

DEFINITIONS: Final = "xrds"
COMPOSITIONS: Final = "compositions"
REFERENCE: Final = "docs/api.md"
PODS: Final = "docs/pods.md"

_HEAD: Final = "# Made from function/api by python -m function.api.generate; do not edit it here.\n"


def files() -> dict[str, str]:
    """Make every file, by its path below the root of the repository."""
    made = {REFERENCE: page(KINDS), PODS: pods_page.page()}
    for kind in KINDS:
        made[f"{DEFINITIONS}/{kind.name}.yaml"] = _yaml(definition(kind), compact=True)
        if composed := composition(kind):
            made[f"{COMPOSITIONS}/{kind.name}.yaml"] = _yaml(composed)
    return made


def generated() -> GeneratedFiles:
    """Give every file, with the folders that hold nothing else."""
    return GeneratedFiles(files(), (DEFINITIONS, COMPOSITIONS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; see `GeneratedFiles.command`."""
    return generated().command("function.api.generate", __doc__.splitlines()[0], arguments)


def _yaml(manifest: dict[str, Any], *, compact: bool = False) -> str:
    """Write a manifest; a compact one has its innermost objects in a line each."""
    text = yaml.dump(
        manifest,
        Dumper=_DefinitionDumper,
        sort_keys=False,
        width=120,
        allow_unicode=True,
        default_flow_style=None if compact else False,
    )
    return f"{_HEAD}{text}"


class _DefinitionDumper(yaml.SafeDumper):
    """Writes every value out: anchors would make one schema depend on another's place."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is the library's
        return True


if __name__ == "__main__":
    sys.exit(main())
