"""MetalLB, for clusters that give no addresses to Services themselves.

Its pool and advertisement are of kinds that its chart brings, so they come after the Release and
go before it. Usages keep that order when the InferenceGateway is deleted. While it lives, removal takes
one step a pass, each after the one before is seen to be done: pool and advertisement with the Usages
that name them, then the Release, then the Usage that kept the provider config for it. That the first
Usages are gone is read from themselves: Crossplane may leave its label on what they protected when two go
at once, and refuses a deletion for Usages, not for the label.

The namespace stays, while the gateway lives and after it: Helm's record of the Release is in it, without
which nothing of the chart is uninstalled, and others may have put something there. No order of deletion
would do instead. Whatever finalizers a Namespace has, its content is deleted as soon as it is itself
(Kubernetes' `namespacedResourcesDeleter`). A Usage protects nothing that is in no namespace, and a
ClusterUsage can name no Release as `by` (Crossplane's `FindUsageOf` and reconciler). So Modelplane's own
namespace owns it besides the gateway, and Kubernetes' garbage collector leaves alone what has an owner
that is there (`attemptToDeleteItem`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from function.api.inference_gateway import InferenceGatewaySpec
from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Draft, Manifest, Object, Required, Requirement, readiness, teardown, unstructured
from function.routing.gateway_conditions import LOAD_BALANCER
from function.routing.gateways import charts, protection
from function.routing.gateways.charts import METALLB

API_VERSION: Final = "metallb.io/v1beta1"
NAME: Final = "modelplane"

_PARTS: Final = {"metallb-pool": "IPAddressPool", "metallb-l2": "L2Advertisement"}
_USAGES: Final = {"metallb-pool": "usage-metallb-by-pool", "metallb-l2": "usage-metallb-by-l2"}
_OWN: Final = (*_PARTS, *_USAGES.values(), "metallb", "usage-pc-by-metallb", "namespace-metallb")
_FIRST: Final = ("provider-config-helm", "namespace-metallb")
_SYSTEM: Final = "system-namespace"
_REMOVED: Final = "removed-metallb"
_REMOVED_USAGES: Final = "removed-metallb-usages"
_NOT_ASKED: Final = Required("", None)
_SOON: Final = timedelta(seconds=5)


def pool_of(spec: InferenceGatewaySpec) -> str | None:
    """The addresses that MetalLB should give; empty when it is selected without any, None when it is not."""
    wanted = spec.traefik
    if wanted is None or wanted.load_balancer is None:
        return None
    return wanted.metallb.address_pool if wanted.metallb else ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else there is that decides the next step.

    Attributes:
        system: Modelplane's own namespace, while MetalLB is selected.
        parts: Pool and advertisement, which may still be going after they were dropped.
        usages: The Usages of MetalLB's namespace, which may still be going likewise.
        release: The Release, likewise.
    """

    system: Object | None = None
    parts: tuple[Required, ...] = ()
    usages: Required = _NOT_ASKED
    release: Required = _NOT_ASKED


def ask(draft: Draft, pool: str | None) -> Surroundings:
    """Require who keeps the namespace, and what was dropped, to see when it is gone.

    Kinds of MetalLB are asked for only while its Release is ready, and so they are served.
    """
    if pool:
        return Surroundings(draft.require(_SYSTEM, Requirement("v1", "Namespace", name=SYSTEM_NAMESPACE)).first)
    if pool is not None or not _is_there(draft):
        return Surroundings()
    labels = {charts.RELEASE_LABEL: METALLB.name}
    release = draft.require(_REMOVED, Requirement(charts.HELM, "Release", labels=labels, namespace=SYSTEM_NAMESPACE))
    if not readiness.of(draft.observed("metallb")).ready:
        return Surroundings(release=release)
    namespace = METALLB.namespace
    return Surroundings(
        release=release,
        parts=tuple(
            draft.require(f"removed-{key}", Requirement(API_VERSION, kind, name=NAME, namespace=namespace))
            for key, kind in _PARTS.items()
        ),
        usages=draft.require(_REMOVED_USAGES, Requirement(protection.API_VERSION, "Usage", namespace=namespace)),
    )


