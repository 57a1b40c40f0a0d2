"""An endpoint picker as llm-d's is known to behave: what it refuses to load, and which pod it picks.

It knows `picker_facts.yaml` and nothing else. Of choosing it does the part that can be told from a request and the
pods: parsers, queues, requests under way and phases; cached prefixes are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

_ROLE: Final = "llm-d.ai/role"
_JSON_PARSERS: Final = frozenset({"openai-parser", "anthropic-parser"})


class PickerConfigError(Exception):
    """The program would end at its start; the message says why."""


class PickerRefusalError(Exception):
    """A request is answered with an error.

    Attributes:
        status: The answer's status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class PickedPod:
    """A pod that is Ready, as a picker sees it.

    Attributes:
        name: Its name.
        labels: Its labels.
        metrics: The numbers that it shows, by metric.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@cache
def picker_facts() -> Any:
    """What is known of the program."""
    return yaml.safe_load(Path(__file__).with_name("picker_facts.yaml").read_text(encoding="utf-8"))


class PickerProgram:
    """One copy of the program, started with a configuration."""

    def __init__(self, text: str) -> None:
        """Load a configuration.

        Args:
            text: The configuration, as it is mounted.

        Raises:
            PickerConfigError: The program would refuse it.
        """
        facts = picker_facts()
        self._config = yaml.safe_load(text)
        for error in jsonschema.Draft202012Validator(facts["schema"]).iter_errors(self._config):
            raise PickerConfigError(f"{error.json_path}: {error.message}")
        self._plugins: dict[str, Mapping[str, Any]] = {}
        for plugin in self._config["plugins"]:
            self._add(plugin)
        self._check_profiles()
        parsers = self._config.get("requestHandler", {}).get("parsers", [])
        self._parsers = [parser["pluginRef"] for parser in parsers] or list(facts["without_parsers"])
        self._check_references(parsers)
        self._queues = {**facts["queues"], **self._custom_queues()}
        self._default = self._parameters("core-metrics-extractor").get("defaultEngine", facts["default_engine"])
        if self._default not in self._queues:
            raise PickerConfigError(f"defaultEngine {self._default} has no metrics")
        self._under_way: dict[str, int] = {}

    @property
    def block_size(self) -> int:
        """Tokens in the blocks in which it follows prefixes."""
        given = int(self._parameters("approx-prefix-cache-producer")["blockSizeTokens"])
        return max(given, int(picker_facts()["smallest_block"]))

    def parser_of(self, path: str) -> str:
        """Tell which parser reads a path.

        Raises:
            PickerRefusalError: None does.
        """
        for parser in self._parsers:
            ends = picker_facts()["paths"][parser]
            if not ends or any(path.partition("?")[0].rstrip("/").endswith(end) for end in ends):
                return str(parser)
        raise PickerRefusalError(400, f"no parser registered matching path suffix for: {path}")

    def queue_of(self, pod: PickedPod) -> float:
        """Read the queue of a pod: empty where no metric of its engine's shows it."""
        engine = pod.labels.get(picker_facts()["label"], "")
        return pod.metrics.get(self._queues.get(engine, self._queues[self._default]), 0)

    def pick(self, path: str, body: bytes, pods: Sequence[PickedPod]) -> str:
        """Pick the pod for a request with a body, which is under way until it is said to be `done`.

        Args:
            path: The request's path.
            body: Its body.
            pods: The pods that are Ready.

        Raises:
            PickerRefusalError: The request is not sent to any.
        """
        _check_body(self.parser_of(path), body)
        if not pods:
            raise PickerRefusalError(503, "failed to find endpoint candidates for serving the request")
        profiles = {profile["name"]: profile["plugins"] for profile in self._config["schedulingProfiles"]}
        used = {plugin["pluginRef"] for plugin in profiles.get("decode", next(iter(profiles.values())))}
        decoding = "decode-filter" in used
        candidates = [pod for pod in pods if not decoding or pod.labels.get(_ROLE, "decode") == "decode"]
        if not candidates:
            raise PickerRefusalError(429, "failed to find target endpoint")
        counts = any(self._type(name) == "active-request-scorer" for name in used)

        def load(pod: PickedPod) -> tuple[float, int, str]:
            return self.queue_of(pod), self._under_way.get(pod.name, 0) if counts else 0, pod.name

        picked = min(candidates, key=load).name
        self._under_way[picked] = self._under_way.get(picked, 0) + 1
        return picked

    def done(self, pod: str) -> None:
        """Learn that a request has been answered."""
        self._under_way[pod] -= 1

    def _add(self, plugin: Mapping[str, Any]) -> None:
        type_, name = plugin["type"], plugin.get("name", plugin["type"])
        known = picker_facts()["plugins"].get(type_)
        if known is None:
            raise PickerConfigError(f"plugin type '{type_}' is not registered")
        if name in self._plugins:
            raise PickerConfigError(f"duplicate plugin name '{name}'")
        parameters = plugin.get("parameters", {})
        schema = {"type": "object", "additionalProperties": False, "properties": known.get("parameters", {})}
        for error in jsonschema.Draft202012Validator(schema).iter_errors(parameters):
            raise PickerConfigError(f"plugin '{name}': {error.json_path}: {error.message}")
        # A decider must have been made before the handler that asks it.
        for decider in parameters.get("deciders", {}).values():
            if self._kind(decider) != "decider":
                raise PickerConfigError(f"deciders.prefill plugin not found: {decider}")
        self._plugins[name] = plugin

    def _check_profiles(self) -> None:
        names = [profile["name"] for profile in self._config["schedulingProfiles"]]
        for name in names:
            if names.count(name) > 1:
                raise PickerConfigError(f"duplicate profile name '{name}'")
        for profile in self._config["schedulingProfiles"]:
            pickers = [plugin for plugin in profile["plugins"] if self._kind(plugin["pluginRef"]) == "picker"]
            if len(pickers) > 1:
                raise PickerConfigError(f"profile '{profile['name']}' has {len(pickers)} pickers")

    def _check_references(self, parsers: Sequence[Mapping[str, Any]]) -> None:
        profiles = self._config["schedulingProfiles"]
        for reference in [*(plugin for profile in profiles for plugin in profile["plugins"]), *parsers]:
            if reference["pluginRef"] not in self._plugins:
                raise PickerConfigError(f"'{reference['pluginRef']}' is not among the plugins")
        for parser in parsers:
            if self._kind(parser["pluginRef"]) != "parser":
                raise PickerConfigError(f"the plugin '{parser['pluginRef']}' is not a parser plugin")
        taking_all = [parser for parser in self._parsers if not picker_facts()["paths"][parser]]
        if taking_all and self._parsers[-1:] != taking_all:
            raise PickerConfigError(f"parsers after {taking_all[0]} would never be asked")
        handlers = [name for name in self._plugins if self._kind(name) == "profile handler"]
        if len(profiles) > 1 and len(handlers) != 1:
            raise PickerConfigError(f"{len(profiles)} profiles need one profile handler, and there are {len(handlers)}")

    def _kind(self, name: str) -> str:
        return str(picker_facts()["plugins"].get(self._type(name), {}).get("is", ""))

    def _type(self, name: str) -> str:
        return str(self._plugins.get(name, {}).get("type", ""))

    def _parameters(self, type_: str) -> Mapping[str, Any]:
        found = (plugin for plugin in self._plugins.values() if plugin["type"] == type_)
        return next((plugin.get("parameters", {}) for plugin in found), {})

    def _custom_queues(self) -> dict[str, str]:
        queues: dict[str, str] = {}
        for config in self._parameters("core-metrics-extractor").get("engineConfigs", []):
            if config["name"] in queues:
                raise PickerConfigError(f"engine {config['name']} has metrics twice")
            queues[config["name"]] = config.get("queuedRequestsSpec", "")
        return queues


def _check_body(parser: str, body: bytes) -> None:
    if parser not in _JSON_PARSERS:
        return
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise PickerRefusalError(400, f"error unmarshaling request body: {error}") from error
    if not isinstance(parsed, dict) or not parsed.get("model"):
        raise PickerRefusalError(400, "model not found in request body")
