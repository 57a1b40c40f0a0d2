"""What a deployment says of its engines: why nobody reaches them, what cannot be read, and what is assumed."""

from __future__ import annotations

from collections.abc import Iterator

from function.api.engines import Engine, Phase, Picker, Role, ServedFrom
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
    facts = [found for engine in desired.workload.engines if (found := _facts(engine))]
    picks = choose_picker(desired.workload.serving, desired.workload.engines) is Picker.ENABLED
    warnings = [warning for found in facts for warning in found.warnings if picks or warning == found.port.warning]
    unreachable = [why for found in facts for why in found.unreachable]
    assumptions = [assumption for found in facts for assumption in found.assumptions]
    for engine in desired.workload.engines:
        assumptions += _who_is_asked(engine, desired)
        assumptions += (f"engine {engine.name}: {note}" for note in queue_notes(engine))
    if unreachable:
        draft.set_condition(ENGINES, "Unreachable", "; ".join((*unreachable, *warnings, *assumptions)))
    elif warnings:
        draft.set_condition(ENGINES, "CommandUnclear", "; ".join((*warnings, *assumptions)))
    elif assumptions:
        draft.set_condition(ENGINES, "DefaultsAssumed", "; ".join(assumptions))
    else:
        draft.set_condition(ENGINES, "Recognized")


def _facts(engine: Engine) -> EngineFacts | None:
    """What is known of an engine by the member that answers requests; None without one, which admission refuses."""
    serving = next((member for member in engine.members if member.role is not Role.WORKER), None)
    if serving is None:
        return None
    taken = SIDE_CAR_PORT if engine.phase is Phase.DECODE else 0
    return read_engine(engine, serving.template.container, taken=taken)


def _who_is_asked(engine: Engine, desired: DesiredState) -> Iterator[str]:
    """What is assumed of which pods and ports of an engine answer requests, and may not be what is wanted."""
    facts = _facts(engine)
    if facts is None:
        return
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
