"""An upgrade in place, as docs/install.md describes it: what serves goes on serving."""

from __future__ import annotations

from typing import Final

from function.api.compositions import FUNCTION
from function.packages.metadata import CONFIGURATION
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import Serving

NEXT: Final = "v99.0.0"
"""A version after any of ours. Its content is the same, but for what stands in for the function's program."""


def test_an_upgrade_in_place_changes_nothing_that_serves(bed: Bed, serving: Serving) -> None:
    before, of = serving.facts(), bed.installation.release(NEXT)
    bed.installation.publish(of)
    bed.installation.apply_prerequisites(of)
    serving.endures(
        "the new function is Healthy", lambda: bed.installation.runs("Function", FUNCTION, of), after=0, rolls=False
    )
    serving.endures(
        "Crossplane says that the function is newer than asked for",
        lambda: FUNCTION in bed.installation.unresolved(),
        after=0,
        rolls=False,
    )
    bed.installation.apply_configuration(of)
    serving.endures(
        "the new Configuration is Healthy",
        lambda: bed.installation.runs("Configuration", CONFIGURATION, of),
        after=2,
        rolls=False,
    )
    bed.processes.until("everything is installed as before", lambda: not bed.installation.explain())
    assert serving.facts() == before
