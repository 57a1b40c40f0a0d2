from dataclasses import replace

from function.scheduling import (
    CountTooSmall,
    EnginesTooLarge,
    MemberPlacement,
    MemberSpec,
    NoDevice,
    NotEnoughNodes,
    SyntheticOnly,
)
from function.selectors import Value
from tests.support.fleets import (
    ANY,
    GPU,
    NIC,
    cluster,
    deployment,
    engine,
    gpu,
    is_model,
    leader,
    nic,
    other,
    places,
    plan,
    pool,
    pools,
    request,
    standalone,
    worker,
)


def test_a_selector_that_is_false_keeps_the_cluster_out() -> None:
    scheduling_request = deployment(1, engine(standalone(request("gpu", 1, GPU, is_model("h100")))))
    answer = plan([cluster("a")], scheduling_request)
    assert (places(answer), answer.diagnosis.reasons) == ([], (("a", NoDevice("gpu", 1, false=1)),))


def test_a_request_needs_its_whole_count_from_one_device() -> None:
    scheduling_request = deployment(1, engine(standalone(request("gpu", 8))))
    fleet = [cluster("a", pool("four", 4, gpu(count=4)))]
    assert plan(fleet, scheduling_request).diagnosis.reasons == (("a", CountTooSmall("gpu", 8, 4)),)
    assert pools(plan([cluster("a", pool("four", 4, gpu(count=4)), pool("eight", 4))], scheduling_request)) == [
        ["eight"]
    ]


def test_a_synthetic_device_is_needed_and_not_claimed() -> None:
    scheduling_request = deployment(1, engine(standalone(request("gpu", 1), request("nic", 1, NIC))))
    (placement,) = plan([cluster("a", pool("p", 4, gpu(), nic()))], scheduling_request).placed
    assert [claimed.name for claimed in placement.engines[0].members[0].requests] == ["gpu"]
    assert plan([cluster("a")], scheduling_request).diagnosis.reasons == (("a", NoDevice("nic", 0, false=1)),)


def test_an_engine_that_only_a_synthetic_device_matches_is_not_placed() -> None:
    scheduling_request = deployment(1, engine(standalone(request("nic", 1, NIC))))
    assert plan([cluster("a", pool("p", 4, nic()))], scheduling_request).diagnosis.reasons == (("a", SyntheticOnly()),)


ROUTER = replace(engine(MemberSpec(), name="router", copies=2), companion=True)


def test_a_companion_takes_no_node_and_goes_where_the_first_other_engine_does() -> None:
    many = (ROUTER, engine(name="a", copies=3), engine(name="b", copies=2))
    fleet = [cluster("a", pool("small", 2), pool("large", 3))]
    (placement,) = plan(fleet, deployment(1, *many)).placed
    assert [(placed.name, placed.pool, placed.nodes) for placed in placement.engines] == [
        ("router", "large", 0),
        ("a", "large", 3),
        ("b", "small", 2),
    ]
    assert placement.engines[0].members == (MemberPlacement("Standalone", ()),)


def test_a_companion_changes_neither_whether_there_is_room_nor_why_not() -> None:
    for fleet in ([cluster("a", pool("p", 1))], [cluster("a", pool("p", 4, nic()))]):
        alone = plan(fleet, deployment(1, engine(name="a", copies=2), engine(name="b")))
        beside = plan(fleet, deployment(1, engine(name="a", copies=2), ROUTER, engine(name="b")))
        assert alone.diagnosis == beside.diagnosis


def test_a_companion_of_nobody_is_not_placed() -> None:
    assert plan([cluster("a")], deployment(1, ROUTER)).diagnosis.reasons == (("a", SyntheticOnly()),)


def test_an_error_is_told_apart_from_false() -> None:
    scheduling_request = deployment(
        1, engine(standalone(request("gpu", 1, 'device.attributes["gpu.example.com"].memory == "x"')))
    )
    expected = NoDevice("gpu", 0, false=0, errors=1, error="no such key: memory")
    assert plan([cluster("a")], scheduling_request).diagnosis.reasons == (("a", expected),)


def test_a_key_that_no_device_has_is_named_with_the_one_that_it_is_like() -> None:
    typo = deployment(1, engine(standalone(request("gpu", 1, 'device.attributes["gpu.example.com"].modle == "x"'))))
    answer = plan([cluster("a")], typo).diagnosis
    expected = NoDevice("gpu", 0, errors=1, error="no such key: modle", misspelt="modle", meant="model")
    assert answer.reasons == (("a", expected),)
    assert answer.message(0, 1).endswith(
        "Devices that lack modle have model: write that in the selector, if it is what is meant."
    )


