"""A network of the bed's own: some programs listen on all interfaces, and gateways need addresses.

This process moves into a network namespace that has nothing but loopback, with the addresses of
the bed's clusters on it, and everything started from then on is there too. From outside, enter it
by `nsenter --target PID --net`. Moving back is not possible for everyone, so nobody does.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.e2e.bed.progress_log import log_line
from tests.e2e.shipped import ROOT

_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000
_SET_FLAGS: Final = 0x8914
_SET_ADDRESS: Final = 0x8916
_SET_NETMASK: Final = 0x891C
_UP_LOOPBACK: Final = 0x1 | 0x8
_FIRST_PORT: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")

_isolated: list[int] = []
"""The process that has moved, once it has: a process moves once, whatever runs on the bed."""


def isolate(addresses: Iterable[str]) -> bool:
    """Move this process into a network of its own, and tell whether that is so; if not, say it loudly.

    It has to be called before this process starts threads: they would stay where they are.

    Args:
        addresses: IPv4 addresses that are to be reachable there.
    """
    if os.getpid() in _isolated:
        return True
    own_addresses = list(addresses)
    try:
        _rehearse(own_addresses)
        _move(own_addresses)
    except (OSError, AttributeError) as error:
        log_line(f"NOT ISOLATED: the system permits no network of the bed's own ({error}): some programs listen on all")
        log_line("NOT ISOLATED: interfaces of this machine while the bed runs, and no request can be sent to a gateway")
        return False
    _isolated.append(os.getpid())
    log_line(f"a network of its own, without the outside; to look into it: nsenter --target {os.getpid()} --net")
    return True


def own_loopback() -> str:
    """An address of loopback that is this process's own: programs there may choose their ports freely."""
    return f"127.1.{os.getpid() // 250 % 250}.{1 + os.getpid() % 250}"


def _rehearse(addresses: Sequence[str]) -> None:
    """Have another process try it: who moved and could not furnish the place would have no network at all."""
    command = (sys.executable, "-m", __name__, *addresses)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # ourselves
    if done.returncode:
        raise OSError(done.stderr.strip().rpartition("\n")[2])


def _move(addresses: Iterable[str]) -> None:
    """Leave the machine's network; who is not root becomes the owner of a user namespace for that."""
    user, group = os.geteuid(), os.getegid()
    flags = _NEW_NETWORK | (_NEW_USER if user else 0)
    if user:
        faulthandler.cancel_dump_traceback_later()  # its thread would forbid a user namespace
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(flags):
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {errno.errorcode[number]}")
    if user:
        for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", file).write_text(text)
    _furnish(addresses)


def _furnish(addresses: Iterable[str]) -> None:
    """Bring loopback up, give it the addresses, and let everyone listen on every port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        _set(device, _SET_FLAGS, "lo", struct.pack("h", _UP_LOOPBACK))
        for index, address in enumerate(addresses):
            _set(device, _SET_ADDRESS, f"lo:{index}", _packed(address))
            _set(device, _SET_NETMASK, f"lo:{index}", _packed("255.255.255.255"))
    _FIRST_PORT.write_text("0")


def _set(device: socket.socket, request: int, name: str, value: bytes) -> None:
    fcntl.ioctl(device, request, struct.pack("16s24s", name.encode(), value))


def _packed(address: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


if __name__ == "__main__":
    _move(sys.argv[1:])