def compose(draft: Draft, pool: str | None, around: Surroundings) -> None:
    """Compose MetalLB when it is selected; otherwise take the next step of its removal, if it is there.

    Selected without addresses, it stays as it is.
    """
    if pool:
        _install(draft, pool, around.system)
    elif pool is not None:
        draft.doubt("InputInvalid", "spec.traefik.metallb.addressPool is required for loadBalancer MetalLB")
        draft.carry_condition(LOAD_BALANCER)
    elif _is_there(draft):
        _remove(draft, around)
    else:
        draft.set_condition(LOAD_BALANCER, "NotManaged")


def _is_there(draft: Draft) -> bool:
    return any(draft.observed(key) is not None for key in _OWN)


def _install(draft: Draft, pool: str, system: Object | None) -> None:
    seen = draft.observed("metallb")
    if unstructured.text(system, "metadata", "uid"):
        draft.child("namespace-metallb", teardown.owned_by(_namespace(), system))
    if seen is not None or all(draft.observed(key) is not None for key in _FIRST):
        version = charts.version_of(seen) or METALLB.version
        draft.child("metallb", charts.release(METALLB, version))
        draft.child("usage-pc-by-metallb", protection.provider_config_by(METALLB))
    judged = readiness.of(seen)
    bodies = {"metallb-pool": _pool(pool), "metallb-l2": _advertisement()}
    for key, kind in _PARTS.items():
        if not (judged.ready or draft.observed(key) is not None):
            continue
        draft.child(key, bodies[key])
        if seen is not None:
            release = unstructured.name_of(seen)
            usage = protection.release_by_neighbour(release, API_VERSION, kind, NAME, METALLB.namespace)
            draft.child(_USAGES[key], usage)
    if not judged.ready:
        draft.set_condition(LOAD_BALANCER, "Installing", f"Release metallb: {judged.message}")
    elif all(draft.observed(key) is not None for key in _PARTS):
        draft.set_condition(LOAD_BALANCER, "LoadBalancerHealthy", f"MetalLB gives out {pool}")
    else:
        draft.set_condition(
            LOAD_BALANCER, "Installing", f"MetalLB is installed, and is being given the addresses {pool}"
        )


def _remove(draft: Draft, around: Surroundings) -> None:
    release = draft.observed("metallb")
    for key in (*_PARTS, *_USAGES.values()):
        draft.drop(key)
    if any(draft.observed(key) is not None for key in _PARTS):
        _wait(draft, "its addresses go first")
    elif release is None:
        _let_go(draft, around.release)
    elif not readiness.of(release).ready:
        draft.set_condition(LOAD_BALANCER, "RemovalBlocked", f"Release metallb: {readiness.of(release).message}")
    elif not all(answer.empty for answer in around.parts):
        _wait(draft, "its addresses are still going")
    elif around.usages.unresolved or any(protection.may_protect(usage, release) for usage in around.usages.found):
        _wait(draft, "its Release is still protected by a Usage")
    else:
        draft.drop("metallb")
        _wait(draft, "its Release goes")


def _let_go(draft: Draft, left: Required) -> None:
    """Let go what the Release needed, once it is gone: a child that was dropped may still be going."""
    if left.unresolved:
        draft.carry_condition(LOAD_BALANCER)
    elif left.found:
        _wait(draft, "its Release is being uninstalled")
    else:
        draft.drop("usage-pc-by-metallb")
        draft.set_condition(LOAD_BALANCER, "NotManaged", f"MetalLB is removed; namespace {METALLB.namespace} stays")


def _wait(draft: Draft, step: str) -> None:
    draft.requeue_at(draft.observation.now + _SOON)
    draft.set_condition(LOAD_BALANCER, "Removing", f"MetalLB is no longer asked for: {step}")


def _namespace() -> Manifest:
    """MetalLB's speaker uses the host's network, which Pod Security must allow."""
    levels = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("audit", "enforce", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": METALLB.namespace, "labels": levels},
    }


def _pool(addresses: str) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "IPAddressPool",
        "metadata": {"name": NAME, "namespace": METALLB.namespace},
        "spec": {"addresses": [addresses]},
    }


def _advertisement() -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "L2Advertisement",
        "metadata": {"name": NAME, "namespace": METALLB.namespace},
        "spec": {"ipAddressPools": [NAME]},
    }
