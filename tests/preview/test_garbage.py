from function.composition import Manifest
from tests.support.objects import REACHABLE, RELEASE, deployment, wrapped
from tests.support.small_plane import API_VERSION, answer, app, config, new_plane, part


def owned_by(obj: Manifest, owner: Manifest) -> Manifest:
    reference = {**{key: owner[key] for key in ("apiVersion", "kind")}, "name": owner["metadata"]["name"]}
    reference |= {"uid": owner["metadata"]["uid"], "blockOwnerDeletion": True}
    return {**obj, "metadata": {**obj.get("metadata", {}), "ownerReferences": [reference]}}


def test_a_child_that_waits_outlives_what_it_owns_when_their_composite_is_deleted() -> None:
    keeper = config("keeper")
    keeper["metadata"]["finalizers"] = ["foregroundDeletion"]
    children = {"keeper": keeper}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app()])
    plane.settle()
    release = owned_by(RELEASE, plane.list("v1", "ConfigMap")[0])
    release["metadata"]["finalizers"] = ["foregroundDeletion"]
    children["release"] = release
    plane.settle()
    children["first"] = owned_by(config("first"), plane.list("helm.m.crossplane.io/v1beta1", "Release")[0])
    plane.settle()
    plane.delete(API_VERSION, "App", "team", "shop")
    kinds_by_step = []
    for _ in range(12):
        plane.step()
        kinds_by_step.append([obj["kind"] for obj in plane.everything() if obj["kind"] in {"ConfigMap", "Release"}])
    assert ["ConfigMap", "Release"] in kinds_by_step, (
        "the Release waits for what it owns, and its owner for the Release"
    )
    assert kinds_by_step[-1] == []


def test_everything_that_a_deleted_composite_composed_is_collected_down_to_the_clusters() -> None:
    plane = new_plane(
        lambda _: answer({"part": part(), "settings": config()}),
        lambda _: answer({"engine": wrapped(deployment())}),
    )
    plane.apply([app(), *REACHABLE])
    plane.settle()
    assert len(plane.remote()) == 1
    plane.delete(API_VERSION, "App", "team", "shop")
    plane.settle()
    kinds = {obj["kind"] for obj in plane.everything()}
    assert kinds & {"App", "Part", "ConfigMap", "Object"} == set()
    assert plane.remote() == ()
