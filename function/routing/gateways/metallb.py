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
from function.composition import (
    RENDERS,
    Doubt,
    Draft,
    Manifest,
    Object,
    Outcome,
    Reason,
    Required,
    Requirement,
    Severity,
    Status,
    Vocabulary,
    readiness,
    releases,
    teardown,
    unstructured,
    usages,
)
from function.routing.gateway_conditions import LOAD_BALANCER
from function.routing.gateways import charts, protection
from function.routing.gateways.charts import Chart

METALLB: Final = Chart(
    "metallb",
    "https://metallb.github.io/metallb",
    "0.14.9",
    "metallb-system",
    fits="MetalLB v0.14.9; metallb.io/v1beta1",
)

API_VERSION: Final = "metallb.io/v1beta1"
NAME: Final = "modelplane"

_PARTS: Final = {"metallb-pool": "IPAddressPool", "metallb-l2": "L2Advertisement"}
_USAGES: Final = {"metallb-pool": "usage-metallb-by-pool", "metallb-l2": "usage-metallb-by-l2"}
_CHILDREN: Final = (*_PARTS, *_USAGES.values(), "metallb", "usage-pc-by-metallb", "namespace-metallb")
_PREREQUISITES: Final = ("provider-config-helm", "namespace-metallb")
_SYSTEM: Final = "system-namespace"
_REMOVED: Final = "removed-metallb"
_REMOVED_USAGES: Final = "removed-metallb-usages"

CONDITIONS: Final[Vocabulary] = {
    LOAD_BALANCER: {
        "LoadBalancerHealthy": Reason(Status.TRUE, "MetalLB is installed and has the addresses that were given."),
        "Installing": Reason(
            Status.FALSE,
            "MetalLB is not installed yet, or its Release is not ready; the message is the Release's.",
            "Look at the Release that ChildrenReady names if this lasts.",
        ),
        "Removing": Reason(
            Status.FALSE,
            "MetalLB is no longer asked for and is removed in order: its addresses, then its Release.",
        ),
        "RemovalBlocked": Reason(
            Status.FALSE,
            "MetalLB is no longer asked for, and its Release stays because it is not ready and so cannot be removed in "
            "order.",
            "Repair the Release that the message names.",
            Severity.WARNING,
        ),
    },
}

DOUBTS: Final = (
    Doubt(_SYSTEM, RENDERS, RENDERS, RENDERS),
    Doubt(f"{_REMOVED}-*", RENDERS, Outcome(held=False, removes=("metallb",)), RENDERS),
    Doubt(_REMOVED, RENDERS, Outcome(held=False, removes=("usage-pc-by-metallb",)), RENDERS),
)

CHILDREN: Final = {
    "metallb": "Release",
    "metallb-l2": "L2Advertisement",
    "metallb-pool": "IPAddressPool",
    "namespace-metallb": "Namespace",
    "usage-metallb-by-l2": "Usage",
    "usage-metallb-by-pool": "Usage",
    "usage-pc-by-metallb": "Usage",
}

_NOT_ASKED: Final = Required("", None)
_RECHECK_AFTER: Final = timedelta(seconds=5)


def _pool_of(spec: InferenceGatewaySpec) -> str | None:
    """The addresses that MetalLB should give; empty when it is selected without any, None when it is not."""
    wanted = spec.traefik
    if wanted is None or wanted.load_balancer is None:
        return None
    return wanted.metallb.address_pool if wanted.metallb else ""


@dataclass(frozen=True, slots=True)
class MetalLBInstallation:
    """MetalLB as an InferenceGateway asks for it, and what else decides the next step.

    Attributes:
        pool: The addresses that it should give; empty when it is selected without any, None when it is not selected.
        system: Modelplane's own namespace, while MetalLB is selected.
        parts: Pool and advertisement, which may still be going after they were dropped.
        usages: The Usages of MetalLB's namespace, which may still be going likewise.
        release: The Release, likewise.
    """

    pool: str | None
    system: Object | None = None
    parts: tuple[Required, ...] = ()
    usages: Required = _NOT_ASKED
    release: Required = _NOT_ASKED

    def compose(self, draft: Draft) -> None:
        """Compose MetalLB when it is selected; otherwise take the next step of its removal, if it is there.

        Selected without addresses, it stays as it is.
        """
        if self.pool:
            _install(draft, self.pool, self.system)
        elif self.pool is not None:
            draft.doubt("InputInvalid", "spec.traefik.metallb.addressPool is required for loadBalancer MetalLB")
            draft.carry_condition(LOAD_BALANCER)
        elif _is_installed(draft):
            _remove(draft, self)
        else:
            draft.set_condition(LOAD_BALANCER, "NotManaged")


