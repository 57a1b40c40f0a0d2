from dataclasses import replace

from function.scheduling import (
    ClusterTaint,
    ClusterToleration,
    HoldReason,
    InvalidSelector,
    MemberPlacement,
    NoGateway,
    NoNodePools,
    NotEnoughNodes,
    NotReady,
    NotSelected,
    Plan,
    PoolsUnknown,
    ResolvedRequest,
    SchedulingRequest,
    Tainted,
    Terminating,
)
from function.selectors import cache_statistics
from tests.support.fleets import (
    GPU,
    cluster,
    deletions,
    deployment,
    engine,
    gpu,
    is_model,
    kept,
    leader,
    own,
    places,
    plan,
    pool,
    pools,
    request,
    standalone,
    worker,
)

MAINTENANCE = ClusterTaint("maintenance")
DRAIN = ClusterTaint("maintenance", effect="NoExecute")


def test_without_clusters_nothing_is_placed() -> None:
    assert plan([], deployment(2)) == Plan()


def test_the_first_replica_goes_to_the_first_matching_pool_with_index_0() -> None:
    small, first, second = pool("small", 4, gpu("l4")), pool("first", 4, gpu("a100")), pool("second", 9, gpu("a100"))
    scheduling_request = deployment(1, engine(standalone(request("gpu", 1, is_model("a100")))))
    answer = plan([cluster("a", small, first, second)], scheduling_request)
    assert (places(answer), pools(answer)) == (["a/0"], [["first"]])


def test_a_placement_carries_what_the_replica_is_made_of() -> None:
    gang = engine(leader(), worker(2, request("gpu", 8)), name="big", copies=2)
    (placement,) = plan([cluster("a", pool("p", 4))], deployment(1, gang, revision="r7")).placed
    (placed,) = placement.engines
    resolved = ResolvedRequest("gpu", "gpu.example.com", 8, (GPU,))
    assert placement.revision == "r7"
    assert (placed.name, placed.pool, placed.nodes) == ("big", "p", 4)
    assert placed.members == (MemberPlacement("Leader"), MemberPlacement("Worker", (resolved,)))


def test_a_cluster_that_is_not_ready_or_has_no_gateway_is_never_a_target() -> None:
    answer = plan([cluster("a", ready=False), cluster("b", address="")], deployment())
    assert places(answer) == []
    assert answer.diagnosis.reasons == (("a", NotReady()), ("b", NoGateway()))


def test_a_terminating_cluster_is_never_a_target() -> None:
    answer = plan([cluster("a", terminating=True)], deployment())
    assert (places(answer), answer.diagnosis.reasons) == ([], (("a", Terminating()),))


def test_an_engine_of_four_nodes_does_not_fit_a_pool_of_two() -> None:
    answer = plan([cluster("a", pool("p", 2))], deployment(1, engine(leader(request()), worker(3))))
    assert (places(answer), answer.diagnosis.reasons) == ([], (("a", NotEnoughNodes("p", 4, 2)),))


def test_a_replica_stays_where_it_is_when_another_cluster_is_as_good() -> None:
    answer = plan([cluster("a"), cluster("b")], deployment(), own("b"))
    assert (kept(answer), places(answer)) == (["b/0"], [])


def test_a_replica_on_a_degraded_cluster_is_kept() -> None:
    answer = plan([cluster("a", ready=False, address="")], deployment(), own("a"))
    assert (kept(answer), places(answer), answer.kept[0].drift) == (["a/0"], [], None)


def test_a_replica_whose_cluster_is_gone_is_lost_and_placed_anew() -> None:
    gone = own("a", 3)
    answer = plan([cluster("b")], deployment(), gone)
    assert (answer.lost, kept(answer), places(answer)) == ((gone,), [], ["b/0"])


def test_the_second_replica_goes_to_a_second_cluster() -> None:
    assert places(plan([cluster("a"), cluster("b")], deployment(2), own("a"))) == ["b/0"]


def test_without_room_only_what_runs_remains() -> None:
    answer = plan([cluster("a", pool("pool", 1))], deployment(2), own("a"))
    assert (kept(answer), places(answer)) == (["a/0"], [])


def test_a_single_cluster_takes_several_replicas() -> None:
    assert places(plan([cluster("a", pool("p", 2))], deployment(2))) == ["a/0", "a/1"]


