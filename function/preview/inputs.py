"""Reading manifests from files, folders and standard input, and refusing what cannot be meant."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO

from function.api import patterns
from function.api.kinds import GROUPS, KINDS
from function.api.validation import admit
from function.composition import Manifest, Object, unstructured
from function.preview.fields import plain
from function.preview.files import texts
from function.preview.kinds import Ref, group_of, in_namespace, ref_of
from function.preview.parsing import ParseError, parse

_KUSTOMIZE: Final = "kustomize.config.k8s.io"
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_TYPE_NAMES: Final = {
    list: "a list",
    dict: "a map",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class InputError(Exception):
    """What was given cannot be previewed.

    Attributes:
        problems: Every reason, one line each, with where it is.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file.

    Attributes:
        source: The file, and which of its documents if it has several.
        content: The document as plain data.
    """

    source: str
    content: Any


def read(paths: Sequence[str], stdin: TextIO | None = None) -> list[Manifest]:
    """Read manifests and judge them as the API server would.

    Args:
        paths: Files, folders (read with all below them), or `-` for standard input.
        stdin: Where standard input comes from.

    Returns:
        The manifests in the order given; files of a folder are sorted.

    Raises:
        InputError: When a path, document or manifest is refused; names all that are.
    """
    problems: list[str] = []
    documents: list[Document] = []
    for source, text in texts(paths, stdin or sys.stdin, problems):
        try:
            documents += [item for document in _parsed(source, text) for item in _items(document, problems)]
        except InputError as error:
            problems += error.problems
    if not documents and not problems:
        problems.append(f"no manifests in {', '.join(paths)}")
    by_ref: dict[Ref, Document] = {}
    for document in documents:
        document_problems = _problems(document)
        problems += document_problems
        if document_problems:
            continue
        ref = ref_of(in_namespace(document.content, "default"))
        first = by_ref.setdefault(ref, document)
        differing = _differing_fields(first.content, document.content)
        if differing:
            problems.append(
                f"{document.source}: {ref} is given twice, and differs from the one in {first.source} in "
                f"{', '.join(differing)}: leave one of them out, or make them the same"
            )
    if problems:
        raise InputError(problems)
    return [document.content for document in by_ref.values()]


def _differing_fields(obj: Manifest, other: Manifest) -> list[str]:
    """List the fields in which two manifests of one object differ."""
    own, others = in_namespace(obj, "default"), in_namespace(other, "default")
    return sorted(field for field in own.keys() | others.keys() if own.get(field, ...) != others.get(field, ...))


# ---------------------------------------------------------------------- documents


def _parsed(source: str, text: str) -> list[Document]:
    try:
        contents = parse(text, language="JSON" if source.endswith(".json") else "YAML")
    except ParseError as error:
        raise InputError([f"{source}{error.where}: {error}"]) from None
    many = len(contents) > 1
    return [
        Document(f"{source} (document {number})" if many else source, content)
        for number, content in enumerate(contents, 1)
    ]


def _items(document: Document, problems: list[str]) -> Iterator[Document]:
    """Take a List apart, as `kubectl get -o yaml` prints it."""
    content = document.content
    if not isinstance(content, dict) or not str(content.get("kind", "")).endswith("List") or "items" not in content:
        yield document
    elif not isinstance(content["items"], list):
        problems.append(
            f"{document.source}: {content['kind']}: items must be a list, not {_type_name(content['items'])}"
        )
    else:
        for number, item in enumerate(content["items"], 1):
            yield Document(f"{document.source} (item {number})", item)


# ---------------------------------------------------------------------- manifests


def _problems(document: Document) -> list[str]:
    """Say why a document is refused; nothing when it is not."""
    obj = document.content
    if not isinstance(obj, dict):
        return [f"{document.source}: is no manifest: a map is needed, not {_type_name(obj)}"]
    try:
        plain(obj)
    except TypeError as error:
        return [f"{document.source}: {error}"]
    for field in ("apiVersion", "kind"):
        if not unstructured.text(obj, field):
            return [f"{document.source}: is no manifest: {field} is required, and must be a text"]
    if group_of(obj["apiVersion"]) == _KUSTOMIZE:
        return [
            f"{document.source}: is for kustomize; give what it makes: kubectl kustomize FOLDER | modelplane preview -"
        ]
    admitted = admit(obj, document.source)
    problems = admitted.lines()
    subject = f"{document.source}: {obj['kind']}/{unstructured.text(obj, 'metadata', 'name') or '?'}"
    if not problems and not unstructured.name_of(obj):
        problems.append(f"{subject}: metadata.name: is required, and must be a text")
    return problems + [f"{subject}: {problem}" for problem in (*_wrong_group(obj), *_metadata(obj))]


def _wrong_group(obj: Object) -> Iterator[str]:
    """Find a kind of ours that is written with a group that nobody serves."""
    group, kind = group_of(obj["apiVersion"]), obj["kind"]
    versions = sorted(known.api_version for known in KINDS if known.kind == kind)
    if versions and group not in GROUPS and (not group or difflib.get_close_matches(group, GROUPS, n=1, cutoff=0.8)):
        yield f'apiVersion: {kind} is served as {" and ".join(versions)}, not "{obj["apiVersion"]}"'


def _metadata(obj: Object) -> Iterator[str]:
    """Judge what every kind has in its metadata, besides the name."""
    namespace = unstructured.dig(obj, "metadata", "namespace", default="")
    if not isinstance(namespace, str):
        yield f"metadata.namespace: must be a text, not {_type_name(namespace)}"
    elif namespace and not _NAMESPACE.fullmatch(namespace):
        yield f'metadata.namespace: must be up to 63 {patterns.MEANINGS[patterns.DNS_LABEL]}, not "{namespace}"'
    for field in ("labels", "annotations"):
        entries = unstructured.dig(obj, "metadata", field, default={})
        if not isinstance(entries, dict):
            yield f"metadata.{field}: must be a map, not {_type_name(entries)}"
            continue
        for key, value in entries.items():
            if not isinstance(value, str):
                yield f"metadata.{field}[{key}]: must be a text, not {_type_name(value)}: {value!r}; put it in quotes"


def _type_name(value: Any) -> str:
    return _TYPE_NAMES.get(type(value), type(value).__name__)
