"""Re-emitting what we own is a no-op; re-emitting more would take over what others wrote."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from function.composition import owned

COMPOSITE = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelReplica", "metadata": {"name": "r"}}
OURS = owned.manager(COMPOSITE)


def entry(
    fields: dict[str, Any], manager: str = OURS, operation: str = "Apply", subresource: str = ""
) -> dict[str, Any]:
    found: dict[str, Any] = {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields}
    return {**found, "subresource": subresource} if subresource else found


def child(body: dict[str, Any], *entries: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    meta = {"name": "c", "namespace": "ns", "uid": "u", "resourceVersion": "5", **metadata}
    if entries:
        meta["managedFields"] = list(entries)
    return {"apiVersion": "v1", "kind": "Thing", "metadata": meta, **body}


def emitted(body: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "c", "namespace": "ns", **metadata}, **body}


def spec(fields: dict[str, Any]) -> dict[str, Any]:
    return {"f:spec": fields}


def test_the_manager_is_the_hash_of_the_composite_name_and_kind_dot_group() -> None:
    identity = hashlib.sha256(b"rModelReplica.modelplane.ai").hexdigest()
    assert f"apiextensions.crossplane.io/composed/{identity}" == OURS


CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "owned fields only": (
        "a field that another manager or a default put there is not ours to emit",
        child({"spec": {"ours": 1, "default": 2}}, entry(spec({"f:ours": {}}))),
        emitted({"spec": {"ours": 1}}),
    ),
    "a finalizer and an owner besides the composite": (
        "others have finalizers there too, and the composite as owner is Crossplane's to write",
        child(
            {},
            entry(
                {
                    "f:metadata": {
                        "f:finalizers": {'v:"foregroundDeletion"': {}},
                        "f:ownerReferences": {'k:{"uid":"keeper"}': {}, 'k:{"uid":"composite"}': {}},
                    }
                }
            ),
            finalizers=["foregroundDeletion", "other"],
            ownerReferences=[{"uid": "composite", "controller": True}, {"uid": "keeper", "blockOwnerDeletion": True}],
        ),
        emitted(
            {},
            finalizers=["foregroundDeletion"],
            ownerReferences=[{"uid": "keeper", "blockOwnerDeletion": True}],
        ),
    ),
    "stolen field": (
        "a field that another manager took by an update has left our set",
        child(
            {"spec": {"size": 9, "mode": "a"}},
            entry(spec({"f:mode": {}})),
            entry(spec({"f:size": {}}), manager="kubectl", operation="Update"),
        ),
        emitted({"spec": {"mode": "a"}}),
    ),
    "empty map leaf of the whole spec": (
        "a spec that was applied empty is not the sub-tree that others filled",
        child({"spec": {"a": 1, "crossplane": {"resourceRefs": []}}}, entry({"f:spec": {}})),
        emitted({"spec": {}}),
    ),
    "empty map leaf below the spec": (
        "a map that others own fields of was applied empty",
        child(
            {"spec": {"selector": {"app": "x"}}},
            entry(spec({"f:selector": {}})),
            entry(spec({"f:selector": {"f:app": {}}}), manager="other"),
        ),
        emitted({"spec": {"selector": {}}}),
    ),
    "atomic map": (
        "a map whose fields nobody else owns is atomic and ours as a whole",
        child({"spec": {"selector": {"app": "x"}}}, entry(spec({"f:selector": {}}))),
        emitted({"spec": {"selector": {"app": "x"}}}),
    ),
    "atomic list": (
        "an atomic list is ours as a whole, with the defaults inside it",
        child({"spec": {"ports": [{"port": 80, "protocol": "TCP"}]}}, entry(spec({"f:ports": {}}))),
        emitted({"spec": {"ports": [{"port": 80, "protocol": "TCP"}]}}),
    ),
    "keyed list": (
        "of a keyed list only our items are emitted, and of them our fields",
        child(
            {"spec": {"pools": [{"name": "a", "size": 1, "seen": 2}, {"name": "b", "size": 3}]}},
            entry(spec({"f:pools": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:size": {}}}})),
        ),
        emitted({"spec": {"pools": [{"name": "a", "size": 1}]}}),
    ),
    "set list": (
        "of a list that is a set only our values are emitted",
        child({"metadata2": {}, "spec": {"zones": ["a", "b"]}}, entry(spec({"f:zones": {'v:"b"': {}}}))),
        emitted({"spec": {"zones": ["b"]}}),
    ),
    "spec.crossplane": (
        "Crossplane's own part of a nested composite is never emitted, even where the record names it",
        child(
            {"spec": {"a": 1, "crossplane": {"resourceRefs": [1]}}},
            entry(spec({"f:a": {}, "f:crossplane": {"f:resourceRefs": {}}})),
        ),
        emitted({"spec": {"a": 1}}),
    ),
    "missing value": (
        "an empty string that the API leaves out is in the record and not in the object",
        child({"spec": {"a": 1}}, entry(spec({"f:a": {}, "f:gone": {}}))),
        emitted({"spec": {"a": 1}}),
    ),
    "Crossplane's metadata": (
        "labels and annotations of ours stay, Crossplane's and the server's do not",
        child(
            {"spec": {"a": 1}},
            entry(
                {
                    "f:metadata": {
                        "f:labels": {"f:crossplane.io/composite": {}, "f:mine": {}},
                        "f:annotations": {"f:crossplane.io/composition-resource-name": {}},
                        "f:generateName": {},
                        "f:ownerReferences": {'k:{"uid":"x"}': {}},
                    },
                    **spec({"f:a": {}}),
                }
            ),
            labels={"crossplane.io/composite": "r", "mine": "1", "theirs": "2"},
            annotations={"crossplane.io/composition-resource-name": "k"},
            generateName="r-",
            ownerReferences=[{"uid": "x", "controller": True}],
        ),
        emitted({"spec": {"a": 1}}, labels={"mine": "1"}),
    ),
    "terminating": (
        "a child that is being deleted is emitted like any other; that does not bring it back",
        child({"spec": {"a": 1}}, entry(spec({"f:a": {}})), deletionTimestamp="2026-01-01T00:00:00Z"),
        emitted({"spec": {"a": 1}}),
    ),
    "status": (
        "status is never ours, whatever a record says",
        child({"spec": {"a": 1}, "status": {"b": 1}}, entry({**spec({"f:a": {}}), "f:status": {"f:b": {}}})),
        emitted({"spec": {"a": 1}}),
    ),
    "several entries": (
        "what we applied with two versions of the kind is put together",
        child({"spec": {"a": 1}, "data": {"b": 2}}, entry(spec({"f:a": {}})), entry({"f:data": {"f:b": {}}})),
        emitted({"spec": {"a": 1}, "data": {"b": 2}}),
    ),
    "no managed fields": (
        "offline, everything but status and Crossplane's part is taken to be ours",
        child(
            {"spec": {"a": 1, "crossplane": {}}, "status": {"b": 1}},
            labels={"mine": "1", "crossplane.io/composite": "r"},
        ),
        emitted({"spec": {"a": 1}}, labels={"mine": "1"}),
    ),
    "no managed fields and no spec": (
        "offline, a kind without a spec keeps its content too",
        child({"endpoints": [{"addresses": ["192.0.2.1"]}], "addressType": "IPv4"}),
        emitted({"endpoints": [{"addresses": ["192.0.2.1"]}], "addressType": "IPv4"}),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_we_own_is_exactly_what_is_emitted(case: str) -> None:
    reason, observed, want = CASES[case]
    assert owned.intent(observed, COMPOSITE) == want, reason


@pytest.mark.parametrize(
    "theirs",
    [
        entry({"f:spec": {"f:a": {}}}, manager="apiextensions.crossplane.io/composed/other"),
        entry({"f:spec": {"f:a": {}}}, operation="Update"),
        entry({"f:spec": {"f:a": {}}}, subresource="status"),
    ],
)
def test_managed_fields_without_an_entry_of_ours_make_a_hold_unsafe(theirs: dict[str, Any]) -> None:
    with pytest.raises(owned.HoldUnsafeError, match="Thing/c has managed fields"):
        owned.intent(child({"spec": {"a": 1}}, theirs), COMPOSITE)


def test_a_two_fold_key_matches_an_item_by_all_its_keys() -> None:
    observed = child(
        {"spec": {"ports": [{"port": 1, "protocol": "TCP", "x": 1}, {"port": 1, "protocol": "UDP", "x": 2}]}},
        entry(spec({"f:ports": {'k:{"port":1,"protocol":"UDP"}': {"f:x": {}}}})),
    )
    assert owned.intent(observed, COMPOSITE) == emitted({"spec": {"ports": [{"port": 1, "protocol": "UDP", "x": 2}]}})


def test_when_we_last_changed_a_child_is_what_the_api_server_wrote_beside_our_fields() -> None:
    entries = [
        {**entry({}), "time": "2026-01-01T00:00:00Z"},
        {**entry({}, subresource="status"), "time": "2026-01-02T00:00:00Z"},
        {**entry({}, operation="Update"), "time": "2026-01-03T00:00:00Z"},
        {**entry({}, "somebody"), "time": "2026-01-04T00:00:00Z"},
        {**entry({}), "time": "soon"},
    ]
    assert owned.changed(child({}, *entries), COMPOSITE) == datetime(2026, 1, 1, tzinfo=UTC)
    assert owned.changed(child({}, *entries[1:]), COMPOSITE) is None
    assert owned.changed(None, COMPOSITE) is None
