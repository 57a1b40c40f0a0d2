"""What stands in for pickers refuses what they refuse, and asks about so many requests at once as Envoy does."""

import pytest

from function.composition import Manifest
from tests.e2e.bed.pickers import MOST_AT_ONCE, Pickers
from tests.support.picker_program import PickedPod, PickerRefusalError
from tests.support.replicas import composed, engine, remotes, replica

AUDIO = "/v1/audio/transcriptions"
PODS = [PickedPod("a"), PickedPod("b")]


def of_two_copies(**changes: str) -> tuple[list[Manifest], list[Manifest]]:
    """The pool and the ConfigMap of a replica of two copies; `changes` replace parts of the configuration."""
    made = remotes(composed(replica(engine(copies=2))))
    text = made["epp-config"]["data"]["epp-config.yaml"]
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return [made["inference-pool"]], [{**made["epp-config"], "data": {"epp-config.yaml": text}}]


def place(pools: list[Manifest]) -> tuple[str, str]:
    return pools[0]["metadata"]["namespace"], pools[0]["metadata"]["name"]


def refusal(pickers: Pickers, pools: list[Manifest], path: str = AUDIO, body: bytes = b"") -> tuple[int, str]:
    with pytest.raises(PickerRefusalError) as refused, pickers.picked(place(pools), path, body, PODS):
        pass
    return refused.value.status, str(refused.value)


def test_a_request_that_cannot_be_parsed_reaches_a_pod() -> None:
    pickers, (pools, maps) = Pickers(), of_two_copies()
    pickers.follow(pools, maps)
    with pickers.picked(place(pools), AUDIO, b"--boundary", PODS) as pod:
        assert pod in {"a", "b"}
    assert refusal(pickers, pools, "/v1/chat/completions", b"{}") == (400, "model not found in request body")


def test_a_picker_that_does_not_start_has_the_gateway_refuse_everything() -> None:
    pickers, (pools, maps) = Pickers(), of_two_copies(autoTune="autoTuned")
    pickers.follow(pools, maps)
    status, message = refusal(pickers, pools)
    assert status == 500
    assert message.startswith("the picker did not start: plugin 'approx-prefix-cache-producer'")
    pickers.follow(*of_two_copies())
    with pickers.picked(place(pools), AUDIO, b"", PODS):
        pass


def test_a_pool_without_a_configuration_or_that_is_gone_has_no_picker() -> None:
    pickers, (pools, maps) = Pickers(), of_two_copies()
    pickers.follow(pools, [])
    assert refusal(pickers, pools)[0] == 500
    pickers.follow(pools, maps)
    pickers.follow([], maps)
    assert refusal(pickers, pools) == (500, "it has no picker")


def test_what_is_more_than_an_envoy_has_under_way_at_once_gets_500_and_nothing_else() -> None:
    assert MOST_AT_ONCE == 1024
    pickers, (pools, maps) = Pickers(most_at_once=2), of_two_copies()
    pickers.follow(pools, maps)
    with pickers.picked(place(pools), AUDIO, b"", PODS):
        with pickers.picked(place(pools), AUDIO, b"", PODS):
            assert refusal(pickers, pools) == (500, "")
        with pickers.picked(place(pools), AUDIO, b"", PODS) as pod:
            assert pod in {"a", "b"}


def test_what_failed_is_no_longer_under_way() -> None:
    pickers, (pools, maps) = Pickers(most_at_once=1), of_two_copies()
    pickers.follow(pools, maps)

    def fail() -> None:
        with pickers.picked(place(pools), AUDIO, b"", PODS):
            raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            fail()
