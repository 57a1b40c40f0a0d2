"""An answer that went on through everything that changed meanwhile."""

from __future__ import annotations

import pytest

from tests.e2e.bed.external_endpoints import LONG_SECONDS, Outside
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.providers import SECONDS_A_TOKEN


def test_an_answer_that_takes_longer_than_a_minute_is_not_cut(outside: Outside) -> None:
    """It began before anything here was changed, and every change of a route makes Traefik configure itself anew."""
    if outside.long is None:
        pytest.skip("NOT CHECKED: without a network of the bed's own no request can be sent to a gateway")
    outside.long.join(MACHINE_SPEED.scaled(LONG_SECONDS + 30))
    assert (outside.long.message, outside.long.ended) == ("", True)
    assert len(outside.long.words) == round(LONG_SECONDS / SECONDS_A_TOKEN)
