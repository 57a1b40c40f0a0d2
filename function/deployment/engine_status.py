"""What a deployment says of its engines: what is assumed of them, and what of their commands cannot be read."""

from __future__ import annotations

from function.api.engines import Engine, Phase, Picker, Role
from function.composition import Draft
from function.deployment.conditions import ENGINES
from function.deployment.desired_state import DesiredState
from function.replica.backend import choose_picker
from function.replica.engines import EngineFacts, read_engine
from function.replica.topologies.prefill_decode import SIDE_CAR_PORT


def set_engines_condition(draft: Draft, desired: DesiredState) -> None:
    """Say once what is assumed of the engines, and what cannot be read; a size of blocks matters to pickers alone."""
    facts = [found for engine in desired.workload.engines if (found := _facts(engine))]
    picks = choose_picker(desired.workload.serving, desired.workload.engines) is Picker.ENABLED
    warnings = [warning for found in facts for warning in found.warnings if picks or warning == found.port.warning]
    assumptions = [assumption for found in facts for assumption in found.assumptions]
    if warnings:
        draft.set_condition(ENGINES, "CommandUnclear", "; ".join((*warnings, *assumptions)))
    elif assumptions:
        draft.set_condition(ENGINES, "DefaultsAssumed", "; ".join(assumptions))
    else:
        draft.set_condition(ENGINES, "Recognized")


def _facts(engine: Engine) -> EngineFacts | None:
    """What is known of an engine by the member that answers requests; None without one, which admission refuses."""
    serving = next((member for member in engine.members if member.role is not Role.WORKER), None)
    if serving is None or not serving.template.spec.containers:
        return None
    taken = SIDE_CAR_PORT if engine.phase is Phase.DECODE else 0
    return read_engine(engine, serving.template.container, taken=taken)
