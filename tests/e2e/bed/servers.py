"""What the bed's own HTTP servers have in common."""

from __future__ import annotations

from http.server import ThreadingHTTPServer
from typing import Final

WAITING: Final = 128
"""How many connections may wait to be accepted: Python's default of five is too few when this process is busy."""


class HttpServer(ThreadingHTTPServer):
    """A server with a thread for each connection."""

    request_queue_size = WAITING