def prepare(draft: Draft, spec: InferenceGatewaySpec) -> MetalLBInstallation:
    """Require who keeps the namespace, and what was dropped, to see when it is gone.

    Kinds of MetalLB are asked for only while its Release is ready, and so they are served.
    """
    pool = _pool_of(spec)
    if pool:
        owner = draft.require(_SYSTEM, Requirement("v1", "Namespace", name=SYSTEM_NAMESPACE))
        return MetalLBInstallation(pool, system=owner.first)
    if pool is not None or not _is_installed(draft):
        return MetalLBInstallation(pool)
    labels = {charts.RELEASE_LABEL: METALLB.name}
    release = draft.require(
        _REMOVED, Requirement(releases.API_VERSION, releases.KIND, labels=labels, namespace=SYSTEM_NAMESPACE)
    )
    if not readiness.of(draft.observed("metallb")).ready:
        return MetalLBInstallation(pool, release=release)
    namespace = METALLB.namespace
    return MetalLBInstallation(
        pool,
        release=release,
        parts=tuple(
            draft.require(f"removed-{key}", Requirement(API_VERSION, kind, name=NAME, namespace=namespace))
            for key, kind in _PARTS.items()
        ),
        usages=draft.require(_REMOVED_USAGES, Requirement(usages.API_VERSION, "Usage", namespace=namespace)),
    )


def _is_installed(draft: Draft) -> bool:
    return any(draft.observed(key) is not None for key in _CHILDREN)


def _install(draft: Draft, pool: str, system: Object | None) -> None:
    release = draft.observed("metallb")
    if unstructured.text(system, "metadata", "uid"):
        draft.child("namespace-metallb", teardown.owned_by(_namespace(), system))
    if release is not None or all(draft.observed(key) is not None for key in _PREREQUISITES):
        version = charts.version_of(release) or METALLB.version
        draft.child("metallb", charts.release(METALLB, version))
        draft.child("usage-pc-by-metallb", protection.provider_config_by(METALLB))
    health = readiness.of(release)
    bodies = {"metallb-pool": _pool(pool), "metallb-l2": _advertisement()}
    for key, kind in _PARTS.items():
        if not (health.ready or draft.observed(key) is not None):
            continue
        draft.child(key, bodies[key])
        if release is not None:
            name = unstructured.name_of(release)
            usage = protection.release_by_neighbour(name, API_VERSION, kind, NAME, METALLB.namespace)
            draft.child(_USAGES[key], usage)
    if not health.ready:
        draft.set_condition(LOAD_BALANCER, "Installing", f"Release metallb: {health.message}")
    elif all(draft.observed(key) is not None for key in _PARTS):
        draft.set_condition(LOAD_BALANCER, "LoadBalancerHealthy", f"MetalLB gives out {pool}")
    else:
        draft.set_condition(
            LOAD_BALANCER, "Installing", f"MetalLB is installed, and is being given the addresses {pool}"
        )


def _remove(draft: Draft, installed: MetalLBInstallation) -> None:
    release = draft.observed("metallb")
    for key in (*_PARTS, *_USAGES.values()):
        draft.drop(key)
    if any(draft.observed(key) is not None for key in _PARTS):
        _set_removing(draft, "its addresses go first")
    elif release is None:
        _release_removed(draft, installed.release)
    elif not readiness.of(release).ready:
        draft.set_condition(LOAD_BALANCER, "RemovalBlocked", f"Release metallb: {readiness.of(release).message}")
    elif not all(answer.empty for answer in installed.parts):
        _set_removing(draft, "its addresses are still going")
    elif installed.usages.unresolved or any(protection.may_protect(usage, release) for usage in installed.usages.found):
        _set_removing(draft, "its Release is still protected by a Usage")
    else:
        draft.drop("metallb")
        _set_removing(draft, "its Release goes")


def _release_removed(draft: Draft, release: Required) -> None:
    """Let go what the Release needed, once it is gone: a child that was dropped may still be going."""
    if release.unresolved:
        draft.carry_condition(LOAD_BALANCER)
    elif release.found:
        _set_removing(draft, "its Release is being uninstalled")
    else:
        draft.drop("usage-pc-by-metallb")
        draft.set_condition(LOAD_BALANCER, "NotManaged", f"MetalLB is removed; namespace {METALLB.namespace} stays")


def _set_removing(draft: Draft, step: str) -> None:
    draft.requeue_at(draft.observation.now + _RECHECK_AFTER)
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
