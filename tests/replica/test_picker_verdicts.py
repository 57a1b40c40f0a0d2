"""What we compose for a picker and a side-car is what their own programs were seen to take, version by version."""

import pytest

from function.api.engines import EngineType, KVTransfer
from function.replica import picker
from function.replica.topologies import prefill_decode
from tests.support.picker_configs import CONFIGS, WRONG, digest, pair_of, verdict, verdicts
from tests.support.picker_program import PickerConfigError, PickerProgram
from tests.support.replicas import composed, remotes

COMPOSED = {digest(text): name for name, text in CONFIGS.items()}


def seen(what: str) -> str:
    """What a program said; skips the test when it could not be asked."""
    said = verdict(what)
    if said == "not asked":
        pytest.skip(f"NOT CHECKED: no program of llm-d's router {verdicts()['version']} was asked about {what}")
    assert said, f"not in picker_verdicts.yaml, ask the program of {verdicts()['version']}: {what}"
    return said


@pytest.mark.parametrize("image", [picker.IMAGE, prefill_decode.IMAGE], ids=["picker", "side-car"])
def test_the_programs_that_were_asked_are_those_that_are_composed(image: str) -> None:
    assert image.rpartition(":")[2] == verdicts()["version"]


@pytest.mark.parametrize("called", COMPOSED, ids=COMPOSED.values())
def test_the_loader_has_loaded_every_configuration_that_can_be_composed(called: str) -> None:
    assert seen(called) == "loads"


@pytest.mark.parametrize("name", WRONG)
def test_the_stand_in_loads_nothing_that_the_loader_has_refused(name: str) -> None:
    text = WRONG[name].text
    unread = name in {"a parameter that goes unread", "a parser that is never asked"}
    assert seen(digest(text)) == ("loads" if unread else "refuses")
    with pytest.raises(PickerConfigError):
        PickerProgram(text)


@pytest.mark.parametrize("transfer", KVTransfer)
def test_side_car_and_picker_have_taken_the_command_lines_that_are_composed(transfer: KVTransfer) -> None:
    made = remotes(composed(pair_of(EngineType.VLLM, transfer)))
    decode, epp = (made[name]["spec"]["template"]["spec"] for name in ("model-serving-decode", "epp"))
    (side_car,) = [container for container in decode["initContainers"] if container["name"] == "pd-sidecar"]
    assert [seen(" ".join(container["args"])) for container in (side_car, *epp["containers"])] == ["loads"] * 2


def test_the_record_holds_nothing_else() -> None:
    known = {digest(text) for text in (*CONFIGS.values(), *(wrong.text for wrong in WRONG.values()))}
    assert {what for told in verdicts()["seen"].values() for what in told if not what.startswith("--")} == known
