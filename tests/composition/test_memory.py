"""What was worked out from an object is remembered for exactly that object."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from function.composition.memory import Memory


class Thing(dict[str, Any]):
    """An object that is known."""

    def __init__(self, identity: Hashable, **fields: Any) -> None:
        super().__init__(fields)
        self.identity = identity


@dataclass
class Reader:
    """Reads a field, and counts how often."""

    name: str
    read: list[Any] = field(default_factory=list)

    def __call__(self, thing: Any) -> Any:
        self.read.append(thing[self.name])
        return thing[self.name]

    def __hash__(self) -> int:
        return id(self)


def test_the_same_object_is_read_once() -> None:
    memory, reader = Memory(), Reader("a")
    assert [memory.derive(Thing(("uid", "1"), a=7), reader) for _ in range(3)] == [7, 7, 7]
    assert reader.read == [7]


def test_another_version_of_it_is_read_anew() -> None:
    memory, reader = Memory(), Reader("a")
    assert [memory.derive(Thing(("uid", str(n)), a=n), reader) for n in range(3)] == [0, 1, 2]


def test_what_is_not_known_is_read_every_time() -> None:
    memory, reader = Memory(), Reader("a")
    assert [memory.derive({"a": n}, reader) for n in range(3)] == [0, 1, 2]
    assert [memory.derive(Thing(None, a=n), reader) for n in range(3)] == [0, 1, 2]


def test_two_readers_do_not_mix() -> None:
    memory, thing = Memory(), Thing(("uid", "1"), a=1, b=2)
    assert (memory.derive(thing, Reader("a")), memory.derive(thing, Reader("b"))) == (1, 2)


def test_what_was_not_used_for_long_is_forgotten_and_what_is_used_is_not() -> None:
    memory, reader = Memory(most=2), Reader("a")
    for number in [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 1]:
        assert memory.derive(Thing(number, a=number), reader) == number
    assert reader.read == [0, 1, 2, 3, 4, 5, 1]


def test_nothing_is_remembered_as_well_as_anything() -> None:
    memory, reader = Memory(), Reader("a")
    assert [memory.derive(Thing("x", a=None), reader) for _ in range(2)] == [None, None]
    assert reader.read == [None]
