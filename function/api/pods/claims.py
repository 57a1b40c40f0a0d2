"""Claims that are made for each pod."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api.base import Model, Rule, Text, entries, length
from function.api.pods.selection import ObjectSelector
from function.api.pods.values import PodQuantity, Word, few
from function.api.references import LabelValue, ObjectName

AccessMode: TypeAlias = Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]
Amounts: TypeAlias = Annotated[dict[str, PodQuantity], entries(16)]


class ClaimMetadata(Model):
    """Labels and annotations of the claims."""

    labels: Annotated[dict[str, LabelValue], entries(32)] = Field(default_factory=dict)
    """Labels."""

    annotations: Annotated[dict[str, Annotated[Text, length(None, 8192)]], entries(32)] = Field(default_factory=dict)
    """Annotations."""


class ResourceAmounts(Model):
    """How much is asked for, and how much there may be."""

    RULES = (
        Rule(
            "(!has(self.requests) || self.requests.all(k, k.size() <= 317))"
            " && (!has(self.limits) || self.limits.all(k, k.size() <= 317))",
            "names of resources must have at most 317 characters",
        ),
    )

    requests: Amounts = Field(default_factory=dict)
    """At least so much of each resource."""

    limits: Amounts = Field(default_factory=dict)
    """At most so much of each resource."""


class ClaimSource(Model):
    """What a volume is filled from."""

    api_group: Word | None = None
    """API group; without it the core group."""

    kind: Annotated[Text, length(1, 63)]
    """Kind, such as PersistentVolumeClaim or VolumeSnapshot."""

    name: ObjectName
    """Name of the object."""


class ClaimSpec(Model):
    """What volume is asked for."""

    RULES = (
        Rule(
            "has(self.accessModes) && self.accessModes.size() > 0 && has(self.resources)"
            " && has(self.resources.requests) && 'storage' in self.resources.requests",
            "a claim needs accessModes and resources.requests.storage",
        ),
    )

    access_modes: Annotated[tuple[AccessMode, ...], few(4)] = ()
    """How it may be mounted."""

    storage_class_name: Word | None = None
    """Storage class; without it the cluster's default, and with an empty text none."""

    volume_mode: Literal["Filesystem", "Block"] | None = None
    """Whether it has a file system; without it it has."""

    resources: ResourceAmounts | None = None
    """How large it is: `requests.storage` is needed."""

    selector: ObjectSelector | None = None
    """Volumes to choose from, by their labels."""

    volume_name: Annotated[Text, length(None, 253)] = ""
    """Name of the volume, if it exists."""

    volume_attributes_class_name: Annotated[Text, length(1, 253)] | None = None
    """Class of attributes that the driver sets."""

    data_source: ClaimSource | None = None
    """What it is filled from: a claim or a snapshot."""

    data_source_ref: ClaimSource | None = None
    """What it is filled from: an object of any kind that something on the cluster knows how to read."""


class ClaimTemplate(Model):
    """The claim that is made for each pod."""

    metadata: ClaimMetadata | None = None
    """Labels and annotations of the claims."""

    spec: ClaimSpec
    """What volume is asked for."""
