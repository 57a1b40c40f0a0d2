"""Stands in for provider-helm: Releases come up and go without any chart, and bring what we rely on.

A Release reaches its cluster as with the real provider: by its provider config and the kubeconfig
in the Secret that this names. It is tracked as a user of that config, and in deletion it waits for
all other finalizers and stays until that cluster answers. One that is changed is not Ready until
it is looked at the next time, half a minute later. It is not checked that a chart exists, or takes
its values.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from function.composition import Manifest, Object, releases, timestamps, unstructured
from tests.e2e.bed import definitions, gpus, provider_configs, traefik_chart
from tests.e2e.bed.api import Api, load
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.provider_configs import UntrackedError
from tests.e2e.bed.stand_in import condition, set_finalizer, set_status, timed

API_VERSION: Final = "helm.m.crossplane.io/v1beta1"

_FINALIZER: Final = "finalizer.managedresource.crossplane.io"
_DEFINITIONS: Final = {"gateway-helm": ("gateway-api", "envoy-gateway"), "lws": ("lws",), "traefik": ("traefik",)}
"""The folders of definitions that a chart brings."""

_GOES: Final[dict[str, Callable[[], list[Manifest]]]] = {
    "metallb": definitions.metallb,
    "traefik": lambda: [traefik_chart.service()],
}
"""What goes with a chart, as far as it matters here; MetalLB's definitions are among its templates."""


class UnreachableError(Exception):
    """The cluster of a Release cannot be reached; the text is what its condition says."""


@dataclass(slots=True)
class Helm:
    """Installs charts that are none.

    Attributes:
        control: The control cluster.
        crds: Where the definitions are that charts bring, by folder.
        installed: The charts that are installed on each cluster, by the address of its API server.
        tracked: The uids of Releases that are noted as users of their provider config.
    """

    control: Cluster
    crds: Path
    installed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tracked: frozenset[str] = frozenset()

    def step(self) -> None:
        """Bring every provider config and every Release one step on.

        The configs come first: the real provider looks at them whenever a user goes.
        """
        self.tracked = provider_configs.account(self.control.api)
        for release in self.control.api.list(API_VERSION, "Release"):
            if "deletionTimestamp" in release["metadata"]:
                self._uninstall(release)
            else:
                self._install(release)

    def _install(self, release: Object) -> None:
        try:
            target = self._target(release)
            set_finalizer(self.control.api, release, _FINALIZER, present=True)
            if revision_of(release):
                self._bring(target, release)
        except (UnreachableError, UntrackedError, OSError) as error:
            conditions = [condition("Synced", "False", "ReconcileError", f"connect failed: {error}")]
            self._say(release, conditions)
            return
        ready, revision, state = standing(release, datetime.now(UTC))
        synced = condition("Synced", "True", "ReconcileSuccess")
        self._say(release, [synced, ready], {"revision": revision, "state": state})

    def _uninstall(self, release: Object) -> None:
        try:
            target = self._target(release)
            target.call("GET", "/version")
        except (UnreachableError, UntrackedError, OSError) as error:
            self._say(release, [condition("Synced", "False", "ReconcileError", f"connect failed: {error}")])
            return
        if len(release["metadata"].get("finalizers", ())) > 1:
            return
        for obj in _GOES.get(chart_of(release), list)():
            target.delete(obj)
        self.installed[target.url].discard(chart_of(release))
        set_finalizer(self.control.api, release, _FINALIZER, present=False)

    def _bring(self, target: Api, release: Object) -> None:
        """Put on a cluster what a chart would."""
        chart = chart_of(release)
        if chart in self.installed[target.url]:
            target.call("GET", "/version")
            return
        namespace = unstructured.text(release, "spec", "forProvider", "namespace")
        target.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, "helm")
        for obj in self._content(chart, target):
            target.apply(obj, "helm")
        self.installed[target.url].add(chart)

    def _content(self, chart: str, target: Api) -> list[Manifest]:
        found = [
            obj
            for folder in _DEFINITIONS.get(chart, ())
            for path in sorted((self.crds / folder).glob("*.y*ml"))
            for obj in load(path)
        ]
        if chart == "traefik":
            found.append(traefik_chart.service())
        if chart == "metallb":
            found += definitions.metallb()
        if chart == "dra-driver-nvidia-gpu":
            found += [gpus.device_class(), *gpus.slices(target.list("v1", "Node"))]
        return found

    def _target(self, release: Object) -> Api:
        """The cluster of a Release."""
        if release["metadata"]["uid"] not in self.tracked:
            provider_configs.track(self.control.api, release)
        namespace = unstructured.namespace_of(release)
        ref = unstructured.mapping(release, "spec", "providerConfigRef")
        kind, name = unstructured.text(ref, "kind"), unstructured.text(ref, "name")
        config = self.control.api.get(API_VERSION, kind, name, namespace if kind == "ProviderConfig" else "")
        if config is None:
            raise UnreachableError(f"{kind} {name!r} not found")
        if unstructured.text(config, "spec", "credentials", "source") == "InjectedIdentity":
            return self.control.api
        secret_ref = unstructured.mapping(config, "spec", "credentials", "secretRef")
        secret = self.control.api.get("v1", "Secret", secret_ref["name"], secret_ref["namespace"])
        encoded = unstructured.text(secret, "data", secret_ref["key"])
        try:
            return _reach(base64.b64decode(encoded).decode())
        except Exception as error:
            raise UnreachableError(f"Secret {secret_ref['namespace']}/{secret_ref['name']}: no kubeconfig") from error

    def _say(self, release: Object, conditions: list[Manifest], seen: Object | None = None) -> None:
        before = unstructured.items(release, "status", "conditions")
        types = {item["type"] for item in conditions}
        kept = [dict(item) for item in before if item.get("type") not in types]
        generation = {"observedGeneration": release["metadata"]["generation"]}
        conditions = [{**item, **generation} if item["type"] == "Synced" else item for item in conditions]
        more = {"atProvider": seen} if seen else {}
        set_status(self.control.api, release, {"conditions": [*timed(conditions, before), *kept], **more})


def standing(release: Object, now: datetime) -> tuple[Manifest, int, str]:
    """How a Release stands as the real provider says it: Ready, the revision, and Helm's word."""
    revision = revision_of(release)
    if not revision:
        return condition("Ready", "False", "Creating"), 1, "pending-install"
    looked = unstructured.integer(unstructured.condition(release, "Synced"), "observedGeneration")
    ready = unstructured.condition(release, "Ready")
    since = timestamps.time_of(unstructured.text(ready, "lastTransitionTime"))
    waits = ready.get("reason") == "Unavailable" and since is not None and now < since + releases.POLL
    changed = looked < unstructured.integer(release, "metadata", "generation")
    if changed or waits:
        return condition("Ready", "False", "Unavailable"), revision + changed, "deployed"
    return condition("Ready", "True", "Available"), revision, "deployed"


def revision_of(release: Object) -> int:
    """How often a Release was deployed; 0 before it was looked at."""
    return unstructured.integer(release, "status", "atProvider", "revision")


@cache
def _reach(kubeconfig: str) -> Api:
    """The cluster of a kubeconfig, which is read once: a dozen Releases ask for it every second."""
    return Api(kubeconfig)


def chart_of(release: Object) -> str:
    """The chart that a Release installs."""
    return unstructured.text(release, "spec", "forProvider", "chart", "name")
