"""Write the facts of third-party definitions that our objects rely on, one table per kind.

python -m tests.schemas.extract                write what is stale, from the definitions at hand
python -m tests.schemas.extract --check        write nothing; exit 1 and name what is stale
EXTRACT_FACTS=1 make test T=tests/routing      add the fields of every object that these tests check

A table has a row for each field that we compose and for each field that is required beside one: its path, type and
enum, and whether it is required. A clone without the definitions checks what is composed against the tables. Values
under a free key are `*`, items of a list `[]`; `any` admits every value.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from function.api.generated_files import ROOT, GeneratedFiles

TABLES: Final = Path(__file__).parent
DEFINITIONS: Final = ROOT.parent / "shared" / "crds"

PODS: Final = TABLES / "kubernetes" / "podspec.yaml"
"""The table of every field of Kubernetes' PodSpec."""

_WITH_PODS: Final = "leaderworkersets.leaderworkerset.x-k8s.io"
_LIKE_CONTAINERS: Final = ("initContainers[].", "ephemeralContainers[].")

Schema: TypeAlias = Mapping[str, Any]
Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Mapping[str, Row]
"""The facts of one version of a kind, by path."""

OF_EVERY_KIND: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
"""Fields of which a table says nothing."""

_HEAD: Final = "# Facts of the definition that we rely on, made by python -m tests.schemas.extract.\n"


@cache
def read_definition(path: Path) -> Schema:
    """Read a definition's spec."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    spec: Schema = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)["spec"]  # noqa: S506  # safe, and fast
    return spec


def schema_of(spec: Schema, version: str) -> Schema:
    """Give the schema of a version."""
    (schema,) = (v["schema"]["openAPIV3Schema"] for v in spec["versions"] if v["name"] == version)
    return schema  # type: ignore[no-any-return]


def read(name: str) -> dict[str, Any]:
    """Read a table, by the name of its definition."""
    table: dict[str, Any] = yaml.safe_load((TABLES / f"{name}.yaml").read_text(encoding="utf-8"))
    return table


def render(kind: str, versions: Mapping[str, Rows]) -> str:
    """Write a table."""
    table = {"kind": kind, "versions": {version: dict(sorted(rows.items())) for version, rows in versions.items()}}
    return _HEAD + yaml.dump(table, sort_keys=False, default_flow_style=None, width=120)


def is_open(schema: Schema) -> bool:
    """Tell whether an object may have fields that its schema does not name."""
    return bool(schema.get("x-kubernetes-preserve-unknown-fields")) or schema.get("additionalProperties") is True


def type_of(schema: Schema) -> str:
    """Name the type of a field."""
    if schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    if is_open(schema):
        return "any"
    return str(schema.get("type", "any"))


def children(schema: Schema) -> dict[str, Schema]:
    """Give the schemas one step below, by the step."""
    if is_open(schema):
        return {}
    below = {f".{name}": child for name, child in schema.get("properties", {}).items()}
    if isinstance(free := schema.get("additionalProperties"), Mapping):
        below[".*"] = free
    if isinstance(items := schema.get("items"), Mapping):
        below["[]"] = items
    return below


def paths(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Give the path of every field of a value that its schema knows."""
    below = children(schema)
    if isinstance(value, list) and "[]" in below:
        for item in value:
            yield f"{path}[]"
            yield from paths(item, below["[]"], f"{path}[]")
    elif isinstance(value, Mapping):
        for name, child in value.items():
            step = f".{name}" if f".{name}" in below else ".*"
            if step in below:
                yield path + step
                yield from paths(child, below[step], path + step)


def facts(schema: Schema, wanted: set[str], path: str = "") -> Iterator[tuple[str, Row]]:
    """Give a row for each wanted path, for each above one, and for each that is required beside one."""
    required = set(schema.get("required", ()))
    for step, child in children(schema).items():
        below = path + step
        needed = step.removeprefix(".") in required
        if needed or any(other == below or other.startswith((f"{below}.", f"{below}[")) for other in wanted):
            row: dict[str, Any] = {"type": type_of(child)}
            if "enum" in child:
                row["enum"] = list(child["enum"])
            if needed:
                row["required"] = True
            yield below.removeprefix("."), row
            yield from facts(child, wanted, below)


def refreshed(name: str, obj: Mapping[str, Any] | None = None) -> str:
    """Write a table anew from its definition.

    Args:
        name: Name of the definition.
        obj: An object whose fields the table is to have too.
    """
    spec = read_definition(DEFINITIONS / f"{name}.yaml")
    versions: dict[str, Rows] = read(name)["versions"] if (TABLES / f"{name}.yaml").is_file() else {}
    if obj is not None:
        versions.setdefault(obj["apiVersion"].rpartition("/")[2], {})
    made = {}
    for version, rows in sorted(versions.items()):
        schema = _own_fields(schema_of(spec, version))
        wanted = {f".{path}" for path in rows}
        if obj is not None and obj["apiVersion"].endswith(f"/{version}"):
            wanted |= set(paths(obj, schema))
        made[version] = dict(facts(schema, wanted))
    return render(spec["names"]["kind"], made)


def add(name: str, obj: Mapping[str, Any]) -> None:
    """Add the fields of an object to a table."""
    (TABLES / f"{name}.yaml").write_text(refreshed(name, obj), encoding="utf-8")


def names() -> list[str]:
    """Name the definitions that have a table."""
    return sorted(path.stem for path in TABLES.glob("*.yaml"))


def _own_fields(schema: Schema) -> Schema:
    properties = {name: child for name, child in schema["properties"].items() if name not in OF_EVERY_KIND}
    return {**schema, "properties": properties}


def generated(tables: Iterable[str]) -> GeneratedFiles:
    """Give tables as their definitions make them."""
    return GeneratedFiles({f"tests/schemas/{name}.yaml": refreshed(name) for name in tables})


def pod_spec() -> GeneratedFiles:
    """Give the table of every field of Kubernetes' PodSpec, from a definition that embeds all of it.

    Init and ephemeral containers have the fields of containers, so their own are left out.
    """
    schema = schema_of(read_definition(DEFINITIONS / f"{_WITH_PODS}.yaml"), "v1")
    for name in ("spec", "leaderWorkerTemplate", "leaderTemplate", "spec"):
        schema = schema["properties"][name]
    rows = {path: row for path, row in _every_field(schema) if not path.startswith(_LIKE_CONTAINERS)}
    text = _HEAD + yaml.dump(dict(sorted(rows.items())), sort_keys=False, default_flow_style=None, width=120)
    return GeneratedFiles({PODS.relative_to(ROOT).as_posix(): text})


def _every_field(schema: Schema, path: str = "") -> Iterator[tuple[str, Row]]:
    required = set(schema.get("required", ()))
    for step, child in children(schema).items():
        below = path + step
        needed = {"required": True} if step.removeprefix(".") in required else {}
        yield below.removeprefix("."), {"type": type_of(child), **needed}
        yield from _every_field(child, below)


def main() -> int:
    at_hand = [name for name in names() if (DEFINITIONS / f"{name}.yaml").is_file()]
    pods = pod_spec() if _WITH_PODS in at_hand else GeneratedFiles({})
    return (generated(at_hand) | pods).command("tests.schemas.extract", (__doc__ or "").splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
