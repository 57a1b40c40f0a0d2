"""The forms in which engines are written: flat or nested in a ModelDeployment, and placed in a ModelReplica."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from function.composition import Manifest
from tests.support.api import deployment, member, nested, placed, replica, template

Part: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EngineForm:
    """A form of writing engines.

    Attributes:
        at: Where the engines and what stands beside them are.
        write: Writes the object.
        member: Writes a member of an engine.
        claims: The field by which a member asks for devices.
    """

    at: str
    write: Callable[..., Manifest]
    member: Callable[..., Part]
    claims: str

    @property
    def first(self) -> str:
        """The path of the first engine's first member."""
        return f"{self.at}.engines[0].members[0]"

    def engine(self, name: str = "qwen", *members: Part, **fields: Any) -> Part:
        """An engine; of one member that stands alone if nothing else is said."""
        return {"name": name, "members": list(members) or [self.member()], **fields}

    def engines(self, *engines: Part, **fields: Any) -> Manifest:
        """An object with these engines."""
        return self.write(engines=list(engines), **fields)

    def members(self, *members: Part) -> Manifest:
        """An object with one engine of these members."""
        return self.engines(self.engine("qwen", *members))

    def pod(self, **fields: Any) -> Manifest:
        """An object whose only member's pods have these fields in their spec."""
        return self.members(self.member(template=template(**fields)))

    def container(self, **fields: Any) -> Manifest:
        """An object whose only container has these fields."""
        return self.pod(containers=[{"name": "engine", "image": "vllm/vllm-openai:v0.23.0", **fields}])

    def metadata(self, **fields: Mapping[str, str]) -> Manifest:
        """An object whose only member's pods have these labels and annotations."""
        return self.members(self.member(template={**template(), "metadata": fields}))


FLAT: Final = EngineForm("spec", deployment, member, "nodeSelector")
NESTED: Final = EngineForm("spec.template.spec", nested, member, "nodeSelector")
PLACED: Final = EngineForm("spec", replica, placed, "deviceRequests")

ENGINE_FORMS: Final = (FLAT, NESTED, PLACED)
DEPLOYMENT_FORMS: Final = (FLAT, NESTED)
