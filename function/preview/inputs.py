"""Reading manifests from files, folders and standard input, and refusing what cannot be meant."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import yaml

from function.api import patterns
from function.api.kinds import GROUPS, KINDS
from function.api.validation import admit
from function.composition import Manifest, Object, manifest
from function.preview.fields import plain
from function.preview.kinds import group_of, in_namespace, ref_of

STDIN: Final = "-"

_ENDS: Final = frozenset({".json", ".yaml", ".yml"})
_KUSTOMIZE: Final = "kustomize.config.k8s.io"
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CALLED: Final = {
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
    for source, text in _texts(paths, stdin or sys.stdin, problems):
        try:
            documents += [item for document in _parsed(source, text) for item in _items(document, problems)]
        except InputError as error:
            problems += error.problems
    if not documents and not problems:
        problems.append(f"no manifests in {', '.join(paths)}")
    found: list[Manifest] = []
    places: dict[Any, str] = {}
    for document in documents:
        wrong = _problems(document)
        problems += wrong
        if wrong:
            continue
        thing = document.content
        ref = ref_of(in_namespace(thing, "default"))
        if ref in places:
            problems.append(f"{document.source}: {ref} is given twice, first in {places[ref]}")
        places.setdefault(ref, document.source)
        found.append(thing)
    if problems:
        raise InputError(problems)
    return found


# ---------------------------------------------------------------------- files


def _texts(paths: Sequence[str], stdin: TextIO, problems: list[str]) -> Iterator[tuple[str, str]]:
    """Give each file's name and text, a file that is named twice once; note what cannot be read."""
    seen: set[Path] = set()
    for path in paths:
        if path == STDIN:
            yield "standard input", stdin.read()
            continue
        place = Path(path)
        files = [place]
        if place.is_dir():
            files = sorted(file for file in place.rglob("*") if file.suffix in _ENDS and file.is_file())
            if not files:
                problems.append(f"{path}: no .yaml, .yml or .json files in this folder")
        for file in files:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                try:
                    yield str(file), file.read_text(encoding="utf-8")
                except FileNotFoundError:
                    problems.append(f"{file}: no such file or folder")
                except UnicodeDecodeError as error:
                    problems.append(f"{file}: is not text in UTF-8 (byte {error.start})")
                except OSError as error:
                    problems.append(f"{file}: cannot be read: {error.strerror}")


def _parsed(source: str, text: str) -> list[Document]:
    language = "JSON" if source.endswith(".json") else "YAML"
    try:
        contents = [_json(text)] if language == "JSON" else list(yaml.load_all(text, Loader=_Loader))
    except json.JSONDecodeError as error:
        raise InputError([f"{source}:{error.lineno}:{error.colno}: is not JSON: {error.msg}"]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise InputError([f"{source}{where}: is not YAML: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError([f"{source}: is not {language}: {error}"]) from None
    except RecursionError:
        raise InputError([f"{source}: is nested too deeply"]) from None
    except (AttributeError, LookupError, TypeError):  # what the parser makes of a text under a tag it cannot have
        raise InputError([f"{source}: is not YAML: a value does not fit its tag"]) from None
    contents = [content for content in contents if content is not None]
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
        problems.append(f"{document.source}: {content['kind']}: items must be a list, not {_called(content['items'])}")
    else:
        for number, item in enumerate(content["items"], 1):
            yield Document(f"{document.source} (item {number})", item)


# ---------------------------------------------------------------------- manifests


def _problems(document: Document) -> list[str]:
    """Say why a document is refused; nothing when it is not."""
    thing = document.content
    if not isinstance(thing, dict):
        return [f"{document.source}: is no manifest: a map is needed, not {_called(thing)}"]
    try:
        plain(thing)
    except TypeError as error:
        return [f"{document.source}: {error}"]
    except RecursionError:
        return [f"{document.source}: contains itself, or is nested too deeply"]
    for field in ("apiVersion", "kind"):
        if not manifest.text(thing, field):
            return [f"{document.source}: is no manifest: {field} is required, and must be a text"]
    if group_of(thing["apiVersion"]) == _KUSTOMIZE:
        return [
            f"{document.source}: is for kustomize; give what it makes: kubectl kustomize FOLDER | modelplane preview -"
        ]
    admitted = admit(thing, document.source)
    found = admitted.lines()
    subject = f"{document.source}: {thing['kind']}/{manifest.text(thing, 'metadata', 'name') or '?'}"
    if not found and not manifest.name_of(thing):
        found.append(f"{subject}: metadata.name: is required, and must be a text")
    return found + [f"{subject}: {problem}" for problem in (*_misplaced(thing), *_metadata(thing))]


def _misplaced(thing: Object) -> Iterator[str]:
    """Find a kind of ours that is written with a group that nobody serves."""
    group, kind = group_of(thing["apiVersion"]), thing["kind"]
    served = sorted(known.api_version for known in KINDS if known.kind == kind)
    if served and group not in GROUPS and (not group or difflib.get_close_matches(group, GROUPS, n=1, cutoff=0.8)):
        yield f'apiVersion: {kind} is served as {" and ".join(served)}, not "{thing["apiVersion"]}"'


def _metadata(thing: Object) -> Iterator[str]:
    """Judge what every kind has in its metadata, besides the name."""
    namespace = manifest.dig(thing, "metadata", "namespace", default="")
    if not isinstance(namespace, str):
        yield f"metadata.namespace: must be a text, not {_called(namespace)}"
    elif namespace and not _NAMESPACE.fullmatch(namespace):
        yield f'metadata.namespace: must be up to 63 {patterns.MEANINGS[patterns.DNS_LABEL]}, not "{namespace}"'
    for field in ("labels", "annotations"):
        entries = manifest.dig(thing, "metadata", field, default={})
        if not isinstance(entries, dict):
            yield f"metadata.{field}: must be a map, not {_called(entries)}"
            continue
        for key, value in entries.items():
            if not isinstance(value, str):
                yield f"metadata.{field}[{key}]: must be a text, not {_called(value)}: {value!r}; put it in quotes"


def _called(value: Any) -> str:
    return _CALLED.get(type(value), type(value).__name__)


# ---------------------------------------------------------------------- YAML and JSON


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the key "{twice}" is there twice')
    return found


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    """Build a map, refusing keys that are there twice, of which all but one would be lost."""
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "a map is needed here", node.start_mark)
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
        if key.value in seen and key.value != "<<":
            raise yaml.constructor.ConstructorError(None, None, f'the key "{key.value}" is there twice', key.start_mark)
        seen.add(key.value)
    loader.flatten_mapping(node)
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


def _number(loader: Any, node: Any) -> Any:
    """Build a number; what looks like hours and minutes is a text."""
    value = loader.construct_scalar(node)
    if ":" in value:
        return value
    tag = node.tag.rpartition(":")[2]
    return loader.construct_yaml_int(node) if tag == "int" else loader.construct_yaml_float(node)


_Loader: Any = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
    for first, rules in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
