"""Usages of the front door: what must outlive what, when the InferenceGateway is deleted.

In a Usage, `of` is protected until `by` is gone. A controller outlives the objects that it may
have to finalise, and the provider config outlives the Releases that are uninstalled through it.
"""

from __future__ import annotations

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, Object, releases, unstructured, usages
from function.routing.gateways.charts import PROVIDER_CONFIG, RELEASE_LABEL, Chart


def release_by(chart: Chart, api_version: str, kind: str, name: str) -> Manifest:
    """Protect the Release of a chart while an object of the system namespace, or of none, is there."""
    of = {"apiVersion": releases.API_VERSION, "kind": "Release", "resourceSelector": _selector(chart)}
    return _usage(of, _by(api_version, kind, name), SYSTEM_NAMESPACE)


def release_by_neighbour(release: str, api_version: str, kind: str, name: str, namespace: str) -> Manifest:
    """Protect a Release while an object of another namespace is there.

    The Usage lives beside that object, since it can name none of another namespace as `by`.

    Args:
        release: Name of the Release.
        api_version: Of the object.
        kind: Of the object.
        name: Of the object.
        namespace: Of the object.
    """
    of = {
        "apiVersion": releases.API_VERSION,
        "kind": "Release",
        "resourceRef": {"name": release, "namespace": SYSTEM_NAMESPACE},
    }
    return _usage(of, _by(api_version, kind, name), namespace)


def provider_config_by(chart: Chart) -> Manifest:
    """Protect the provider config while the Release of a chart is there."""
    of = {"apiVersion": releases.API_VERSION, "kind": "ProviderConfig", "resourceRef": {"name": PROVIDER_CONFIG}}
    by = {"apiVersion": releases.API_VERSION, "kind": "Release", "resourceSelector": _selector(chart)}
    return _usage(of, by, SYSTEM_NAMESPACE)


def may_protect(usage: Object, release: Object) -> bool:
    """Tell whether a Usage protects a Release; one that does not say what it protects may."""
    of = unstructured.mapping(usage, "spec", "of")
    kind, name = unstructured.text(of, "kind"), unstructured.text(of, "resourceRef", "name")
    return kind in {"", "Release"} and name in {"", unstructured.name_of(release)}


def _selector(chart: Chart) -> Manifest:
    return {"matchControllerRef": True, "matchLabels": {RELEASE_LABEL: chart.name}}


def _by(api_version: str, kind: str, name: str) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "resourceRef": {"name": name}}


def _usage(of: Manifest, by: Manifest, namespace: str) -> Manifest:
    return {
        "apiVersion": usages.API_VERSION,
        "kind": "Usage",
        "metadata": {"namespace": namespace},
        "spec": {"replayDeletion": True, "of": of, "by": by},
    }
