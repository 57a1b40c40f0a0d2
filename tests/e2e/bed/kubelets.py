"""What kwok is told to do in the place of kubelets: its own stages, and images that cannot be pulled."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from function.composition import Manifest

UNPULLABLE: Final = "registry.invalid/engine:none"
"""An image that does not exist."""

_IMAGE: Final = ".spec.containers[].image"
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
    found = [target / path.name for path in sorted(shipped.glob("*.yaml"))]
    for path in found:
        stage = yaml.safe_load((shipped / path.name).read_text())
        if stage["metadata"]["name"] == "pod-ready":
            stage["spec"]["selector"]["matchExpressions"].append(_about_image("NotIn"))
        path.write_text(yaml.safe_dump(stage))
    unpullable = target / "pod-unpullable.yaml"
    unpullable.write_text(yaml.safe_dump(_unpullable()))
    return [*found, unpullable]


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
