"""ServingStack: what an inference cluster needs beside Kubernetes, installed in order.

Parts come when what they need is ready, and then stay: nothing that the stack has installed is
ever taken away while it lives. What is only looked for is given up when it is not promised any more.
"""

from __future__ import annotations

from typing import Final

from function.api.serving_stack import SERVING_STACK, ServingStackSpec
from function.composition import Composer, Composition, Draft, Manifest, names, objects, releases, unstructured
from function.composition.gateway_address import GATEWAY_NAME, choose_address
from function.fleet import reachability
from function.fleet.access import Access, UnusableSecretsError, of_stack
from function.fleet.stack import charts
from function.fleet.stack.charts import CHARTS, StackChart
from function.fleet.stack.conditions import ADDRESS, STACK, VOCABULARY
from function.fleet.stack.inference_extension import CRDS, resource_name
from function.fleet.stack.objects import (
    BACKEND_POLICY,
    CLIENT_POLICY,
    GATEWAY,
    GATEWAY_CLASS,
    NAMESPACE,
    PROXY,
    QUOTA,
    StackObject,
    stack_objects,
)
from function.fleet.stack.order import HELM_CONFIG, KUBERNETES_CONFIG, order_teardown
from function.fleet.stack.parts import Part
from function.fleet.stack.progress import InstallProgress, progress
from function.fleet.stack.promises import PROMISES, Promise

_CONFIGS: Final = {KUBERNETES_CONFIG: objects.API_VERSION, HELM_CONFIG: releases.API_VERSION}


def compose(draft: Draft) -> Composition:
    """Compose what is to be installed on a cluster."""
    spec = draft.spec(ServingStackSpec)
    try:
        access = of_stack(spec, draft.observation.namespace)
    except UnusableSecretsError as error:
        draft.set_condition(STACK, "SecretsUnusable", str(error))
        return draft.hold("InvalidSpec", str(error))
    for key, api_version in _CONFIGS.items():
        draft.child(key, _provider_config(api_version, _config_name(draft, key), access))
    parts = (*CHARTS, *stack_objects(draft, spec), *PROMISES)
    reachable = all(draft.observed(key) is not None for key in _CONFIGS)
    state = progress(draft, parts, spec, reachable=reachable)
    for part in parts:
        if state.may_compose(part):
            _compose(draft, part, spec)
        elif isinstance(part, Promise) and part not in state.expected:
            draft.drop(part.key)
    order_teardown(draft, parts)
    _skip_refused_changes(draft, spec)
    answered = state.missing.keys()
    reachability.set_condition(
        draft, {part.key: draft.observed(part.key) for part in parts if part.key not in answered}
    )
    return _finish(draft, state)


# ---------------------------------------------------------------------- children


def _config_name(draft: Draft, key: str) -> str:
    """The observed provider config's name, or a new one."""
    stack, namespace = draft.observation.name, draft.observation.namespace
    new = names.name(stack, names.DNS_LABEL, "ProviderConfig", namespace, stack)
    return unstructured.name_of(draft.observed(key)) or new


def _provider_config(api_version: str, name: str, access: Access) -> Manifest:
    return {
        "apiVersion": api_version,
        "kind": "ProviderConfig",
        "metadata": {"name": name},
        "spec": access.provider_config_spec(),
    }


def _compose(draft: Draft, part: Part, spec: ServingStackSpec) -> None:
    if isinstance(part, StackChart):
        draft.child(part.key, charts.release(part, spec, _config_name(draft, HELM_CONFIG), draft.observed(part.key)))
    elif isinstance(part, StackObject):
        draft.remote(
            part.key,
            part.manifest,
            _config_name(draft, KUBERNETES_CONFIG),
            provider_config_kind="ProviderConfig",
            ready_when=part.ready_when,
            watch=part.watch,
            policies=part.policies,
        )


# ---------------------------------------------------------------------- status and conditions


def _skip_refused_changes(draft: Draft, spec: ServingStackSpec) -> None:
    """Say that the class of a gateway that is there cannot get another name: the old one would be left behind."""
    current, wanted = draft.remote_name(GATEWAY_CLASS, spec.gateway.class_name), spec.gateway.class_name
    if current != wanted:
        draft.skip("InputInvalid", f"spec.gateway.className: {wanted} is not used, the cluster's class stays {current}")


def _finish(draft: Draft, state: InstallProgress) -> Composition:
    complete = state.is_complete(before=unstructured.is_true(draft.observation.composite, "Ready"))
    draft.set_condition(STACK, _reason(state, complete=complete), state.summary())
    for until in state.changing.values():
        draft.requeue_at(until)
    known = unstructured.text(draft.observation.status, "gateway", "address")
    reported = choose_address(objects.remote(draft.observed(GATEWAY)), known)
    address = reported or known
    _set_address_condition(draft, reported, known)
    draft.publish({"gateway": {"address": address or None}})
    return draft.finish(ready=complete and bool(address))


def _reason(state: InstallProgress, *, complete: bool) -> str:
    if complete:
        return "Changing" if state.changing else "Installed"
    if state.missing:
        return "Missing"
    return "ReleaseFailed" if state.failed else "Installing"


def _set_address_condition(draft: Draft, reported: str, known: str) -> None:
    if reported:
        draft.set_condition(ADDRESS, "Addressed", f"requests go to {reported}")
    elif known and not objects.remote(draft.observed(GATEWAY)):
        draft.carry_condition(ADDRESS)
    else:
        stays = f"; {known} stays published" if known else ""
        draft.set_condition(ADDRESS, "WaitingForAddress", f"Gateway {GATEWAY_NAME} has no address{stays}")


COMPOSER = Composer(
    api_version=SERVING_STACK.api_version,
    kind=SERVING_STACK.kind,
    compose=compose,
    vocabulary=VOCABULARY,
    children={
        KUBERNETES_CONFIG: "ProviderConfig",
        HELM_CONFIG: "ProviderConfig",
        **{chart.key: releases.KIND for chart in CHARTS},
        **{resource_name(crd): objects.KIND for crd in CRDS},
        **{promise.key: objects.KIND for promise in PROMISES},
        **dict.fromkeys((NAMESPACE, QUOTA, PROXY, CLIENT_POLICY, BACKEND_POLICY, GATEWAY_CLASS, GATEWAY), objects.KIND),
    },
)
