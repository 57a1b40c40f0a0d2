"""What a deployment says of its engines: why nobody reaches them, what cannot be read, and what is assumed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from function.api.engines import Engine, Phase, Picker, Role, ServedFrom
from function.api.pod_template import Container, PodTemplate
from function.composition import Draft
from function.deployment.conditions import ENGINES
from function.deployment.desired_state import DesiredState
from function.replica.backend import choose_picker
from function.replica.engines import EngineFacts, read_engine
from function.replica.topologies.gang import queue_notes, served_from
from function.replica.topologies.prefill_decode import SIDE_CAR_PORT


def set_engines_condition(draft: Draft, desired: DesiredState) -> None:
    """Say once what is known of reaching the engines: why nobody can, what cannot be read and what is assumed.

    A size of blocks matters to pickers alone.
    """
    known = [(engine, pod) for engine in desired.workload.engines if (pod := _serving_pod(engine))]
    read = [(engine, pod, _facts(engine, pod)) for engine, pod in known]
    facts = [found for _, _, found in read]
    picks = choose_picker(desired.workload.serving, desired.workload.engines) is Picker.ENABLED
    warnings = [warning for found in facts for warning in found.warnings if picks or warning == found.port.warning]
    unreachable = [why for found in facts for why in found.unreachable]
    assumptions = [assumption for found in facts for assumption in found.assumptions]
    for engine, pod, found in read:
        assumptions += _who_is_asked(engine, found, desired)
        assumptions += (f"engine {engine.name}: {remark}" for remark in _ports_at_odds(engine, pod, found))
        assumptions += (f"engine {engine.name}: {note}" for note in queue_notes(engine))
    if unreachable:
        draft.set_condition(ENGINES, "Unreachable", "; ".join((*unreachable, *warnings, *assumptions)))
    elif warnings:
        draft.set_condition(ENGINES, "CommandUnclear", "; ".join((*warnings, *assumptions)))
    elif assumptions:
        draft.set_condition(ENGINES, "DefaultsAssumed", "; ".join(assumptions))
    else:
        draft.set_condition(ENGINES, "Recognized")


def _facts(engine: Engine, pod: PodTemplate) -> EngineFacts:
    """What is known of an engine by the pods that answer requests."""
    taken = SIDE_CAR_PORT if engine.phase is Phase.DECODE else 0
    return read_engine(engine, pod.container, taken=taken)


def _serving_pod(engine: Engine) -> PodTemplate | None:
    """The pods that answer requests; None where there are none, which admission refuses."""
    return next((member.template for member in engine.members if member.role is not Role.WORKER), None)


def _who_is_asked(engine: Engine, facts: EngineFacts, desired: DesiredState) -> Iterator[str]:
    """What is assumed of which pods and ports of an engine answer requests, and may not be what is wanted."""
    serving, name = engine.serving, f"engine {engine.name}"
    if len(engine.members) > 1 and serving.served_from is None and served_from(engine) is ServedFrom.ALL_PODS:
        flag = facts.flag(facts.program.every_node_flags)
        yield f"{name}: AllPods are asked, since {flag} starts a server in each; engines[].serving.from says otherwise"
    if facts.flag(facts.program.rank_port_flags) and not serving.ports:
        yield (
            f"{name}: only port {facts.port.value} is asked; if its data-parallel ranks have a port each, "
            "engines[].serving.ports lists them"
        )
    if facts.program.routes and engine.role is None and len(desired.workload.engines) > 1:
        yield f"{name}: {facts.program.name} is asked like the other engines; with role Router only it is"


def _ports_at_odds(engine: Engine, pod: PodTemplate, facts: EngineFacts) -> Iterator[str]:
    """What fields, command and probes say of an engine's ports that does not fit together. Each is obeyed."""
    spec, container, written = pod.spec, pod.container, engine.serving.port
    listed = {
        port.container_port: each.name
        for each in (container, *spec.init_containers, *spec.containers)
        for port in each.ports
    }
    if written and facts.told_port not in {0, written} and listed.get(written, container.name) == container.name:
        told = f"its command says port {facts.told_port}"
        yield f"requests go to port {written}, as engines[].serving.port says, and {told}"
    side_car = {SIDE_CAR_PORT} if engine.phase is Phase.DECODE else set()
    known = {facts.port.value, facts.told_port, *(engine.serving.ports or ()), *listed, *side_car}
    words = " ".join((*container.command, *container.args, *(variable.value for variable in container.env)))
    for port, probes in _probed_ports(container).items():
        if port not in known and not re.search(rf"(?<!\d){port}(?!\d)", words):
            asks = "asks" if len(probes) == 1 else "ask"
            yield f"nothing is known to listen on port {port}, which its {', '.join(probes)} {asks}"


def _probed_ports(container: Container) -> dict[int, list[str]]:
    """The ports of its pod that a container's probes ask by number, each with the probes. None of them is by gRPC."""
    found: dict[int, list[str]] = {}
    probes = (container.startup_probe, container.readiness_probe, container.liveness_probe)
    for name, probe in zip(("startupProbe", "readinessProbe", "livenessProbe"), probes, strict=True):
        action = probe and (probe.http_get or probe.tcp_socket)
        if action and isinstance(action.port, int) and not action.host:
            found.setdefault(action.port, []).append(name)
    return found
