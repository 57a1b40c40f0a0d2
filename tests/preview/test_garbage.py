from function.composition import Manifest
from tests.support.objects import REACHABLE, RELEASE, deployment, wrapped
from tests.support.small_plane import API_VERSION, answer, app, config, part, plane


def owned_by(obj: Manifest, owner: Manifest) -> Manifest:
    reference = {**{key: owner[key] for key in ("apiVersion", "kind")}, "name": owner["metadata"]["name"]}
    reference |= {"uid": owner["metadata"]["uid"], "blockOwnerDeletion": True}
    return {**obj, "metadata": {**obj.get("metadata", {}), "ownerReferences": [reference]}}


def test_a_child_that_waits_outlives_what_it_owns_when_their_composite_is_deleted() -> None:
    keeper = config("keeper")
    keeper["metadata"]["finalizers"] = ["foregroundDeletion"]
    children = {"keeper": keeper}
    of = plane(lambda _: answer(children))
    of.apply([app()])
    of.settle()
    release = owned_by(RELEASE, of.list("v1", "ConfigMap")[0])
    release["metadata"]["finalizers"] = ["foregroundDeletion"]
    children["release"] = release
    of.settle()
    children["first"] = owned_by(config("first"), of.list("helm.m.crossplane.io/v1beta1", "Release")[0])
    of.settle()
    of.delete(API_VERSION, "App", "team", "shop")
    left = []
    for _ in range(12):
        of.step()
        left.append([obj["kind"] for obj in of.everything() if obj["kind"] in {"ConfigMap", "Release"}])
    assert ["ConfigMap", "Release"] in left, "the Release waits for what it owns, and its owner for the Release"
    assert left[-1] == []


def test_everything_that_a_deleted_composite_composed_is_collected_down_to_the_clusters() -> None:
    of = plane(
        lambda _: answer({"part": part(), "settings": config()}),
        lambda _: answer({"engine": wrapped(deployment())}),
    )
    of.apply([app(), *REACHABLE])
    of.settle()
    assert len(of.remote()) == 1
    of.delete(API_VERSION, "App", "team", "shop")
    of.settle()
    kinds = {obj["kind"] for obj in of.everything()}
    assert kinds & {"App", "Part", "ConfigMap", "Object"} == set()
    assert of.remote() == ()
