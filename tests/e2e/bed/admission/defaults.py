"""Defaults: what an API server fills into an object, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from function.composition import Manifest
from tests.e2e.bed.admission.classes import NIC, provisioned
from tests.e2e.bed.admission.clusters import block, existing
from tests.e2e.bed.admission.engine_forms import FLAT, NESTED, PLACED, EngineForm
from tests.support.api import cache, changed, cluster, endpoint, gateway, inference_class, pool, request, service, stack

_NODES: Final = {"spec.nodePools[0].nodeCount": 1}
_DEVICE: Final = {"spec.devices[0].claim": "DRA", "spec.devices[0].count": 1}


def _engine(at: str) -> dict[str, Any]:
    return {f"{at}.engines[0].copies": 1, f"{at}.engines[0].members[0].role": "Standalone"}


def _unsaid(form: EngineForm) -> dict[str, Any]:
    devices = "deviceRequests" if form is PLACED else "nodeSelector.devices"
    return {**_engine(form.at), f"{form.first}.{devices}[0].count": 1}


def _cloud(source: str, version: str) -> tuple[Manifest, dict[str, Any]]:
    at = f"spec.cluster.{source.lower()}"
    filled = {"kubernetesVersion": version, "credentials.type": "ClusterProviderConfig", "credentials.name": "default"}
    return block(source, credentials={}), {**_NODES, **{f"{at}.{field}": value for field, value in filled.items()}}


def _written(form: EngineForm) -> tuple[Manifest, dict[str, Any]]:
    """Engines with every block that has defaults, each of them empty."""
    obj = form.engines(form.engine(serving={}), serving={})
    filled = {
        f"{form.at}.serving.mode": "Unified",
        f"{form.at}.engines[0].serving.startupSeconds": 1800,
    }
    return obj, {**_unsaid(form), **filled}


def _tolerating(form: EngineForm) -> tuple[Manifest, dict[str, Any]]:
    """A pod that tolerates a taint."""
    operator = {f"{form.first}.template.spec.tolerations[0].operator": "Equal"}
    return form.pod(tolerations=[{"key": "a"}]), {**_unsaid(form), **operator}


DEFAULTS: Final[tuple[tuple[Manifest, Mapping[str, Any]], ...]] = (
    (inference_class(), _DEVICE),
    (inference_class(devices=[{**NIC, "claim": "Synthetic", "count": 8}]), {}),
    *(
        (provisioned(cloud, cloud), {**_DEVICE, f"spec.provisioning.{cloud.lower()}.diskSizeGb": 100})
        for cloud in ("GKE", "EKS", "AKS")
    ),
    (
        provisioned("Nebius", "Nebius"),
        {
            **_DEVICE,
            "spec.provisioning.nebius.diskSizeGb": 100,
            "spec.provisioning.nebius.driversPreset": "cuda13.0",
        },
    ),
    (provisioned("Vultr", "Vultr"), _DEVICE),
    _cloud("GKE", "1.35"),
    _cloud("EKS", "1.36"),
    _cloud("AKS", "1.34"),
    _cloud("Nebius", "1.34"),
    _cloud("Vultr", "v1.36.1+3"),
    (
        cluster("Existing", namespaces={}),
        {
            **_NODES,
            "spec.cluster.existing.secretRef.key": "kubeconfig",
            "spec.namespaces.podSecurity": "baseline",
        },
    ),
    (cluster("EKS"), {**_NODES, "spec.cluster.eks.kubernetesVersion": "1.36"}),
    (
        existing(identitySecretRef={"name": "sa"}),
        {
            **_NODES,
            "spec.cluster.existing.secretRef.key": "kubeconfig",
            "spec.cluster.existing.identitySecretRef.key": "private_key",
            "spec.cluster.existing.identitySecretRef.type": "GoogleApplicationCredentials",
        },
    ),
    (
        existing(identity={"type": "UpboundTokens", "source": "Secret", "secretRef": {"name": "robot"}}),
        {
            **_NODES,
            "spec.cluster.existing.secretRef.key": "kubeconfig",
            "spec.cluster.existing.identity.secretRef.key": "private_key",
        },
    ),
    (
        cluster("Nebius", pool(fabric={}), servingStack={"versions": {}, "gateway": {}}),
        {
            **_NODES,
            "spec.cluster.nebius.kubernetesVersion": "1.34",
            "spec.nodePools[0].fabric.type": "None",
            "spec.servingStack.gateway.className": "envoy",
        },
    ),
    (gateway(), {}),
    (
        gateway(traefik={"valuesFrom": [{"name": "tuning"}]}),
        {"spec.traefik.valuesFrom[0].key": "values.yaml"},
    ),
    *((form.write(), _unsaid(form)) for form in (FLAT, NESTED, PLACED)),
    *(_written(form) for form in (FLAT, NESTED, PLACED)),
    *(_tolerating(form) for form in (FLAT, NESTED, PLACED)),
    (
        FLAT.write(rollout={}, tolerations=[{"key": "k"}]),
        {
            **_unsaid(FLAT),
            "spec.rollout.maxSurge": 1,
            "spec.rollout.progressDeadlineSeconds": 3600,
            "spec.tolerations[0].operator": "Equal",
        },
    ),
    (
        FLAT.members(FLAT.member("Leader", claims=False), FLAT.member("Worker", nodeSelector={"devices": [request()]})),
        {"spec.engines[0].copies": 1, "spec.engines[0].members[1].nodeSelector.devices[0].count": 1},
    ),
    (
        NESTED.write(tolerations=[{"key": "k"}]),
        {**_unsaid(NESTED), "spec.template.spec.tolerations[0].operator": "Equal"},
    ),
    (
        PLACED.members(PLACED.member(tolerations=[{"key": "k"}])),
        {**_unsaid(PLACED), f"{PLACED.first}.tolerations[0].operator": "Equal"},
    ),
    (service(), {"spec.endpoints[0].weight": 1, "spec.endpoints[0].priority": 0}),
    (endpoint(), {}),
    (endpoint(tls={"caSecretRef": {"name": "ca"}}), {"spec.tls.caSecretRef.key": "ca.crt"}),
    (cache(), {}),
    (cache(authSecret={"name": "hf"}), {"spec.huggingFace.authSecret.key": "HF_TOKEN"}),
    (stack(), {"spec.nvidiaDriverRoot": "/"}),
    (
        stack(tolerations=[{"key": "team"}]),
        {"spec.nvidiaDriverRoot": "/", "spec.tolerations[0].operator": "Equal"},
    ),
    (
        stack(gateway={}, versions={}),
        {"spec.nvidiaDriverRoot": "/", "spec.gateway.className": "envoy"},
    ),
    (
        changed(cluster("Existing"), "spec", "nodePools", 0, to=pool("gpu", nodeCount=0)),
        {"spec.cluster.existing.secretRef.key": "kubeconfig"},
    ),
)
"""Objects, and every field that is filled in."""


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no object and no list, with its path; of an empty one the empty one itself."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def filled(submitted: Manifest, stored: Manifest) -> tuple[dict[str, object], dict[str, object]]:
    """What a server added to a spec, and what it took away or changed."""
    before, after = (dict(leaves(obj["spec"], "spec")) for obj in (submitted, stored))
    added = {path: value for path, value in after.items() if path not in before}
    lost = {
        path: value
        for path, value in before.items()
        if after.get(path, value if _filled_in(path, after) else None) != value
    }
    return added, lost


def _filled_in(path: str, after: Mapping[str, object]) -> bool:
    """Tell whether an object that was empty has got fields."""
    return any(other.startswith(f"{path}.") for other in after)
