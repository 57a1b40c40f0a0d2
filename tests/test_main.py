"""The two commands: what they take, print and return."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from function import main
from function.composition import Child, Composition, Observation, Readiness
from function.preview import control_plane
from function.preview.reconcile import Compose
from tests.support.settled import EXAMPLES

MODEL = str(EXAMPLES / "quickstart" / "model" / "chat.yaml")
LOCAL = ("--insecure", "--address=127.0.0.1:0", "--metrics-address=127.0.0.1:0")


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    path = tmp_path / "manifests.yaml"
    path.write_text(Path(MODEL).read_text(encoding="utf-8"), encoding="utf-8")
    return path


def stopped(call: Any, *arguments: Any) -> int:
    """The exit status of a command whose arguments are refused, or that only prints."""
    with pytest.raises(SystemExit) as end:
        call(*arguments)
    assert isinstance(end.value.code, int)
    return end.value.code


# ---------------------------------------------------------------------- modelplane preview


def test_what_settles_exits_0_whether_ready_or_not(manifests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.modelplane(["preview", str(manifests)]) == 0
    printed = capsys.readouterr()
    assert "NOT READY" in printed.out
    assert printed.err == ""


def test_what_is_not_ready_exits_3_and_is_named_where_ready_is_required(
    manifests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.modelplane(["preview", "--require-ready", str(manifests)]) == 3
    printed = capsys.readouterr()
    assert "NOT READY" in printed.out
    assert printed.err == "modelplane: not Ready: ModelDeployment/ml-team/chat, ModelService/ml-team/chat\n"


def test_what_is_ready_exits_0_where_ready_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    fleet = str(EXAMPLES / "quickstart" / "fleet")
    assert main.modelplane(["preview", "--require-ready", fleet, MODEL]) == 0
    assert not [line for line in capsys.readouterr().err.splitlines() if not line.startswith("pass ")]


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_every_object_is_printed_on_standard_output(
    output: str, manifests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.modelplane(["preview", "-o", output, str(manifests)]) == 0
    out = capsys.readouterr().out
    kinds = [x["kind"] for x in (yaml.safe_load_all(out) if output == "yaml" else json.loads(out)["items"])]
    assert kinds == ["ModelDeployment", "ModelService"]


def test_one_reason_to_refuse_the_input_is_one_line_and_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.modelplane(["preview", "nowhere.yaml"]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "modelplane: nowhere.yaml: no such file or folder\n")


def test_several_reasons_to_refuse_the_input_are_listed(manifests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.modelplane(["preview", "nowhere.yaml", str(manifests), "nor-here.yaml"]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.splitlines()) == (
        "",
        [
            "modelplane: the input is refused, for 2 reasons:",
            "  nowhere.yaml: no such file or folder",
            "  nor-here.yaml: no such file or folder",
        ],
    )


@pytest.mark.parametrize("output", ["tree", "yaml", "json"])
def test_a_preview_that_cannot_be_written_says_so_and_exits_1(output: str, manifests: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = command("preview", str(manifests), "-o", output, stdout=full)
    assert (done.returncode, done.stderr) == (
        1,
        "modelplane: the preview cannot be written: No space left on device\n",
    )


def test_a_terminal_without_the_letters_of_a_name_gets_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ü}\n", encoding="utf-8")
    done = command("preview", str(path), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, "`-- ConfigMap  default/\\xfc")
    refused = command("preview", "ü.yaml", PYTHONIOENCODING="ascii")
    assert (refused.returncode, refused.stderr) == (2, "modelplane: \\xfc.yaml: no such file or folder\n")


def test_what_a_terminal_would_obey_in_a_refusal_is_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: "\\e[31m"}\n', encoding="utf-8")
    assert main.modelplane(["preview", str(path)]) == 2
    stderr = capsys.readouterr().err
    assert "\\x1b[31m" in stderr
    assert "\x1b" not in stderr


def command(*arguments: str, stdout: Any = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "function.main", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        text=True,
        timeout=120,
        check=False,
    )


def test_what_does_not_settle_exits_1_and_names_who_changes_what(
    manifests: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def restless(seen: Observation) -> Composition:
        shown = {"address": seen.now.isoformat()} if seen.kind == "ModelService" else {}
        return Composition(status=shown, ready=False)

    compose_with(monkeypatch, restless)
    assert main.modelplane(["preview", str(manifests)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "modelplane: It still changes after 50 passes:",
        "  ModelService/ml-team/chat: status.address (by ModelService/ml-team/chat)",
    ]


def test_an_invariant_that_breaks_exits_1_and_asks_for_a_report(
    manifests: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(seen: Observation) -> Composition:
        body = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelEndpoint", "metadata": {"name": "e"}, "spec": {}}
        made = {"endpoint": Child(body, Readiness(ready=True))} if seen.kind == "ModelService" else {}
        return Composition(children=made, ready=False)

    compose_with(monkeypatch, wrong)
    assert main.modelplane(["preview", str(manifests)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "modelplane: this must never be composed; please report it with the manifests:",
        (
            "ModelService/ml-team/chat: its composer makes endpoint (ModelEndpoint/ml-team/e), which is refused: "
            "spec.url: is required"
        ),
    ]


def compose_with(monkeypatch: pytest.MonkeyPatch, compose: Compose) -> None:
    made = control_plane.ControlPlane
    monkeypatch.setattr(control_plane, "ControlPlane", lambda: made(compose))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["plan"], "invalid choice: 'plan'"),
        (["preview"], "PATH"),
        (["preview", "-o", "table", "x"], "invalid choice: 'table'"),
    ],
)
def test_a_command_line_that_is_wrong_exits_2_and_says_what_is_missing(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped(main.modelplane, arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["preview", "--help"]])
def test_help_and_version_exit_0(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert stopped(main.modelplane, arguments) == 0
    assert capsys.readouterr().out


def test_the_installed_command_reads_standard_input_and_gives_its_status(manifests: Path) -> None:
    command = [sys.executable, "-m", "function.main", "preview", "-"]
    good = subprocess.run(command, input=manifests.read_bytes(), capture_output=True, check=False)  # noqa: S603  # ours
    assert (good.returncode, good.stderr) == (0, b"")
    assert good.stdout.decode().startswith("Services: what a client calls\n")
    bad = subprocess.run(command, input=b"a: [", capture_output=True, check=False)  # noqa: S603  # ours
    assert (bad.returncode, bad.stdout) == (2, b"")
    assert bad.stderr.startswith(b"modelplane: standard input:")


def test_a_reader_that_stops_early_is_no_failure() -> None:
    command = [sys.executable, "-m", "function.main", "preview", "-o", "json", MODEL]
    read_end, write_end = os.pipe()
    os.close(read_end)
    ended = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)  # noqa: S603  # ours
    os.close(write_end)
    assert (ended.returncode, ended.stderr) == (0, b"")


# ---------------------------------------------------------------------- function: flags


def settings(*argv: str, **environment: str) -> dict[str, Any]:
    return vars(main._serve_parser(environment).parse_args(argv))


DEFAULTS = {
    "address": "0.0.0.0:9443",
    "tls_certs_dir": "",
    "max_recv_message_size": 256,
    "call_deadline": 20,
    "metrics_address": "0.0.0.0:8080",
    "insecure": False,
    "debug": False,
}
FLAGS = {
    "address": ("--address", "127.0.0.1:1", "127.0.0.1:1", "[::]:2"),
    "tls_certs_dir": ("--tls-certs-dir", "/tls", "/tls", "/other"),
    "max_recv_message_size": ("--max-recv-message-size", "8", 8, "16"),
    "call_deadline": ("--call-deadline", "5", 5, "30"),
    "metrics_address": ("--metrics-address", "127.0.0.1:3", "127.0.0.1:3", "localhost:4"),
}


def test_without_flags_the_defaults_hold() -> None:
    assert settings() == DEFAULTS


@pytest.mark.parametrize("name", FLAGS)
def test_every_flag_has_a_twin_in_the_environment_and_the_command_line_wins(name: str) -> None:
    flag, written, value, other = FLAGS[name]
    twin = {f"MODELPLANE_{name.upper()}": written}
    assert settings(flag, written) == {**DEFAULTS, name: value}
    assert settings(**twin) == {**DEFAULTS, name: value}
    assert settings(flag, other, **twin) == settings(flag, other)


@pytest.mark.parametrize("name", ["insecure", "debug"])
@pytest.mark.parametrize(
    ("written", "value"), [("true", True), ("1", True), ("TRUE", True), ("false", False), ("0", False), ("", False)]
)
def test_a_switch_may_be_on_or_off_in_the_environment(name: str, written: str, value: bool) -> None:  # noqa: FBT001  # a parameter
    twin = {f"MODELPLANE_{name.upper()}": written}
    assert settings(**twin)[name] is value
    assert settings(f"--{name}", **twin)[name] is True
    assert settings(f"--no-{name}", **twin)[name] is False


def test_the_certificates_folder_is_also_taken_from_crossplanes_own_variable() -> None:
    assert settings(TLS_SERVER_CERTS_DIR="/tls")["tls_certs_dir"] == "/tls"
    both = {"TLS_SERVER_CERTS_DIR": "/tls", "MODELPLANE_TLS_CERTS_DIR": "/ours"}
    assert settings(**both)["tls_certs_dir"] == "/ours"


def test_every_flag_is_in_the_help() -> None:
    helped = main._serve_parser({}).format_help()
    flags = {f"--{name.replace('_', '-')}" for name in DEFAULTS}
    assert {flag for flag in flags if flag not in helped} == set()
    assert "MODELPLANE_<FLAG>" in helped


BAD_FLAGS = [
    ("--max-recv-message-size=0", "'0' is not a whole number of MiB from 1 to 2047"),
    ("--max-recv-message-size=4096", "'4096' is not a whole number of MiB from 1 to 2047"),
    ("--max-recv-message-size=many", "'many' is not a whole number of MiB from 1 to 2047"),
    ("--address=9443", "'9443' is not HOST:PORT, such as 0.0.0.0:9443 or [::]:9443"),
    ("--address=0.0.0.0:99999", "'0.0.0.0:99999' is not HOST:PORT"),
    ("--address=::1:9443", "'::1:9443' is not HOST:PORT"),
    ("--metrics-address=nowhere", "'nowhere' is not HOST:PORT"),
    ("--metrics-address=:http", "':http' is not HOST:PORT"),
    ("--call-deadline=0", "'0' is not a whole number of seconds from 1 to 100"),
    ("--call-deadline=121", "'121' is not a whole number of seconds from 1 to 100"),
    ("--call-deadline=1m", "'1m' is not a whole number of seconds from 1 to 100"),
    ("extra", "unrecognized arguments: extra"),
]


@pytest.mark.parametrize(("argument", "message"), BAD_FLAGS, ids=[argument for argument, _ in BAD_FLAGS])
def test_a_flag_that_is_wrong_exits_2_and_says_what_is_taken(
    argument: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped(main.serve, [argument], {}) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MODELPLANE_INSECURE", "maybe", "--insecure/--no-insecure: 'maybe' is neither true nor false"),
        ("MODELPLANE_MAX_RECV_MESSAGE_SIZE", "0", "'0' is not a whole number of MiB from 1 to 2047"),
        ("MODELPLANE_ADDRESS", "9443", "--address: '9443' is not HOST:PORT"),
    ],
)
def test_the_environment_is_judged_like_flags(
    name: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopped(main.serve, [], {name: value}) == 2
    assert message in capsys.readouterr().err


# ---------------------------------------------------------------------- function: starting and stopping


def failed(*arguments: str) -> list[str]:
    """The lines of a server that cannot start."""
    command = [sys.executable, "-c", "import sys; from function.main import serve; sys.exit(serve())", *arguments]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MODELPLANE_", "TLS_SERVER_"))}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=clean)  # noqa: S603  # ours
    assert (ended.returncode, ended.stdout) == (1, "")
    return [line for line in ended.stderr.splitlines() if line.startswith("function: ")]


def test_a_start_without_certificates_exits_1_and_says_how_to_give_them() -> None:
    assert failed() == [
        "function: no certificates: give --tls-certs-dir (or TLS_SERVER_CERTS_DIR), or --insecure to serve without"
    ]


def test_a_start_with_a_folder_without_certificates_exits_1_and_names_the_file(tmp_path: Path) -> None:
    assert failed("--tls-certs-dir", str(tmp_path)) == [
        f"function: cannot read certificates: No such file or directory: {tmp_path / 'tls.key'}"
    ]


def test_a_start_on_an_address_of_another_machine_exits_1_and_names_it() -> None:
    (line,) = failed("--insecure", "--address=192.0.2.1:9443", "--metrics-address=127.0.0.1:0")
    assert line.startswith("function: cannot listen on 192.0.2.1:9443: ")
    (line,) = failed("--insecure", "--metrics-address=192.0.2.1:8080")
    assert line.startswith("function: cannot listen on 192.0.2.1:8080 for metrics: ")


def test_it_serves_until_sigterm_then_drains_and_exits_0() -> None:
    command = [sys.executable, "-c", "import sys; from function.main import serve; sys.exit(serve())", *LOCAL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:  # noqa: S603  # ours
        try:
            assert server.stdout is not None
            started = server.stdout.readline()
            port, metrics = (re.search(rf'"{key}": (\d+)', started) for key in ("port", "metrics_port"))
            assert port is not None
            assert metrics is not None
            with grpc.insecure_channel(f"127.0.0.1:{port[1]}") as channel:
                answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=30)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics[1]}/readyz", timeout=30) as reply:
                assert reply.status == 200
            server.send_signal(signal.SIGTERM)
            stop_sent = time.monotonic()
            rest, _ = server.communicate(timeout=30)
            assert server.returncode == 0
            assert "stopped" in rest
            assert "Traceback" not in rest
            assert time.monotonic() - stop_sent < 20
        finally:
            server.kill()
