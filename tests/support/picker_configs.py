"""Configurations of a picker, right and wrong, and what the loader of llm-d's picker was seen to say of each.

The verdicts are in `picker_verdicts.yaml`; docs/serving.md says how they come there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from function.api.engines import EngineType, KVTransfer
from function.composition import Manifest
from tests.support.replicas import composed, engine, gang, remotes, replica


@dataclass(frozen=True, slots=True)
class Wrong:
    """A configuration that the stand-in refuses.

    Attributes:
        text: The configuration.
        message: A part of what the stand-in says.
    """

    text: str
    message: str


def pair_of(program: EngineType, transfer: KVTransfer) -> Manifest:
    """A replica of a prefill and a decode engine."""
    serving = {"engineType": program.value, "kvTransfer": transfer.value}
    prefill = engine("prefill", phase="Prefill", serving={**serving, "port": 8000})
    decode = engine("decode", phase="Decode", serving={**serving, "port": 8001})
    return replica(prefill, decode, serving={"mode": "PrefillDecode"})


def _configs() -> Iterator[tuple[str, str]]:
    for program in EngineType:
        both: Any = {"serving": {"engineType": program.value, "port": 8000}}
        yield f"copies of {program}", _config(replica(engine(copies=2, **both)))
        yield f"gangs of {program}", _config(replica(gang(copies=2, **both)))
        yield f"{program} beside vLLM", _config(replica(engine("a", **both), engine("b")))
        for transfer in KVTransfer:
            yield f"{program} by {transfer}", _config(pair_of(program, transfer))


def _config(obj: Manifest) -> str:
    text: str = remotes(composed(obj))["epp-config"]["data"]["epp-config.yaml"]
    return text


CONFIGS: Final = dict(_configs())
"""Every configuration that can be composed, by what it is for."""

TWO: Final = CONFIGS["copies of vLLM"]
PAIR: Final = CONFIGS["vLLM by NIXL"]
LLAMA: Final = CONFIGS["copies of llama.cpp"]


def _edited(text: str, edit: Callable[[Any], object]) -> str:
    body = yaml.safe_load(text)
    edit(body)
    return yaml.safe_dump(body)


def _with_plugin(text: str, type_: str, **parameters: Any) -> str:
    """Give a plugin parameters, and add it when it is not there."""

    def edit(body: Any) -> None:
        found = [plugin for plugin in body["plugins"] if plugin["type"] == type_]
        plugin: Manifest = found[0] if found else {"type": type_}
        if not found:
            body["plugins"].append(plugin)
        plugin["parameters"] = {**plugin.get("parameters", {}), **parameters}

    return _edited(text, edit)


def _with_parsers(text: str, *names: str) -> str:
    return _edited(text, lambda body: body["requestHandler"].update(parsers=[{"pluginRef": name} for name in names]))


def _with_metric(spec: str) -> str:
    queue = {"name": "llama.cpp", "queuedRequestsSpec": spec}
    return _with_plugin(LLAMA, "core-metrics-extractor", engineConfigs=[queue])


def _deciding_late(body: Any) -> None:
    deciding = next(plugin for plugin in body["plugins"] if plugin["type"] == "prefix-based-pd-decider")
    body["plugins"].remove(deciding)
    body["plugins"].append(deciding)


def _wrong() -> Iterator[tuple[str, str, str]]:
    """What is wrong, the configuration, and what the stand-in says of it."""
    queue, default = {"type": "queue-scorer"}, {"name": "default", "plugins": [{"pluginRef": "queue-scorer"}]}
    picks, none = {"pluginRef": "max-score-picker"}, {"pluginRef": "none"}
    yield "an unknown field", _edited(TWO, lambda body: body.update(unknown={})), "'unknown' was unexpected"
    yield "another version", _edited(TWO, lambda body: body.update(apiVersion="llm-d.ai/v1")), "$.apiVersion"
    yield "an unknown plugin", _with_plugin(TWO, "none"), "plugin type 'none' is not registered"
    yield "a plugin twice", _edited(TWO, lambda body: body["plugins"].append(queue)), "duplicate plugin name"
    yield "an unknown parameter", _with_plugin(TWO, "max-score-picker", a=1), "plugin 'max-score-picker': "
    yield "a parameter that goes unread", _with_plugin(TWO, "queue-scorer", a=1), "plugin 'queue-scorer': "
    for size in ("64", -1, 0):
        text = _with_plugin(TWO, "approx-prefix-cache-producer", blockSizeTokens=size)
        yield f"blocks of {size!r}", text, "$.blockSizeTokens"
    text = _edited(TWO, lambda body: body["schedulingProfiles"][0]["plugins"].append(none))
    yield "an unknown reference", text, "'none' is not among"
    text = _edited(TWO, lambda body: body["schedulingProfiles"][0]["plugins"][-1].update(weight="much"))
    yield "a weight in words", text, "weight"
    text = _edited(TWO, lambda body: body["schedulingProfiles"][0]["plugins"].append(picks))
    yield "two pickers", text, "2 pickers"
    text = _edited(TWO, lambda body: body["schedulingProfiles"][0].update(name=""))
    yield "a profile without a name", text, "schedulingProfiles[0].name"
    text = _edited(TWO, lambda body: body["schedulingProfiles"].append({**default, "name": "b"}))
    yield "no profile handler", text, "2 profiles need one"
    text = _edited(PAIR, lambda body: body["schedulingProfiles"].append(body["schedulingProfiles"][0]))
    yield "a profile twice", text, "duplicate profile name 'prefill'"
    yield "a parser that is none", _with_parsers(TWO, "queue-scorer"), "is not a parser plugin"
    text = _with_parsers(TWO, "passthrough-parser", "openai-parser")
    yield "a parser that is never asked", text, "parsers after passthrough-parser would never be asked"
    text = _with_plugin(PAIR, "disagg-profile-handler", deciders={"prefill": "x"})
    yield "an unknown decider", text, "not found: x"
    yield "a decider after who asks it", _edited(PAIR, _deciding_late), "not found: prefix-based-pd-decider"
    yield "an unknown engine", _with_plugin(LLAMA, "core-metrics-extractor", defaultEngine="x"), "defaultEngine x"
    text = _with_plugin(LLAMA, "core-metrics-extractor", engineConfigs=[{"name": "llama.cpp"}] * 2)
    yield "an engine twice", text, "engine llama.cpp has metrics twice"
    for spec in ("7", "a b", "a.b", "{b=c}", "a{b}", "a{b=}"):
        yield f"the metric {spec}", _with_metric(spec), "queuedRequestsSpec"


WRONG: Final = {name: Wrong(text, message) for name, text, message in _wrong()}
"""Configurations that no engine gets, each with one thing wrong, by what that is."""


@cache
def verdicts() -> Any:
    """What the loader was seen to say."""
    return yaml.safe_load(Path(__file__).with_name("picker_verdicts.yaml").read_text(encoding="utf-8"))


def verdict(what: str) -> str:
    """Tell what was seen of a configuration's digest or of a command line.

    Returns:
        `loads`, `refuses` or `not asked`; empty when nothing is known.
    """
    said: Mapping[str, list[str]] = verdicts()["seen"]
    return next((word for word, seen in said.items() if what in seen), "")


def digest(text: str) -> str:
    """What a configuration is called among the verdicts: the same for any order of its keys."""
    return hashlib.sha256(json.dumps(yaml.safe_load(text), sort_keys=True).encode()).hexdigest()[:16]
