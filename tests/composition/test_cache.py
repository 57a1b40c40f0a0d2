"""What was worked out from an object is remembered for exactly that object."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from function.composition.cache import Identity, ObjectCache


class CachedObject(dict[str, Any]):
    """An object that is known."""

    def __init__(self, uid: str, version: str = "1", **fields: Any) -> None:
        super().__init__(fields)
        self.identity = Identity(uid, version) if uid else None


@dataclass
class Reader:
    """Reads a field, and counts how often."""

    name: str
    read: list[Any] = field(default_factory=list)

    def __call__(self, obj: Any) -> Any:
        self.read.append(obj[self.name])
        return obj[self.name]

    def __hash__(self) -> int:
        return id(self)


def test_the_same_object_is_read_once() -> None:
    cache, reader = ObjectCache(), Reader("a")
    assert [cache.derive(CachedObject("uid", a=7), reader) for _ in range(3)] == [7, 7, 7]
    assert reader.read == [7]


def test_another_version_of_it_is_read_anew() -> None:
    cache, reader = ObjectCache(), Reader("a")
    assert [cache.derive(CachedObject("uid", str(n), a=n), reader) for n in range(3)] == [0, 1, 2]


def test_what_is_not_known_is_read_every_time() -> None:
    cache, reader = ObjectCache(), Reader("a")
    assert [cache.derive({"a": n}, reader) for n in range(3)] == [0, 1, 2]
    assert [cache.derive(CachedObject("", a=n), reader) for n in range(3)] == [0, 1, 2]


def test_two_readers_do_not_mix() -> None:
    cache, obj = ObjectCache(), CachedObject("uid", a=1, b=2)
    assert (cache.derive(obj, Reader("a")), cache.derive(obj, Reader("b"))) == (1, 2)


def test_what_was_not_used_for_long_is_forgotten_and_what_is_used_is_not() -> None:
    cache, reader = ObjectCache(max_entries=2), Reader("a")
    for number in [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 1]:
        assert cache.derive(CachedObject(str(number), a=number), reader) == number
    assert reader.read == [0, 1, 2, 3, 4, 5, 1]


def test_nothing_is_remembered_as_well_as_anything() -> None:
    cache, reader = ObjectCache(), Reader("a")
    assert [cache.derive(CachedObject("x", a=None), reader) for _ in range(2)] == [None, None]
    assert reader.read == [None]


# ---------------------------------------------------------------------- versions that go backwards


def test_after_an_object_with_an_earlier_version_its_later_one_may_be_another_content() -> None:
    cache, reader = ObjectCache(), Reader("a")
    objs = [
        CachedObject("uid", "1000", a="before"),
        CachedObject("uid", "900", a="restored"),
        CachedObject("uid", "1000", a="after"),
    ]
    assert [cache.derive(obj, reader) for obj in objs] == ["before", "restored", "after"]


def test_after_an_object_with_an_earlier_version_nothing_else_is_remembered_either() -> None:
    cache, reader = ObjectCache(), Reader("a")
    cache.derive(CachedObject("other", "1000", a="before"), reader)
    cache.derive(CachedObject("uid", "1001", a=""), reader)
    cache.derive(CachedObject("uid", "900", a=""), reader)
    assert cache.derive(CachedObject("other", "1000", a="after"), reader) == "after"


def test_an_object_that_did_not_change_is_remembered_when_others_did() -> None:
    cache, reader = ObjectCache(), Reader("a")
    for version in ("9", "10", "11"):
        cache.derive(CachedObject("still", "7", a="still"), reader)
        cache.derive(CachedObject("moves", version, a=version), reader)
    assert reader.read == ["still", "9", "10", "11"]


@pytest.mark.parametrize("version", ["", "abc", "\u0663", "-1", "1.5"])
def test_a_version_that_is_no_number_is_read_anew_and_empties_nothing(version: str) -> None:
    cache, reader = ObjectCache(), Reader("a")
    for obj in (
        CachedObject("other", a=0),
        CachedObject("uid", "5", a=1),
        CachedObject("uid", version, a=2),
        CachedObject("other", a=0),
    ):
        cache.derive(obj, reader)
    assert reader.read == [0, 1, 2]


def test_what_is_worked_out_while_the_memory_is_emptied_is_not_remembered() -> None:
    cache, reader = ObjectCache(), Reader("a")
    cache.derive(CachedObject("uid", "1000", a=""), reader)

    def meanwhile(obj: Any) -> Any:
        cache.derive(CachedObject("uid", "900", a=""), reader)
        return obj["a"]

    assert cache.derive(CachedObject("other", "999", a="before"), meanwhile) == "before"
    assert cache.derive(CachedObject("other", "999", a="after"), meanwhile) == "after"
