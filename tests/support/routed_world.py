"""A deployment and a service over it through time: the real composers, and all around them as fast as can be.

Time goes in ticks of five seconds. Replicas take a while to serve, endpoints to be ready, and services to
notice; users push, roll back, drain, scale and pause whenever they like. What counts in the end is what the
service's route names, and which of those replicas answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final

from function.composition import (
    Composer,
    Composition,
    Draft,
    Manifest,
    Observation,
    Requirement,
    owned,
    timestamps,
    unstructured,
)
from function.composition.cache import Identity
from function.deployment import model_deployment
from function.deployment.draining import GRACE
from function.routing import model_service
from tests.support.deployments import KEY, cluster, deployment, engine, member, owned_by, pool, request
from tests.support.observe import NOW, with_condition

TICK: Final = timedelta(seconds=5)
NOTICED: Final = 16
"""Ticks within which a service has noticed a change of its endpoints: 80 of the 90 seconds that it is given."""

_VERSIONS: Final = count()
"""Of all worlds together: what is known of an object is remembered by its version."""

Clocks = Callable[["RoutedWorld", Observation], datetime]


def the_time(world: RoutedWorld, _observation: Observation) -> datetime:
    """A clock that is right."""
    return world.time


class TrackedObject(dict[str, Any]):
    """An object of the API server, known by its uid and version."""

    identity: Identity


@dataclass(eq=False)
class Unit:
    """What goes on behind a replica, or behind an endpoint.

    Attributes:
        obj: The object.
        ready_at: The tick at which it gets Ready; None for never.
        answers: Whether it is Ready.
    """

    obj: TrackedObject
    ready_at: int | None
    answers: bool = False


@dataclass
class RoutedWorld:
    """All of it.

    Attributes:
        random: Decides everything that is left to chance.
        nodes: How many nodes each cluster has.
        replicas: How many replicas are wanted.
        image: What they run.
        rollout: The deployment's `spec.rollout`.
        clocks: What a server takes for the time when it is asked.
        faults: Whether replicas have failed by themselves. From then on it is not promised how many answer, but
            that none is taken away while fewer do than are promised.
        started: How many ticks replicas take to serve, at least and at most.
        lags: How many endpoints take to be ready.
        notices: How many ticks lie between two looks of the service at its endpoints.
        now: The tick.
        units: The deployment's children, by composition resource name.
        route: The names of the replicas that the service's route sends requests to.
        log: What happened, for a failure.
    """

    random: Random
    nodes: dict[str, int]
    replicas: int
    image: str = "v1"
    rollout: dict[str, Any] = field(default_factory=dict)
    clocks: Clocks = the_time
    taints: dict[str, list[Manifest]] = field(default_factory=dict)
    unready: set[str] = field(default_factory=set)
    others: list[Manifest] = field(default_factory=list)
    faults: bool = False
    started: tuple[int, int] = (1, 12)
    lags: tuple[int, int] = (0, 8)
    notices: tuple[int, int] = (1, NOTICED - 4)
    now: int = 0
    units: dict[str, Unit] = field(default_factory=dict)
    route: frozenset[str] = frozenset()
    log: list[str] = field(default_factory=list)
    _status: dict[str, Any] = field(default_factory=dict)
    _httproute: Manifest | None = None
    _service_status: Mapping[str, Any] = field(default_factory=dict)
    _dying: list[tuple[int, TrackedObject]] = field(default_factory=list)
    _past: deque[tuple[int, list[TrackedObject]]] = field(default_factory=lambda: deque(maxlen=3))
    _least: deque[int] = field(default_factory=lambda: deque(maxlen=NOTICED + 2))
    _known: dict[str, TrackedObject] = field(default_factory=dict)
    _marked: dict[str, int] = field(default_factory=dict)
    _next_plan: int = 0
    _next_notice: int = 0
    _saw: int = 0
    _empty_since: int | None = None
    _answering: int = 0

    # ------------------------------------------------------------------ what there is

    @property
    def time(self) -> datetime:
        """The time."""
        return NOW + self.now * TICK

    @property
    def least(self) -> int:
        """How many have to answer."""
        unavailable: int = self.rollout.get("maxUnavailable", int(self.replicas > 1))
        return max(self.replicas - unavailable, 0)

    @property
    def promised(self) -> int:
        """How many have to answer, as far as there was time to know of it."""
        return min([self.least, *self._least])

    @property
    def is_ready(self) -> bool:
        """Whether the deployment says that it is Ready."""
        return unstructured.is_true({"status": self._status}, "Ready")

    def answering(self) -> set[str]:
        """The replicas that requests reach: the route names them, and they answer."""
        return {name for name in self.route if (unit := self.units.get(f"replica-{name}")) and unit.answers}

    def available(self) -> set[str]:
        """Those of them that the deployment does not take away."""
        return {name for name in self.answering() if not self._draining(name)}

    def _draining(self, name: str) -> bool:
        endpoint = self.units.get(f"endpoint-{name}")
        return endpoint is None or unstructured.dig(endpoint.obj, "spec", "draining") is True

    # ------------------------------------------------------------------ what happens

    def tick(self) -> None:
        """Let a tick go by."""
        self.now += 1
        self._least.append(self.least)
        self._dying = [(until, obj) for until, obj in self._dying if until > self.now]
        for key, unit in self.units.items():
            if not unit.answers and unit.ready_at is not None and unit.ready_at <= self.now:
                self.say(key, ready=True)
        endpoints = [unit.obj for key, unit in sorted(self.units.items()) if key.startswith("endpoint-")]
        self._past.append((self.now, endpoints))
        if self.now >= self._next_plan:
            self.plan()
            self.check()
        if self.now >= self._next_notice:
            self._notice()
            self.check()

    def say(self, key: str, *, ready: bool) -> None:
        """Have a replica or an endpoint say whether it is ready."""
        unit = self.units[key]
        unit.answers, unit.ready_at = ready, None
        ready_condition = {"type": "Ready", "status": str(ready), "reason": "Said", "lastTransitionTime": self.stamp}
        status: Manifest = {**unit.obj.get("status", {}), "conditions": [ready_condition]}
        if key.startswith("endpoint-") and ready:
            status["routing"] = {"backendName": f"svc-{key.removeprefix('endpoint-')}", "port": 80, "rewritePath": "/"}
        if key.startswith("replica-") and ready:
            status.setdefault("servingSince", self.stamp)
        self._store(key, {**unit.obj, "status": status})
        self.soon()

    def soon(self) -> None:
        """Have the deployment looked at within a few seconds."""
        self._next_plan = min(self._next_plan, self.now + self.random.randint(1, 2))

    def happen(self, what: str) -> None:
        """Note what somebody did, and have it looked at."""
        self.log.append(f"{self.now}: {what}")
        self.soon()

    def fault(self, what: str) -> None:
        """Note what nobody did on purpose; services have to be given time anew."""
        self.faults, self._empty_since = True, None
        self.happen(what)

    @property
    def stamp(self) -> str:
        """The time, as the API server writes it."""
        return timestamps.text_of(self.time)

    # ------------------------------------------------------------------ the deployment

    def plan(self) -> None:
        """Have the deployment composed, and do what the answer says."""
        before = self.available()
        observation = self._observation()
        answered = _compose(model_deployment.COMPOSER, observation)
        self._next_plan = self.now + max(1, -(-answered.ttl_seconds // int(TICK.total_seconds())))
        marked = {key for key in self.units if key.startswith("endpoint-") and self._draining(key[9:])}
        for key in sorted(self.units.keys() - answered.children.keys()):
            self.log.append(f"{self.now}: {key} goes")
            if key.startswith("endpoint-"):
                drained = self.now - self._marked.get(key, self.now)
                assert drained * TICK >= GRACE, self.story(f"{key} has drained for {drained * TICK} only")
            gone = self.units.pop(key).obj
            if key.startswith("replica-"):
                meta = {**gone["metadata"], "deletionTimestamp": self.stamp}
                self._dying.append((self.now + self.random.randint(1, 6), self._tracked({**gone, "metadata": meta})))
        for key, child in answered.children.items():
            self._apply(key, child.manifest)
        now_marked = {key for key in self.units if key.startswith("endpoint-") and self._draining(key[9:])}
        self._marked = {key: self._marked.get(key, self.now) for key in sorted(now_marked)}
        self.log += [f"{self.now}: {key} drains" for key in sorted(now_marked - marked)]
        conditions = [{"type": condition.type, "status": condition.status.value} for condition in answered.conditions]
        ready = {"type": "Ready", "status": str(answered.ready), "lastTransitionTime": self.stamp}
        self._status = {**answered.status, "conditions": [*conditions, ready]}
        if before - self.available():
            assert len(self.available()) >= self.least, self.story("an available replica was taken away")

    def _observation(self) -> Observation:
        spec: dict[str, Any] = {"rollout": self.rollout} if self.rollout else {}
        image = {"spec": {"containers": [{"name": "engine", "image": self.image}]}}
        obj = deployment(self.replicas, engine("vllm", member(request(), template=image)), **spec)
        obj["status"] = self._status
        children = {key: unit.obj for key, unit in self.units.items()}
        listed = [child for key, child in children.items() if key.startswith("replica-")]
        listed += [obj for _, obj in self._dying]
        required = {"clusters": tuple(map(self._cluster, sorted(self.nodes))), "replicas": (*listed, *self.others)}
        observation = Observation(obj, self.time, children, required)
        return Observation(obj, self.clocks(self, observation), children, required)

    def _cluster(self, name: str) -> TrackedObject:
        body = cluster(
            name,
            pool("a100", self.nodes[name]),
            taints=self.taints.get(name, ()),
            ready=name not in self.unready,
        )
        known = self._known.get(name)
        if known != body:
            known = self._known[name] = self._tracked(body)
        return known

    def _apply(self, key: str, body: Mapping[str, Any]) -> None:
        """Do what the API server does with an answer's child."""
        seen = self.units.get(key)
        old = seen.obj if seen else None
        meta = {
            **body["metadata"],
            "annotations": {**body["metadata"].get("annotations", {}), KEY: key},
            "uid": old["metadata"]["uid"] if old else f"{key}-{self.now}",
            "creationTimestamp": old["metadata"]["creationTimestamp"] if old else self.stamp,
            "ownerReferences": owned_by(deployment()),
        }
        fresh: Manifest = {**body, "metadata": meta}
        if old is not None:
            known = {name: value for name, value in old["metadata"].items() if name != "managedFields"}
            if fresh == {**{name: value for name, value in old.items() if name != "status"}, "metadata": known}:
                return
            fresh["status"] = old.get("status", {})
        if key.startswith("endpoint-"):
            meta["managedFields"] = [
                {
                    "manager": owned.manager(deployment()),
                    "operation": "Apply",
                    "time": self.stamp,
                    "fieldsV1": _fields({"metadata": {"labels": body["metadata"]["labels"]}, "spec": body["spec"]}),
                }
            ]
        self._store(key, fresh)
        if old is None:
            self.log.append(f"{self.now}: {key} comes with {self.image}")
            low, high = self.started if key.startswith("replica-") else self.lags
            self.units[key].ready_at = self.now + self.random.randint(low, high)
        self.soon()

    def _store(self, key: str, body: Mapping[str, Any]) -> None:
        if key in self.units:
            self.units[key].obj = self._tracked(body)
        else:
            self.units[key] = Unit(self._tracked(body), None)

    def _tracked(self, body: Mapping[str, Any]) -> TrackedObject:
        obj = TrackedObject(body)
        obj.identity = Identity(f"routed world {next(_VERSIONS)}", "1")
        return obj

    # ------------------------------------------------------------------ the service

    def _notice(self) -> None:
        """Have the service composed, by what it knows of its endpoints: a few ticks late, never less than before."""
        self._saw, endpoints = self.random.choice([(at, found) for at, found in self._past if at >= self._saw])
        spec = {"endpoints": [{"selector": {"matchLabels": {"modelplane.ai/deployment": "chat"}}}]}
        meta = {"name": "chat", "namespace": "ml-team"}
        obj = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelService", "metadata": meta, "spec": spec}
        obj["status"] = self._service_status
        children = {"httproute": self._httproute} if self._httproute else {}
        required = {"inference-gateway": (_GATEWAY,), "endpoints-0": tuple(endpoints)}
        seen = Observation(obj, self.time, children, required)
        asked = _compose(model_service.COMPOSER, seen).requirements
        named = {
            key: _named(requirement, endpoints)
            for key, requirement in asked.items()
            if requirement.name and key not in required
        }
        answered = _compose(model_service.COMPOSER, replace(seen, required={**required, **named}))
        self._service_status = answered.status
        body = answered.children["httproute"].manifest
        self._httproute = {**body, "metadata": {**body["metadata"], "name": "chat"}}
        refs = unstructured.items(unstructured.dig(body, "spec", "rules", 0), "backendRefs")
        self.route = frozenset(ref["name"].removeprefix("svc-") for ref in refs if ref["weight"] > 0)
        self._next_notice = self.now + self.random.randint(*self.notices)

    def check(self) -> None:
        """Check what is promised of the route: it never sinks below what it was but down to the promise."""
        answering = len(self.answering())
        assert self.faults or answering >= min(self._answering, self.promised), self.story(f"the route has {answering}")
        self._answering = answering
        if answering or not self.is_ready:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = self.now
        else:
            assert self.now - self._empty_since <= NOTICED, self.story("Ready, and nothing answers")

    def story(self, what: str) -> str:
        """Tell how it came to something."""
        units = {
            key: ("ready" if unit.answers else "") + (" draining" if key[0] == "e" and self._draining(key[9:]) else "")
            for key, unit in sorted(self.units.items())
        }
        return "\n".join([*self.log[-40:], f"{self.now}: {what}, promised {self.promised}: {units}", str(self.route)])


