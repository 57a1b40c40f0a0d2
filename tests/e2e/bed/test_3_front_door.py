"""The front door answers https by the name that it is given, and says so when it cannot any more."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import pytest

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, unstructured
from tests.e2e.bed.plane import ADDRESSES, Bed
from tests.e2e.bed.quickstart import NAMESPACE, REPLICAS, Serving
from tests.e2e.bed.traffic import OK, Traffic

NAME: Final = "models.bed.example"
SECRET: Final = "front-door"  # noqa: S105  # the name of a Secret
PATH: Final = f"/{NAMESPACE}/chat"
HTTPS: Final = 443


@pytest.fixture
def traffic(serving: Serving) -> Iterator[Traffic]:
    """Requests to the model over http while a test goes on: not one of them may fail."""
    with Traffic(f"http://{ADDRESSES['control']}{PATH}/v1/models", sends=serving.bed.isolated) as sent:
        yield sent
    assert sent.failures == []


@pytest.fixture
def certificate(bed: Bed, serving: Serving) -> Iterator[Manifest]:
    """The Secret of a front door that has a name and a certificate; in the end it has neither, as before."""
    before, secret = serving.facts(), _secret(bed)
    bed.control.kubectl.apply_objects([secret])
    _patch(bed, {"hostname": NAME, "tls": {"secretRef": {"name": SECRET}}})
    yield secret
    _patch(bed, {"hostname": None, "tls": None})
    teams = {unstructured.namespace_of(service) for service in _services(bed)}
    bed.await_with_looks("no service goes by the name any more", lambda: not _named(bed), 60, *teams)
    serving.await_ready()
    assert serving.facts() == before
    bed.control.kubectl("delete", "secret", "-n", SYSTEM_NAMESPACE, SECRET)


def test_with_a_certificate_models_are_served_over_https_until_it_is_lost_and_again_once_it_is_back(
    bed: Bed, serving: Serving, certificate: Manifest, traffic: Traffic
) -> None:
    assert traffic.failures == []
    _await(bed, serving, ready=True, reason="Resolved")
    bed.control.kubectl("delete", "secret", "-n", SYSTEM_NAMESPACE, SECRET)
    _await(bed, serving, ready=False, reason="WaitingForTLS")
    assert SECRET in bed.message("InferenceGateway", "default", "TLSReady")
    assert len(serving.route_backends()) == REPLICAS, "the route stays, and so does the URL"
    bed.control.kubectl.apply_objects([certificate])
    _await(bed, serving, ready=True, reason="Resolved")


def _await(bed: Bed, serving: Serving, *, ready: bool, reason: str) -> None:
    def has_reason() -> bool:
        service = bed.composite("ModelService", serving.name, NAMESPACE)
        found = unstructured.text(unstructured.condition(service, "GatewayResolved"), "reason")
        secure = unstructured.text(service, "status", "address") == f"https://{NAME}{PATH}"
        tls = bed.is_true("InferenceGateway", "default", "TLSReady")
        return (found, unstructured.is_true(service, "Ready"), tls) == (reason, ready, ready) and secure

    bed.await_with_looks(f"the service says {reason}", has_reason, 60, NAMESPACE)
    if bed.isolated:
        answers = partial(_answers_https, bed)
        bed.processes.until(f"https is {'' if ready else 'not '}answered", lambda: answers() == ready)


def _answers_https(bed: Bed) -> bool:
    """Whether the model is served by the name, with a certificate that is for it."""
    trusted = ssl.create_default_context(cafile=str(bed.certificates.authority))
    try:
        with (
            socket.create_connection((ADDRESSES["control"], HTTPS), timeout=10) as plain,
            trusted.wrap_socket(plain, server_hostname=NAME) as secure,
        ):
            connection = http.client.HTTPConnection(NAME)
            connection.sock = secure
            connection.request("GET", f"{PATH}/v1/models")
            return connection.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        return False


def _services(bed: Bed) -> list[Manifest]:
    return bed.control.api.list("modelplane.ai/v1alpha1", "ModelService")


def _named(bed: Bed) -> list[str]:
    """The services whose URL has the name."""
    return [
        unstructured.name_of(service)
        for service in _services(bed)
        if NAME in unstructured.text(service, "status", "address")
    ]


def _patch(bed: Bed, spec: dict[str, Any]) -> None:
    bed.control.api.patch(bed.composite("InferenceGateway", "default"), {"spec": spec})


def _secret(bed: Bed) -> Manifest:
    issued = bed.certificates.issue(NAME, NAME)
    files = {name: issued.joinpath(name).read_bytes() for name in ("tls.crt", "tls.key")}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": SECRET, "namespace": SYSTEM_NAMESPACE},
        "data": {name: base64.b64encode(data).decode() for name, data in files.items()},
    }
