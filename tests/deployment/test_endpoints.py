"""The ModelEndpoint of a replica: its URL, when it comes, and when services should send it nothing new."""

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Composition, Manifest, unstructured
from function.composition.gateway_address import replica_url
from function.deployment.endpoints import endpoint_manifest
from tests.support import api
from tests.support.deployments import cluster, composed, deployment, draining, marked, messages, running
from tests.support.observe import reasons

DEPLOYMENT = deployment()
CHILDREN = running(DEPLOYMENT, [cluster("a")])
NAME = unstructured.name_of(CHILDREN["replica-a-0"])
REPLICA = {"metadata": {"name": "chat-1", "namespace": "ml-team"}}


def answer(address: str = "10.0.0.1", serving: str | None = "True", *, was: bool | None = False) -> Composition:
    """The answer for one replica; `was`: whether its endpoint is draining, None when it has none."""
    children = running(DEPLOYMENT, [cluster("a")], serving)
    children.pop("endpoint-a-0", None)
    if was is not None:
        children["endpoint-a-0"] = as_draining(CHILDREN["endpoint-a-0"]) if was else CHILDREN["endpoint-a-0"]
    return composed(DEPLOYMENT, [cluster("a", address=address)], children)


def as_draining(endpoint: Manifest) -> Manifest:
    return {**endpoint, "spec": {**endpoint["spec"], "draining": True}}


def url(answered: Composition) -> str:
    return str(answered.children["endpoint-a-0"].manifest["spec"]["url"])


# ---------------------------------------------------------------------- the URL


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("10.0.0.1", "http://10.0.0.1/ml-team/chat-1/v1"),
        ("gw.example.com", "http://gw.example.com/ml-team/chat-1/v1"),
        ("2001:db8::1", "http://[2001:db8::1]/ml-team/chat-1/v1"),
        ("[2001:0db8::0001]", "http://[2001:db8::1]/ml-team/chat-1/v1"),
        ("", ""),
        ("10.0.0.1:80", ""),
        ("10.0.0.1/evil", ""),
        ("user@host", ""),
        ("a b", ""),
        ("host\n", ""),
        ("fe80::1%eth0", ""),
        ("::1%/evil", ""),
    ],
)
def test_the_url_is_plain_http_with_the_gateways_address_and_the_path_of_the_replica(address: str, found: str) -> None:
    assert replica_url(address, "ml-team", "chat-1") == found


@given(st.text(max_size=60) | st.ip_addresses().map(str) | st.from_regex(r"[a-z.\-]{1,20}", fullmatch=True))
@settings(deadline=None)
def test_a_url_has_the_address_as_its_host_and_nothing_else(address: str) -> None:
    made = replica_url(address, "ml-team", "chat-1")
    if not made:
        return
    parts = urlsplit(made)
    assert (parts.scheme, parts.path, parts.query, parts.fragment) == ("http", "/ml-team/chat-1/v1", "", "")
    assert (parts.port, parts.username) == (None, None)
    if ":" in address:
        meant = ipaddress.IPv6Address(address.strip("[]"))
        assert ipaddress.ip_address(parts.hostname or "") == (meant.ipv4_mapped or meant)
    else:
        assert parts.netloc == address.lower().removesuffix(".")
    assert api.refused(endpoint_manifest({**REPLICA}, made, {}, draining=False)) == []


def test_an_endpoint_says_draining_only_when_it_is() -> None:
    spec = {"url": "http://h/ml-team/chat-1/v1", "rewritePath": "/ml-team/chat-1/"}
    plain = endpoint_manifest(REPLICA, spec["url"], {"k": "v"}, draining=False)
    assert plain == {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelEndpoint",
        "metadata": {"name": "chat-1", "namespace": "ml-team", "labels": {"k": "v"}},
        "spec": spec,
    }
    marked_one = endpoint_manifest(REPLICA, spec["url"], {"k": "v"}, draining=True, annotations={"since": "then"})
    assert marked_one == {
        **plain,
        "metadata": {**plain["metadata"], "annotations": {"since": "then"}},
        "spec": {**spec, "draining": True},
    }


# ---------------------------------------------------------------------- when it is there