def _named(wanted: Requirement, endpoints: Sequence[TrackedObject]) -> tuple[Manifest, ...]:
    """The endpoint or the Service that a service asks for by name; an endpoint has its Service for as long as it is."""
    found = {unstructured.name_of(endpoint): endpoint for endpoint in endpoints}
    if wanted.kind == "ModelEndpoint":
        return tuple(obj for name, obj in found.items() if name == wanted.name)
    owners = [
        endpoint
        for endpoint in endpoints
        if unstructured.text(endpoint, "status", "routing", "backendName") == wanted.name
    ]
    return tuple(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": wanted.name,
                "namespace": "ml-team",
                "ownerReferences": [
                    {"kind": "ModelEndpoint", "name": unstructured.name_of(owner), "controller": True},
                ],
            },
        }
        for owner in owners
    )


def _compose(composer: Composer, observation: Observation) -> Composition:
    return composer.compose(Draft(observation, composer.vocabulary))


def _fields(value: Mapping[str, Any]) -> Manifest:
    """The managed fields of an object of which all is ours."""
    return {f"f:{key}": _fields(item) if isinstance(item, Mapping) else {} for key, item in value.items()}


_GATEWAY: Final = with_condition(
    {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceGateway",
        "metadata": {"name": "default"},
        "spec": {"backend": "Traefik", "traefik": {}},
        "status": {"address": "192.0.2.1"},
    },
    "GatewayAPIReady",
)
