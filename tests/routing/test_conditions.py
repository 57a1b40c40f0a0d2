"""What the kinds of the front door declare to say, they say."""

from pathlib import Path

import pytest

import function.routing
from function.composition import Composer
from tests.routing.builders import COMPOSERS

SOURCES = [path for path in Path(function.routing.__file__).parent.rglob("*.py") if "conditions" not in path.name]


@pytest.mark.parametrize("composer", COMPOSERS.values(), ids=lambda composer: composer.kind)
def test_every_reason_that_is_declared_is_said_by_some_code(composer: Composer) -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES)
    declared = {reason for reasons in composer.vocabulary.values() for reason in reasons}
    assert {reason for reason in declared if f'"{reason}"' not in text} == set()
