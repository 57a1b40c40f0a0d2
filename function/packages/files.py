"""The files that are made from the code for installing it, as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import yaml

from function.composition import Manifest
from function.packages import composed, install, metadata
from function.packages.metadata import Release

FUNCTION: Final = "package/function/crossplane.yaml"
CONFIGURATION: Final = "package/configuration/crossplane.yaml"
ACTIVATION: Final = "package/configuration/activation-policy.yaml"
INSTALL: Final = "package/install.yaml"
CONFIGURATION_PACKAGE: Final = "package/modelplane.yaml"

_HEAD: Final = "# Made from the code by python -m function.packages; do not edit it here.\n"


def files(release: Release) -> dict[str, str]:
    """Make every file of a release, by its path below the root of the repository.

    Raises:
        composed.TableError: When the table of composed kinds does not agree with the composers.
    """
    rows = composed.check()
    return {
        FUNCTION: _text([("", metadata.function_metadata())]),
        CONFIGURATION: _text([("", metadata.configuration_metadata(release, rows))]),
        ACTIVATION: _text([("", metadata.activation_policy(rows))]),
        INSTALL: _text(install.documents(release, rows)),
        CONFIGURATION_PACKAGE: _text([("", metadata.configuration_package(release))]),
    }


def _text(documents: Iterable[tuple[str, Manifest]]) -> str:
    parts = [
        (f"# {why}\n" if why else "") + yaml.safe_dump(document, sort_keys=False, width=120)
        for why, document in documents
    ]
    return _HEAD + "---\n".join(parts)
