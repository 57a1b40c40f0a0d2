"""Ports of loopback for programs that have to be told where to listen.

They come from below the range from which the system gives ports to outgoing connections. Inside it, a port that was
free a moment ago may by now be the near end of any connection, and cannot be listened on.
"""

from __future__ import annotations

import errno
import re
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

_OUTGOING: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_UNKNOWN: Final = (32768, 60999)
"""What Linux begins with, and others have something like."""

_FIRST: Final = 10240
"""Below are the ports on which programs listen by custom."""

_LAST: Final = 65535
_ENOUGH: Final = 1000
_MOST_DRAWS: Final = 100_000

_TAKEN: Final = re.compile(r"address already in use|failed to bind to address", re.IGNORECASE)
"""How programs in Go, Python and gRPC say it."""

_given: set[int] = set()
"""Ports that were given: between that and the moment at which a program listens on one, it looks free."""

_giving: Final = threading.Lock()


class NoPortError(Exception):
    """There is no port left."""


def outgoing() -> tuple[int, int]:
    """The first and the last port that the system gives to outgoing connections by itself."""
    try:
        first, last = _OUTGOING.read_text().split()
    except (OSError, ValueError):
        return _UNKNOWN
    return int(first), int(last)


def choices(given_to_connections: tuple[int, int]) -> range:
    """The ports among which to choose: below the range of outgoing connections, else above it, else any."""
    first, last = given_to_connections
    for found in (range(_FIRST, first), range(last + 1, _LAST + 1)):
        if len(found) >= _ENOUGH:
            return found
    return range(_FIRST, _LAST + 1)


def is_free(port: int) -> bool:
    """Tell whether a program could listen on a port, on loopback or on all interfaces."""
    families = [socket.AF_INET, *([socket.AF_INET6] if socket.has_dualstack_ipv6() else [])]
    for family in families:
        try:
            socket.create_server(("", port), family=family).close()
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
    return True


def free_ports(number: int, free: Callable[[int], bool] = is_free) -> list[int]:
    """Find ports that nobody listens on, each of which is given once.

    Args:
        number: How many.
        free: Tells whether nobody listens on a port.

    Raises:
        NoPortError: When there are not so many.
    """
    found: list[int] = []
    among = choices(outgoing())
    with _giving:
        for _ in range(_MOST_DRAWS):
            if len(found) == number:
                return found
            port = among[secrets.randbelow(len(among))]
            if port not in _given and free(port):
                _given.add(port)
                found.append(port)
    raise NoPortError(f"no port is free among {among.start} to {among.stop - 1}")


def is_taken(text: str) -> bool:
    """Tell whether a program says that a port on which it should listen is taken."""
    return _TAKEN.search(text) is not None
