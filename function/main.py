"""The commands."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata
from typing import Final

SETTLED: Final = 0
UNSETTLED: Final = 1
REFUSED: Final = 2
NOT_READY: Final = 3

FAILED: Final = 1
INTERRUPTED: Final = 130
"""What shells have for a command that was ended from the keyboard."""

_QUIET_SECONDS: Final = 3
_BETWEEN_SECONDS: Final = 2
_MOST_MEBIBYTES: Final = 2047
_LAST_PORT: Final = 65535
_MOST_SECONDS: Final = 100
"""Crossplane gives a reconcile two minutes."""


def modelplane(argv: Sequence[str] | None = None) -> int:
    """Run `modelplane`.

    Returns:
        0 when the control plane settles, Ready or not; 1 when it does not, or when something is
        composed that must never be; 2 when the input is refused; 3 when it settles, something that
        was applied is not Ready, and `--require-ready` was given.
    """
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an encoding that lacks a letter must not end a preview
            stream.reconfigure(errors="backslashreplace")
    try:
        return preview(arguments.paths, arguments.output, require_ready=arguments.require_ready)
    except KeyboardInterrupt:
        return INTERRUPTED


def serve(argv: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Run `function`: serve the composition function until told to stop.

    Args:
        argv: The command line.
        environment: Every flag may be given here as `MODELPLANE_<FLAG>`; the command line wins.

    Returns:
        0 when it was told to stop, 1 when it could not start.
    """
    arguments = _serve_parser(environment).parse_args(argv)

    import asyncio  # noqa: PLC0415  # only this command needs them

    from function import server, telemetry  # noqa: PLC0415

    telemetry.configure_logs(debug=arguments.debug)
    settings = server.Settings(
        address=arguments.address,
        tls_certs_dir=arguments.tls_certs_dir,
        insecure=arguments.insecure,
        max_receive_mebibytes=arguments.max_recv_message_size,
        metrics_address=arguments.metrics_address,
        call_deadline=arguments.call_deadline,
    )
    serving = server.FunctionServer(settings)
    try:
        asyncio.run(serving.run_until_told_to_stop())
    except server.StartError as error:
        sys.stderr.write(f"function: {error}\n")
        return FAILED
    if serving.busy_threads:
        # Python would end such threads in the middle of anything, at worst with a crash.
        sys.stderr.flush()
        os._exit(SETTLED)
    return SETTLED


def _serve_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """The flags of `function`, with defaults from the environment. Text defaults are checked like flags."""

    def from_environment(flag: str, default: str) -> str:
        return environment.get(f"MODELPLANE_{flag.upper().replace('-', '_')}", default)

    parser = argparse.ArgumentParser(
        prog="function",
        description="Modelplane's composition function, served over gRPC for Crossplane.",
        epilog="Every flag may also be given as the environment variable MODELPLANE_<FLAG>, such as "
        "MODELPLANE_METRICS_ADDRESS.",
    )
    parser.add_argument("--version", action="version", version=f"function {_version()}")
    parser.add_argument(
        "--address",
        type=_address,
        default=from_environment("address", "0.0.0.0:9443"),
        metavar="HOST:PORT",
        help="where to serve (default: %(default)s)",
    )
    parser.add_argument(
        "--tls-certs-dir",
        default=from_environment("tls-certs-dir", environment.get("TLS_SERVER_CERTS_DIR", "")),
        metavar="DIR",
        help="folder with tls.crt, tls.key and ca.crt (also TLS_SERVER_CERTS_DIR)",
    )
    parser.add_argument(
        "--max-recv-message-size",
        type=_mebibytes,
        default=from_environment("max-recv-message-size", "256"),
        metavar="MiB",
        help="the largest request to take (default: %(default)s)",
    )
    parser.add_argument(
        "--call-deadline",
        type=_seconds,
        default=from_environment("call-deadline", "20"),
        metavar="SECONDS",
        help="how long one call may work, and how long it may wait before (default: %(default)s)",
    )
    parser.add_argument(
        "--metrics-address",
        type=_address,
        default=from_environment("metrics-address", "0.0.0.0:8080"),
        metavar="HOST:PORT",
        help="where to serve /metrics, /healthz and /readyz in plain HTTP (default: %(default)s)",
    )
    for flag, text in (("insecure", "serve without TLS, for development"), ("debug", "log every call")):
        parser.add_argument(
            f"--{flag}",
            action=argparse.BooleanOptionalAction,
            type=_flag,
            default=from_environment(flag, "false"),
            help=text,
        )
    return parser


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and int(port) <= _LAST_PORT) or (
        ":" in host and "]" not in host
    ):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 0.0.0.0:9443 or [::]:9443")
    return text