def test_two_replicas_spread_over_two_clusters_even_if_one_could_take_both() -> None:
    assert places(plan([cluster("a", pool("p", 9)), cluster("b", pool("p", 1))], deployment(2))) == ["a/0", "b/0"]


def test_a_third_replica_goes_to_the_first_of_two_clusters_that_are_equally_loaded() -> None:
    assert places(plan([cluster("b"), cluster("a")], deployment(3))) == ["a/0", "a/1", "b/0"]


def test_a_third_replica_goes_where_room_is_left() -> None:
    assert places(plan([cluster("a"), cluster("b", pool("p", 1))], deployment(3))) == ["a/0", "a/1", "b/0"]


def test_the_cluster_without_replicas_is_served_first() -> None:
    assert places(plan([cluster("a"), cluster("b", pool("p", 1))], deployment(2), own("a"))) == ["b/0"]


def test_a_new_replica_takes_the_lowest_free_index() -> None:
    assert places(plan([cluster("a", pool("pool", 9))], deployment(3), own("a", 0), own("a", 2))) == ["a/1"]


def test_equal_clusters_are_taken_by_name() -> None:
    assert places(plan([cluster("c"), cluster("a"), cluster("b")], deployment(2))) == ["a/0", "b/0"]


def test_regions_are_spread_over_before_clusters() -> None:
    fleet = [cluster("a1", region="a"), cluster("a2", region="a"), cluster("b1", pool("p", 1), region="b")]
    assert places(plan(fleet, deployment(2), own("a1"))) == ["b1/0"]


def test_a_cluster_without_a_region_is_a_region_by_itself() -> None:
    fleet = [cluster("a1", region="a"), cluster("a2", region="a"), cluster("x"), cluster("y")]
    assert places(plan(fleet, deployment(3))) == ["a1/0", "x/0", "y/0"]


def test_between_equals_the_cluster_with_most_nodes_left_wins() -> None:
    assert places(plan([cluster("a", pool("p", 3)), cluster("b", pool("p", 5))], deployment())) == ["b/0"]


def test_nodes_of_pools_that_the_replica_does_not_take_do_not_count() -> None:
    roomy = cluster("a", pool("other", 50, gpu("l4")), pool("p", 3, gpu("a100")))
    scheduling_request = deployment(1, engine(standalone(request("gpu", 1, is_model("a100")))))
    assert places(plan([roomy, cluster("b", pool("p", 5, gpu("a100")))], scheduling_request)) == ["b/0"]


def test_only_clusters_with_the_labels_are_considered() -> None:
    fleet = [cluster("a", labels={"tier": "gold"}), cluster("b")]
    answer = plan(fleet, deployment(9, labels={"tier": "gold"}))
    assert places(answer) == ["a/0", "a/1", "a/2", "a/3"]
    assert answer.diagnosis.reasons == (("a", NotEnoughNodes("pool", 1, 0)), ("b", NotSelected((("tier", "gold"),))))


def test_reasons_are_only_given_when_a_replica_found_no_place() -> None:
    assert plan([cluster("a"), cluster("b", ready=False)], deployment()).diagnosis.reasons == ()


def test_a_cordon_keeps_new_replicas_out_and_old_ones_in() -> None:
    fleet = [cluster("a", taints=(MAINTENANCE,)), cluster("b")]
    answer = plan(fleet, deployment(2), own("a"))
    assert (kept(answer), places(answer), answer.kept[0].drain) == (["a/0"], ["b/0"], None)


def test_a_tolerated_cordon_lets_new_replicas_in() -> None:
    scheduling_request = deployment(tolerations=(ClusterToleration("maintenance", "Exists"),))
    assert places(plan([cluster("a", taints=(MAINTENANCE,))], scheduling_request)) == ["a/0"]


def test_a_tolerated_drain_is_none() -> None:
    scheduling_request = deployment(tolerations=(ClusterToleration("maintenance", "Exists"),))
    (running,) = plan([cluster("a", taints=(DRAIN,))], scheduling_request, own("a")).kept
    assert running.drain is None


def test_tolerating_a_cordon_does_not_tolerate_a_drain() -> None:
    scheduling_request = deployment(tolerations=(ClusterToleration("maintenance", "Exists", effect="NoSchedule"),))
    answer = plan([cluster("a", taints=(DRAIN,))], scheduling_request)
    assert answer.diagnosis.reasons == (("a", Tainted("maintenance", "NoExecute")),)


