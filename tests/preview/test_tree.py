import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.api.kinds import KINDS
from function.composition import Composition, Observation
from function.preview.control_plane import ControlPlane
from function.preview.tree import TreeNode, tree
from function.preview.views import show_tree
from tests.support import api
from tests.support.api import deployment
from tests.support.settled import EXAMPLES, quickstart, settle

GOLDEN = Path(__file__).parent / "quickstart_tree.txt"
REASONS = Path(__file__).parent / "reasons_models.txt"
FLEET = EXAMPLES / "quickstart" / "fleet"


def text(plane: ControlPlane) -> str:
    out = io.StringIO()
    show_tree(plane, out)
    return out.getvalue()


def new_plane(*manifests: Any) -> ControlPlane:
    result = ControlPlane()
    result.apply(manifests)
    result.settle()
    return result


def section(plane: ControlPlane, title: str) -> TreeNode:
    (found,) = [node for node in tree(plane) if node.text.startswith(title)]
    return found


def lines(node: TreeNode) -> list[str]:
    return [node.text, *(line for child in node.children for line in lines(child))]


def service(name: str = "chat", **labels: str) -> Any:
    return {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelService",
        "metadata": {"name": name, "namespace": "ml-team"},
        "spec": {"endpoints": [{"selector": {"matchLabels": labels or {"at": "outside"}}}]},
    }


def test_the_tree_of_the_quickstart_reads_like_this() -> None:
    assert text(quickstart()) == GOLDEN.read_text(encoding="utf-8"), (
        f"When the change is meant: modelplane preview examples/quickstart > {GOLDEN.relative_to(Path.cwd())}"
    )


def test_a_placed_a_partly_placed_and_an_unplaceable_model_read_like_this() -> None:
    models = text(settle(FLEET, EXAMPLES / "reasons")).partition("\n\n")[0]
    assert f"{models}\n" == REASONS.read_text(encoding="utf-8")


def test_a_section_with_nothing_in_it_is_left_out() -> None:
    assert [node.text for node in tree(new_plane(service()))] == ["Services: what a client calls"]


def test_a_model_without_a_fleet_says_what_to_create() -> None:
    (line,) = section(new_plane(deployment()), "Models").children
    assert (line.text, line.ready) == ("ml-team/qwen-demo  0 of 1 replicas placed, 0 serving", False)
    assert "ReplicasScheduled is False: NoClusters: No InferenceClusters found: create one" in lines(line)


def test_a_model_that_fits_nowhere_says_cluster_by_cluster_why() -> None:
    (chat, large) = section(quickstart(), "Models").children
    assert (chat.ready, large.ready) == (True, False)
    assert lines(large)[-2:] == [
        "ams-1: no device for request gpu (selector 1 false on 1 device)",
        "osl-1: no device for request gpu (selector 1 false on 1 device)",
    ]


def test_a_service_says_who_answers_and_which_share() -> None:
    endpoint = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelEndpoint",
        "metadata": {"namespace": "ml-team"},
        "spec": {"url": "http://llm.example.com/v1"},
    }
    split = service()
    split["spec"]["endpoints"] = [
        {"weight": weight, "selector": {"matchLabels": {"at": at}}} for at, weight in (("a", 1), ("b", 3))
    ]
    endpoints = [{**endpoint, "metadata": {"name": at, "namespace": "ml-team", "labels": {"at": at}}} for at in "ab"]
    gateway = next(iter(yaml.safe_load_all((FLEET / "gateway.yaml").read_text(encoding="utf-8"))))
    (line,) = section(new_plane(gateway, *endpoints, split), "Services").children
    assert (line.text, line.ready) == ("ml-team/chat  POST http://192.0.2.1/ml-team/chat/v1/chat/completions", True)
    assert sorted(lines(line)[1:]) == [
        "25% of requests to endpoint a, http://llm.example.com/v1",
        "75% of requests to endpoint b, http://llm.example.com/v1",
    ]


def test_a_service_says_why_an_endpoint_that_it_selects_gets_no_requests() -> None:
    inner = api.endpoint("http://10.0.0.5:8000/v1", "inner")
    inner["metadata"] |= {"namespace": "ml-team", "labels": {"at": "outside"}}
    gateway = next(iter(yaml.safe_load_all((FLEET / "gateway.yaml").read_text(encoding="utf-8"))))
    (line,) = section(new_plane(gateway, inner, service()), "Services").children
    (refused,) = [
        node for node in line.children if node.text == "no requests to endpoint inner, http://10.0.0.5:8000/v1"
    ]
    assert refused.ready is False
    assert any("AddressNotAllowed" in node.text and "spec.endpoints.allow" in node.text for node in refused.children)


def test_a_service_without_a_gateway_says_that_there_is_no_url_yet() -> None:
    (line,) = section(new_plane(service()), "Services").children
    assert (line.text, line.ready) == ("ml-team/chat  no URL yet", False)
    assert "GatewayResolved is False: GatewayNotFound: There is no InferenceGateway named default" in lines(line)