def _mebibytes(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= _MOST_MEBIBYTES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of MiB from 1 to {_MOST_MEBIBYTES}")
    return number


def _seconds(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of seconds from 1 to {_MOST_SECONDS}")
    return number


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0", ""}:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in {"true", "1"}


def preview(paths: Sequence[str], output: str, *, require_ready: bool = False) -> int:
    """Run `modelplane preview`; see `modelplane` for what is returned."""
    from function.preview import errors, inputs, views  # noqa: PLC0415  # only this command needs them
    from function.preview.control_plane import ControlPlane  # noqa: PLC0415

    try:
        manifests = inputs.read(paths)
        plane = ControlPlane()
        plane.apply(manifests)
    except inputs.InputError as error:
        if len(error.problems) == 1:
            return _stopped(error, REFUSED)
        listed = "\n  ".join(error.problems)
        return _stopped(f"the input is refused, for {len(error.problems)} reasons:\n  {listed}", REFUSED)
    except errors.InvalidObjectError as error:
        return _stopped(error, REFUSED)
    try:
        plane.settle(progress=_Progress())
    except errors.InvariantError as error:
        return _stopped(f"this must never be composed; please report it with the manifests:\n{error}", UNSETTLED)
    except errors.NotSettledError as error:
        return _stopped(error, UNSETTLED)
    try:
        views.VIEWS[output](plane, sys.stdout)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be flushed goes nowhere
        if not isinstance(error, BrokenPipeError):
            return _stopped(f"the preview cannot be written: {error.strerror}", UNSETTLED)
    if require_ready and plane.unready:
        return _stopped(f"not Ready: {', '.join(map(str, plane.unready))}", NOT_READY)
    return SETTLED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modelplane", description="A control plane for AI inference, on Crossplane.")
    parser.add_argument("--version", action="version", version=f"modelplane {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shown = commands.add_parser(
        "preview",
        help="show what would be composed, without any cluster",
        description="Reconcile manifests in a control plane in memory until nothing changes, and show the result.",
        epilog="Exit status: 0 when it settles, Ready or not; 1 when it does not settle, or something is composed that "
        "must never be; 2 when the input is refused; 3 with --require-ready when something is not Ready.",
    )
    shown.add_argument(
        "paths", nargs="+", metavar="PATH", help="a file or folder with manifests, or - for standard input"
    )
    shown.add_argument(
        "-o",
        "--output",
        choices=("tree", "yaml", "json"),
        default="tree",
        help="a tree to read, or every object as a document (default: tree)",
    )
    shown.add_argument(
        "--require-ready",
        action="store_true",
        help="exit with 3 when something that is applied is not Ready, such as a model that is placed nowhere",
    )
    return parser


def _version() -> str:
    try:
        return metadata.version("modelplane")
    except metadata.PackageNotFoundError:
        return "unknown"


def _stopped(error: object, status: int) -> int:
    from function.preview.terminal import printable  # noqa: PLC0415  # only this command needs it

    sys.stderr.write(f"modelplane: {printable(str(error))}\n")
    return status


class _Progress:
    """Tells on standard error how far it is, when it takes longer than a few seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _QUIET_SECONDS

    def __call__(self, passes: int, now: datetime) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _BETWEEN_SECONDS
            sys.stderr.write(f"pass {passes + 1}, simulated time {now:%H:%M:%S}\n")


if __name__ == "__main__":
    sys.exit(modelplane())
