"""Whatever a container says, reading it ends soon, raises nothing and comes to the same."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api.engines import AnyEngine
from function.api.pod_template import Container
from function.replica.engines import EngineFacts, command_line, read_engine

LENGTH = 65_000
ENGINE = AnyEngine.model_validate({"name": "e"})

PIECES = (
    "vllm serve",
    "--port",
    "8100",
    "$X",
    "${X:-",
    "}",
    '"',
    "'",
    "\\",
    "$(",
    ")",
    "((",
    "`",
    ";",
    "&",
    "&&",
    "\n",
    "if ",
    "then ",
    "fi",
    "eval ",
    "bash -c ",
    "exec ",
    "env A=b ",
    "<<E",
    "#",
    " ",
    "A=",
    "(",
    "${A[@]}",
    "$@",
    "cat > f <<E",
    "\nE\n",
    "bash f",
    ". f",
    "tee f ",
    "echo x >> f",
    "set -- ",
    "shift",
    "su -c ",
    "<<<",
    "f() {",
)

REPEATED = {
    "parentheses": "(",
    "arithmetic": "$((",
    "braces": "${",
    "defaults": "${a:-",
    "output": '"$(',
    "backticks": "`",
    "quotes": '"',
    "here-documents": "<<A ",
    "keywords": "if ",
    "arrays": "a=(",
    "appended": "A+=(x) ",
    "evals": 'eval "$X";',
    "shells": "sh -c ",
    "wrappers": "env ",
    "commands": "a&",
    "variables": "$A",
    "dashes": "vllm - ",
    "modules": "python - ",
    "ports": "vllm serve --port 1 &\n",
    "marks": "\ue000",
    "files": "cat > f <<E\nbash f; . f\nE\nbash f; f\n",
    "files that grow": 'cat f >> f; echo "$X" >> f; bash f\n',
    "here-documents in quotes": "cat <<A '\nA\n'\n",
    "here-documents that expand": 'bash <<E\n$X "$@" $A\nE\n',
    "arguments that grow": 'set -- "$@" "$@" x;',
    "shifts": "shift;",
    "users": "su - a -c ",
    "here-strings": 'bash <<< "$X" ',
    "ends of lines": "<\ue000\\\\\n\\\n<<\ue000\\\\\n\\\n",
    "users of users": "runuser ",
}


def read(**written: Any) -> EngineFacts:
    return read_engine(ENGINE, Container.model_validate({"name": "engine", "image": "x", **written}))


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40).map("".join), st.text(max_size=8))
def test_no_script_raises_and_the_same_script_reads_the_same(script: str, value: str) -> None:
    written = {"command": ["bash", "-c", script], "env": [{"name": "X", "value": value}]}
    first = read(**written)
    command_line._cached.cache_clear()
    assert read(**written) == first
    assert 0 < first.port.value <= 65535


@pytest.mark.parametrize("char", sorted({chr(point) for point in range(0x3100) if not chr(point).strip()}), ids=ascii)
def test_any_character_that_looks_blank_comes_to_an_end(char: str) -> None:
    assert read(command=["bash", "-c", f"echo{char} {char}x{char}; vllm serve --port 8100"]).port.value == 8100


@given(st.lists(st.text(max_size=12), max_size=6), st.lists(st.text(max_size=12), max_size=6), st.text(max_size=30))
def test_no_arguments_raise(command: list[str], args: list[str], image: str) -> None:
    assert read(command=command, args=args, image=image or "x").port.value > 0


@pytest.mark.parametrize("piece", REPEATED.values(), ids=REPEATED)
def test_a_long_script_is_read_in_bounded_time(piece: str) -> None:
    env = [{"name": "X", "value": 'eval "$X"; $X'}, {"name": "A", "value": "x" * 500}]
    start = process_time()
    read(command=["bash", "-c", piece * (LENGTH // len(piece))], env=env)
    assert process_time() - start < 5


@pytest.mark.parametrize(
    "script", ["vllm serve ${0000000012}", f"vllm serve ${{{'1' * 4400}}}", "set -- a b; shift \u00b2"]
)
def test_numbers_that_a_shell_would_not_have_are_passed_over(script: str) -> None:
    assert read(command=["sh", "-c", f"{script}; vllm serve --port 8100", "sh", "a"]).port.value == 8100


def test_variables_that_grow_are_read_no_further_than_the_bound() -> None:
    doubled = "A=xxxxxxxx\n" + "A=$A$A\n" * 1000
    references = [{"name": f"A{place}", "value": f"$(A{place - 1})" * 2} for place in range(1, 200)]
    for written in (
        {"command": ["bash", "-c", doubled]},
        {"args": ["$(A199)"], "env": [{"name": "A0", "value": "x" * 60_000}, *references]},
        {"command": ["bash", "-c", "$X"], "env": [{"name": "X", "value": 'eval "$X"'}]},
    ):
        assert "port 8000" in " ".join((*read(**written).warnings, *read(**written).assumptions))
