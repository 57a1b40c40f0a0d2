"""The text of engines is counted at admission, never as more than the bytes that it takes as JSON."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from function.api import content
from function.api.rules import evaluate
from tests.support.api import deployment, replica

Path = tuple[str | int, ...]
HEADED: Any = {"httpGet": {"path": "/p", "httpHeaders": [{"name": "h", "value": "v"}]}}
RUN: Any = {"exec": {"command": ["c", "d"]}}
ENTRY: Any = {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
TEMPLATE: Any = {
    "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {
        "containers": [
            {
                "name": "engine",
                "image": "i",
                "command": ["c"],
                "args": ["a", ""],
                "env": [
                    {"name": "A", "value": "b"},
                    {"name": "B"},
                    ENTRY,
                    {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
                    {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "f"}}},
                ],
                "startupProbe": RUN,
                "readinessProbe": HEADED,
                "livenessProbe": {"httpGet": {}},
                "lifecycle": {"postStart": RUN, "preStop": HEADED},
            },
        ],
        "initContainers": [
            {"name": "side", "image": "i", "startupProbe": HEADED, "readinessProbe": RUN, "livenessProbe": RUN},
            {"name": "more", "image": "i", "livenessProbe": HEADED, "lifecycle": {"postStart": HEADED}},
            {"name": "last", "image": "i", "lifecycle": {"preStop": RUN}},
        ],
        "volumes": [
            {"csi": {"volumeAttributes": {"k": "v"}}},
            {"ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"k": "v"}, "annotations": {"k": "v"}}}}},
            {"ephemeral": {"volumeClaimTemplate": {}}},
            {"hostPath": {"path": "/p"}},
            {"image": {"reference": "i"}},
            {"emptyDir": {}},
        ],
        "imagePullSecrets": [{"name": "p"}],
    },
}
REQUESTS: Any = [
    {"name": "g", "selectors": [{"cel": "true"}, {"cel": "x"}]},
    {"name": "h", "selectors": []},
    {"name": "i"},
]
CONSTRAINTS: Any = [{"requests": ["g", "h"], "matchAttribute": "a/b"}, {"matchAttribute": "a/c"}]
WANTED: Any = [
    {
        "name": "e",
        "members": [
            {"nodeSelector": {"devices": REQUESTS, "constraints": CONSTRAINTS}, "template": TEMPLATE},
            {"template": TEMPLATE},
        ],
    }
]
PLACED: Any = [
    {"name": "e", "members": [{"deviceRequests": REQUESTS, "deviceConstraints": CONSTRAINTS, "template": TEMPLATE}]}
]

_SPEC = (0, "members", 0, "template", "spec")
BOUNDED = (
    (0, "name"),
    (*_SPEC, "containers", 0, "name"),
    *((*_SPEC, "initContainers", number, "name") for number in range(3)),
)
"""Names of engines and of their containers are short by other rules."""


def counted(engines: Any, rule: str) -> int:
    return int(evaluate(rule.rpartition(" <= ")[0], engines))


def texts(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all texts below a value."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))


def longer(value: Any, path: Path) -> Any:
    """A value with a hundred characters more at a path."""
    copy = json.loads(json.dumps(value))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] += "x" * 100
    return copy


@pytest.mark.parametrize(
    ("engines", "rule"),
    [
        (WANTED, content.WANTED.rule),
        (PLACED, content.PLACED.rule),
        (deployment()["spec"]["engines"], content.WANTED.rule),
        (replica()["spec"]["engines"], content.PLACED.rule),
    ],
)
def test_what_is_counted_is_never_more_than_the_bytes_of_json(engines: Any, rule: str) -> None:
    size = len(json.dumps(engines, separators=(",", ":")))
    assert 0 < counted(engines, rule) <= size


@pytest.mark.parametrize(
    ("engines", "rule"), [(WANTED, content.WANTED.rule), (PLACED, content.PLACED.rule)], ids=["wanted", "placed"]
)
def test_every_text_that_a_user_writes_into_an_engine_is_counted(engines: Any, rule: str) -> None:
    before = counted(engines, rule)
    found = [path for path in texts(engines) if path[:2] != (0, "members") or path[2] == 0]
    free = [path for path in found if counted(longer(engines, path), rule) != before + 100]
    assert free == list(BOUNDED)
