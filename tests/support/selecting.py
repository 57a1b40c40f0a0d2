"""A device, and what selectors say of it."""

import pytest

from function.selectors import Device, EvaluationResult, SelectorError, Value, compile_selector

DOMAIN = "gpu.example.com"
TRUE, FALSE = (Value.boolean(flag) for flag in (True, False))
DEVICE = Device(
    "gpu",
    DOMAIN,
    DOMAIN,
    attributes=(
        ("architecture", Value.string("Hopper")),
        ("compute", Value.version("9.0.0")),
        ("ecc", TRUE),
        ("mig", FALSE),
        ("pci.example.com/root", Value.string("0000:00")),
        ("size", Value.integer(8)),
    ),
    capacity=(("memory", "80Gi"), ("pci.example.com/lanes", "16")),
)
A = f'device.attributes["{DOMAIN}"]'
C = f'device.capacity["{DOMAIN}"]'


def evaluate(text: str, device: Device = DEVICE) -> EvaluationResult:
    return compile_selector(text).evaluate(device)


def refused(text: str) -> SelectorError:
    with pytest.raises(SelectorError) as caught:
        compile_selector(text)
    return caught.value
