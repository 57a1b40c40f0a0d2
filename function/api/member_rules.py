"""Rules of an engine's members: what shapes there are, and which of them claim devices."""

from __future__ import annotations

from typing import Final

from function.api.base import Rule

SHAPE: Final = Rule(
    "(self.members.size() == 1 && self.members[0].role == 'Standalone') || ("
    "self.members.exists_one(m, m.role == 'Leader') && self.members.exists(m, m.role == 'Worker')"
    " && !self.members.exists(m, m.role == 'Standalone'))",
    "an engine is one Standalone member, or one Leader and one Worker",
)

ROUTER_SHAPE: Final = Rule(
    "!has(self.role) || self.members[0].role == 'Standalone'",
    "an engine of role Router is one Standalone member",
)

MAX_ROUTER_COPIES: Final = 8
"""Copies of a Router without devices: it is charged no node, so nothing else bounds how much of the nodes it takes."""

MAX_UNCHARGED_WORKERS: Final = 8
"""Workers without devices of an engine, in all copies: they are charged no node either."""


def claims(field: str, named: str) -> tuple[Rule, ...]:
    """Ask that some member claims devices, which a Router need not that has few copies."""
    some = f"self.members.exists(m, has(m.{field}))"
    return (
        Rule(f"has(self.role) || {some}", f"at least one member of an engine needs {named}, unless its role is Router"),
        Rule(
            f"!has(self.role) || self.copies <= {MAX_ROUTER_COPIES} || {some}",
            f"an engine of role Router without {field} may have at most {MAX_ROUTER_COPIES} copies",
        ),
        Rule(
            f"self.members.all(m, m.role != 'Worker' || has(m.{field}) || self.copies * "
            f"(has(m.worker) ? m.worker.nodes : 1) <= {MAX_UNCHARGED_WORKERS})",
            f"Workers without {field} may be at most {MAX_UNCHARGED_WORKERS}, counted over all copies",
        ),
    )


WORKER_ONLY: Final = Rule(
    "!has(self.worker) || self.role == 'Worker'",
    "worker may be set only on a member with role Worker",
)
