"""What kwok is told to do in the place of kubelets: its own stages, images that cannot be pulled, and leaders of gangs.

A leader of a gang runs at once, and is not Ready before its workers are: an engine answers once all its parts have
found each other. The controller of LeaderWorkerSets goes by the leader alone. It sees that a pod of a gang is killed
while that ends, so that takes a moment, as for a kubelet.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Final

import yaml

from function.composition import Manifest

UNPULLABLE: Final = "registry.invalid/engine:none"
"""An image that does not exist."""

WORKER_INDEX: Final = "leaderworkerset.sigs.k8s.io/worker-index"
LEADER: Final = "0"

_IMAGE: Final = ".spec.containers[].image"
_INDEX: Final = f'.metadata.labels["{WORKER_INDEX}"]'
_ENDING_MILLISECONDS: Final = 2000
_READY: Final = re.compile(r'status: "True"\n(\s*)type: (Ready|ContainersReady)')
_WAITING: Final = """\
conditions:
- {type: Initialized, status: "True"}
- {type: Ready, status: "False", reason: ContainersNotReady, message: "containers with unready status: [engine]"}
- {type: ContainersReady, status: "False", reason: ContainersNotReady}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  restartCount: 0
  state:
    waiting: {reason: ImagePullBackOff, message: {{ printf "Back-off pulling image %s" .image | Quote }}}
{{ end }}
phase: Pending
"""


def stages(shipped: Path, folder: Path) -> list[Path]:
    """Write the stages of pods and nodes.

    Args:
        shipped: Where kwok's own are.
        folder: Where to write.
    """
    target = folder / "stages"
    target.mkdir(exist_ok=True)
    found = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(shipped.glob("*.yaml"))}
    found |= {
        "pod-leads": _leads(found["pod-ready"]),
        "pod-of-gang-ends": _ends(found["pod-delete"]),
        "pod-unpullable": _unpullable(),
    }
    found["pod-delete"]["spec"]["selector"]["matchExpressions"].append(_of_gang("DoesNotExist"))
    found["pod-ready"]["spec"]["selector"]["matchExpressions"] += [_about_image("NotIn"), _about_leader("NotIn")]
    for name, stage in found.items():
        (target / f"{name}.yaml").write_text(yaml.safe_dump(stage))
    return [target / f"{name}.yaml" for name in found]


def _ends(deleted: Manifest) -> Manifest:
    stage: Manifest = copy.deepcopy(deleted)
    stage["metadata"]["name"] = "pod-of-gang-ends"
    stage["spec"]["selector"]["matchExpressions"].append(_of_gang("Exists"))
    stage["spec"]["delay"] = {"durationMilliseconds": _ENDING_MILLISECONDS}
    return stage


def _of_gang(operator: str) -> dict[str, Any]:
    return {"key": _INDEX, "operator": operator}


def _leads(ready: Manifest) -> Manifest:
    stage: Manifest = copy.deepcopy(ready)
    stage["metadata"]["name"] = "pod-leads"
    stage["spec"]["selector"]["matchExpressions"].append(_about_leader("In"))
    template = stage["spec"]["next"]["statusTemplate"]
    stage["spec"]["next"]["statusTemplate"] = _READY.sub(r'status: "False"\n\1type: \2', template)
    return stage


def _unpullable() -> Manifest:
    untouched = {"key": ".status.containerStatuses", "operator": "DoesNotExist"}
    kept = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": "pod-unpullable"},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "selector": {"matchExpressions": [kept, untouched, _about_image("In")]},
            "next": {"statusTemplate": _WAITING},
        },
    }


def _about_image(operator: str) -> dict[str, Any]:
    return {"key": _IMAGE, "operator": operator, "values": [UNPULLABLE]}


def _about_leader(operator: str) -> dict[str, Any]:
    return {"key": _INDEX, "operator": operator, "values": [LEADER]}
