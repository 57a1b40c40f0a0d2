"""What every part of the API is made of: models, limits, rules and the descriptor of a kind.

A model says three things at once. Its types are what the program reads. Its defaults are what
the API server fills in. Its limits and rules, which stand beside the types as annotations, are
what the API server refuses. Reading an object checks its shape only: limits and rules are for
admission, so an object that was stored before a limit existed can still be read.

A default that says nothing (null, false, an empty text, list or map) is how an absent field
reads in the program, and is no default of the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetJsonSchemaHandler, Strict
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

VALIDATIONS = "x-kubernetes-validations"
LIST_TYPE = "x-kubernetes-list-type"
LIST_MAP_KEYS = "x-kubernetes-list-map-keys"
INT_OR_STRING = "x-kubernetes-int-or-string"


def as_integer(value: object) -> object:
    """Turn a whole double into an integer: protobuf's Struct has doubles only."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_api_default(default: object) -> bool:
    """Tell a default of the API from one that only says how an absent field reads in the program."""
    return bool(default) or (isinstance(default, int) and not isinstance(default, bool))


Text = Annotated[str, Strict()]
"""A string."""

Flag = Annotated[bool, Strict()]
"""A boolean; numbers and words are not booleans."""

Integer = Annotated[int, Strict(), BeforeValidator(as_integer)]
"""A whole number; booleans are not numbers."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Keywords of a schema that admission checks and reading does not.

    Attributes:
        keywords: Pairs of keyword and value, as the schema has them.
    """

    keywords: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the keywords to the schema of what is annotated."""
        added = {key: list(value) if isinstance(value, tuple) else value for key, value in self.keywords}
        return {**handler(core), **added}


class _IntOrStringSchema:
    """The schema of a value that may be a whole number or a string, which Kubernetes has its own keyword for."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Give the keyword in place of a type."""
        return {INT_OR_STRING: True}


IntOrString: TypeAlias = Annotated[Integer | Text, _IntOrStringSchema()]
"""A whole number or a string. Limits of numbers count for a number, those of texts for a text."""


def _limits(**keywords: Any) -> Limits:
    return Limits(tuple((key, value) for key, value in keywords.items() if value is not None))


def length(minimum: int | None, maximum: int) -> Limits:
    """Bound a text in characters."""
    return _limits(minLength=minimum, maxLength=maximum)


def matches(pattern: str) -> Limits:
    """Ask for a syntax; the pattern comes from `function.api.patterns`."""
    return _limits(pattern=pattern)


def date_time() -> Limits:
    """Ask for a time as RFC 3339 has it."""
    return _limits(format="date-time")


def between(minimum: int, maximum: int | None = None) -> Limits:
    """Bound a number."""
    return _limits(minimum=minimum, maximum=maximum)


def items(
    minimum: int | None,
    maximum: int,
    *,
    keys: tuple[str, ...] = (),
    type: Literal["map", "set", "atomic"] | None = None,  # noqa: A002 - the schema's own word
) -> Limits:
    """Bound a list, and say how writers share it.

    Args:
        minimum: The fewest items; None for no lower bound.
        maximum: The most items.
        keys: Fields that tell items apart, which makes the list a map.
        type: `atomic` for one writer, `set` for values that do not repeat.
    """
    limits = _limits(minItems=minimum, maxItems=maximum)
    kind = "map" if keys else type
    sharing: tuple[tuple[str, Any], ...] = ((LIST_TYPE, kind),) if kind else ()
    return Limits(limits.keywords + sharing + (((LIST_MAP_KEYS, keys),) if keys else ()))


def entries(maximum: int, minimum: int | None = None) -> Limits:
    """Bound a map."""
    return _limits(minProperties=minimum, maxProperties=maximum)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of admission in CEL, over `self` and, for an update, `oldSelf`.

    Stands in a model's RULES, or in the annotation of a field whose value is no model.

    Attributes:
        rule: The expression; false refuses.
        message: What the user is told when it is false.
    """

    rule: str
    message: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the rule to the schema of what is annotated."""
        return _with_rules(handler(core), (self,))


def _with_rules(schema: JsonSchemaValue, rules: tuple[Rule, ...]) -> JsonSchemaValue:
    if not rules:
        return schema
    added = [{"rule": rule.rule, "message": rule.message} for rule in rules]
    return {**schema, VALIDATIONS: [*schema.get(VALIDATIONS, []), *added]}


def immutable(field: str, advice: str) -> Rule:
    """Refuse a change of a value that was set.

    Args:
        field: What the value is.
        advice: What to do instead of changing it.
    """
    return Rule("self == oldSelf", f"{field} cannot be changed: {advice}")


class Model(BaseModel):
    """A part of the API: read from camelCase, frozen, deaf to fields that it does not know."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    RULES: ClassVar[tuple[Rule, ...]] = ()

    EMPTY_SAYS_SOMETHING: ClassVar[bool] = False
    """Whether an object without fields is something else than no object."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the model's rules to its schema."""
        schema = handler.resolve_ref_schema(handler(core))
        schema.update(_with_rules(schema, cls.RULES))
        return schema

    def plain(self) -> dict[str, Any]:
        """Write the model as plain data: camelCase, and only the fields that were set."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    path: str
    type: Literal["string", "integer"] = "string"


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale subresource: which paths hold the wanted and current numbers and the selector."""

    spec_path: str
    status_path: str
    selector_path: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that Modelplane serves.

    Attributes:
        group: API group.
        kind: Name of the kind.
        plural: Plural name, as in the API's paths.
        short: Short name for kubectl.
        scope: Whether objects live in a namespace.
        about: What the kind is for, in a sentence or two.
        spec: Model of the spec.
        status: Model of the status, less its conditions; None when there are only conditions.
        step: Step of the kind's Composition; empty while nothing composes it.
        columns: Own columns of `kubectl get`.
        rules: Rules over the whole object; of metadata they can read only the name.
        scale: Scale subresource, if any.
        internal: Written by Modelplane itself rather than by its users.
        version: Version of the API.
    """

    group: str
    kind: str
    plural: str
    short: str
    scope: Literal["Namespaced", "Cluster"]
    about: str
    spec: type[Model]
    status: type[Model] | None = None
    step: str = ""
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    scale: Scale | None = None
    internal: bool = False
    version: str = "v1alpha1"

    @property
    def api_version(self) -> str:
        """Group and version, as in a manifest."""
        return f"{self.group}/{self.version}"

    @property
    def name(self) -> str:
        """Name of the definition and of the Composition: plural and group."""
        return f"{self.plural}.{self.group}"