def test_what_is_on_a_cluster_is_listed_by_who_composes_it_in_the_order_of_shown_names() -> None:
    groups = section(quickstart(), "On cluster osl-1").children
    assert [group.text.split("/")[0] for group in groups] == ["ServingStack"]
    releases = [node.text for node in groups[0].children if node.text.startswith("Release ")]
    assert releases == sorted(releases)
    assert len(releases) > 1


def test_a_kind_that_nothing_composes_yet_is_said_to_be_accepted() -> None:
    cache = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelCache",
        "metadata": {"name": "qwen", "namespace": "ml-team"},
        "spec": {"source": "HuggingFace", "huggingFace": {"repo": "Qwen/Qwen3-8B", "sizeGiB": 20}},
    }
    found = [line for line in text(new_plane(cache)).splitlines() if "ModelCache" in line]
    assert found == ["└── ml-team/qwen  ModelCache: accepted, and nothing is made of it"]


def test_given_objects_of_other_kinds_are_named_so_that_no_input_is_passed_over_in_silence() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "data": {"key": "eA=="}}
    widget = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "team"}}
    assert text(new_plane(widget, secret)) == (
        "Taken as given: no kinds of Modelplane\n├── Secret  default/token  with key\n└── Widget  team/w\n"
    )


def test_an_object_that_no_other_uses_is_named_so_that_no_input_is_passed_over_in_silence() -> None:
    classes = list(yaml.safe_load_all((FLEET / "classes.yaml").read_text(encoding="utf-8")))
    endpoint = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelEndpoint",
        "metadata": {"name": "outside", "namespace": "ml-team", "labels": {"at": "outside"}},
        "spec": {"url": "http://user:hunter2@llm.example.com/v1"},
    }
    assert text(new_plane(*classes, endpoint)) == (
        "Used by nothing that was given\n"
        "├── class l4-1x: each node with 1 x gpu (Ada Lovelace, 23034Mi)  Ready\n"
        "├── class t4-4x: each node with 4 x gpu (Turing, 15360Mi)  Ready\n"
        "└── endpoint ml-team/outside, http://***@llm.example.com/v1  Ready\n"
        "    └── Held is True: InputMissing: InferenceGateway default, which says where endpoints may lead, "
        "does not exist; requests go where they went before\n"
    )
    assert "Used by nothing that was given" not in text(new_plane(endpoint, service()))


ALONE = [
    api.inference_class(),
    api.cluster(),
    api.gateway(),
    api.deployment(),
    api.replica(),
    api.service({"selector": {"matchLabels": {"a": "b"}}}),
    api.endpoint(),
    api.cache(),
    api.stack(),
]


@pytest.mark.parametrize("obj", ALONE, ids=lambda obj: obj["kind"])
def test_no_kind_of_ours_is_passed_over_in_silence_when_it_is_all_that_is_given(obj: Any) -> None:
    assert obj["metadata"]["name"] in text(new_plane(obj))


def test_every_kind_of_ours_is_tried_alone() -> None:
    assert {obj["kind"] for obj in ALONE} == {kind.kind for kind in KINDS}


def test_what_stops_a_reconcile_is_said_even_of_what_stays_ready() -> None:
    plane = settle(FLEET)
    compose = plane.compose

    def composing_nothing(observation: Observation) -> Composition:
        return Composition(fatal="out of order") if observation.kind == "InferenceGateway" else compose(observation)

    plane.compose = composing_nothing
    plane.settle()
    (gateway,) = [node for node in section(plane, "Fleet").children if node.text.startswith("gateway ")]
    assert gateway.ready is True
    assert any("Synced is False: ReconcileError" in line and "out of order" in line for line in lines(gateway))


@pytest.mark.parametrize("name", ["ams-1", "osl-1"])
def test_a_cluster_says_its_pools_nodes_and_devices(name: str) -> None:
    (found,) = [node for node in section(quickstart(), "Fleet").children if node.text.startswith(f"cluster {name} ")]
    assert found.ready is True
    (pool,) = found.children
    assert pool.text.startswith("node pool ")
    assert "nodes of class" in pool.text
    assert "each with" in pool.text


def test_a_class_whose_nodes_have_nothing_left_says_so_at_its_pools_and_alone() -> None:
    keeping = api.inference_class()
    keeping["spec"]["node"] = {"cpu": "8", "reserved": {"cpu": "8"}}
    said = "Accepted is False: NothingLeft: node.reserved.cpu is 8 and node.cpu 8: nothing is left for pods"
    cluster = api.cluster()
    cluster["spec"]["nodePools"][0]["className"] = keeping["metadata"]["name"]
    for plane, title in ((new_plane(keeping, cluster), "Fleet"), (new_plane(keeping), "Used by nothing")):
        assert said in lines(section(plane, title))
