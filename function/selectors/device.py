"""Devices as selectors see them.

A device is one entry of a node pool's hardware: so many equal things on every node, with
typed attributes and capacities. The values are frozen and compare by type as well as by
value, so that a verdict about one device can be remembered for every equal device.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeAlias


class Claim(StrEnum):
    """How pods come by a device."""

    DRA = "DRA"
    SYNTHETIC = "Synthetic"


class ValueKind(Enum):
    """The type of an attribute's value."""

    STRING = "string"
    BOOL = "bool"
    INT = "int"
    VERSION = "version"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute's value with its type.

    The type takes part in equality: the number 1 and true are different values.

    Attributes:
        kind: The declared type. `UNREADABLE` stands for a value with none or an unknown one;
            it makes every selector on the device an error.
        content: Text for strings and versions, else a bool or an int.
    """

    kind: ValueKind
    content: str | bool | int = ""

    @classmethod
    def string(cls, text: str) -> Value:
        """Make a string."""
        return cls(ValueKind.STRING, text)

    @classmethod
    def boolean(cls, flag: bool) -> Value:  # noqa: FBT001 - the flag is the value
        """Make a bool."""
        return cls(ValueKind.BOOL, flag)

    @classmethod
    def integer(cls, number: int) -> Value:
        """Make an int."""
        return cls(ValueKind.INT, number)

    @classmethod
    def version(cls, text: str) -> Value:
        """Make a semantic version; it is parsed when a selector looks at the device."""
        return cls(ValueKind.VERSION, text)

    @classmethod
    def unreadable(cls) -> Value:
        """Make the value of an attribute that has no readable value."""
        return cls(ValueKind.UNREADABLE)


Attributes: TypeAlias = tuple[tuple[str, Value], ...]
Capacity: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Device:
    """One entry of the devices that each node of a pool has.

    Attributes:
        name: Its name within the pool; selectors cannot see it.
        driver: The driver's DNS name, also the domain of attributes whose key names none.
        device_class: The DeviceClass that pods claim it through; empty for synthetic devices.
        claim: Whether pods claim it through DRA, or it is only matched.
        count: How many of it each node has.
        attributes: Key and typed value, sorted by key. A key is `id` or `domain/id`.
        capacity: Key and quantity text, sorted by key. Keys as for attributes.
    """

    name: str
    driver: str
    device_class: str = ""
    claim: Claim = Claim.DRA
    count: int = 1
    attributes: Attributes = ()
    capacity: Capacity = ()