def test_a_key_that_another_device_has_is_not_called_misspelt() -> None:
    asked = deployment(1, engine(standalone(request("gpu", 1, is_model("h100")))))
    other_driver = replace(gpu(name="xpu"), attributes=(("models", Value.string("h100")),))
    answer = plan([cluster("a", pool("p", 1, gpu(), other_driver))], asked).diagnosis
    assert "Guard with has()" in answer.message(0, 1)


def test_devices_are_added_up_over_pools_that_fail_alike() -> None:
    scheduling_request = deployment(1, engine(standalone(request("gpu", 1, is_model("h100")))))
    answer = plan([cluster("a", pool("p", 1), pool("q", 1, gpu("l4"), gpu("t4")))], scheduling_request)
    assert answer.diagnosis.reasons == (("a", NoDevice("gpu", 0, false=3)),)


def test_all_members_of_an_engine_share_a_pool_that_suits_each() -> None:
    gang = engine(leader(request("gpu", 1, ANY)), worker(1, request("gpu", 1, is_model("h100"))))
    answer = plan([cluster("a", pool("small", 4, gpu("l4")), pool("big", 4, gpu("h100")))], deployment(1, gang))
    assert pools(answer) == [["big"]]


def test_an_engine_is_never_split_over_pools() -> None:
    gang = engine(leader(request("gpu", 1, is_model("h100"))), worker(1, request("gpu", 1, is_model("l4"))))
    assert (
        places(plan([cluster("a", pool("l4", 4, gpu("l4")), pool("h100", 4, gpu("h100")))], deployment(1, gang))) == []
    )


def test_a_gang_goes_whole_to_the_cluster_that_has_room_for_it() -> None:
    gang = engine(leader(request()), worker(1))
    answer = plan([cluster("a", pool("pool", 2)), cluster("b", pool("pool", 2))], deployment(1, gang), other("a"))
    assert places(answer) == ["b/0"]


def test_a_member_that_can_claim_is_not_stranded_on_a_synthetic_device() -> None:
    fake, real = pool("a", 4, nic(), gpu("l4")), pool("b", 4, gpu("h100"))
    gang = engine(leader(request("any", 1, f"{NIC} || {is_model('h100')}")), worker(1))
    assert pools(plan([cluster("x", fake, real)], deployment(1, gang))) == [["b"]]


def test_a_member_that_can_claim_nowhere_goes_without() -> None:
    gang = engine(leader(request("nic", 1, NIC)), worker(1))
    (placement,) = plan([cluster("a", pool("p", 1, nic(), gpu()))], deployment(1, gang)).placed
    assert [bool(member.requests) for member in placement.engines[0].members] == [False, True]


def test_a_member_that_matches_nowhere_keeps_the_whole_replica_out() -> None:
    gang = engine(leader(request("gpu", 1, is_model("x"))), worker(1))
    assert plan([cluster("a")], deployment(1, gang)).diagnosis.reasons == (("a", NoDevice("gpu", 0, false=1)),)


def test_a_leader_without_requests_takes_no_node() -> None:
    (placement,) = plan([cluster("a", pool("p", 1))], deployment(1, engine(leader(), worker(1)))).placed
    assert (placement.engines[0].pool, placement.engines[0].nodes) == ("p", 1)


def test_a_flexible_engine_leaves_the_only_pool_that_a_picky_one_can_use() -> None:
    flexible = engine(standalone(request("gpu", 1, ANY)), name="flexible")
    picky = engine(standalone(request("gpu", 1, is_model("h100"))), name="picky")
    fleet = [cluster("a", pool("h100", 1, gpu("h100")), pool("l4", 1, gpu("l4")))]
    assert pools(plan(fleet, deployment(1, flexible, picky))) == [["l4", "h100"]]


def test_engines_that_fit_alone_and_not_together_are_rejected_as_such() -> None:
    answer = plan([cluster("a", pool("p", 3))], deployment(1, engine(name="x", copies=2), engine(name="y", copies=2)))
    assert answer.diagnosis.reasons == (("a", EnginesTooLarge(4, 3)),)


def test_the_engine_is_named_where_there_are_several() -> None:
    answer = plan([cluster("a", pool("p", 3))], deployment(1, engine(name="x"), engine(name="y", copies=4)))
    assert answer.diagnosis.reasons == (("a", NotEnoughNodes("p", 4, 3, "y")),)
