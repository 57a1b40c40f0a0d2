"""The workload of a deployment: what to run, whichever way the deployment wrote it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import Field
from pydantic.fields import FieldInfo

from function.api.base import Model, is_api_default, items
from function.api.engines import Engine, Serving
from function.api.pod_template import Labels
from function.api.references import LabelSelector, NameRef
from function.api.taints import TOLERATIONS, Toleration

_REVISION = 8


class ReplicaFields(Model):
    """What a deployment says of each of its replicas beside the engines; a ModelReplica has the same fields.

    A field that is added here is copied into new replicas and counts for the revision.
    """

    model_cache_ref: NameRef | None = None
    """A ModelCache in the same namespace whose weights every pod mounts."""

    serving: Serving = Field(default_factory=Serving)
    """How requests reach the engines."""


class WorkloadFields(ReplicaFields):
    """What both ways of writing a deployment have beside its engines."""

    cluster_selector: LabelSelector = Field(default_factory=LabelSelector)
    """The clusters that new replicas may be placed on."""

    tolerations: Annotated[tuple[Toleration, ...], TOLERATIONS] = ()
    """Taints of clusters that replicas tolerate."""


class Workload(WorkloadFields):
    """What a deployment runs.

    Attributes:
        engines: The engines; empty if the deployment says none, which admission refuses.
        labels: Labels for the replicas and their endpoints.
    """

    engines: Annotated[tuple[Engine, ...], items(None, 8)] = ()
    labels: Labels = Field(default_factory=dict)


def revision(workload: Workload) -> str:
    """Name what a workload runs, so that a change of it can be told from a change of how much or where.

    The name covers engines, serving and cache as they were written, less what only repeats a default: labels,
    tolerations and the selector of clusters can change without a new revision. What is hashed must never
    change, nor must a default that it depends on, or every replica in the world would be replaced.

    Returns:
        Eight hexadecimal digits of SHA-256 over JSON with sorted keys and no spaces.
    """
    written = _written(workload)
    content = {key: written[key] for key in _REVISED if key in written}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_REVISION]


_REVISED = ("engines", *(field.alias or name for name, field in ReplicaFields.model_fields.items()))
"""What makes a revision: the engines, and all that a replica has beside them."""


def _written(model: Model) -> dict[str, Any]:
    """Write a model as plain data, less fields that equal their default and objects that are then empty.

    An empty object that says something, such as the source of a volume, stays.
    """
    written = {}
    for name, field in type(model).model_fields.items():
        if name not in model.model_fields_set:
            continue
        value = getattr(model, name)
        plain = _plain(value)
        says_nothing = plain == {} and not (isinstance(value, Model) and value.EMPTY_SAYS_SOMETHING)
        if plain is None or says_nothing or _is_default(field, value):
            continue
        written[field.alias or name] = plain
    return written


def _plain(value: object) -> Any:
    if isinstance(value, Model):
        return _written(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _is_default(field: FieldInfo, value: object) -> bool:
    """Tell whether a value is one that the API server would have filled in."""
    return value == field.default and is_api_default(value)
