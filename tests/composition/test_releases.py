"""A Release that is being changed is no outage; one that failed, or takes too long, is."""

from datetime import timedelta
from typing import Any

import pytest

from function.composition import Manifest, releases
from tests.support.observe import NOW, with_condition

MINUTE = timedelta(minutes=1)


def release(state: str = "deployed", status: str = "False", reason: str = "Unavailable", **at: Any) -> Manifest:
    """A Release that says this since `NOW`."""
    bare = {"kind": "Release", "status": {"atProvider": {"state": state, **at}}}
    return with_condition(bare, "Ready", status, reason)


@pytest.mark.parametrize("state", ["deployed", "pending-upgrade", "pending-rollback"])
def test_what_is_deployed_and_not_what_is_asked_for_is_being_changed_for_fifteen_minutes(state: str) -> None:
    found = release(state)
    assert releases.changing_until(found, NOW + 14 * MINUTE) == NOW + 15 * MINUTE
    assert releases.failure(found, NOW + 14 * MINUTE) == ""
    assert releases.changing_until(found, NOW + 15 * MINUTE) is None
    assert releases.failure(found, NOW + 15 * MINUTE) == "a change is not done after 15 minutes"


@pytest.mark.parametrize(
    "found",
    [
        release(status="True", reason="Available"),
        release("failed"),
        release("pending-install"),
        release("uninstalling"),
        release("deployed", reason="Creating"),
        release("deployed", status="Unknown"),
        {**release(), "kind": "Object"},
        {"kind": "Release"},
        None,
    ],
)
def test_nothing_else_is_being_changed(found: Manifest | None) -> None:
    assert releases.changing_until(found, NOW) is None


def test_what_helm_says_has_failed_has_failed_at_once_with_its_words() -> None:
    assert releases.failure(release("failed"), NOW) == "Helm says that it failed"
    told = release("failed", releaseDescription="Upgrade failed: no quota")
    assert releases.failure(told, NOW) == "Helm says that it failed: Upgrade failed: no quota"
    assert releases.failure({**told, "kind": "Object"}, NOW) == ""
    assert releases.failure(release("failed", status="True"), NOW) == ""


@pytest.mark.parametrize("since", ["", "yesterday", 7, None, "9999-12-31T23:59:59Z"])
def test_a_release_that_does_not_say_since_when_is_not_being_changed(since: Any) -> None:
    found = release()
    found["status"]["conditions"][0]["lastTransitionTime"] = since
    assert releases.changing_until(found, NOW) is None
    assert releases.failure(found, NOW) == ""
