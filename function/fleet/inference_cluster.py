"""InferenceCluster: a cluster that models run on, and what it offers to the scheduler.

What it composes stays composed as long as the cluster is observed, whatever happens to the
classes of its pools. Only the guard and the namespaces of replicas come and go with these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from function.api import labels
from function.api.inference_cluster import InferenceClusterSpec
from function.api.kinds import INFERENCE_CLASS, INFERENCE_CLUSTER, MODEL_REPLICA, SERVING_STACK
from function.composition import (
    RENDERS,
    Composer,
    Composition,
    Doubt,
    Draft,
    Manifest,
    Outcome,
    Required,
    Requirement,
    names,
    objects,
    readiness,
    unstructured,
)
from function.fleet import reachability
from function.fleet.access import Access, UnusableSecretsError, of_source
from function.fleet.cluster_conditions import BACKEND, CLUSTER, VOCABULARY
from function.fleet.deletion_guard import GUARD, NAMESPACE_GUARD, compose_guard
from function.fleet.published_pools import Pools, publish_pools
from function.fleet.remote_namespaces import NAMESPACE, compose_namespaces
from function.fleet.stack.conditions import STACK as STACK_CONDITION
from function.fleet.stack_tolerations import stack_tolerations
from function.fleet.unneeded_parts import unneeded_parts
from function.inventory.nodes import with_counts

PROVIDER_CONFIG: Final = "cluster-provider-config-kubernetes"
STACK: Final = "serving-stack"
REPLICAS: Final = "model-replicas"
CLASS: Final = "class-"


def compose(draft: Draft) -> Composition:
    """Compose what a cluster has on the control plane, and publish what it offers."""
    replicas = _placed_here(draft)
    spec = draft.spec(InferenceClusterSpec)
    classes = {
        name: draft.require(f"{CLASS}{name}", Requirement(INFERENCE_CLASS.api_version, INFERENCE_CLASS.kind, name=name))
        for name in sorted({pool.class_name for pool in spec.node_pools})
    }
    compose_guard(draft, replicas)
    source = spec.cluster.cloud
    if source.secrets is None:
        message = f"source {source.name} is not composed by this version"
        return _compose_nothing_new(draft, "SourceNotSupported", "InputInvalid", message)
    try:
        access = of_source(source, spec.cluster.block)
    except UnusableSecretsError as error:
        return _compose_nothing_new(draft, "SourceIncomplete", "InvalidSpec", str(error))
    unresolved = _unresolved(replicas, classes)
    if unresolved:
        return draft.hold("InputUnresolved", f"{' and '.join(unresolved)} not fetched yet")

    pools = publish_pools(spec.node_pools, classes, draft.observation.status)
    _compose_children(draft, spec, access, replicas, pools)
    for fault in pools.faults:
        draft.doubt(fault.reason, fault.message)
    address = _address(draft)
    _publish(draft, spec, pools, replicas, address)
    _set_cluster_condition(draft, access, pools)
    lost = reachability.copy_condition(draft, draft.observed(STACK))
    _set_backend_condition(draft, address)
    return draft.finish(ready=_has_backend(draft, address) and not lost)


# ---------------------------------------------------------------------- inputs


def _placed_here(draft: Draft) -> Required:
    """Ask for the replicas on the cluster: found by their label, and what they run and where says their spec."""
    cluster = draft.observation.name
    labelled = draft.require(
        REPLICAS, Requirement(MODEL_REPLICA.api_version, MODEL_REPLICA.kind, labels={labels.CLUSTER: cluster})
    )
    here = tuple(obj for obj in labelled.unsorted if unstructured.text(obj, "spec", "clusterName") in {cluster, ""})
    return labelled if labelled.unresolved else replace(labelled, objects=here)


def _unresolved(replicas: Required, classes: dict[str, Required]) -> list[str]:
    waiting = ["ModelReplicas"] if replicas.unresolved else []
    return waiting + [f"InferenceClass {name}" for name, required in classes.items() if required.unresolved]


def _compose_nothing_new(draft: Draft, reason: str, held: str, message: str) -> Composition:
    """Compose nothing; what is there stays, and so does what is known of it."""
    draft.set_condition(CLUSTER, reason, message)
    if draft.observed(STACK) is None:
        draft.set_condition(BACKEND, "WaitingForCluster", message)
        reachability.copy_condition(draft, None)
    return draft.hold(held, message)


# ---------------------------------------------------------------------- children


def _compose_children(
    draft: Draft, spec: InferenceClusterSpec, access: Access, replicas: Required, pools: Pools
) -> None:
    provider_config = _provider_config_name(draft)
    draft.child(PROVIDER_CONFIG, _provider_config(provider_config, access))
    draft.child(STACK, _serving_stack(draft, access, spec, pools))
    draft.foreground_delete(STACK)
    compose_namespaces(draft, replicas.unsorted, provider_config)


def _provider_config_name(draft: Draft) -> str:
    """The observed provider config's name, or a new one."""
    cluster = draft.observation.name
    new = names.name(cluster, names.DNS_LABEL, "ClusterProviderConfig", "", cluster)
    return unstructured.name_of(draft.observed(PROVIDER_CONFIG)) or new


