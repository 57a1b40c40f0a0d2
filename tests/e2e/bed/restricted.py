"""A model of a team whose namespace takes only restricted pods: with a side-car, and with volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from function.api import kinds, labels
from function.composition import Manifest, unstructured
from tests.e2e.bed import pools
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.pools import Pool

NAMESPACE: Final = "locked"
CLUSTER: Final = "ams-1"
MODEL_NAME: Final = "locked"
LOOSE: Final = "loose"
"""A deployment that gives nothing up, which such a namespace does not take."""

POOL: Final = Pool(CLUSTER, "locked", 1, "locked")
TEMPLATES: Final = {"chat.jinja": "{{ messages }}"}

_GIVEN_UP: Final[Manifest] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@dataclass(frozen=True, slots=True)
class Restricted:
    """The model and the deployment that is kept out.

    Attributes:
        bed: Where they are.
    """

    bed: Bed

    @property
    def is_served(self) -> bool:
        """Whether the model is."""
        return self.bed.is_true("ModelDeployment", MODEL_NAME, "Ready", NAMESPACE)

    def namespace(self) -> Manifest:
        """The namespace on the cluster."""
        return self.bed.inference[CLUSTER].api.get("v1", "Namespace", NAMESPACE) or {}

    def pods(self) -> list[Manifest]:
        """The model's pods."""
        return self.bed.inference[CLUSTER].api.list("v1", "Pod", NAMESPACE, **{labels.DEPLOYMENT: MODEL_NAME})

    def scheduling_message(self, name: str) -> str:
        """What a deployment says of where its replicas go."""
        return self.bed.message("ModelDeployment", name, "ReplicasScheduled", NAMESPACE)

    def has_remote_objects(self, name: str) -> bool:
        """Whether a deployment has anything on the cluster."""
        found = self.bed.control.api.list(
            kinds.MODEL_REPLICA.api_version, "ModelReplica", NAMESPACE, **{labels.DEPLOYMENT: name}
        )
        return bool(found)


def arrange(bed: Bed) -> None:
    """Restrict the namespace, and ask for both."""
    pools.add(bed, POOL)
    levels = {"overrides": [{"name": NAMESPACE, "podSecurity": "restricted"}]}
    bed.control.api.patch(bed.composite("InferenceCluster", CLUSTER), {"spec": {"namespaces": levels}})
    bed.control.kubectl.apply_objects(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "templates", "namespace": NAMESPACE},
                "data": TEMPLATES,
            },
            _deployment(MODEL_NAME, _restricted_pod()),
            pools.service(MODEL_NAME, NAMESPACE),
            _deployment(LOOSE, {"containers": [_engine()]}),
        ]
    )


def clear(bed: Bed) -> None:
    """Take the pool away and restrict no namespace, when nothing is there any more."""
    pools.remove(bed, POOL)
    bed.control.api.patch(bed.composite("InferenceCluster", CLUSTER), {"spec": {"namespaces": None}})


def pod_of(pod: Manifest) -> Manifest:
    """What of a pod's spec the check is about: its containers by name, and its volumes by name."""
    spec = unstructured.mapping(pod, "spec")
    return {
        "containers": {item["name"]: item for item in unstructured.items(spec, "containers")},
        "volumes": {item["name"]: item for item in unstructured.items(spec, "volumes")},
    }


def privileged_pod() -> Manifest:
    """A pod that such a namespace does not take."""
    container = {"name": "root", "image": "none", "securityContext": {"privileged": True}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "privileged", "namespace": NAMESPACE},
        "spec": {"containers": [container]},
    }


def _deployment(name: str, pod: Manifest) -> Manifest:
    deployment = pools.deployment(name, 1, NAMESPACE, POOL.product)
    (engine,) = deployment["spec"]["engines"]
    (member,) = engine["members"]
    member["template"] = {"spec": pod}
    return deployment


def _engine(**more: Any) -> Manifest:
    return {"name": "engine", "image": "vllm/vllm-openai:v0.23.0", "args": ["--model=Qwen/Qwen3-8B"], **more}


def _restricted_pod() -> Manifest:
    mounts = [{"name": "templates", "mountPath": "/templates"}, {"name": "logs", "mountPath": "/logs"}]
    shipper = {"name": "log-shipper", "image": "fluent/fluent-bit:3.2.2", "securityContext": _GIVEN_UP}
    return {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            _engine(securityContext=_GIVEN_UP, volumeMounts=mounts),
            {**shipper, "volumeMounts": [{"name": "logs", "mountPath": "/logs", "readOnly": True}]},
        ],
        "volumes": [
            {"name": "templates", "configMap": {"name": "templates"}},
            {"name": "logs", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }
