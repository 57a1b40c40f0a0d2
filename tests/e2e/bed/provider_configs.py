"""Who uses the provider configs of provider-helm, as every provider of Crossplane keeps account of it.

Whatever connects by a config is noted in a ProviderConfigUsage first, which its user owns. A
config in deletion stays while there are any. As with real providers, a usage has no finalizer: it
goes as soon as it is deleted, and its user makes another when it connects again.
"""

from __future__ import annotations

from typing import Final

from function.composition import Manifest, Object, unstructured
from tests.e2e.bed.api import Api, ApiError
from tests.e2e.bed.stand_in import set_finalizer

API_VERSION: Final = "helm.m.crossplane.io/v1beta1"
KINDS: Final = ("ProviderConfig", "ClusterProviderConfig")

_FINALIZER: Final = "in-use.crossplane.io"
_NAME: Final = "crossplane.io/provider-config"
_KIND: Final = "crossplane.io/provider-config-kind"
_CONFLICT: Final = 409


class UntrackedError(Exception):
    """The user of a provider config cannot be noted; the text is what its condition says."""


def account(api: Api) -> frozenset[str]:
    """Keep every config while it is used, and give the uids of all users."""
    usages = api.list(API_VERSION, "ProviderConfigUsage")
    used = {(*_labels(usage), unstructured.namespace_of(usage)) for usage in usages}
    anywhere = {key[:2] for key in used}
    for kind in KINDS:
        for config in api.list(API_VERSION, kind):
            name, namespace = unstructured.name_of(config), unstructured.namespace_of(config)
            in_use = (name, kind, namespace) in used if namespace else (name, kind) in anywhere
            live = "deletionTimestamp" not in config["metadata"]
            set_finalizer(api, config, _FINALIZER, present=live or in_use)
    return frozenset(map(unstructured.name_of, usages))


def track(api: Api, user: Object) -> None:
    """Note that a managed resource uses its config.

    Raises:
        UntrackedError: When it cannot be noted.
    """
    path = api.path(API_VERSION, "ProviderConfigUsage", unstructured.namespace_of(user))
    try:
        api.call("POST", path, _usage(user))
    except ApiError as error:
        if error.status != _CONFLICT:
            raise UntrackedError(f"cannot apply ProviderConfigUsage: {error}") from error


def _usage(user: Object) -> Manifest:
    ref = unstructured.mapping(user, "spec", "providerConfigRef")
    config = {"kind": ref["kind"], "name": ref["name"]}
    meta, identity = user["metadata"], {"apiVersion": user["apiVersion"], "kind": user["kind"]}
    owner = {**identity, "name": meta["name"], "uid": meta["uid"], "controller": True, "blockOwnerDeletion": True}
    return {
        "apiVersion": API_VERSION,
        "kind": "ProviderConfigUsage",
        "metadata": {
            "name": meta["uid"],
            "namespace": meta["namespace"],
            "labels": {_NAME: config["name"], _KIND: config["kind"]},
            "ownerReferences": [owner],
        },
        "providerConfigRef": config,
        "resourceRef": {**identity, "name": meta["name"]},
    }


def _labels(usage: Object) -> tuple[str, str]:
    labels = unstructured.labels(usage)
    return labels.get(_NAME, ""), labels.get(_KIND, "")
