"""Stands in for an inference cluster's proxy and the engines behind it: it answers with what it was sent.

It listens on the address of the cluster's Gateway, and knows the routes and the endpoints of that
cluster: a request goes by the longest path that a route has, is rewritten as the route says, and
is answered for a pod that is ready. Without a route the answer is 404, without a ready pod 503.
About a request with a body the picker of a pool is asked.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from function.composition import Manifest, Object, unstructured
from tests.e2e.bed.api import Api
from tests.e2e.bed.pickers import Pickers, Place
from tests.e2e.bed.servers import HttpServer
from tests.support.picker_program import PickedPod, PickerRefusalError

_PORT: Final = 80
_GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
_POOL_API: Final = "inference.networking.k8s.io/v1"
_PHASE: Final = "llm-d.ai/role"
_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Route:
    """A rule of a route.

    Attributes:
        name: Name of the HTTPRoute.
        prefix: The path that it takes.
        replacement: What takes its place; None to leave it.
        pods: The pods behind it that are ready.
        pool: The pool that has them, whose picker is asked; None for a Service.
    """

    name: str
    prefix: str
    replacement: str | None
    pods: tuple[PickedPod, ...]
    pool: Place | None = None

    def takes(self, path: str) -> bool:
        """Tell whether a path is below the prefix."""
        prefix = self.prefix.rstrip("/")
        return path == prefix or path.startswith(prefix + "/")

    def rewritten(self, path: str) -> str:
        """The path as an engine sees it."""
        if self.replacement is None:
            return path
        rest = path[len(self.prefix.rstrip("/")) :]
        return f"{self.replacement.rstrip('/')}/{rest.lstrip('/')}"


class Echo:
    """A proxy and engines, for one cluster."""

    def __init__(self, cluster: str, api: Api, address: str) -> None:
        self._cluster, self._api, self._address = cluster, api, address
        self._routes: tuple[Route, ...] = ()
        self._turn = itertools.count()
        self._pickers = Pickers()
        self._server: HttpServer | None = None

    def stop(self) -> None:
        """Answer nothing more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def step(self) -> None:
        """Read the routes of the cluster as they are now; while it cannot be asked, they are as they were."""
        if self._server is None:
            self._server = HttpServer((self._address, _PORT), self._handler())
            threading.Thread(target=self._server.serve_forever, name=f"echo-{self._cluster}", daemon=True).start()
        slices = self._api.list("discovery.k8s.io/v1", "EndpointSlice")
        pools = self._api.list(_POOL_API, "InferencePool")
        self._pickers.follow(pools, self._api.list("v1", "ConfigMap") if pools else [])
        backends = _Backends(slices, pools, self._api.list("v1", "Pod") if pools else [])
        found = (rule for route in self._api.list(_GATEWAY_API, "HTTPRoute") for rule in _rules(route, backends))
        self._routes = tuple(sorted(found, key=lambda rule: len(rule.prefix), reverse=True))

    def answer(self, path: str, headers: Manifest, sent: bytes | None) -> tuple[int, Manifest]:
        """The status and the body of an answer; an empty body for none.

        Args:
            path: The path that was asked.
            headers: The request's headers.
            sent: The request's body; None for one without.
        """
        body: Manifest = {"cluster": self._cluster, "received": path, "headers": headers}
        route = next((route for route in self._routes if route.takes(path.partition("?")[0])), None)
        if route is None:
            return 404, body
        body |= {"route": route.name, "path": route.rewritten(path)}
        if not route.pods:
            return 503, body
        if route.pool is None or sent is None:
            return 200, {**body, "pod": route.pods[next(self._turn) % len(route.pods)].name}
        try:
            with self._pickers.picked(route.pool, body["path"], sent, route.pods) as pod:
                return 200, {**body, "pod": pod}
        except PickerRefusalError as error:
            return error.status, {**body, "error": str(error)} if str(error) else {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = _SECONDS

            def do_GET(self) -> None:  # the name that the base class calls
                self._reply(None)

            def do_POST(self) -> None:
                self._reply(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def _reply(self, sent: bytes | None) -> None:
                status, body = answer(self.path, {key.lower(): value for key, value in self.headers.items()}, sent)
                data = json.dumps(body).encode() if body else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler


@dataclass(frozen=True, slots=True)
class _Backends:
    """What routes may lead to.

    Attributes:
        slices: Endpoints of Services.
        pools: Pools with an endpoint picker.
        pods: All pods; none when there is no pool.
    """

    slices: list[Manifest]
    pools: list[Manifest]
    pods: list[Manifest]

    def ready(self, ref: Object, namespace: str) -> Iterator[PickedPod]:
        """The pods behind a backend that are ready; of a pool, those that its picker may pick, and none without it."""
        if ref.get("kind", "Service") == "Service":
            yield from map(PickedPod, _ready(self.slices, namespace, ref["name"]))
            return
        for pool in self.pools:
            if (unstructured.namespace_of(pool), unstructured.name_of(pool)) != (namespace, ref["name"]):
                continue
            picks = any(_ready(self.slices, namespace, unstructured.text(pool, "spec", "endpointPickerRef", "name")))
            selected = unstructured.mapping(pool, "spec", "selector", "matchLabels").items()
            for pod in self.pods if picks else ():
                inside = unstructured.namespace_of(pod) == namespace and selected <= unstructured.labels(pod).items()
                answers = unstructured.labels(pod).get(_PHASE) != "prefill" and unstructured.is_true(pod, "Ready")
                if inside and answers and "deletionTimestamp" not in pod["metadata"]:
                    yield PickedPod(unstructured.name_of(pod), dict(unstructured.labels(pod)))


def _rules(route: Object, backends: _Backends) -> Iterator[Route]:
    for rule in unstructured.items(route, "spec", "rules"):
        pods: list[PickedPod] = []
        pool: Place | None = None
        for ref in unstructured.items(rule, "backendRefs"):
            namespace = ref.get("namespace") or unstructured.namespace_of(route)
            pods += backends.ready(ref, namespace)
            pool = (namespace, ref["name"]) if ref.get("kind") == "InferencePool" else pool
        pods.sort(key=lambda pod: pod.name)
        replacements = [
            unstructured.text(item, "urlRewrite", "path", "replacePrefixMatch")
            for item in unstructured.items(rule, "filters")
            if item.get("type") == "URLRewrite"
        ]
        for match in unstructured.items(rule, "matches"):
            prefix = unstructured.text(match, "path", "value")
            replacement = replacements[0] if replacements else None
            yield Route(unstructured.name_of(route), prefix, replacement, tuple(pods), pool)


def _ready(slices: list[Manifest], namespace: str, service: str) -> Iterator[str]:
    for slice_ in slices:
        is_of_service = unstructured.labels(slice_).get("kubernetes.io/service-name") == service
        if not is_of_service or unstructured.namespace_of(slice_) != namespace:
            continue
        for endpoint in unstructured.items(slice_, "endpoints"):
            if unstructured.dig(endpoint, "conditions", "ready"):
                yield unstructured.text(endpoint, "targetRef", "name")
