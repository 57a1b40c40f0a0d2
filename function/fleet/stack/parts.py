"""Parts of the serving stack: what each is, and what it waits for when it is first made."""

from __future__ import annotations

from dataclasses import dataclass

from function.api.serving_stack import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Release or Object of the stack.

    Attributes:
        key: Its composition resource name.
        component: The component that it belongs to, by which a user can say that the cluster has it already;
            None when it is always composed.
        after: Parts that must be ready before it is first made.
        refines: Whether models are served without it, only less well: a stack that serves goes on while it is made.
    """

    key: str
    component: Component | None = None
    after: tuple[str, ...] = ()
    refines: bool = False
