"""Selectors that Kubernetes has been asked about: the expressions and devices, and what it answered.

The expressions stand in `tests/selectors/corpus`, one a line. What Kubernetes makes of them is recorded
beside them by `python -m tests.e2e.verdicts`, so that comparing needs neither Go nor a cluster.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from function.selectors import Device, Value, ValueKind
from function.selectors.parser import MAX_SELECTOR_BYTES
from tests.support.hostile import LARGE, bound, nested

FOLDER: Final = Path(__file__).parents[1] / "selectors" / "corpus"
RECORDED: Final = FOLDER / "recorded.json"

_SHORT: Final = {"$A": 'device.attributes["gpu.example.com"]', "$C": 'device.capacity["gpu.example.com"]'}
_CONTENT: Final[Mapping[str, type]] = {"string": str, "version": str, "int": int, "bool": bool}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Kubernetes makes of an expression.

    Attributes:
        group: What the expression is about.
        text: The expression.
        refused: Why it is not admitted; empty when it is.
        estimate: What admission expects it to cost at most.
        outcomes: A letter for each device: T for true, F for false, E for an error.
    """

    group: str
    text: str
    refused: str
    estimate: int
    outcomes: str


@cache
def groups() -> Mapping[str, tuple[str, ...]]:
    """The expressions by what they are about."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        if file.stem != "devices":
            for name, lines in yaml.safe_load(file.read_text()).items():
                found[name] = tuple(_spelt_out(line) for line in lines.splitlines())
    return {**found, "long and deep texts": tuple(_large()), "what makes too much": tuple(_growing())}


def _spelt_out(line: str) -> str:
    for short, full in _SHORT.items():
        line = line.replace(short, full)
    return line


def _large() -> Iterator[str]:
    """Write expressions near what a selector may be at most."""
    for size in (MAX_SELECTOR_BYTES, MAX_SELECTOR_BYTES + 1):
        yield "true".ljust(size)
        yield f"'{'ä' * ((size - 8) // 2)}' != ''".ljust(size - (size - 8) // 2)
    for depth in (20, 40, 60):
        yield f"{'(' * depth}true{')' * depth}"
        yield f"{'[' * depth}{']' * depth}.size() > 0"
        yield f"{'true ? ' * depth}true{' : false' * depth}"
    for length in (60, 400, 1000):
        yield " && ".join(["true"] * length)
        yield " || ".join(["false"] * length)
    for length in (20, 60, 400):
        yield f"{' + '.join(['1'] * length)} == {length}"
        yield f"'{'a' * length}'.matches('{'a' * length}')"
        yield f"{'!' * length}true"
        yield f"{'-' * length}1 == 1"
        yield f"[{','.join(['1'] * length)}].all(x, x == 1)"
    for doublings in (10, 30, 90):
        yield f'["aaaaaaaaaa"]{".map(x, x + x)" * doublings}[0] == "a"'
        yield f"[1]{'.map(x, [x, x])' * doublings} == []"
    for macro in ("all", "exists", "exists_one"):
        yield from (nested(f"[].{macro}(v, {{}})", depth) for depth in (10, 40))
        yield nested(f"[1].{macro}(v, {{}})", 40)
    yield from (nested(f"{over}.filter(v, {{}}).size() == 0", 24) for over in ("[]", "[1]"))
    yield from (nested(f"{over}.map(v, {{}}, 1).size() == 1", 20) for over in ("[]", "[1]"))
    yield nested("{{1: 1}}.all(k, v, {})", 40)
    yield nested("[1].map(v, {})", 30, "1") + ".size() == 0"
    yield bound("1", "{0} + 1", 40, "{0} > 40")
    yield bound("[1]", "[{0}, {0}]", 20, "{0}.size() == 2")
    yield f"optional.of(1){'.optMap(x, x)' * 5}.hasValue()"
    many = f"[{','.join(['1'] * 200)}]"
    yield f"{many}.all(x, {many}.all(y, x == y))"
    yield f"{many}.all(x, {many}.all(y, {many}.all(z, x == y)))"
    yield f"{'a' * 600}"
    yield f"device.driver == '{'a' * 9000}'"
    yield f"'{'a' * 9000}'.contains('{'a' * 900}')"
    yield f"'{'ab' * 4000}'.matches('(a|b)*c')"
    yield "true &&\n  device.driver == 'x' ||\n\ttrue"
    yield "true &&\n& true"
    yield "'''a\nb''' == 'a\\nb'"
    yield "'a\nb' == ''"
    yield "true\r\n&& true\f"
    yield "true\u00a0&& true"
    yield "true\v"
    yield "\ufefftrue"
    yield "true\x00"
    yield "'\x00' == '\\x00'"
    yield "ä == 1"
    yield ""
    yield " "


def _growing() -> Iterator[str]:
    """Write expressions that Kubernetes admits and evaluates, though they make values beyond our bounds."""
    for name in (
        "replace by what an optional holds",
        "replace nothing",
        "replace in one branch",
        "replace what a map holds",
        "quoted quotes",
    ):
        yield LARGE[name]
    yield bound(f"[{','.join(['1'] * 100)}]", "{0} + {0}", 13, "{0}.size() > 0")
    yield bound("{1: 1}", "{{{0}: {0}}}", 9, "{0}.size() > 0")
    yield "quantity('1e2000').compareTo(quantity('1')) > 0 || true"


@cache
def devices() -> tuple[Device, ...]:
    """What the expressions are asked about."""
    return tuple(_device(entry) for entry in _entries())


def _entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((FOLDER / "devices.yaml").read_text())
    return found


def _device(entry: Mapping[str, Any]) -> Device:
    return Device(
        "device",
        entry["driver"],
        attributes=tuple(sorted((key, _value(typed)) for key, typed in entry.get("attributes", {}).items())),
        capacity=tuple(sorted((key, amount["value"]) for key, amount in entry.get("capacity", {}).items())),
    )


def _value(typed: Mapping[str, Any]) -> Value:
    for kind, content in typed.items():
        return Value(ValueKind(kind), _CONTENT[kind](content))
    return Value.unreadable()


def question() -> dict[str, Any]:
    """What Kubernetes is asked, as JSON."""
    return {
        "devices": _entries(),
        "expressions": [text for texts in groups().values() for text in texts],
        "quantities": quantities(),
        "versions": versions(),
    }


def digest() -> str:
    """Tell questions apart."""
    return hashlib.sha256(json.dumps(question(), sort_keys=True).encode()).hexdigest()


@cache
def recorded() -> Mapping[str, Any]:
    """What Kubernetes answered."""
    found: dict[str, Any] = json.loads(RECORDED.read_text())
    return found


def answers() -> list[Answer]:
    """What Kubernetes answered about each expression."""
    texts = [(group, text) for group, listed in groups().items() for text in listed]
    return [_answer(group, text, entry) for (group, text), entry in zip(texts, recorded()["expressions"], strict=True)]


def _answer(group: str, text: str, entry: Any) -> Answer:
    if isinstance(entry, str):
        return Answer(group, text, entry, 0, "")
    estimate, outcomes = entry
    return Answer(group, text, "", estimate, outcomes)


_SUFFIXES: Final = ("", "", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_ODD: Final = ("e3", "E3", "e-3", "e+2", "E", "e", "e1", "K", "KI", "i", "mi", "e19", "e-10", " ", "x", "Ki ", "e1k")


def quantities() -> list[str]:
    """Write texts that are quantities, or nearly."""
    chance = random.Random("quantities")  # noqa: S311 - the same texts each time
    found = [_quantity(chance) for _ in range(600)]
    return list(dict.fromkeys(["", "0", "-0", "+", "-", ".", "Ki", "n", "1e", *found]))


def _quantity(chance: random.Random) -> str:
    sign = chance.choice(("", "", "", "-", "+", "--", " "[: chance.randrange(2)]))
    whole = _digits(chance, chance.choice((0, 1, 1, 2, 3, 5, 8, 11, 12, 15, 17, 18, 19, 20, 25)))
    part = chance.choice(("", "", ".", f".{_digits(chance, chance.choice((1, 2, 3, 8, 9, 10, 12)))}", ".."))
    return f"{sign}{whole}{part}{chance.choice(_SUFFIXES if chance.random() < 0.8 else _ODD)}"


def _digits(chance: random.Random, length: int) -> str:
    alphabet = chance.choice(("0123456789", "0123456789", "09", "0", "9"))
    return "".join(chance.choice(alphabet) for _ in range(length))


def versions() -> list[str]:
    """Write texts that are versions, or nearly."""
    chance = random.Random("versions")  # noqa: S311 - the same texts each time
    found = [_version(chance) for _ in range(600)]
    return list(dict.fromkeys(["", ".", "..", "v", "1", "1.0", "v1.0.0", "0.0.0", *found]))


def _version(chance: random.Random) -> str:
    mostly = chance.random() < 0.6
    parts = [_number(chance, valid=mostly) for _ in range(3 if mostly else chance.choice((1, 2, 3, 3, 4)))]
    before = "".join(f"-{_identifiers(chance, valid=mostly)}" for _ in range(chance.choice((0, 0, 1, 1, 1))))
    after = "".join(f"+{_identifiers(chance, valid=mostly)}" for _ in range(chance.choice((0, 0, 0, 1))))
    lead = "" if mostly else chance.choice(("", "", "v", "v", "V", "vv", " "))
    return f"{lead}{'.'.join(parts)}{before}{after}"


def _number(chance: random.Random, *, valid: bool) -> str:
    numbers = ("0", "1", "2", "10", "9", "18446744073709551615")
    odd = ("00", "01", "", "x", "-1", " 1", "18446744073709551616")
    return chance.choice(numbers if valid else (*numbers, *numbers, *odd))


def _identifiers(chance: random.Random, *, valid: bool) -> str:
    words = ("a", "b", "rc", "0", "1", "2", "10", "-", "a-b", "A", "1a", "18446744073709551615")
    odd = ("01", "", "é", " ", "18446744073709551616")
    return ".".join(chance.choice(words if valid else (*words, *odd)) for _ in range(chance.choice((1, 1, 2, 3))))
