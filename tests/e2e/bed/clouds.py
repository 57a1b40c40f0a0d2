"""Stands in for the providers of clouds: what is asked of a cloud is there at once, and goes at once.

Every managed resource of the groups below becomes Synced, then Ready, is known to its cloud by its own
name, and stays in deletion until its provider has looked. What a cloud would refuse is not refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from function.api import clouds
from function.composition import Object, unstructured
from tests.e2e.bed.api import Api
from tests.e2e.bed.stand_in import condition, set_finalizer, set_status, timed

_DOMAIN: Final = ".m.upbound.io"

CLOUDS: Final = tuple(
    sorted(
        {
            f"{group.removesuffix(_DOMAIN).rpartition('.')[2]}{_DOMAIN}"
            for cloud in clouds.CLOUDS
            for provider in cloud.providers
            for group in provider.groups
        }
    )
)
"""The API groups of clouds; a group below one of them belongs to it."""

EXTERNAL_NAME: Final = "crossplane.io/external-name"

_CONFIGURES: Final = "ProviderConfig"
"""Kinds whose name has this in it are configuration, not resources."""

_FINALIZER: Final = "finalizer.managedresource.crossplane.io"


@dataclass(slots=True)
class Clouds:
    """All clouds together.

    Attributes:
        api: The control cluster.
    """

    api: Api

    def step(self) -> None:
        """Bring every managed resource one step on."""
        for api_version in self._served():
            for kind in self._kinds_of(api_version):
                for resource in self.api.list(api_version, kind):
                    self._bring(resource)

    def _served(self) -> Iterator[str]:
        for group in self.api.call("GET", "/apis")["groups"]:
            if any(group["name"] == cloud or group["name"].endswith(f".{cloud}") for cloud in CLOUDS):
                yield group["preferredVersion"]["groupVersion"]

    def _kinds_of(self, api_version: str) -> list[str]:
        found = self.api.call("GET", f"/apis/{api_version}")["resources"]
        return [
            resource["kind"]
            for resource in found
            if "/" not in resource["name"] and _CONFIGURES not in resource["kind"]
        ]

    def _bring(self, resource: Object) -> None:
        if "deletionTimestamp" in resource["metadata"]:
            set_finalizer(self.api, resource, _FINALIZER, present=False)
            return
        name = unstructured.name_of(resource)
        if EXTERNAL_NAME not in resource["metadata"].get("annotations", {}):
            set_finalizer(self.api, resource, _FINALIZER, present=True)
            self.api.patch(resource, {"metadata": {"annotations": {EXTERNAL_NAME: name}}})
        generation = resource["metadata"]["generation"]
        began = unstructured.is_true(resource, "Synced")
        ready = ("True", "Available") if began else ("False", "Creating")
        conditions = [
            condition("Synced", "True", "ReconcileSuccess", generation=generation),
            condition("Ready", *ready, generation=generation),
        ]
        before = unstructured.items(resource, "status", "conditions")
        types = {item["type"] for item in conditions}
        kept = [dict(item) for item in before if item.get("type") not in types]
        seen = {**unstructured.mapping(resource, "status", "atProvider"), "id": name}
        set_status(self.api, resource, {"conditions": [*timed(conditions, before), *kept], "atProvider": seen})
