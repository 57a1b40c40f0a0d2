"""Port and block size are read from an engine's flags, wherever they stand, unless a typed field says them."""

from typing import Any

import pytest

from function.api.engines import PlacedEngine
from function.replica import engine_flags
from function.replica.engine_flags import FlagValue
from tests.support.replicas import engine, member


def of(serving: Any = None, **written: Any) -> PlacedEngine:
    """An engine of one pod, whose container says what is given."""
    standalone = member(template={"spec": {"containers": [{"name": "engine", "image": "x", **written}]}})
    return PlacedEngine.model_validate(engine("vllm", standalone, serving=serving or {}))


def port(placed: PlacedEngine, **options: int) -> FlagValue:
    return engine_flags.port(placed, placed.members[0].template.container, **options)


def block_size(placed: PlacedEngine) -> FlagValue:
    return engine_flags.block_size(placed, placed.members[0].template.container)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ({}, 8000),
        ({"args": ["--model=x"]}, 8000),
        ({"args": ["--port=9000"]}, 9000),
        ({"args": ["--port", "9000"]}, 9000),
        ({"args": ["--port", "9000", "--port=9001"]}, 9000),
        ({"args": ["--portal=9000", "port=9000"]}, 8000),
        ({"command": ["vllm", "serve", "/mnt/models", "--port=9000"]}, 9000),
        ({"command": ["/bin/sh", "-c", "exec vllm serve /mnt/models --port=9000"]}, 9000),
        ({"command": ["/bin/bash", "-euc"], "args": ["exec vllm serve \\\n  --port 9000; true"]}, 9000),
        ({"command": ["bash", "-c", "echo 'not --port=1' && vllm serve --port '9000'"]}, 9000),
        ({"command": ["sh", "-c", "vllm serve --port=9000 --name=it's"]}, 9000),
        ({"command": ["sh", "-c", "serve model#1 --port=9000"]}, 9000),
        ({"command": ["server", "-c", "file --port=9000"]}, 8000),
    ],
)
def test_the_port_is_the_one_that_arguments_command_or_shell_string_say(written: Any, number: int) -> None:
    assert port(of(**written)) == FlagValue(number)


@pytest.mark.parametrize(
    ("args", "given"),
    [
        (["--port="], "--port without a value"),
        (["--port"], "--port without a value"),
        (["--port", "--model=x"], "--port without a value"),
        (["--port=abc"], "--port abc"),
        (["--port=-1"], "--port -1"),
        (["--port=0"], "--port 0"),
        (["--port=65536"], "--port 65536"),
        (["--port=" + "9" * 5000], "--port " + "9" * 64),
        (["--port=$(PORT)"], "--port $(PORT)"),
        (["--port=８０００"], "--port ８０００"),  # noqa: RUF001  # digits of another script
    ],
)
def test_a_port_that_is_no_number_is_warned_of_and_the_default_assumed(args: list[str], given: str) -> None:
    assumed = port(of(args=args))
    assert assumed.value == 8000
    assert assumed.warning == f"engine vllm: {given} is no port, 8000 is assumed; engines[].serving.port says another"


def test_a_typed_port_goes_before_what_the_flags_say() -> None:
    assert port(of(serving={"port": 9100}, args=["--port=9000"])) == FlagValue(9100)
    assert port(of(serving={"port": 9100}, args=["--port=junk"])) == FlagValue(9100)
    assert port(of(serving={"port": 8000}, args=["--port=9000"])) == FlagValue(9000)


def test_the_default_is_the_callers_where_nothing_is_said() -> None:
    assert port(of(), default=8001) == FlagValue(8001)
    assert port(of(args=["--port=9000"]), default=8001) == FlagValue(9000)
    assert port(of(args=["--port=junk"]), default=8001).value == 8001


@pytest.mark.parametrize(
    ("args", "size"),
    [
        (["--block-size", "32"], 32),
        (["--block-size=8"], 8),
        (["--page-size=64"], 64),
        (["--page-size", "1", "--block-size=2"], 1),
        (["--block-size", "auto"], 64),
        ([], 64),
    ],
)
def test_the_block_size_is_the_first_that_the_flags_say_and_64_without_a_number(args: list[str], size: int) -> None:
    assert block_size(of(args=args)).value == size


def test_a_typed_block_size_goes_before_what_the_flags_say() -> None:
    assert block_size(of(serving={"kvCacheBlockSize": 128}, args=["--block-size=8"])) == FlagValue(128)


def test_a_block_size_that_is_no_number_is_warned_of() -> None:
    warning = block_size(of(args=["--block-size", "auto"])).warning
    assert warning.startswith("engine vllm: --block-size auto is no block size, 64 is assumed; ")
    assert warning.endswith("engines[].serving.kvCacheBlockSize says another")
