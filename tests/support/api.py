"""Builders of manifests of our own kinds, and what admission says to them."""

import copy
from collections.abc import Mapping
from typing import Any

from function.api.clouds.pool_rules import places
from function.api.cluster_sources import SOURCES
from function.api.kinds import KINDS
from function.api.validation import admit, admit_update

SELECTOR = 'device.capacity["gpu.nvidia.com"].memory.compareTo(quantity("20Gi")) >= 0\n'


def manifest(kind: str, spec: Mapping[str, Any] | None, name: str = "thing", **metadata: Any) -> dict[str, Any]:
    found = next(k for k in KINDS if k.kind == kind)
    space = {"namespace": "ml-team"} if found.scope == "Namespaced" else {}
    body = {} if spec is None else {"spec": dict(spec)}
    return {"apiVersion": found.api_version, "kind": kind, "metadata": {"name": name, **space, **metadata}, **body}


def template(**spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai:v0.23.0"}], **spec}}


def request(name: str = "gpu", /, **fields: Any) -> dict[str, Any]:
    return {"name": name, "selectors": [{"cel": SELECTOR}], **fields}


def member(role: str | None = None, *, claims: bool = True, **fields: Any) -> dict[str, Any]:
    role_field = {} if role is None else {"role": role}
    hardware = {"nodeSelector": {"devices": [request()]}} if claims else {}
    return {**role_field, **hardware, "template": template(), **fields}


def engine(name: str = "qwen", *members: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": name, "members": list(members) or [member()], **fields}


def deployment(name: str = "qwen-demo", **fields: Any) -> dict[str, Any]:
    return manifest("ModelDeployment", {"replicas": 1, "engines": [engine()], **fields}, name)


def nested(name: str = "qwen-demo", labels: Mapping[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """A deployment that says what to run under spec.template.spec."""
    metadata = {"metadata": {"labels": dict(labels)}} if labels else {}
    spec = {"engines": [engine()], **fields}
    return manifest("ModelDeployment", {"replicas": 1, "template": {**metadata, "spec": spec}}, name)


def placed(role: str | None = None, *, claims: bool = True, **fields: Any) -> dict[str, Any]:
    role_field = {} if role is None else {"role": role}
    devices = {"deviceRequests": [{"name": "gpu", "deviceClassName": "gpu.nvidia.com"}]} if claims else {}
    return {**role_field, "nodePoolName": "l4", **devices, "template": template(), **fields}


def replica(name: str = "qwen-demo-2c2d12b2", **fields: Any) -> dict[str, Any]:
    engines = [{"name": "qwen", "members": [placed()]}]
    return manifest("ModelReplica", {"clusterName": "eks-us-east", "engines": engines, **fields}, name)


def device(name: str = "gpu", /, **fields: Any) -> dict[str, Any]:
    return {"name": name, "driver": "gpu.nvidia.com", "deviceClassName": "gpu.nvidia.com", **fields}


def inference_class(name: str = "l4-1x", **fields: Any) -> dict[str, Any]:
    return manifest("InferenceClass", {"devices": [device()], **fields}, name)


BLOCKS: Mapping[str, Mapping[str, Any]] = {
    "GKE": {"gke": {"region": "us-central1"}},
    "EKS": {"eks": {"region": "us-east-1"}},
    "AKS": {"aks": {"location": "eastus"}},
    "Nebius": {"nebius": {}},
    "Vultr": {"vultr": {"region": "ewr"}},
    "Existing": {"existing": {"secretRef": {"name": "kubeconfig"}}},
}


def clouds_with(trait: str) -> str:
    """The clouds whose node pools have a trait, as messages name them."""
    return places(SOURCES, trait)


def sources_without(trait: str) -> list[str]:
    """The sources whose node pools do not have a trait."""
    return [source.name for source in SOURCES if not getattr(source.pools, trait)]


def pool(name: str = "gpu", /, **fields: Any) -> dict[str, Any]:
    return {"name": name, "className": "l4-1x", "zones": ["a"], **fields}


def cluster(source: str = "EKS", *pools: Mapping[str, Any], name: str = "east", **fields: Any) -> dict[str, Any]:
    spec = {"cluster": {"source": source, **BLOCKS[source]}, "nodePools": list(pools) or [pool()], **fields}
    return manifest("InferenceCluster", spec, name)


def gateway(name: str = "default", **fields: Any) -> dict[str, Any]:
    return manifest("InferenceGateway", {"backend": "Traefik", "traefik": {}, **fields}, name)


def service(*groups: Mapping[str, Any], name: str = "qwen") -> dict[str, Any]:
    selected = {"selector": {"matchLabels": {"modelplane.ai/deployment": "qwen-demo"}}}
    return manifest("ModelService", {"endpoints": list(groups) or [selected]}, name)


def endpoint(url: str = "https://api.together.xyz/", name: str = "together", **fields: Any) -> dict[str, Any]:
    return manifest("ModelEndpoint", {"url": url, **fields}, name)


def cache(name: str = "qwen3-coder", **fields: Any) -> dict[str, Any]:
    source = {"repo": "Qwen/Qwen3-8B", "sizeGiB": 50, **fields}
    return manifest("ModelCache", {"source": "HuggingFace", "huggingFace": source}, name)


def stack(**fields: Any) -> dict[str, Any]:
    secret = {"type": "Kubeconfig", "name": "east-kubeconfig", "key": "kubeconfig"}
    return manifest("ServingStack", {"secrets": [secret], **fields})


def changed(obj: Mapping[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """A copy of an object with one field changed."""
    result = copy.deepcopy(dict(obj))
    at: Any = result
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return result


def refused(obj: Mapping[str, Any]) -> list[str]:
    """Why admission refuses a new object; empty when it does not."""
    return [str(problem) for problem in admit(obj).problems]


def refused_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why admission refuses a change of an object; empty when it does not."""
    return [str(problem) for problem in admit_update(old, new).problems]


def stored(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of an object as the API server would store it; the object must be admitted."""
    found = admit(obj)
    assert not found.problems, found.lines()
    spec = found.object["spec"]
    assert isinstance(spec, dict)
    return spec
