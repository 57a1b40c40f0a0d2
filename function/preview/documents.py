"""Every object that was applied or composed, each as one document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from function.composition import Manifest, Object, objects, unstructured
from function.preview import providers
from function.preview.control_plane import ControlPlane
from function.preview.kinds import Ref, ref_of
from function.preview.reconcile import COMPOSITE_LABEL, controller_uid
from function.preview.terminal import CONTROL, HIDDEN, without_passwords

COMPOSED_BY: Final = "modelplane.ai/composed-by"
ON_CLUSTER: Final = "modelplane.ai/on-cluster"

_IN_USE: Final = "crossplane.io/in-use"


def documents(plane: ControlPlane) -> list[Manifest]:
    """Every object that was applied or composed, as a user would write it.

    An object on an inference cluster stands for itself instead of the Object that brings it there.
    Composites carry their status. The content of Secrets is hidden, and so are passwords in URLs.
    """
    composites = {ref_of(composite) for composite in plane.composites}
    by_place: dict[tuple[str, Ref], Manifest] = {}
    for obj in plane.store.everything():
        owner = plane.store.by_uid(controller_uid(obj))
        if owner is None and ref_of(obj) not in plane.applied:
            continue
        annotations = {COMPOSED_BY: f"{owner['kind']}/{unstructured.name_of(owner)}"} if owner is not None else {}
        if objects.is_object(obj):
            cluster, ref = providers.remote_of(plane.store, obj)
            annotations[ON_CLUSTER] = cluster
            by_place[cluster, ref] = _document(objects.desired(obj), annotations)
        else:
            ref = ref_of(obj)
            status = unstructured.mapping(obj, "status") if ref in composites else {}
            by_place["", ref] = _document({**obj, "status": dict(status)}, annotations)
    return [by_place[key] for key in sorted(by_place)]


def as_yaml(manifests: Iterable[Manifest], *, unicode: bool = True) -> str:
    """Write documents as YAML, in ASCII alone if not `unicode`."""
    text = yaml.dump_all(
        list(manifests),
        Dumper=_DocumentDumper,
        sort_keys=False,
        explicit_start=True,
        allow_unicode=unicode,
        width=10_000,
    )
    return CONTROL.sub(_escaped, str(text))


def as_json(manifests: Iterable[Manifest], *, unicode: bool = True) -> str:
    """Write documents as one JSON List, as kubectl does, in ASCII alone if not `unicode`."""
    manifest_list = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    return CONTROL.sub(_escaped, json.dumps(manifest_list, indent=2, ensure_ascii=not unicode)) + "\n"


def _escaped(character: re.Match[str]) -> str:
    """Write a character as JSON and YAML both read it between double quotes."""
    return f"\\u{ord(character[0]):04x}"


def _document(obj: Object, added_annotations: Mapping[str, str]) -> Manifest:
    """An object without what the API server and Crossplane keep in it for themselves."""
    meta: Manifest = {key: obj["metadata"][key] for key in ("name", "namespace") if obj["metadata"].get(key)}
    labels = {k: v for k, v in unstructured.labels(obj).items() if k not in {_IN_USE, COMPOSITE_LABEL}}
    annotations = {**unstructured.annotations(obj), **added_annotations}
    meta |= {key: value for key, value in (("labels", labels), ("annotations", annotations)) if value}
    body: Manifest = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta}
    for key, value in obj.items():
        if key in {*body, "status"}:
            continue
        body[key] = {k: v for k, v in value.items() if k != "crossplane"} if key == "spec" else value
    if obj["kind"] == "Secret":
        hidden = {key: dict.fromkeys(unstructured.mapping(obj, key), HIDDEN) for key in ("data", "stringData")}
        body |= {key: value for key, value in hidden.items() if value}
    if unstructured.mapping(obj, "status"):
        body["status"] = obj["status"]
    document: Manifest = without_passwords({key: value for key, value in body.items() if value != {}})
    return document


def _represent_text(dumper: Any, text: str) -> Any:
    style = '"' if CONTROL.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


class _DocumentDumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out, however often it occurs."""
        del data
        return True


_DocumentDumper.add_representer(str, _represent_text)
