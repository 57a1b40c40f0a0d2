"""Rules of engines, in every way in which they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from function.api import content, patterns
from function.composition import Manifest
from tests.e2e.bed.admission.case import Cases, Rule, no, rule, yes
from tests.e2e.bed.admission.ways import WAYS, Way
from tests.e2e.bed.admission.words import (
    above,
    below,
    broken,
    duplicate,
    mismatch,
    required,
    too_few,
    too_long,
    too_many,
    unsupported,
)

PAIR: Final = {"mode": "PrefillDecode"}

_TWO: Final = "serving mode PrefillDecode needs exactly two engines"
_PREFILL: Final = "serving mode PrefillDecode needs exactly one engine with phase Prefill"
_DECODE: Final = "serving mode PrefillDecode needs exactly one engine with phase Decode"
_NO_PHASE: Final = "an engine may have a phase only when the serving mode is PrefillDecode"
_SHAPE: Final = "an engine is one Standalone member, or one Leader and one Worker"
_WORKER: Final = "worker may be set only on a member with role Worker"
_PICKER: Final = "serving mode PrefillDecode always has an endpoint picker: picker must not be Disabled"


def _pairs() -> Iterator[Cases]:
    """Rule 7."""
    for way in WAYS:
        prefill, decode = way.engine("prefill", phase="Prefill"), way.engine("decode", phase="Decode")
        again = way.engine("again", phase="Prefill")
        yield yes(way.engines(prefill, decode, serving=PAIR), way.engines(decode, prefill, serving=PAIR))
        yield no(way.engines(prefill, serving=PAIR), broken(way.at, _TWO), broken(way.at, _DECODE))
        yield no(way.engines(prefill, decode, way.engine("third"), serving=PAIR), broken(way.at, _TWO))
        yield no(way.engines(prefill, again, serving=PAIR), broken(way.at, _PREFILL), broken(way.at, _DECODE))


def _phases() -> Iterator[Cases]:
    """Rule 8."""
    for way in WAYS:
        prefill = way.engine("prefill", phase="Prefill")
        yield yes(way.write(), way.write(serving={}), way.write(serving={"mode": "Unified"}))
        yield no(way.engines(prefill), broken(way.at, _NO_PHASE))
        yield no(way.engines(prefill, serving={}), broken(way.at, _NO_PHASE))
        yield no(way.engines(prefill, serving={"mode": "Unified"}), broken(way.at, _NO_PHASE))


def _shapes() -> Iterator[Cases]:
    """Rule 9."""
    for way in WAYS:
        alone, leader, worker = way.member(), way.member("Leader"), way.member("Worker")
        yield yes(way.members(alone), way.members(leader, worker), way.members(worker, leader))
        for wrong in ((leader,), (worker,), (leader, leader), (worker, worker), (alone, worker), (alone, alone)):
            yield no(way.members(*wrong), broken(f"{way.at}.engines[0]", _SHAPE))
        yield no(way.members(leader, worker, worker), too_many(f"{way.at}.engines[0].members", 3, 2))


def _gangs() -> Iterator[Cases]:
    """Rule 11."""
    for way in WAYS:
        leader, worker, at = way.member("Leader"), way.member("Worker"), f"{way.at}.engines[0].members"
        yield yes(way.members(leader, worker), way.members(leader, {**worker, "worker": {"nodes": 63}}))
        yield no(way.members({**leader, "worker": {"nodes": 1}}, worker), broken(f"{at}[0]", _WORKER))
        yield no(way.members(way.member(worker={"nodes": 1})), broken(f"{at}[0]", _WORKER))
        yield no(way.members(leader, {**worker, "worker": {"nodes": 0}}), below(f"{at}[1].worker.nodes", 0, 1))
        yield no(way.members(leader, {**worker, "worker": {"nodes": 64}}), above(f"{at}[1].worker.nodes", 64, 63))


def _each(make: Any) -> list[Cases]:
    return [cases for way in WAYS for cases in make(way)]


def _names(way: Way) -> Iterator[Cases]:
    at = f"{way.at}.engines"
    yield yes(way.engines(way.engine("70b")), way.engines(*(way.engine(f"e{n}") for n in range(8))))
    yield no(way.engines(way.engine("Qwen_3")), mismatch(f"{at}[0].name", "Qwen_3", patterns.DNS_LABEL))
    yield no(way.engines(way.engine("q" * 64)), too_long(f"{at}[0].name", 63))
    yield no(way.engines(way.engine("a"), way.engine("a")), duplicate(f"{at}[1]", name="a"))
    yield no(way.engines(), too_few(at))
    yield no(way.engines(*(way.engine(f"e{n}") for n in range(9))), too_many(at, 9, 8))


def _copies(way: Way) -> Iterator[Cases]:
    at = f"{way.at}.engines[0]"
    yield yes(way.engines(way.engine(copies=64)))
    yield no(way.engines(way.engine(copies=0)), below(f"{at}.copies", 0, 1))
    yield no(way.engines(way.engine(copies=65)), above(f"{at}.copies", 65, 64))


def _reach(way: Way) -> Iterator[Cases]:
    at = f"{way.at}.engines[0].serving"
    yield yes(way.engines(way.engine(serving={"port": 8080, "healthPath": "/healthz", "startupSeconds": 86400})))
    yield no(way.engines(way.engine(serving={"port": 0})), below(f"{at}.port", 0, 1))
    yield no(way.engines(way.engine(serving={"port": 65536})), above(f"{at}.port", 65536, 65535))
    yield no(
        way.engines(way.engine(serving={"healthPath": "health"})),
        mismatch(f"{at}.healthPath", "health", patterns.ABSOLUTE_PATH),
    )
    yield no(way.engines(way.engine(serving={"startupSeconds": 86401})), above(f"{at}.startupSeconds", 86401, 86400))
    yield yes(*(way.engines(way.engine(serving={"kvCacheBlockSize": size})) for size in (1, 65536)))
    yield no(way.engines(way.engine(serving={"kvCacheBlockSize": 0})), below(f"{at}.kvCacheBlockSize", 0, 1))
    yield no(
        way.engines(way.engine(serving={"kvCacheBlockSize": 65537})), above(f"{at}.kvCacheBlockSize", 65537, 65536)
    )


def _contents(way: Way) -> Iterator[Cases]:
    def holding(size: int) -> Manifest:
        """Engines whose arguments make up the size, with what stands around each text."""
        one = way.member()
        asked = one[way.claims] if way.claims == "deviceRequests" else one[way.claims]["devices"]
        selectors = [selector["cel"] for request in asked for selector in request.get("selectors", ())]
        counted = sum(len(request["name"]) + len('{"name":"","selectors":[]}') for request in asked)
        counted += sum(len(text) + len('{"cel":""}') for text in selectors)
        left = size - counted - len("img") - 2 * len('""')
        args = ["ä" * (left // 2), "x" * (left - left // 2)]
        pod = {"spec": {"containers": [{"name": "engine", "image": "img", "args": args}]}}
        return way.members({**one, "template": pod})

    yield yes(holding(content.MAX_CHARACTERS))
    yield no(holding(content.MAX_CHARACTERS + 1), broken(f"{way.at}.engines", content.WANTED.message))


def _pickers() -> Iterator[Cases]:
    for way in WAYS:
        prefill, decode = way.engine("prefill", phase="Prefill"), way.engine("decode", phase="Decode")
        yield yes(*(way.write(serving={"picker": picker}) for picker in ("Enabled", "Disabled")))
        yield yes(way.engines(prefill, decode, serving={**PAIR, "picker": "Enabled"}))
        yield no(
            way.engines(prefill, decode, serving={**PAIR, "picker": "Disabled"}),
            broken(f"{way.at}.serving", _PICKER),
        )
        yield no(
            way.write(serving={"picker": "Random"}),
            unsupported(f"{way.at}.serving.picker", "Random", "Enabled", "Disabled"),
        )


RULES: Final[tuple[Rule, ...]] = (
    rule("api 7", "prefill and decode come as a pair of engines", *_pairs()),
    rule("api 8", "a phase needs the mode that has phases, which is not the default", *_phases()),
    rule("api 9", "an engine is one member that stands alone, or a leader and a worker in any order", *_shapes()),
    rule("api 11", "a gang has one worker unless it says more, and only a worker says so", *_gangs()),
    rule(
        "api 10.2.2",
        "a worker block says its number of nodes: it has no default",
        *(
            no(
                way.members(way.member("Leader"), way.member("Worker", worker={})),
                required(f"{way.at}.engines[0].members[1].worker.nodes"),
            )
            for way in WAYS
        ),
    ),
    rule("api better 3", "engines have names of their own that are DNS labels; there are 1 to 8", *_each(_names)),
    rule("api section 3.1", "an engine has 1 to 64 copies", *_each(_copies)),
    rule("design fields", "an engine says how it is reached and how long it may take to start", *_each(_reach)),
    rule("own", "all engines together have a bounded amount of text", *_each(_contents)),
    rule("design", "a replica may have an endpoint picker or none, and a pair always has one", *_pickers()),
)
