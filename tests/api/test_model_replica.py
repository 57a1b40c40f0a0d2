from tests.support.api import changed, placed, refused, refused_update, replica

PAIR = {"mode": "PrefillDecode"}


def test_the_leader_of_a_placed_gang_may_claim_nothing() -> None:
    gang = [placed("Leader", claims=False), placed("Worker")]
    assert refused(replica(engines=[{"name": "qwen", "members": gang}])) == []
    assert refused(replica(engines=[{"name": "qwen", "members": [placed(claims=False)]}])) == [
        "spec.engines[0]: at least one member of an engine needs deviceRequests, unless its role is Router"
    ]


def test_claims_of_a_placed_member_are_absent_or_some() -> None:
    gang = [placed("Leader", claims=False, deviceRequests=[]), placed("Worker")]
    assert refused(replica(engines=[{"name": "qwen", "members": gang}])) == [
        "spec.engines[0].members[0].deviceRequests: must have 1 to 16 items, has 0"
    ]


def test_what_a_replica_runs_and_where_cannot_be_changed() -> None:
    instead = "change its ModelDeployment, which makes another replica"
    old = replica()
    assert refused_update(old, replica(serving={"mode": "Unified"})) == []
    assert refused_update(old, changed(old, "spec", "engines", 0, "copies", to=1)) == []
    assert refused_update(old, replica(clusterName="eks-us-west")) == [
        f"spec.clusterName: the cluster of a replica cannot be changed: {instead}"
    ]
    assert refused_update(old, changed(old, "spec", "engines", 0, "copies", to=2)) == [
        f"spec.engines: what a replica runs cannot be changed: {instead}"
    ]


def test_prefill_and_decode_of_a_replica_come_as_a_pair() -> None:
    pair = [{"name": n, "phase": n.title(), "members": [placed()]} for n in ("prefill", "decode")]
    assert refused(replica(serving=PAIR, engines=pair)) == []
    assert refused(replica(serving=PAIR)) == [
        "spec: serving mode PrefillDecode needs exactly two engines",
        "spec: serving mode PrefillDecode needs exactly one engine with phase Prefill",
        "spec: serving mode PrefillDecode needs exactly one engine with phase Decode",
    ]
