"""How much text engines may hold together.

Every ModelDeployment is scheduled with all ModelReplicas of the fleet in hand, and each repeats the engines
of its deployment. So it is the size of engines that decides how many replicas a fleet can have.
"""

from __future__ import annotations

from typing import Final

from function.api.base import Rule

MAX_CHARACTERS: Final = 65_536
"""Characters in all engines of a deployment or replica, and bytes of a deployment's engines as JSON.

With a text goes at least what JSON has around it, and never more, so that what is small enough in bytes is in
characters too. Of a pod only what tends to be long is counted in characters; the bytes count all of it.
"""

_TEXT: Final = len('""')
_PAIR: Final = len('"":""')
_NAMED: Final = len('{"name":""}')
_VALUE: Final = len(',"value":""')
_SOURCE: Final = len(',"valueFrom":{"fieldRef":{"fieldPath":""}}')
_SELECTOR: Final = len('{"cel":""}')
_HEADED: Final = len('{"name":"","value":""}')
_LIST: Final = len(',"selectors":[]')
_CONSTRAINT: Final = len('{"matchAttribute":""}')


def _optional(path: str, amount: str) -> str:
    return f"(has({path}) ? {amount} : 0)"


def _length(path: str) -> str:
    return _optional(path, f"{path}.size()")


def _total(path: str, each: str, of: str) -> str:
    return _optional(path, f"{path}.map({each}, {of}).sum()")


def _texts(path: str) -> str:
    return _optional(path, f"{path}.map(t, t.size()).sum() + {_TEXT} * {path}.size()")


def _entries(path: str) -> str:
    return _total(path, "k", f"k.size() + {path}[k].size() + {_PAIR}")


def _first_of(*amounts: tuple[str, str]) -> str:
    """The amount of the first path that is there, where other rules see to it that there is only one."""
    path, amount = amounts[0]
    rest = _first_of(*amounts[1:]) if amounts[1:] else "0"
    return f"(has({path}) ? {amount} : {rest})"


_KEYS: Final = tuple(
    (f"v.valueFrom.{field}", f"v.valueFrom.{field}.name.size() + v.valueFrom.{field}.key.size()")
    for field in ("secretKeyRef", "configMapKeyRef")
)
_FIELD: Final = ("v.valueFrom.fieldRef", "v.valueFrom.fieldRef.fieldPath.size()")
_ORIGIN: Final = ("v.valueFrom", f"{_SOURCE} + {_first_of(*_KEYS, _FIELD)}")
_VARIABLE: Final = f"v.name.size() + {_NAMED} + {_first_of(_ORIGIN, ('v.value', f'v.value.size() + {_VALUE}'))}"
_HEADER: Final = f"h.name.size() + h.value.size() + {_HEADED}"


def _asked(path: str) -> str:
    """What a probe or hook runs or sends."""
    sent = f"{_length(f'{path}.httpGet.path')} + {_total(f'{path}.httpGet.httpHeaders', 'h', _HEADER)}"
    handlers = (f"{path}.exec", _texts(f"{path}.exec.command")), (f"{path}.httpGet", sent)
    return _optional(path, _first_of(*handlers))


_HOOKS: Final = _optional("c.lifecycle", f"({_asked('c.lifecycle.preStop')} + {_asked('c.lifecycle.postStart')})")
_CONTAINER: Final = " + ".join(
    (
        "c.image.size()",
        _texts("c.command"),
        _texts("c.args"),
        _total("c.env", "v", _VARIABLE),
        *(_asked(f"c.{probe}") for probe in ("startupProbe", "readinessProbe", "livenessProbe")),
        _HOOKS,
    )
)
_CLAIM: Final = "v.ephemeral.volumeClaimTemplate.metadata"
_VOLUME: Final = _first_of(
    ("v.csi", _entries("v.csi.volumeAttributes")),
    (
        "v.ephemeral",
        _optional(_CLAIM, " + ".join(_entries(f"{_CLAIM}.{field}") for field in ("labels", "annotations"))),
    ),
    ("v.image", "v.image.reference.size()"),
    ("v.hostPath", "v.hostPath.path.size()"),
)
_METADATA: Final = " + ".join(_entries(f"m.template.metadata.{field}") for field in ("labels", "annotations"))
_TEMPLATE: Final = " + ".join(
    (
        f"m.template.spec.containers.map(c, {_CONTAINER}).sum()",
        _total("m.template.spec.initContainers", "c", _CONTAINER),
        _total("m.template.spec.volumes", "v", _VOLUME),
        _total("m.template.spec.imagePullSecrets", "s", f"s.name.size() + {_NAMED}"),
        _optional("m.template.metadata", _METADATA),
    )
)
_SELECTORS: Final = _optional("r.selectors", f"{_LIST} + r.selectors.map(s, {_length('s.cel')} + {_SELECTOR}).sum()")
_ASKED: Final = f"r.name.size() + {_NAMED} + {_SELECTORS}"
_SHARED: Final = f"c.matchAttribute.size() + {_CONSTRAINT} + {_texts('c.requests')}"
_WANTED: Final = _optional(
    "m.nodeSelector",
    f"m.nodeSelector.devices.map(r, {_ASKED}).sum() + {_total('m.nodeSelector.constraints', 'c', _SHARED)}",
)
_PLACED: Final = f"{_total('m.deviceRequests', 'r', _ASKED)} + {_total('m.deviceConstraints', 'c', _SHARED)}"


def _bound(requests: str) -> Rule:
    return Rule(
        f"self.map(e, e.members.map(m, {_TEMPLATE} + {requests}).sum()).sum() <= {MAX_CHARACTERS}",
        f"engines may hold at most {MAX_CHARACTERS} characters together, in images, commands, arguments, variables,"
        " probes, hooks, selectors, labels, annotations and volumes: keep longer texts in the image or in a ConfigMap",
    )


WANTED: Final = _bound(_WANTED)
"""The rule over the engines of a deployment."""

PLACED: Final = _bound(_PLACED)
"""The rule over the engines of a replica. It counts what the deployment wrote, and not what its pools add: a replica
of a deployment that is small enough is never refused."""
