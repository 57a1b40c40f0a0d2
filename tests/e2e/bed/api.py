"""A Kubernetes API server, asked over HTTPS: what the stand-ins and the tests' questions use."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import yaml

from function.composition import Manifest, Object, unstructured
from tests.e2e.bed.retries import is_transient, retry

MERGE: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
_SECONDS: Final = 60
"""How long an answer is awaited: a server gives up by then."""

_READY_SECONDS: Final = 5
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_PASS: Final = frozenset({429, 502, 503, 504})
"""What a server says that is busy, or whose store or webhooks are."""


class ApiError(Exception):
    """A request was refused.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Connection(http.client.HTTPSConnection):
    """A connection that is closed when nobody has it any more, as when its thread ends."""

    def __del__(self) -> None:
        self.close()


class Api:
    """An API server, reached by a kubeconfig."""

    def __init__(self, kubeconfig: str) -> None:
        document: Manifest = yaml.safe_load(kubeconfig)
        cluster = document["clusters"][0]["cluster"]
        user = document["users"][0]["user"]
        url = urlsplit(cluster["server"])
        self._host, self._port = url.hostname or "", url.port or 443
        self._context = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
        )
        with tempfile.NamedTemporaryFile(suffix=".pem") as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            pair.flush()
            self._context.load_cert_chain(pair.name)
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}
        self._mine = threading.local()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://{self._host}:{self._port}"

    def call(self, method: str, path: str, body: Object | None = None, content_type: str = "application/json") -> Any:
        """Send a request, and give the answer's JSON. A server that is too busy to answer is asked again.

        Raises:
            ApiError: When it is refused.
            OSError: When the server cannot be reached.
        """
        data = None if body is None else json.dumps(body)
        return retry(self.url, lambda: self._ask(method, path, data, content_type), _is_transient)

    def is_ready(self) -> bool:
        """Tell whether the server says that it is ready."""
        connection = _Connection(self._host, self._port, timeout=_READY_SECONDS, context=self._context)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().read() == b"ok"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def create(self, obj: Object) -> None:
        """Create an object; one that is there is fine, since it may have been asked for before."""
        try:
            self.call("POST", self.path(obj["apiVersion"], obj["kind"], unstructured.namespace_of(obj)), obj)
        except ApiError as error:
            if error.status != _CONFLICT:
                raise

    def _ask(self, method: str, path: str, data: str | None, content_type: str) -> Any:
        status, text = self._send(method, path, data, content_type)
        if status >= 300:  # what HTTP calls success is below
            raise ApiError(status, f"{method} {path}: {status} {_message(text)}")
        return json.loads(text) if text.startswith("{") else text

    def _send(self, method: str, path: str, data: str | None, content_type: str) -> tuple[int, str]:
        """Send a request over this thread's connection, which stays open: handshakes cost more than most requests."""
        connection, fresh = getattr(self._mine, "connection", None), False
        if connection is None:
            connection = _Connection(self._host, self._port, timeout=_SECONDS, context=self._context)
            self._mine.connection, fresh = connection, True
        try:
            connection.request(method, path, data, {"Content-Type": content_type})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            self._mine.connection = None
            connection.close()
            if fresh:
                raise
        return self._send(method, path, data, content_type)  # the server had closed the old connection

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """One object; None when it, or its kind, is not there."""
        try:
            found: Manifest = self.call("GET", self.path(api_version, kind, namespace, name))
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return found

    def list(self, api_version: str, kind: str, namespace: str = "", **labels: str) -> list[Manifest]:
        """The objects of a kind; none when it is not served."""
        query = urlencode({"labelSelector": ",".join(f"{key}={value}" for key, value in labels.items())})
        try:
            found = self.call("GET", f"{self.path(api_version, kind, namespace)}?{query}")
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return []
            raise
        return [{"apiVersion": api_version, "kind": kind, **item} for item in found["items"]]

    def apply(self, obj: Object, manager: str = "bed") -> Manifest:
        """Apply an object on the server's side."""
        query = urlencode({"fieldManager": manager, "force": "true", "fieldValidation": "Strict"})
        applied: Manifest = self.call("PATCH", f"{self.path_of(obj)}?{query}", obj, APPLY)
        return applied

    def patch(self, obj: Object, change: Object, subresource: str = "") -> Manifest:
        """Merge a change into an object."""
        path = "/".join(filter(None, (self.path_of(obj), subresource)))
        changed: Manifest = self.call("PATCH", path, change, MERGE)
        return changed

    def delete(self, obj: Object, policy: str = "Background") -> None:
        """Delete an object; one that is not there is fine."""
        try:
            self.call("DELETE", self.path_of(obj), {"propagationPolicy": policy})
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise

    def path_of(self, obj: Object) -> str:
        """The path of an object."""
        return self.path(
            unstructured.text(obj, "apiVersion"),
            unstructured.text(obj, "kind"),
            unstructured.namespace_of(obj),
            unstructured.name_of(obj),
        )

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """The path of a kind, or of an object.

        Raises:
            ApiError: When the kind is not served.
        """
        plural, namespaced = self._resource(api_version, kind)
        below = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{_root(api_version)}{below}/{plural}" + (f"/{name}" if name else "")

    def _resource(self, api_version: str, kind: str) -> tuple[str, bool]:
        if (api_version, kind) not in self._resources:
            for found in self.call("GET", _root(api_version))["resources"]:
                if "/" not in found["name"]:
                    self._resources[api_version, found["kind"]] = (found["name"], found["namespaced"])
        if (api_version, kind) not in self._resources:
            raise ApiError(_NOT_FOUND, f"{self.url} does not serve {kind} of {api_version}")
        return self._resources[api_version, kind]


def load(path: Path) -> list[Manifest]:
    """The documents of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def _is_transient(error: Exception) -> bool:
    """Tell whether a server that did not answer, or answered with an error, may well answer in a moment."""
    if isinstance(error, ApiError):
        return error.status in _PASS or (error.status >= 500 and is_transient(error))
    unverified = isinstance(error, ssl.SSLCertVerificationError)
    return isinstance(error, OSError | http.client.HTTPException) and not unverified


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _message(text: str) -> str:
    try:
        status: Mapping[str, Any] = json.loads(text)
    except ValueError:
        return text[:500]
    return str(status.get("message", text))
