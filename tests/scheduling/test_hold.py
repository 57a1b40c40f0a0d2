import pytest

from function.scheduling import HoldDetails, HoldReason

DETAILS = HoldDetails("ml", 1, 3, "weights", 90_000, 65_536, ("tier differs", "zone differs"))
WAITS = ("WaitingForCache", "1 of 3 placed; the others wait for ModelCache weights")
WORDS = {
    HoldReason.WAITING_FOR_CACHE: WAITS,
    HoldReason.CACHE_NOT_FOUND: WAITS,
    HoldReason.INPUT_IN_DOUBT: WAITS,
    HoldReason.SELECTOR_CONFLICT: (
        "SelectorConflict",
        "1 of 3 placed; no cluster can match both selectors: tier differs; zone differs",
    ),
    HoldReason.POD_CONFLICT: ("PodConflict", "1 of 3 placed; tier differs; zone differs"),
    HoldReason.INVALID_PORT: ("InvalidPort", "1 of 3 placed; tier differs; zone differs"),
    HoldReason.INVALID_SCHEME: ("InvalidScheme", "1 of 3 placed; tier differs; zone differs"),
    HoldReason.INVALID_TRANSFER: ("InvalidTransfer", "1 of 3 placed; tier differs; zone differs"),
    HoldReason.NAMESPACE_RESERVED: ("NamespaceReserved", "Namespace ml is reserved: deploy in another one"),
    HoldReason.SPEC_TOO_LARGE: (
        "SpecTooLarge",
        (
            "1 of 3 placed; the engines take 90000 bytes, which every replica repeats, and may take 65536: "
            "keep long texts in the image or in a ConfigMap"
        ),
    ),
}


@pytest.mark.parametrize("reason", HoldReason)
def test_every_reason_for_a_hold_has_its_own_words(reason: HoldReason) -> None:
    assert (reason.condition, reason.message(DETAILS)) == WORDS[reason]


def test_only_a_wait_for_the_cache_is_told_while_replicas_are_missing_alone() -> None:
    assert {reason for reason in HoldReason if not reason.always} == {
        HoldReason.WAITING_FOR_CACHE,
        HoldReason.CACHE_NOT_FOUND,
        HoldReason.INPUT_IN_DOUBT,
    }
