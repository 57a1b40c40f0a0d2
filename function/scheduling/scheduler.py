"""The scheduler: from the fleet and what is wanted to a plan.

It keeps what runs, takes away what is too many, places what is missing, and replaces what is to be
replaced, so that at every step enough serves. It remembers nothing: a plan is made anew from what is
observed, and comes to the same as long as that is the same. The order in which clusters and replicas
are given makes no difference; the order of a cluster's pools and of a pool's devices is theirs, and does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.scheduling.board import Board
from function.scheduling.capacity import overcommitted
from function.scheduling.contest import yielders
from function.scheduling.fleet import Fleet, Replica
from function.scheduling.plan import DeletionReason, InvalidSelector, Kept, Placement, Plan, Progress
from function.scheduling.team import Team, line_up
from function.scheduling.workload import SchedulingRequest
from function.selectors import COST_LIMIT, SelectorError, compile_selector


def schedule(fleet: Fleet, wanted: SchedulingRequest) -> Plan:
    """Plan a deployment's replicas.

    Args:
        fleet: All clusters, whatever their labels, and all replicas of all deployments; those of
            this deployment are marked as its own.
        wanted: The deployment.

    Returns:
        The plan. Nothing in the arguments makes this raise.
    """
    own = sorted((replica for replica in fleet.replicas if replica.own), key=_identity)
    terminating = tuple(replica for replica in own if replica.terminating)
    present = [replica for replica in own if not replica.terminating]
    held = None if wanted.fill else wanted.hold_reason
    invalid = _invalid_selectors(wanted)
    clusters = {cluster.name: cluster for cluster in sorted(fleet.clusters, key=lambda cluster: cluster.name)}
    doubt = bool(own) and not clusters
    if invalid or doubt:
        kept = tuple(Kept(replica) for replica in present)
        return Plan(kept=kept, terminating=terminating, invalid=invalid, held=held, doubt=doubt)

    lost = tuple(replica for replica in present if replica.cluster not in clusters)
    alive = [replica for replica in present if replica.cluster in clusters]
    yielding = yielders(clusters, fleet.replicas) & set(alive) if wanted.fill else frozenset()
    team = line_up((replica for replica in alive if replica not in yielding), clusters, wanted)
    board = Board(clusters, wanted, fleet.replicas)
    placed = board.place(team)
    short = len(placed) < board.most(team)
    retried = board.retry(team)
    making_room = board.make_room(team, terminating, len(placed))
    leaving = (
        *team.leaving,
        *((replica, DeletionReason.YIELDS) for replica in alive if replica in yielding),
        *((one, DeletionReason.STUCK) for one, _ in retried),
        *((one, DeletionReason.MAKES_ROOM) for one in making_room),
    )
    gone = {one for one, _ in leaving}
    staying = [replica for replica in alive if replica not in gone]
    return Plan(
        kept=board.keep(team, staying, len(placed)),
        placed=_in_order((*placed, *(placement for _, placement in retried))),
        leaving=leaving,
        lost=lost,
        terminating=terminating,
        rejections=board.rejections() if short else (),
        overcommitted=overcommitted(clusters.values(), fleet.replicas, staying),
        held=held,
        progress=_progress(team, alive, short=short, making_room=bool(making_room)),
    )


def _progress(team: Team, alive: Iterable[Replica], *, short: bool, making_room: bool) -> Progress:
    """Say how far the replicas run what is wanted now."""
    if team.failed:
        return Progress.FAILED
    if all(replica.revision == team.wanted.revision for replica in alive):
        return Progress.COMPLETE
    if not team.wanted.fill:
        return Progress.HELD
    if team.wanted.rollout.paused:
        return Progress.PAUSED
    starting = any(not replica.available for replica in team.current)
    waits = short and not making_room and not starting and not team.leaving
    return Progress.NO_ROOM if waits else Progress.REPLACING


def _in_order(placed: Iterable[Placement]) -> tuple[Placement, ...]:
    return tuple(sorted(placed, key=lambda one: (one.cluster, one.index)))


def _identity(replica: Replica) -> tuple[str, int, str, str]:
    return (replica.cluster, replica.index, replica.namespace, replica.name)


_TEXTS: Final = 2**16
"""Bytes that all selectors of a deployment may have together, equal ones counted once.

Ordinary ones have a hundred each. So all are compiled within a second, and stay compiled from call to call.
"""
_TOO_LONG: Final = (
    "all selectors of the deployment up to this one have {total:,} bytes; {limit:,} are allowed together. Shorten them"
)
_TOO_MUCH: Final = (
    "all selectors of the deployment up to this one may cost {total}; together they are allowed the {limit} "
    "of a single one. Loop over less"
)


def _invalid_selectors(wanted: SchedulingRequest) -> tuple[InvalidSelector, ...]:
    """Find the selectors that do not compile, or that cost too much beside those before them."""
    invalid: list[InvalidSelector] = []
    costs: dict[str, int] = {}
    seen: set[str] = set()
    length = 0
    for engine in wanted.engines:
        for position, member in enumerate(engine.members):
            for request in member.requests:
                for index, text in enumerate(request.selectors):
                    where = (engine.name, position, member.role, request.name, index)
                    length += 0 if text in seen else len(text.encode(errors="replace"))
                    seen.add(text)
                    if length > _TEXTS:
                        invalid.append(InvalidSelector(*where, _TOO_LONG.format(total=length, limit=_TEXTS)))
                        continue
                    try:
                        costs[text] = compile_selector(text).cost
                    except SelectorError as error:
                        invalid.append(InvalidSelector(*where, str(error), error.excerpt))
                        continue
                    total = sum(costs.values())
                    if total > COST_LIMIT:
                        invalid.append(InvalidSelector(*where, _TOO_MUCH.format(total=total, limit=COST_LIMIT)))
    return tuple(invalid)
