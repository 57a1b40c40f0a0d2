"""A time-out of a tool is asked again, for a while; a refusal never is."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.e2e.bed import api as client
from tests.e2e.bed import retries
from tests.e2e.bed.api import ApiError
from tests.e2e.bed.kubectl import Kubectl
from tests.e2e.bed.machine_speed import MachineSpeed
from tests.e2e.bed.processes import BedError
from tests.e2e.bed.retries import Retry, is_transient

TIMED_OUT = """
error: error validating data: failed to download openapi: Get "https://127.0.0.1:1/openapi/v2?timeout=32s": \
    context deadline exceeded (Client.Timeout exceeded while awaiting headers)
Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)
Unable to connect to the server: net/http: TLS handshake timeout
Unable to connect to the server: dial tcp 127.0.0.1:1: i/o timeout
The connection to the server 127.0.0.1:1 was refused: dial tcp 127.0.0.1:1: connect: connection refused
Error from server: etcdserver: request timed out
Error from server: etcdserver: leader changed
Error from server (InternalError): Internal error occurred: failed calling webhook "nousages.crossplane.io": failed to \
    call webhook: Post "https://127.0.0.1:1/validate-no-usages?timeout=10s": context deadline exceeded
Error from server (InternalError): Internal error occurred: failed calling webhook "nousages.crossplane.io": failed to \
    call webhook: Post "https://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused
Error from server (Timeout): Timeout: request did not complete within requested timeout
Error from server (TooManyRequests): the server has received too many requests and has asked us to try again later
Error from server (ServiceUnavailable): the server is currently unable to handle the request
Get "https://127.0.0.1:1/api": read tcp 127.0.0.1:2->127.0.0.1:1: read: connection reset by peer
PATCH "http://127.0.0.1:1/v2/modelplane/blobs/uploads/1": EOF
it did not end within 540 s
"""

REFUSED = """
Error from server (Forbidden): admission webhook "nousages.crossplane.io" denied the request: in use
Error from server (Forbidden): pods is forbidden: User "anna" cannot list resource "pods"
The ModelDeployment "chat" is invalid: spec.replicas: Invalid value: 201: should be less than or equal to 200
Error from server (BadRequest): ModelDeployment cannot be handled: strict decoding error: unknown field "spec.replcas"
Error from server (NotFound): modeldeployments.modelplane.ai "chat" not found
error: resource mapping not found for name: "chat": no matches for kind "ModelDeployment"
error: the server doesn't have a resource type "md"
error: timed out waiting for the condition on modeldeployments/chat
error: You must be logged in to the server (Unauthorized)
tls: failed to verify certificate: x509: certificate signed by unknown authority
admission webhook "judge" denied the request: spec.timeout: "context deadline exceeded" is no time
Error from server (Forbidden): busy; Error from server (Timeout): Timeout: request did not complete within 30s
"""


def _error_lines(texts: str) -> list[str]:
    return texts.strip().splitlines()


@pytest.mark.parametrize("error", _error_lines(TIMED_OUT))
def test_a_time_out_passes(error: str) -> None:
    assert is_transient(error)


@pytest.mark.parametrize("error", _error_lines(REFUSED))
def test_a_refusal_does_not_pass_even_with_a_time_out_beside_it(error: str) -> None:
    assert not is_transient(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ApiError(429, "slow down"), True),
        (ApiError(503, "storage is (re)initializing"), True),
        (ApiError(504, "Timeout"), True),
        (ApiError(500, "etcdserver: request timed out"), True),
        (ApiError(500, "a panic"), False),
        (ApiError(403, "denied the request: i/o timeout"), False),
        (ApiError(404, "not there"), False),
        (ApiError(409, "the object has been modified"), False),
        (TimeoutError("timed out"), True),
        (ConnectionRefusedError(), True),
        (ssl.SSLCertVerificationError("certificate verify failed"), False),
        (ValueError("no JSON"), False),
    ],
    ids=repr,
)
def test_of_a_servers_answers_only_those_that_pass_are_asked_again(error: Exception, *, expected: bool) -> None:
    assert client._is_transient(error) == expected


def test_what_passes_is_asked_until_it_is_answered_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(retries, "log_line", logged.append)
    pauses: list[float] = []
    answer = Retry(MachineSpeed(), pauses.append)("the schema", _answering("i/o timeout", "i/o timeout", "i/o timeout"))
    assert answer == "the answer"
    assert pauses == [0.5, 1, 2], "longer from time to time"
    assert logged == ["asked again: the schema: i/o timeout"]


def test_what_is_refused_is_asked_once() -> None:
    call = _answering("is invalid", "i/o timeout")
    with pytest.raises(BedError, match="is invalid"):
        Retry(MachineSpeed(), _never)("the schema", call)


def test_what_never_passes_is_asked_for_a_while_and_then_said_as_it_is() -> None:
    with pytest.raises(BedError, match="i/o timeout"):
        Retry(MachineSpeed(), lambda _: None)("the schema", _answering(*["i/o timeout"] * 3), seconds=0)


def test_a_question_that_took_all_the_time_is_asked_once_more() -> None:
    assert Retry(MachineSpeed(), lambda _: None)("the schema", _answering("i/o timeout"), seconds=0) == "the answer"


def test_nothing_is_asked_again_while_the_bed_is_stopped() -> None:
    ask = Retry(MachineSpeed(), _never)
    ask.end()
    with pytest.raises(BedError, match="i/o timeout"):
        ask("the schema", _answering("i/o timeout"))
    ask.begin()
    with pytest.raises(AssertionError):
        ask("the schema", _answering("i/o timeout"))


def test_kubectl_whose_time_runs_out_is_run_again_and_forgives_what_it_may_have_deleted(tmp_path: Path) -> None:
    kubectl = _kubectl(tmp_path, "Unable to connect to the server: net/http: TLS handshake timeout")
    assert kubectl("delete", "md/chat") == "done\n"
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert "delete md/chat" in first
    assert "--ignore-not-found" not in first
    assert "delete md/chat --ignore-not-found" in second


def test_kubectl_that_is_refused_is_run_once(tmp_path: Path) -> None:
    kubectl = _kubectl(tmp_path, "Error from server (Forbidden): denied the request: in use")
    with pytest.raises(BedError, match=r"kubectl delete md/chat failed: .* denied the request: in use"):
        kubectl("delete", "md/chat")
    assert "denied the request" in _kubectl(tmp_path, "denied the request: in use")("get", "md", may_fail=True)
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


def test_kubectl_waits_for_schemas_for_longer_than_by_default(tmp_path: Path) -> None:
    _kubectl(tmp_path, "")("get", "md")
    (arguments,) = (tmp_path / "asked").read_text().splitlines()
    _, _, seconds = arguments.partition("--request-timeout=")
    assert int(seconds.removesuffix("s")) > 32


def _kubectl(folder: Path, error: str) -> Kubectl:
    """A kubectl that says something and fails the first time, and is done the second time."""
    program, marker = folder / "kubectl", folder / "told"
    marker.unlink(missing_ok=True)
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\nfrom pathlib import Path\n"
        f"with open({str(folder / 'asked')!r}, 'a') as asked: asked.write(' '.join(sys.argv) + '\\n')\n"
        f"if {error!r} and not Path({str(marker)!r}).exists():\n"
        f"    Path({str(marker)!r}).touch()\n"
        f"    raise SystemExit({error!r})\n"
        "print('done')\n"
    )
    program.chmod(0o755)
    return Kubectl(program, folder / "kubeconfig")


def _answering(*errors: str) -> Callable[[], str]:
    left: Iterable[str] = iter(errors)

    def ask() -> str:
        for error in left:
            raise BedError(error)
        return "the answer"

    return ask


def _never(_seconds: float) -> None:
    raise AssertionError("it was to be asked once")
