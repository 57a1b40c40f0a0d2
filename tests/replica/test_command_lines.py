"""Command lines from the public record: the port, the path of health and the program that is right for each."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.api.engines import AnyEngine, EngineType
from function.api.pod_template import Container
from function.replica.engines import PROGRAMS, EngineFacts, read_engine

CORPUS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "corpus" / "command_lines.yaml").read_text())
ADDRESS = re.compile(r"(https://[\w.-]+/\S+|[\w.-]+/[\w.-]+ [\w./-]*\w)( \([^()]+\))?")
"""An address on the web, or a repository on GitHub and a file in it; what of it is meant may follow."""
SIDE_CAR = 8000
ASSUMED = {"port": r"\bport \d+", "health": "health path /", "address": "on its pod's address"}
"""What tells what an assumption is about."""


def read(case: dict[str, Any]) -> EngineFacts:
    """What is read of a case."""
    env = [
        {
            "name": name,
            **({"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}} if value is None else {"value": value}),
        }
        for name, value in case.get("env", {}).items()
    ]
    written = {key: case[key] for key in ("image", "command", "args") if key in case}
    engine = AnyEngine.model_validate({"name": "e", "phase": case.get("phase"), "serving": case.get("serving", {})})
    container = Container.model_validate({"name": "engine", "env": env, **written})
    return read_engine(engine, container, taken=SIDE_CAR if case.get("phase") == "Decode" else 0)


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case["source"])
def test_what_a_command_line_says_is_read(case: dict[str, Any]) -> None:
    facts = read(case)
    said = "said" if facts.port.said else "unclear" if facts.port.warning else "assumed"
    about = [what for what, pattern in ASSUMED.items() if any(re.search(pattern, it) for it in facts.assumptions)]
    found = {
        "assumed": about,
        "unreachable": bool(facts.unreachable),
        "program": facts.program.name,
        "port": facts.port.value,
        "said": said,
        "health": facts.health_path,
        "scheme": facts.scheme.value,
    }
    if "block_size" in case["want"]:
        found["block_size"] = facts.block_size.value
    usual = {"health": "/health", "scheme": "HTTP", "unreachable": False, "assumed": ["port"] * (said == "assumed")}
    assert found == {**usual, **case["want"]}
    assert bool(facts.warnings) is (said == "unclear")


def test_every_type_and_program_is_in_the_record() -> None:
    assert {read(case).type for case in CORPUS} == set(EngineType)
    assert {read(case).program.name for case in CORPUS} >= {program.name for program in PROGRAMS}


def test_at_least_sixty_lines_say_where_each_of_them_stands() -> None:
    sources = [case["source"] for case in CORPUS]
    assert [source for source in sources if not ADDRESS.fullmatch(source)] == []
    assert len(set(sources)) == len(sources) >= 60