def _provider_config(name: str, access: Access) -> Manifest:
    return {
        "apiVersion": objects.API_VERSION,
        "kind": "ClusterProviderConfig",
        "metadata": {"name": name},
        "spec": access.provider_config_spec(),
    }


def _serving_stack(draft: Draft, access: Access, spec: InferenceClusterSpec, pools: Pools) -> Manifest:
    cluster, namespace = draft.observation.name, labels.SYSTEM_NAMESPACE
    before = unstructured.items(draft.observed(STACK), "spec", "tolerations")
    name = names.name(cluster, names.DNS_LABEL, "ServingStack", namespace, cluster)
    return {
        "apiVersion": SERVING_STACK.api_version,
        "kind": SERVING_STACK.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            **_without_empty({"nvidiaDriverRoot": spec.cluster.cloud.driver_root}),
            **_without_empty(spec.serving_stack.plain()),
            **_without_empty({"tolerations": stack_tolerations(pools.published, before)}),
            **_without_empty({"unneeded": unneeded_parts(pools, draft.observed(STACK))}),
            **access.stack_spec(),
        },
    }


def _without_empty(settings: Manifest) -> dict[str, Any]:
    """Settings without those that are empty."""
    inner = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in settings.items()}
    return {key: value for key, value in inner.items() if value or value == 0}


# ---------------------------------------------------------------------- status and conditions


def _address(draft: Draft) -> str:
    """Where the cluster's gateway is reached, as last known: a stack without an address takes none away."""
    reported = unstructured.text(draft.observed(STACK), "status", "gateway", "address")
    return reported or unstructured.text(draft.observation.status, "gateway", "address")


def _publish(draft: Draft, spec: InferenceClusterSpec, pools: Pools, replicas: Required, address: str) -> None:
    block = spec.cluster.block
    storage_class = spec.cluster.cloud.cache_storage_class(block) if block else ""
    draft.publish(
        {
            "providerConfigRef": {"name": _provider_config_name(draft)},
            "namespace": labels.SYSTEM_NAMESPACE,
            "gateway": {"address": address or None},
            "cache": {"storageClassName": storage_class or None},
            "replicas": len(replicas.unsorted),
            "pools": len(pools.published),
            "nodes": pools.nodes,
            "gpuPools": with_counts(pools.published, replicas.unsorted),
        }
    )


def _set_cluster_condition(draft: Draft, access: Access, pools: Pools) -> None:
    if pools.waiting:
        draft.set_condition(CLUSTER, "WaitingForClasses", "; ".join(pools.waiting))
    elif draft.observed(PROVIDER_CONFIG) is None:
        draft.set_condition(CLUSTER, "Provisioning", "its ClusterProviderConfig is not created yet")
    else:
        secret = access.kubeconfig
        offers = f"node pools: {len(pools.published)}, with up to {pools.nodes} nodes"
        draft.set_condition(CLUSTER, "ClusterRunning", f"{offers}; reached by Secret {secret.namespace}/{secret.name}")


def _set_backend_condition(draft: Draft, address: str) -> None:
    stack = draft.observed(STACK)
    serving = readiness.serves(stack)
    subject = f"ServingStack {labels.SYSTEM_NAMESPACE}/{unstructured.name_of(stack)}" if stack else "the ServingStack"
    condition = unstructured.condition(stack, STACK_CONDITION)
    reason, message = unstructured.text(condition, "reason"), unstructured.text(condition, "message")
    if serving is None and unstructured.is_true(draft.observation.composite, BACKEND):
        draft.carry_condition(BACKEND)
    elif serving and address:
        change = f"; {message}" if reason == "Changing" else ""
        draft.set_condition(BACKEND, "BackendHealthy", f"{subject} is ready; requests go to {address}{change}")
    elif serving:
        draft.set_condition(BACKEND, "Installing", f"{subject} publishes no gateway address yet")
    else:
        failed = {"ReleaseFailed": "StackFailed", "Missing": "PartsMissing"}
        draft.set_condition(
            BACKEND, failed.get(reason, "Installing"), f"{subject}: {message or readiness.of(stack).message}"
        )


def _has_backend(draft: Draft, address: str) -> bool:
    """Tell whether the serving stack takes requests; where it does not say, it is as it was before."""
    serving = readiness.serves(draft.observed(STACK))
    was_ready = unstructured.is_true(draft.observation.composite, "Ready")
    reached = draft.observed(PROVIDER_CONFIG) is not None and bool(address)
    return reached and (was_ready if serving is None else serving)


COMPOSER = Composer(
    api_version=INFERENCE_CLUSTER.api_version,
    kind=INFERENCE_CLUSTER.kind,
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt(
            REPLICAS,
            empty=Outcome(held=False, removes=(GUARD, f"{NAMESPACE_GUARD}*", f"{NAMESPACE}*")),
            malformed=RENDERS,
        ),
        Doubt(f"{CLASS}*"),
    ),
    children={
        PROVIDER_CONFIG: "ClusterProviderConfig",
        STACK: "ServingStack",
        GUARD: "ClusterUsage",
        f"{NAMESPACE_GUARD}*": "ClusterUsage",
        f"{NAMESPACE}*": "Object",
    },
)
