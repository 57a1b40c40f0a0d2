"""Our function as the bed runs it: replicas leave in less time, since a run has ten minutes for everything."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Final

from function import main
from function.deployment import draining

GRACE: Final = timedelta(seconds=30)
"""Still longer than a service takes to notice that an endpoint drains, where limits were chosen."""

LONGER: Final = 2
"""How many times longer it is at most: a service takes most of that time to sleep, and sleep does not take longer."""

VARIABLE: Final = "BED_GRACE_SECONDS"
"""How long it is here, as the environment of our function has it."""


def serve() -> int:
    """Serve."""
    grace = float(os.environ.get(VARIABLE, GRACE.total_seconds()))
    draining.GRACE = timedelta(seconds=grace)  # type: ignore[misc]  # a constant everywhere else
    return main.serve()


if __name__ == "__main__":
    sys.exit(serve())
