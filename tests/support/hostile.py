"""Selectors that ask for as much work and memory as a text can."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

SIZE: Final = 262_144
"""Characters, elements and so on of the largest value."""


def nested(macro: str, depth: int, inner: str = "true") -> str:
    """Put an expression into itself: `macro` has braces where the inner one goes."""
    for _ in range(depth):
        inner = macro.format(inner)
    return inner


def bound(first: str, step: str, count: int, last: str) -> str:
    """Name a value, then so many more, each made of the one before."""
    names = [f"v{place}" for place in range(count + 1)]
    steps = "".join(f"cel.bind({name},{step.format(before)}," for before, name in pairwise(names))
    return f"cel.bind(v0,{first},{steps}{last.format(names[-1])}{')' * (count + 1)}"


def many(count: int, text: str = "1") -> str:
    """Write a list of equal elements."""
    return f"[{','.join([text] * count)}]"


def grid(inner: str, side: int = 300) -> str:
    """Loop over all pairs."""
    return f"{many(side)}.all(x,{many(side)}.all(y, {inner}))"


def letters(count: int) -> str:
    """Write a text of so many letters."""
    return f"'{'a' * count}'"


LARGE: Final[Mapping[str, str]] = {
    "replace": f"{letters(1100)}.replace('a',{letters(1000)}).replace('a',{letters(2100)}).size() > 0",
    "replace by what an optional holds": f"{letters(1000)}.replace('a', optional.of({letters(999)}).value()) != ''",
    "replace by what has been made": bound(
        f"optional.of({letters(1000)}).value()", f"{letters(1000)}.replace('a', {{0}})", 3, "{0}.size() > 0"
    ),
    "replace nothing": "device.driver" + ".replace('', device.driver)" * 3 + ".size() > 0",
    "replace in one branch": f"(device.driver == 'x' ? {letters(1000)} : 'b').replace('a', {letters(1000)}) != ''",
    "replace what a map holds": f"{{1: {letters(900)}}}.all(k, v, v.replace('a', {letters(900)}) != '')",
    "replace in dyn": f"dyn({letters(1000)}).replace(dyn('a'), dyn({letters(1000)})).size() > 0",
    "lists": bound(many(100), "{0}+{0}", 25, "{0}.size() > 0"),
    "quoted quotes": f"{'strings.quote(' * 14}'{chr(34) * 300}'{')' * 14}.size() > 0",
    "texts that are kept": f"{many(99)}.map(x,{many(99)}.map(y,{letters(10)}.replace('a',{letters(999)}))) != []",
    "lists in loops": f"cel.bind(l,{many(2000)},{grid('(l+l).size() > 0')})",
    "maps in loops": grid("{1: x, 2: y, 3: x, 4: y, 5: x, 6: y, 7: x, 8: y}.size() > 0", 140),
    "versions in loops": f"cel.bind(v,'1.0.0-{'a.' * 150}a',{many(150)}.map(x,{many(99)}.map(y,semver(v))) != [])",
}
"""What Kubernetes expects to be cheap, or makes something huge of before it looks at the price."""

_MATCHES: Final = "matches(s, '(a|b)*a(a|b){60}c') || true"

LONG: Final[Mapping[str, str]] = {
    **{f"{macro} of {macro}": nested(f"[].{macro}(v, {{}})", 40) for macro in ("all", "exists", "exists_one")},
    "filter of filter": nested("[].filter(v, {}).size() == 0", 24),
    "map of map": nested("[].map(v, {})", 32, "1") + ".size() == 0",
    "map with a condition": nested("[1].map(v, {}, 1).size() == 1", 24),
    "two variables": nested("{{1: 1}}.all(k, v, {})", 40),
    "maps of maps": bound("{1: 1}", "{{{0}: {0}}}", 40, "{0}.size() > 0"),
    "lists of what is not known": bound("[]", "[{0},{0}]", 40, "{0} == {0}"),
    "deep lists of deep lists": bound("1", f"{'[' * 60}{{0}}{']' * 60}", 30, "{0}.size() > 0"),
    "deep lists of any type": bound("1", f"dyn({'[' * 40}{{0}}{']' * 40})", 30, "{0} == {0}"),
    "deep sums of sums": bound("1", f"{'1+(' * 20}{{0}}{')' * 20}", 30, "{0} > 0"),
    "optionals": f"optional.of(1){'.optMap(x, x)' * 60}.hasValue()",
    "brackets": "[" * 10_000,
    "parentheses and operators": "true||true&&1==1+1*(" * 90 + "1" + ")" * 90,
    "signs": "!" * 10_000 + "true",
    "fields": f"device{'.a' * 5000}",
    "places": f"device{'[0]' * 3000}",
    "conditions": f"{'true?true:' * 900}true",
    "empty lists": f"{many(3300, '[]')}.size() > 0",
    "comparisons": "&&".join(["1<2"] * 2000),
    "arguments": f"size({','.join(['1'] * 5000)})",
    "a long name": f"[1].all(.{'a' * 9000}, true)",
    "operands": grid("&&".join(["true"] * 1500)),
    "numbers of digits": f"cel.bind(s,'{'1' * 4000}',{grid('int(s) > 0 || true')})",
    "quantities": f"cel.bind(q,quantity('1e900'),{grid('q.add(q).compareTo(q) < 5')})",
    "exponents": "quantity('1e'+'999999999').compareTo(quantity('1')) > 0 || true",
    "versions": f"cel.bind(v,semver('1.0.0-{'a.' * 4000}a'),{grid('v.compareTo(v) == 0')})",
    "patterns": f"cel.bind(s,{letters(4000)},{grid(_MATCHES)})",
    "texts in lists": f"cel.bind(s,{many(90, letters(90))},{grid('s == s', 200)})",
    "values that are the same many times": f"[1]{'.map(x, [x, x])' * 30}.indexOf([1]) > 0",
    "values that are compared": f"[1]{'.map(x, [x, x])' * 30}==[1]{'.map(x, [x, x])' * 30}",
    "a last place": f"cel.bind(s,{letters(5000)},{many(200)}.all(x, s.lastIndexOf('b{'a' * 2400}') < 0))",
}
"""What would take for ever, or nearly."""
