"""Rules of engines, in every way in which they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from function.api import content, patterns
from function.api.engines import KVTransfer
from function.api.member_rules import MAX_ROUTER_COPIES, MAX_UNCHARGED_WORKERS
from function.composition import Manifest
from tests.e2e.bed.admission.case import Cases, Rule, accepts, rejects, rule
from tests.e2e.bed.admission.engine_forms import ENGINE_FORMS, EngineForm
from tests.e2e.bed.admission.messages import (
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
_ROUTED: Final = "an engine of role Router needs another engine to pass requests on to, and may be the only Router"
_ROUTER_SHAPE: Final = "an engine of role Router is one Standalone member"
_ROUTER_MODE: Final = (
    "an engine of role Router chooses among engines itself: the serving mode must not be PrefillDecode"
)
_PORTS: Final = (
    "an endpoint picker chooses among pods that have one port: with several serving.ports the picker must not be"
    " Enabled, nor the serving mode PrefillDecode"
)
_TLS: Final = (
    "an endpoint picker does not speak TLS to engines: with serving.scheme HTTPS the picker must not be Enabled,"
    " nor the serving mode PrefillDecode"
)


def _pairs() -> Iterator[Cases]:
    """Rule 7."""
    for form in ENGINE_FORMS:
        prefill, decode = form.engine("prefill", phase="Prefill"), form.engine("decode", phase="Decode")
        again = form.engine("again", phase="Prefill")
        yield accepts(form.engines(prefill, decode, serving=PAIR), form.engines(decode, prefill, serving=PAIR))
        yield rejects(form.engines(prefill, serving=PAIR), broken(form.at, _TWO), broken(form.at, _DECODE))
        yield rejects(form.engines(prefill, decode, form.engine("third"), serving=PAIR), broken(form.at, _TWO))
        yield rejects(form.engines(prefill, again, serving=PAIR), broken(form.at, _PREFILL), broken(form.at, _DECODE))


def _phases() -> Iterator[Cases]:
    """Rule 8."""
    for form in ENGINE_FORMS:
        prefill = form.engine("prefill", phase="Prefill")
        yield accepts(form.write(), form.write(serving={}), form.write(serving={"mode": "Unified"}))
        yield rejects(form.engines(prefill), broken(form.at, _NO_PHASE))
        yield rejects(form.engines(prefill, serving={}), broken(form.at, _NO_PHASE))
        yield rejects(form.engines(prefill, serving={"mode": "Unified"}), broken(form.at, _NO_PHASE))


def _shapes() -> Iterator[Cases]:
    """Rule 9."""
    for form in ENGINE_FORMS:
        alone, leader, worker = form.member(), form.member("Leader"), form.member("Worker")
        yield accepts(form.members(alone), form.members(leader, worker), form.members(worker, leader))
        for wrong in ((leader,), (worker,), (leader, leader), (worker, worker), (alone, worker), (alone, alone)):
            yield rejects(form.members(*wrong), broken(f"{form.at}.engines[0]", _SHAPE))
        yield rejects(form.members(leader, worker, worker), too_many(f"{form.at}.engines[0].members", 3, 2))


def _gangs() -> Iterator[Cases]:
    """Rule 11."""
    for form in ENGINE_FORMS:
        leader, worker, at = form.member("Leader"), form.member("Worker"), f"{form.at}.engines[0].members"
        yield accepts(form.members(leader, worker), form.members(leader, {**worker, "worker": {"nodes": 63}}))
        yield rejects(form.members({**leader, "worker": {"nodes": 1}}, worker), broken(f"{at}[0]", _WORKER))
        yield rejects(form.members(form.member(worker={"nodes": 1})), broken(f"{at}[0]", _WORKER))
        yield rejects(form.members(leader, {**worker, "worker": {"nodes": 0}}), below(f"{at}[1].worker.nodes", 0, 1))
        yield rejects(form.members(leader, {**worker, "worker": {"nodes": 64}}), above(f"{at}[1].worker.nodes", 64, 63))


def _each(make: Any) -> list[Cases]:
    return [cases for form in ENGINE_FORMS for cases in make(form)]


def _names(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.at}.engines"
    yield accepts(form.engines(form.engine("70b")), form.engines(*(form.engine(f"e{n}") for n in range(8))))
    yield rejects(form.engines(form.engine("Qwen_3")), mismatch(f"{at}[0].name", "Qwen_3", patterns.DNS_LABEL))
    yield rejects(form.engines(form.engine("q" * 64)), too_long(f"{at}[0].name", 63))
    yield rejects(form.engines(form.engine("a"), form.engine("a")), duplicate(f"{at}[1]", name="a"))
    yield rejects(form.engines(), too_few(at))
    yield rejects(form.engines(*(form.engine(f"e{n}") for n in range(9))), too_many(at, 9, 8))


def _copies(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.at}.engines[0]"
    yield accepts(form.engines(form.engine(copies=64)))
    yield rejects(form.engines(form.engine(copies=0)), below(f"{at}.copies", 0, 1))
    yield rejects(form.engines(form.engine(copies=65)), above(f"{at}.copies", 65, 64))


def _reach(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.at}.engines[0].serving"
    yield accepts(form.engines(form.engine(serving={"port": 8080, "healthPath": "/healthz", "startupSeconds": 86400})))
    yield rejects(form.engines(form.engine(serving={"port": 0})), below(f"{at}.port", 0, 1))
    yield rejects(form.engines(form.engine(serving={"port": 65536})), above(f"{at}.port", 65536, 65535))
    yield rejects(
        form.engines(form.engine(serving={"healthPath": "health"})),
        mismatch(f"{at}.healthPath", "health", patterns.ABSOLUTE_PATH),
    )
    yield rejects(
        form.engines(form.engine(serving={"startupSeconds": 86401})), above(f"{at}.startupSeconds", 86401, 86400)
    )
    yield accepts(form.engines(form.engine(serving={"ports": [8000, 8001]})))
    yield rejects(
        form.engines(form.engine(serving={"port": 8000, "ports": [8001]})),
        broken(at, "of serving.port and serving.ports only one may be set"),
    )
    yield accepts(*(form.engines(form.engine(serving={"kvCacheBlockSize": size})) for size in (1, 65536)))
    yield rejects(form.engines(form.engine(serving={"kvCacheBlockSize": 0})), below(f"{at}.kvCacheBlockSize", 0, 1))
    yield rejects(
        form.engines(form.engine(serving={"kvCacheBlockSize": 65537})), above(f"{at}.kvCacheBlockSize", 65537, 65536)
    )
    yield accepts(*(form.engines(form.engine(serving={"kvTransfer": transfer})) for transfer in KVTransfer))
    yield rejects(
        form.engines(form.engine(serving={"kvTransfer": "nixlv2"})),
        unsupported(f"{at}.kvTransfer", "nixlv2", *KVTransfer),
    )


def _contents(form: EngineForm) -> Iterator[Cases]:
    def holding(size: int) -> Manifest:
        """Engines whose arguments make up the size, with what stands around each text."""
        member = form.member()
        requests = member[form.claims] if form.claims == "deviceRequests" else member[form.claims]["devices"]
        selectors = [selector["cel"] for request in requests for selector in request.get("selectors", ())]
        counted = sum(len(request["name"]) + len('{"name":""}') for request in requests)
        counted += sum(len(',"selectors":[]') for request in requests if "selectors" in request)
        counted += sum(len(text) + len('{"cel":""}') for text in selectors)
        left = size - counted - len("img") - 2 * len('""')
        args = ["ä" * (left // 2), "x" * (left - left // 2)]
        pod = {"spec": {"containers": [{"name": "engine", "image": "img", "args": args}]}}
        return form.members({**member, "template": pod})

    yield accepts(holding(content.MAX_CHARACTERS))
    yield rejects(holding(content.MAX_CHARACTERS + 1), broken(f"{form.at}.engines", content.WANTED.message))


def _pickers() -> Iterator[Cases]:
    for form in ENGINE_FORMS:
        prefill, decode = form.engine("prefill", phase="Prefill"), form.engine("decode", phase="Decode")
        yield accepts(*(form.write(serving={"picker": picker}) for picker in ("Enabled", "Disabled")))
        yield accepts(form.engines(prefill, decode, serving={**PAIR, "picker": "Enabled"}))
        yield rejects(
            form.engines(prefill, decode, serving={**PAIR, "picker": "Disabled"}),
            broken(f"{form.at}.serving", _PICKER),
        )
        yield rejects(
            form.write(serving={"picker": "Random"}),
            unsupported(f"{form.at}.serving.picker", "Random", "Enabled", "Disabled"),
        )


def _routers(form: EngineForm) -> Iterator[Cases]:
    router = form.engine("router", form.member(claims=False), role="Router")
    yield accepts(form.engines(router, form.engine()), form.engines(form.engine(), router))
    yield rejects(form.engines(router), broken(form.at, _ROUTED))
    yield rejects(form.engines(router, {**router, "name": "again"}, form.engine()), broken(form.at, _ROUTED))
    gang = form.engine("router", form.member("Leader"), form.member("Worker"), role="Router")
    yield rejects(form.engines(gang, form.engine()), broken(f"{form.at}.engines[0]", _ROUTER_SHAPE))
    yield accepts(form.engines({**router, "copies": MAX_ROUTER_COPIES}, form.engine()))
    yield rejects(
        form.engines({**router, "copies": MAX_ROUTER_COPIES + 1}, form.engine()),
        broken(
            f"{form.at}.engines[0]",
            f"an engine of role Router without {form.claims} may have at most {MAX_ROUTER_COPIES} copies",
        ),
    )
    yield accepts(form.engines(form.engine("router", role="Router", copies=64), form.engine()))
    prefill, decode = form.engine("prefill", phase="Prefill"), form.engine("decode", phase="Decode")
    yield rejects(form.engines({**prefill, "role": "Router"}, decode, serving=PAIR), broken(form.at, _ROUTER_MODE))


def _uncharged_workers(form: EngineForm) -> Iterator[Cases]:
    def gang(nodes: int, *, claims: bool = False, **fields: Any) -> Manifest:
        workers = {**form.member("Worker", claims=claims), "worker": {"nodes": nodes}}
        return form.engines(form.engine("qwen", form.member("Leader"), workers, **fields))

    some = MAX_UNCHARGED_WORKERS // 2
    yield accepts(gang(2 * some), gang(some, copies=2), gang(2 * some + 1, claims=True))
    refusal = f"Workers without {form.claims} may be at most {MAX_UNCHARGED_WORKERS}, counted over all copies"
    for obj in (gang(2 * some + 1), gang(some, copies=3)):
        yield rejects(obj, broken(f"{form.at}.engines[0]", refusal))


def _unpicked(form: EngineForm) -> Iterator[Cases]:
    prefill, decode = form.engine("prefill", phase="Prefill"), form.engine("decode", phase="Decode")
    for serving, why in (({"ports": [8000, 8001]}, _PORTS), ({"scheme": "HTTPS"}, _TLS)):
        yield accepts(form.engines(form.engine(serving=serving)))
        yield accepts(form.engines(form.engine(serving=serving), serving={"picker": "Disabled"}))
        yield rejects(form.engines(form.engine(serving=serving), serving={"picker": "Enabled"}), broken(form.at, why))
        yield rejects(form.engines({**prefill, "serving": serving}, decode, serving=PAIR), broken(form.at, why))


RULES: Final[tuple[Rule, ...]] = (
    rule("api 7", "prefill and decode come as a pair of engines", *_pairs()),
    rule("api 8", "a phase needs the mode that has phases, which is not the default", *_phases()),
    rule("api 9", "an engine is one member that stands alone, or a leader and a worker in any order", *_shapes()),
    rule("api 11", "a gang has one worker unless it says more, and only a worker says so", *_gangs()),
    rule(
        "api 10.2.2",
        "a worker block says its number of nodes: it has no default",
        *(
            rejects(
                form.members(form.member("Leader"), form.member("Worker", worker={})),
                required(f"{form.at}.engines[0].members[1].worker.nodes"),
            )
            for form in ENGINE_FORMS
        ),
    ),
    rule("api better 3", "engines have names of their own that are DNS labels; there are 1 to 8", *_each(_names)),
    rule("api section 3.1", "an engine has 1 to 64 copies", *_each(_copies)),
    rule("design fields", "an engine says how it is reached and how long it may take to start", *_each(_reach)),
    rule("own", "all engines together have a bounded amount of text", *_each(_contents)),
    rule("design", "a replica may have an endpoint picker or none, and a pair always has one", *_pickers()),
    rule("own", "few workers may claim nothing, since they are charged no node", *_each(_uncharged_workers)),
    rule("own", "a Router is one pod, the only one, and has an engine to pass requests on to", *_each(_routers)),
    rule("own", "no picker is asked for where pods have several ports or speak TLS", *_each(_unpicked)),
)
