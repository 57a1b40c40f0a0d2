"""MetalLB, for clusters that give no addresses to Services themselves.

Its pool and advertisement are of kinds that its chart brings, so they come after the Release and
go before it. Usages keep that order when the InferenceGateway is deleted. While it lives, removal takes
one step a pass, each after the one before is seen to be done: pool and advertisement with the Usages
that name them, then the Release. The namespace stays: others may have put something there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from function.api.inference_gateway import InferenceGatewaySpec
from function.composition import Draft, Manifest, Required, Requirement, manifest, readiness
from function.routing import charts, protection
from function.routing.charts import METALLB
from function.routing.gateway_conditions import LOAD_BALANCER

API_VERSION: Final = "metallb.io/v1beta1"
NAME: Final = "modelplane"

_PARTS: Final = {"metallb-pool": "IPAddressPool", "metallb-l2": "L2Advertisement"}
_USAGES: Final = {"metallb-pool": "usage-metallb-by-pool", "metallb-l2": "usage-metallb-by-l2"}
_OWN: Final = (*_PARTS, *_USAGES.values(), "metallb", "usage-pc-by-metallb", "namespace-metallb")
_IN_USE: Final = "crossplane.io/in-use"
_SOON: Final = timedelta(seconds=5)


def pool_of(spec: InferenceGatewaySpec) -> str:
    """The addresses that MetalLB should give; empty when it is not selected."""
    wanted = spec.traefik
    if wanted is None or wanted.load_balancer is None or wanted.metallb is None:
        return ""
    return wanted.metallb.address_pool


def ask(draft: Draft, pool: str) -> tuple[Required, ...]:
    """Require what was dropped, to see when it is gone.

    Kinds of MetalLB are asked for only while its Release is ready, and so they are served.
    """
    if pool or not readiness.of(draft.observed("metallb")).ready:
        return ()
    return tuple(
        draft.require(f"removed-{key}", Requirement(API_VERSION, kind, name=NAME, namespace=METALLB.namespace))
        for key, kind in _PARTS.items()
    )


def compose(draft: Draft, pool: str, removed: tuple[Required, ...]) -> None:
    """Compose MetalLB when it is selected; otherwise take the next step of its removal, if it is there."""
    if pool:
        _install(draft, pool)
    elif any(draft.observed(key) is not None for key in _OWN):
        _remove(draft, removed)
    else:
        draft.say(LOAD_BALANCER, "NotManaged")


def _install(draft: Draft, pool: str) -> None:
    seen = draft.observed("metallb")
    draft.child("namespace-metallb", _namespace())
    if seen is not None or draft.observed("provider-config-helm") is not None:
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
            release = manifest.name_of(seen)
            usage = protection.release_by_neighbour(release, API_VERSION, kind, NAME, METALLB.namespace)
            draft.child(_USAGES[key], usage)
    if not judged.ready:
        draft.say(LOAD_BALANCER, "Installing", f"Release metallb: {judged.message}")
    elif all(draft.observed(key) is not None for key in _PARTS):
        draft.say(LOAD_BALANCER, "LoadBalancerHealthy", f"MetalLB gives out {pool}")
    else:
        draft.say(LOAD_BALANCER, "Installing", f"MetalLB is installed, and is being given the addresses {pool}")


def _remove(draft: Draft, removed: tuple[Required, ...]) -> None:
    release = draft.observed("metallb")
    for key in (*_PARTS, *_USAGES.values()):
        draft.drop(key)
    if any(draft.observed(key) is not None for key in _PARTS):
        _wait(draft, "its addresses go first")
    elif release is None:
        draft.drop("usage-pc-by-metallb")
        draft.say(LOAD_BALANCER, "NotManaged", f"MetalLB is removed; namespace {METALLB.namespace} stays")
    elif not readiness.of(release).ready:
        draft.say(LOAD_BALANCER, "RemovalBlocked", f"Release metallb: {readiness.of(release).message}")
    elif not all(answer.empty for answer in removed):
        _wait(draft, "its addresses are still going")
    elif _IN_USE in manifest.labels(release):
        _wait(draft, "its Release is still protected by a Usage")
    else:
        draft.drop("metallb")
        draft.drop("usage-pc-by-metallb")
        _wait(draft, "its Release goes")


def _wait(draft: Draft, step: str) -> None:
    draft.wake(draft.observation.now + _SOON)
    draft.say(LOAD_BALANCER, "Removing", f"MetalLB is no longer asked for: {step}")


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
