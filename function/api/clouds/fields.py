"""What the descriptions of several clouds have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import create_model

from function.api.base import Integer, Model, Text, between, immutable, length
from function.api.references import ObjectName

INSTEAD: Final = "make another InferenceCluster"
"""What to do instead of changing where a cluster is."""

Region: TypeAlias = Annotated[Text, length(1, 32), immutable("the region of a cluster", INSTEAD)]
Location: TypeAlias = Annotated[Text, length(1, 32), immutable("the location of a cluster", INSTEAD)]
Project: TypeAlias = Annotated[Text, length(1, 63), immutable("the project of a cluster", INSTEAD)]
KubernetesVersion: TypeAlias = Annotated[Text, length(1, 16)]

Shape: TypeAlias = Annotated[Text, length(1, 63)]
DiskSize: TypeAlias = Annotated[Integer, between(10, 65536)]

M = TypeVar("M", bound=Model)


class ProviderCredentials(Model):
    """The provider config that authenticates with a cloud."""

    type: Literal["ProviderConfig", "ClusterProviderConfig"] = "ClusterProviderConfig"
    """Kind of the provider config. The namespaced kind is looked up in `modelplane-system`."""

    name: ObjectName = "default"
    """Name of the provider config."""


class Accelerator(Model):
    """The accelerators of a node, as the cloud names them."""

    type: Shape
    """Type of the accelerator; becomes a label of the nodes."""

    count: Annotated[Integer, between(1, 16)]
    """Accelerators of a node."""


def with_blocks(model: type[M], blocks: Mapping[str, type[Model]]) -> type[M]:
    """Give a model an optional field for each cloud.

    Args:
        model: The fields that come before these, the rules and the documentation.
        blocks: The model of each field, whose docstring describes the field.
    """
    fields: dict[str, Any] = {name: (block | None, None) for name, block in blocks.items()}
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **fields)
