"""An engine is not ended before what it answers is answered, and never waits without end."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api.pod_template import Container
from function.composition import Manifest
from function.replica import ending
from function.replica.ending import Waiting
from tests.support.replicas import composed, container, engine, gang, member, remotes, replica

DRAIN, QUIET = 1, 2
IDLE = DRAIN + QUIET
"""Seconds after which a hook of these tests ends that has nothing to wait for."""

BOUND = IDLE + 60
"""Seconds after which a hook that should have ended long ago fails a test, on a slow machine too."""

SHELLS = [[path, *words] for name, *words in (["dash"], ["bash"], ["busybox", "sh"]) if (path := shutil.which(name))]


def made(image: str, *command: str) -> Container:
    return Container(name="engine", image=image, command=command)


def hook(obj: Manifest, role: str = "template") -> Any:
    """The preStop hook of the engine of a replica's only engine."""
    spec = remotes(composed(obj))["model-serving-vllm"]["spec"]
    template = spec["template"] if role == "template" else spec["leaderWorkerTemplate"][role]
    return template["spec"]["containers"][0]["lifecycle"]["preStop"]


# ---------------------------------------------------------------------- which hook


@pytest.mark.parametrize(
    "image",
    [
        "vllm/vllm-openai:v0.23.0",
        "registry.example.com:5000/mirror/vllm-openai@sha256:0123",
        "vllm/vllm-openai-xpu",
        "rocm/vllm:rocm7",
        "lmsysorg/sglang:v0.5.2-cu126",
        "nvcr.io/nvidia/tensorrt-llm/release:1.2.0",
        "nvcr.io/nvidia/tritonserver:25.08-py3",
        "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.7",
        "ghcr.io/ggml-org/llama.cpp:server-cuda",
        "ghcr.io/huggingface/text-generation-inference:3.3",
        "ghcr.io/llm-d/llm-d-cuda:v0.4.0",
        "ollama/ollama",
    ],
)
def test_an_image_of_a_known_engine_has_a_shell(image: str) -> None:
    assert ending.has_shell(made(image))
    assert ending.has_shell(made(image, "python3", "-m", "serve"))


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.com/own",
        "registry.example.com/vllm/own:v1",
        "cgr.dev/chainguard/vllm-openai:latest",
        "registry.example.com/vllm-openai:v0.23.0-distroless",
        "registry.example.com/chainguard/sglang",
    ],
)
def test_of_an_image_that_is_not_known_only_a_shell_as_command_says_that_it_has_one(image: str) -> None:
    assert not ending.has_shell(made(image))
    assert not ending.has_shell(made(image, "python3", "-c", "sh"))
    assert ending.has_shell(made(image, "/usr/bin/bash", "-c", "exec vllm serve"))
    assert ending.has_shell(made(image, "sh"))


def test_an_engine_waits_for_its_connections_where_a_shell_can_and_sleeps_elsewhere() -> None:
    assert hook(replica(engine("vllm"))) == {
        "exec": {"command": ["/bin/sh", "-c", ending.script(Waiting((8000,)), 15, 95)]}
    }
    own = member(template={"spec": {"containers": [container(image="registry.example.com/own")]}})
    assert hook(replica(engine("vllm", own))) == {"sleep": {"seconds": 15}}


def test_a_leader_waits_for_its_connections_and_a_worker_for_its_leader() -> None:
    assert hook(replica(gang()), "leaderTemplate")["exec"]["command"][2] == ending.script(Waiting((8000,)), 15, 95)
    worker = hook(replica(gang()), "workerTemplate")["exec"]["command"][2]
    assert worker == ending.script(Waiting(leader=True), 15, 95)


def test_a_decode_engine_waits_for_the_connections_of_its_side_car_too_which_ends_after_it() -> None:
    pair = (engine("p", phase="Prefill"), engine("vllm", phase="Decode"))
    obj = replica(*pair, serving={"mode": "PrefillDecode"})
    assert hook(obj)["exec"]["command"][2] == ending.script(Waiting((8000, 8001)), 15, 95)
    (side_car,) = remotes(composed(obj))["model-serving-vllm"]["spec"]["template"]["spec"]["initContainers"]
    assert (side_car["name"], side_car["restartPolicy"]) == ("pd-sidecar", "Always")
    assert "lifecycle" not in side_car
    assert "startupProbe" not in side_car, "the engine starts only after it"


def test_an_engine_that_hangs_is_not_waited_for() -> None:
    template = remotes(composed(replica()))["model-serving-vllm"]["spec"]["template"]
    probe = template["spec"]["containers"][0]["livenessProbe"]
    assert (
        probe["terminationGracePeriodSeconds"]
        == ending.HUNG_SECONDS
        < template["spec"]["terminationGracePeriodSeconds"]
    )


