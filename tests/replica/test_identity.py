"""Names of what a replica has on its cluster."""

import pytest

from function.replica.identity import ReplicaIdentity, is_picker_name, picker_name


@pytest.mark.parametrize("length", range(1, 64))
@pytest.mark.parametrize("last", ["c", "-c"])
def test_the_name_of_every_picker_is_known_as_one_however_long_that_of_its_replica(length: int, last: str) -> None:
    assert is_picker_name(picker_name(ReplicaIdentity("ml-team", ("r" * length + last)[-63:])))


@pytest.mark.parametrize(
    "name",
    ["default", "engines", "reader-0123abcd", "chat-epp", "chat-epp-reader", f"{'r' * 60}", f"{'r' * 70}-0123abcd"],
)
def test_other_names_are_not(name: str) -> None:
    assert not is_picker_name(name)
