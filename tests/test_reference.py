"""The reference says what the code can say, and the names that are API do not change unseen."""

import json
from pathlib import Path

import pytest

from function.composers import COMPOSERS
from function.composition import Composer, Status
from function.composition.conditions import COMMON

NAMES = Path(__file__).parent / "composition_resource_names.json"


def test_composition_resource_names_and_their_kinds_are_api_and_change_only_on_purpose() -> None:
    current = {composer.kind: dict(sorted(composer.children.items())) for composer in COMPOSERS.values()}
    assert current == json.loads(NAMES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("composer", COMPOSERS.values(), ids=lambda c: c.kind)
def test_every_reason_that_is_not_well_says_what_to_do_or_that_waiting_is_enough(composer: Composer) -> None:
    for kind, reasons in composer.vocabulary.items():
        assert kind not in COMMON
        for name, reason in reasons.items():
            assert reason.meaning.endswith("."), f"{kind}/{name}"
            assert reason.remedy == "" or reason.remedy.endswith("."), f"{kind}/{name}"
            assert reason.status in Status


def test_a_type_means_the_same_status_for_the_same_reason_in_every_kind() -> None:
    seen: dict[tuple[str, str], Status] = {}
    for composer in COMPOSERS.values():
        for kind, reasons in composer.vocabulary.items():
            for name, reason in reasons.items():
                assert seen.setdefault((kind, name), reason.status) == reason.status, f"{kind}/{name}"
