"""ModelCache: weights of a model, kept on the clusters that serve it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from function.api import labels, patterns
from function.api.base import Column, Integer, Kind, Model, Rule, Text, between, immutable, items, length, matches
from function.api.identities import SecretKeyName
from function.api.references import LabelSelector, ObjectName

_INSTEAD = "make another ModelCache"


class TokenSecret(Model):
    """A Secret in the namespace of the cache that holds a token."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKeyName = "HF_TOKEN"
    """Key of the token in the Secret."""


class HuggingFace(Model):
    """A repository of Hugging Face."""

    repo: Annotated[
        Text,
        length(1, 200),
        matches(patterns.HUGGING_FACE_REPO),
        immutable("the repository of a cache", _INSTEAD),
    ]
    """The repository."""

    revision: Annotated[Text, length(None, 255), matches(patterns.GIT_REVISION)] = ""
    """Branch, tag or commit."""

    auth_secret: TokenSecret | None = None
    """Token for a repository that needs one."""

    size_gib: Annotated[Integer, between(1, 100000)] = Field(alias="sizeGiB")
    """Size of the volume on each cluster, in GiB."""


class ModelCacheSpec(Model):
    """Where weights come from, and which clusters keep them."""

    RULES = (
        Rule(
            "self.source != 'HuggingFace' || has(self.huggingFace)",
            "spec.huggingFace is required for source HuggingFace",
        ),
    )

    source: Annotated[Literal["HuggingFace"], immutable("the source of a cache", _INSTEAD)]
    """Where weights come from."""

    hugging_face: HuggingFace | None = None
    """A repository of Hugging Face."""

    cluster_selector: LabelSelector = Field(default_factory=LabelSelector)
    """Labels of the clusters that keep the weights; without labels, all do."""


class CacheSummary(Model):
    """How many clusters have the weights."""

    ready: Annotated[Text, length(None, 32)] = ""
    """Clusters that have the weights, of those selected."""


class CachedCluster(Model):
    """The weights on one cluster."""

    name: Annotated[Text, length(None, 253)]
    """The InferenceCluster."""

    phase: Literal["Pending", "Hydrating", "Ready", "Failed"] | None = None
    """How far it is."""

    message: Annotated[Text, length(None, 4096)] = ""
    """Why it is not further."""


class ModelCacheStatus(Model):
    """Where the weights are."""

    summary: CacheSummary = Field(default_factory=CacheSummary)
    """How many clusters have the weights."""

    clusters: Annotated[tuple[CachedCluster, ...], items(None, 4096, keys=("name",))] = ()
    """The weights on each cluster."""


MODEL_CACHE = Kind(
    group=labels.GROUP,
    kind="ModelCache",
    plural="modelcaches",
    short="mc",
    scope="Namespaced",
    about="A ModelCache keeps the weights of a model on the clusters that serve it.",
    spec=ModelCacheSpec,
    status=ModelCacheStatus,
    columns=(Column("SOURCE", ".spec.huggingFace.repo"), Column("CLUSTERS", ".status.summary.ready")),
)