@given(st.integers(0, 100_000), st.sampled_from([Waiting(), Waiting((8000,)), Waiting(leader=True)]), st.booleans())
def test_the_hook_ends_before_the_grace_period_whatever_it_is(grace: int, waiting: Waiting, known: bool) -> None:  # noqa: FBT001  # hypothesis fills it
    found = ending.lifecycle(made("vllm/vllm-openai" if known else "own"), waiting, grace=grace)
    if not grace:
        assert found == {}
        return
    handler = found["lifecycle"]["preStop"]
    if "sleep" in handler:
        assert 0 < handler["sleep"]["seconds"] <= min(grace, ending.DRAIN_SECONDS)
        assert not known or waiting == Waiting() or grace < 2 * ending.DRAIN_SECONDS
        return
    drain, limit = map(int, re.findall(r"(?:^sleep|up \+) (\d+)", handler["exec"]["command"][2], re.MULTILINE)[:2])
    assert 0 < drain <= ending.DRAIN_SECONDS
    assert drain + limit + ending.LAST_SECONDS == grace


# ---------------------------------------------------------------------- the script, for real


@pytest.fixture(params=[("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)], ids=["IPv4", "IPv6"])
def server(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Something that listens and keeps each connection until its client closes it, as an engine that answers does."""
    host, family = request.param
    with closing(socket.socket(family)) as listening:
        try:
            listening.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        listening.listen()
        threading.Thread(target=_serve, args=(listening,), daemon=True).start()
        yield listening


def _serve(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with closing(connection):
        while connection.recv(1024):
            pass


class Hooks:
    """The script, run by each shell of this machine at the same time."""

    def __init__(self, waiting: Waiting, limit: int = BOUND, **env: str) -> None:
        """Start them."""
        self._began = time.monotonic()
        text = ending.script(waiting, DRAIN, limit, QUIET)
        self.processes = [
            subprocess.Popen([*shell, "-c", text], env={**os.environ, **env}, stderr=subprocess.PIPE)  # noqa: S603
            for shell in SHELLS
        ]

    def took(self) -> tuple[float, float]:
        """How long the first and the last took; none says anything on standard error."""
        found = []
        for process in self.processes:
            _, errors = process.communicate(timeout=BOUND)
            assert (process.returncode, errors) == (0, b"")
            found.append(time.monotonic() - self._began)
        return min(found), max(found)


def connect(server: socket.socket) -> socket.socket:
    client = socket.socket(server.family)
    client.connect(server.getsockname()[:2])
    return client


def test_the_script_ends_soon_when_nothing_is_answered_and_connections_of_others_do_not_matter(
    server: socket.socket,
) -> None:
    with closing(connect(server)):
        first, last = Hooks(Waiting((1,))).took()
    assert IDLE - 1 <= first <= last < BOUND


def test_the_script_waits_while_a_connection_lives_on_any_of_its_ports(server: socket.socket) -> None:
    began = time.monotonic()
    with closing(connect(server)):
        hooks = Hooks(Waiting((1, server.getsockname()[1])))
        time.sleep(IDLE + 2)
        assert [process.poll() for process in hooks.processes] == [None] * len(SHELLS)
        released = time.monotonic() - began
    first, last = hooks.took()
    assert released + QUIET - 1 <= first <= last < released + BOUND


def test_the_script_gives_up_at_its_limit(server: socket.socket) -> None:
    with closing(connect(server)):
        first, last = Hooks(Waiting((server.getsockname()[1],)), limit=QUIET + 3).took()
    assert DRAIN + QUIET + 2 <= first <= last < BOUND


def test_a_worker_waits_while_the_name_of_its_leader_stands() -> None:
    there = Hooks(Waiting(leader=True), limit=QUIET + 3, MODELPLANE_LEADER_ADDRESS="127.0.0.1")
    gone = Hooks(Waiting(leader=True), MODELPLANE_LEADER_ADDRESS="leader.invalid")
    assert there.took()[0] >= DRAIN + QUIET + 2
    assert gone.took()[1] < BOUND


def test_a_worker_without_a_leader_or_the_means_to_ask_for_it_ends_after_the_drain(tmp_path: Path) -> None:
    (tmp_path / "sleep").symlink_to("/bin/sleep")
    alone = Hooks(Waiting(leader=True), MODELPLANE_LEADER_ADDRESS="")
    without_tools = Hooks(Waiting(leader=True), MODELPLANE_LEADER_ADDRESS="127.0.0.1", PATH=str(tmp_path))
    for hooks in (alone, without_tools):
        first, last = hooks.took()
        assert IDLE - 1 <= first <= last < BOUND
