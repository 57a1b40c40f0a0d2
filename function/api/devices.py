"""Devices: what a node has, and what a member of an engine asks for."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from function.api import patterns
from function.api.base import Flag, Integer, Limits, Model, Rule, Text, between, entries, items, length, matches
from function.api.nodes import Quantity

Claim: TypeAlias = Literal["DRA", "Synthetic"]
"""DRA: pods claim the device. Synthetic: only the fleet's scheduler looks at it."""

DeviceName: TypeAlias = Annotated[Text, length(1, 63), matches(patterns.DNS_LABEL)]
DeviceClassName: TypeAlias = Annotated[Text, length(1, 253)]
DeviceCount: TypeAlias = Annotated[Integer, between(1, 64)]

DEVICES: Limits = items(1, 16, keys=("name",))
"""How lists of devices and of requests for them are bounded."""


class Attribute(Model):
    """A typed attribute of a device; exactly one of the fields is set."""

    RULES = (
        Rule(
            "(has(self.string) ? 1 : 0) + (has(self.version) ? 1 : 0) + (has(self.bool) ? 1 : 0)"
            " + (has(self.int) ? 1 : 0) == 1",
            "an attribute needs exactly one of string, version, bool and int",
        ),
    )

    string: Annotated[Text, length(None, 253)] | None = None
    """A text."""

    version: Annotated[Text, length(None, 32), matches(patterns.SEMVER)] | None = None
    """A semantic version."""

    boolean: Flag | None = Field(default=None, alias="bool")
    """True or false."""

    integer: Integer | None = Field(default=None, alias="int")
    """A whole number."""


class Capacity(Model):
    """A capacity of a device."""

    value: Quantity
    """A quantity."""


class ClassDevice(Model):
    """One kind of device that every node of a class has."""

    RULES = (
        Rule(
            "self.claim != 'DRA' || has(self.deviceClassName)",
            "deviceClassName is required for a device with claim DRA, which is the default",
        ),
    )

    name: DeviceName
    """Name of the device within the class."""

    claim: Claim = "DRA"
    """DRA for devices that pods claim; Synthetic for those that only guide placement."""

    driver: Annotated[Text, length(1, 253)]
    """The DRA driver; selectors find the device's attributes and capacity under this name."""

    device_class_name: DeviceClassName = ""
    """The DeviceClass that pods claim through."""

    count: DeviceCount = 1
    """How many of it a node has."""

    attributes: Annotated[dict[str, Attribute], entries(32)] = Field(default_factory=dict)
    """Attributes by bare name."""

    capacity: Annotated[dict[str, Capacity], entries(32)] = Field(default_factory=dict)
    """Capacities by bare name."""


class PublishedAttribute(Model):
    """A typed attribute of a device, as copied from its class."""

    string: Annotated[Text, length(None, 253)] | None = None
    """A text."""

    version: Annotated[Text, length(None, 32)] | None = None
    """A semantic version."""

    boolean: Flag | None = Field(default=None, alias="bool")
    """True or false."""

    integer: Integer | None = Field(default=None, alias="int")
    """A whole number."""


class PublishedCapacity(Model):
    """A capacity of a device, as copied from its class."""

    value: Annotated[Text, length(None, 32)]
    """A quantity."""


class PublishedDevice(Model):
    """One kind of device that every node of a pool has, as copied from its class."""

    name: Annotated[Text, length(None, 63)]
    """Name of the device within the class."""

    claim: Claim | None = None
    """DRA for devices that pods claim; Synthetic for those that only guide placement."""

    driver: Annotated[Text, length(None, 253)]
    """The DRA driver."""

    device_class_name: Annotated[Text, length(None, 253)] = ""
    """The DeviceClass that pods claim through."""

    count: Integer | None = None
    """How many of it a node has."""

    attributes: Annotated[dict[str, PublishedAttribute], entries(32)] = Field(default_factory=dict)
    """Attributes by bare name."""

    capacity: Annotated[dict[str, PublishedCapacity], entries(32)] = Field(default_factory=dict)
    """Capacities by bare name."""


class DeviceSelector(Model):
    """One condition on a device."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    cel: Annotated[Text, length(1, 10240)] = ""
    """An expression over `device` that is true for the devices wanted, as DRA has it."""


class DeviceRequest(Model):
    """Devices of one kind that each pod of a member needs from its node."""

    name: DeviceName
    """Name of the request within the member."""

    count: DeviceCount = 1
    """How many devices each pod needs."""

    selectors: Annotated[tuple[DeviceSelector, ...], items(1, 8, type="atomic")] = ()
    """Conditions that a device must all meet. Without any, every device will do of the DeviceClass that the node's
    device of the request's own name has."""


class DeviceConstraint(Model):
    """What the devices that a pod claims must have in common."""

    requests: Annotated[tuple[DeviceName, ...], items(1, 16, type="set")] | None = None
    """The requests whose devices it is about; without it all. A request for a synthetic device claims none."""

    match_attribute: Annotated[Text, length(1, 96), matches(patterns.QUALIFIED_ATTRIBUTE)]
    """An attribute that all these devices must have, with the same value, by its full name."""


CONSTRAINTS: Limits = items(1, 32, type="atomic")
"""How lists of constraints are bounded, as Kubernetes does."""


class ResolvedDeviceRequest(Model):
    """Devices of one kind that each pod of a placed member claims."""

    name: DeviceName
    """Name of the request within the member."""

    device_class_name: DeviceClassName
    """The DeviceClass to claim through."""

    count: DeviceCount = 1
    """How many devices each pod claims."""

    selectors: Annotated[tuple[DeviceSelector, ...], items(None, 8, type="atomic")] = ()
    """Conditions that a device must all meet."""