@pytest.mark.parametrize(
    ("serving", "was", "becomes"),
    [
        ("True", None, False),
        ("True", False, False),
        ("True", True, False),
        ("False", None, None),
        ("False", False, True),
        ("False", True, True),
        ("Unknown", None, None),
        ("Unknown", False, False),
        ("Unknown", True, True),
        (None, None, None),
        (None, False, False),
        (None, True, True),
    ],
)
def test_an_endpoint_comes_when_its_replica_serves_and_follows_what_is_observed_of_it(
    serving: str | None,
    was: bool | None,  # noqa: FBT001  # a parameter
    becomes: bool | None,  # noqa: FBT001  # a parameter
) -> None:
    """Section 7; in place of rule 49 an endpoint is marked as draining and stays."""
    answered = answer(serving=serving, was=was)
    assert ("endpoint-a-0" in answered.children) == (becomes is not None)
    assert draining(answered) == ({"endpoint-a-0"} if becomes else set())


def test_an_endpoint_follows_the_gateway_to_another_address() -> None:
    assert url(answer("10.9.9.9")) == f"http://10.9.9.9/ml-team/{NAME}/v1"


def test_an_endpoint_keeps_its_url_when_the_address_is_not_known_and_still_drains() -> None:
    """In place of rule 6."""
    assert url(answer("")) == f"http://10.0.0.1/ml-team/{NAME}/v1"
    assert draining(answer("")) == set()
    assert draining(answer("", "False")) == {"endpoint-a-0"}
    assert url(answer("", "False")) == f"http://10.0.0.1/ml-team/{NAME}/v1"


def test_on_a_cluster_that_is_neither_ready_nor_reachable_replica_and_endpoint_stay_as_they_are() -> None:
    answered = composed(DEPLOYMENT, [cluster("a", ready=False, address="")], CHILDREN)
    assert {key: child.manifest["spec"] for key, child in answered.children.items()} == {
        key: child["spec"] for key, child in CHILDREN.items()
    }
    assert answered.ready


def test_no_endpoint_comes_before_the_address_is_known() -> None:
    answered = answer("", was=None)
    assert set(answered.children) == {"replica-a-0"}
    assert not answered.ready


def test_an_address_that_cannot_be_one_is_named_and_the_url_stays() -> None:
    answered = answer("10.0.0.1:80")
    assert url(answered) == f"http://10.0.0.1/ml-team/{NAME}/v1"
    assert reasons(answered)["Held"] == "True/InputInvalid"
    assert messages(answered)["Held"] == (
        "InferenceCluster a cannot be read: status.gateway.address is neither an IP address nor a host name"
    )


def test_an_endpoint_whose_url_got_lost_stays_and_is_written_again_when_the_address_is_known() -> None:
    lost = {**CHILDREN["endpoint-a-0"], "spec": {"rewritePath": "/x/"}}
    children = {**CHILDREN, "endpoint-a-0": lost}
    without = composed(DEPLOYMENT, [cluster("a", address="")], children)
    assert without.children["endpoint-a-0"].manifest["spec"] == {"rewritePath": "/x/"}
    again = composed(DEPLOYMENT, [cluster("a")], children)
    assert again.children["endpoint-a-0"].manifest["spec"] == CHILDREN["endpoint-a-0"]["spec"]


def test_a_readiness_of_the_cluster_is_not_needed() -> None:
    answered = composed(DEPLOYMENT, [cluster("a", ready=False)], {"replica-a-0": CHILDREN["replica-a-0"]})
    assert set(answered.children) == {"replica-a-0", "endpoint-a-0"}


def test_labels_are_written_anew_on_every_pass() -> None:
    bare = {
        key: {**child, "metadata": {**child["metadata"], "labels": {"old": "one"}}} for key, child in CHILDREN.items()
    }
    obj = deployment(template={"metadata": {"labels": {"team": "nlp"}}})
    answered = composed(obj, [cluster("a")], bare)
    for key in CHILDREN:
        labels = answered.children[key].manifest["metadata"]["labels"]
        assert labels.get("team") == "nlp"
        assert "old" not in labels


def test_a_note_of_an_endpoint_that_serves_again_is_forgotten() -> None:
    noted = {**CHILDREN, "endpoint-a-0": marked(as_draining(CHILDREN["endpoint-a-0"]), "2025-12-31T00:00:00Z")}
    answered = composed(DEPLOYMENT, [cluster("a")], noted)
    assert answered.children["endpoint-a-0"].manifest["spec"] == CHILDREN["endpoint-a-0"]["spec"]
    assert "annotations" not in answered.children["endpoint-a-0"].manifest["metadata"]