def test_every_taint_must_be_tolerated() -> None:
    scheduling_request = deployment(tolerations=(ClusterToleration("maintenance", "Exists"),))
    answer = plan([cluster("a", taints=(MAINTENANCE, ClusterTaint("team", "x")))], scheduling_request)
    assert answer.diagnosis.reasons == (("a", Tainted("team", "NoSchedule")),)


def test_without_leave_to_fill_what_runs_stays_and_nothing_comes() -> None:
    answer = plan([cluster("a")], deployment(3, hold=HoldReason.WAITING_FOR_CACHE), own("a"))
    assert (kept(answer), places(answer), answer.diagnosis.reasons) == (["a/0"], [], ())
    assert answer.held is HoldReason.WAITING_FOR_CACHE


def test_without_leave_to_fill_replicas_still_scale_down() -> None:
    answer = plan([cluster("a")], deployment(1, hold=HoldReason.CACHE_NOT_FOUND), own("a", 0), own("a", 1))
    assert deletions(answer) == ["a/1"]


def test_an_empty_list_of_clusters_takes_nothing_away() -> None:
    answer = plan([], deployment(1), own("a", 0), own("b", 0))
    assert (kept(answer), answer.lost, deletions(answer), answer.doubt) == (["a/0", "b/0"], (), [], True)


def test_a_selector_that_does_not_compile_takes_nothing_away_and_is_named() -> None:
    scheduling_request = deployment(1, engine(standalone(request("gpu", 1, GPU, "device.driver ==")), name="qwen"))
    answer = plan([cluster("a")], scheduling_request, own("a", 0), own("a", 1), own("gone"))
    assert (kept(answer), answer.lost, deletions(answer), places(answer)) == (["a/0", "a/1", "gone/0"], (), [], [])
    message = "unexpected end of the expression (line 1, column 17)"
    excerpt = "device.driver ==\n                ^"
    assert answer.invalid == (InvalidSelector("qwen", 0, "Standalone", "gpu", 1, message, excerpt),)


def test_selectors_that_may_cost_too_much_together_are_not_evaluated() -> None:
    numbers = f"[{','.join(['1'] * 350)}]"
    texts = [f"{numbers}.all(x, {numbers}.all(y, x == {number}))" for number in (1, 1, 2)]
    answer = plan(
        [cluster("a")], deployment(1, engine(standalone(request("gpu", 1, *texts)), name="qwen")), own("a", 0)
    )
    assert (kept(answer), places(answer)) == (["a/0"], [])
    message = (
        "all selectors of the deployment up to this one may cost 1234822; together they are allowed the 1000000 "
        "of a single one. Loop over less"
    )
    assert answer.invalid == (InvalidSelector("qwen", 0, "Standalone", "gpu", 2, message),)


def test_selectors_that_are_too_long_together_are_not_even_compiled() -> None:
    texts = [f"{'true && ' * 1000}{number} > 0" for number in (1, 1, 2, 3, 4, 5, 6, 7, 8, 9)]
    before = cache_statistics()["selectors"].misses
    answer = plan(
        [cluster("a")], deployment(1, engine(standalone(request("gpu", 1, *texts)), name="qwen")), own("a", 0)
    )
    assert (kept(answer), places(answer), cache_statistics()["selectors"].misses - before) == (["a/0"], [], 8)
    message = (
        "all selectors of the deployment up to this one have 72,045 bytes; 65,536 are allowed together. Shorten them"
    )
    assert answer.invalid == (InvalidSelector("qwen", 0, "Standalone", "gpu", 9, message),)


def test_a_cluster_that_has_published_no_pools_is_in_doubt() -> None:
    answer = plan([cluster("a", published=False)], deployment(2), own("a"))
    assert (kept(answer), answer.kept[0].drift) == (["a/0"], None)
    assert answer.diagnosis.reasons == (("a", PoolsUnknown()),)


def test_a_cluster_without_pools_is_told_apart_from_one_in_doubt() -> None:
    bare = replace(cluster("a"), pools=())
    assert plan([bare], deployment()).diagnosis.reasons == (("a", NoNodePools()),)


def test_replicas_of_a_namesake_in_another_namespace_are_those_of_others() -> None:
    namesake = own("a", namespace="other", own=False)
    answer = plan([cluster("a")], deployment(), namesake)
    assert (kept(answer), places(answer)) == ([], ["a/0"])


def test_a_deployment_without_engines_is_not_placed() -> None:
    assert plan([cluster("a")], SchedulingRequest("ml", "demo", 3, "r1", ())).placed == ()
