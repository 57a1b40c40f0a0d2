"""Our function as the bed runs it: replicas leave in less time, since a run has ten minutes for everything."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Final

from function import main
from function.serving import departure

GRACE: Final = timedelta(seconds=30)
"""Still longer than a service takes to notice that an endpoint drains."""


def serve() -> int:
    """Serve."""
    departure.GRACE = GRACE  # type: ignore[misc]  # a constant everywhere else
    return main.serve()


if __name__ == "__main__":
    sys.exit(serve())
