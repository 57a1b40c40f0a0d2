"""Every engine has one topology, and a serving mode is served by those that are made for it."""

import pkgutil

import pytest

from function.api.engines import Picker, PlacedEngine, ServingMode
from function.api.model_replica import ModelReplicaSpec
from function.composition import InvalidSpecError, Manifest
from function.replica import topologies
from function.replica.topologies import registry
from function.replica.topologies.gang import Gang
from function.replica.topologies.prefill_decode import PrefillDecode
from function.replica.topologies.standalone import Standalone
from function.replica.topologies.topology import Topology
from tests.support.replicas import engine, gang, member, replica


@pytest.mark.parametrize(
    ("written", "topology", "base"),
    [
        (engine(), Standalone, None),
        (gang(), Gang, None),
        (engine("vllm", member("Worker"), member("Leader")), Gang, None),
        (engine(phase="Prefill"), PrefillDecode, Standalone),
        (engine(phase="Decode"), PrefillDecode, Standalone),
        (gang(phase="Decode"), PrefillDecode, Gang),
    ],
)
def test_members_and_phase_decide_the_topology(
    written: Manifest, topology: type[Topology], base: type[Topology] | None
) -> None:
    chosen = registry.topology_of(PlacedEngine.model_validate(written))
    assert type(chosen) is topology
    assert base is None or (isinstance(chosen, PrefillDecode) and type(chosen.base) is base)


@pytest.mark.parametrize(
    "members", [("Leader",), ("Worker",), ("Worker", "Worker"), ("Standalone", "Worker"), ("Standalone", "Standalone")]
)
def test_members_that_are_no_engine_are_refused_with_what_is_one(members: tuple[str, ...]) -> None:
    placed = PlacedEngine.model_validate(engine("x", *map(member, members)))
    with pytest.raises(InvalidSpecError) as refused:
        registry.topology_of(placed)
    assert str(refused.value) == "spec.engines: an engine is one Standalone member, or one Leader and one Worker"


def test_every_topology_in_the_folder_is_registered() -> None:
    modules = {found.name for found in pkgutil.iter_modules(topologies.__path__)} - {"counts", "registry", "topology"}
    registered = {type(topology).__module__.rpartition(".")[2] for topology in registry.TOPOLOGIES}
    assert modules == registered, "add it to _BASES or TOPOLOGIES of the registry"


def test_a_pair_hands_every_operation_to_how_its_pods_run() -> None:
    operations = {name for name in vars(Topology) if not name.startswith("_")}
    assert operations - vars(PrefillDecode).keys() == set(), "PrefillDecode would answer for its base with a default"


class Lenient(Standalone):
    """Has a serving mode and leaves it to others to say which engines that needs."""

    mode = ServingMode.PREFILL_DECODE


def test_an_engine_of_another_serving_mode_is_refused_even_by_a_topology_that_checks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "TOPOLOGIES", (Lenient(),))
    spec = ModelReplicaSpec.model_validate(replica()["spec"])
    with pytest.raises(InvalidSpecError, match="not every engine fits serving mode Unified"):
        registry.validate(spec)


def test_only_a_pair_needs_a_picker() -> None:
    assert {mode: registry.picker_of(mode) for mode in ServingMode} == {
        ServingMode.UNIFIED: None,
        ServingMode.PREFILL_DECODE: Picker.ENABLED,
    }
