import pytest

from function.api.kinds import GROUPS, KINDS, by_kind
from function.api.labels import is_reserved_namespace

SERVED = {
    "InferenceClass": ("modelplane.ai", "inferenceclasses", "icl", "Cluster", ()),
    "InferenceCluster": (
        "modelplane.ai",
        "inferenceclusters",
        "ic",
        "Cluster",
        (
            ("SOURCE", "string", ".spec.cluster.source"),
            ("GATEWAY", "string", ".status.gateway.address"),
            ("POOLS", "integer", ".status.pools"),
            ("NODES", "integer", ".status.nodes"),
            ("REPLICAS", "integer", ".status.replicas"),
        ),
    ),
    "InferenceGateway": (
        "modelplane.ai",
        "inferencegateways",
        "ig",
        "Cluster",
        (("GATEWAY", "string", ".spec.backend"), ("ADDRESS", "string", ".status.address")),
    ),
    "ModelDeployment": (
        "modelplane.ai",
        "modeldeployments",
        "md",
        "Namespaced",
        (
            ("DESIRED", "integer", ".spec.replicas"),
            ("SCHEDULED", "integer", ".status.replicas.total"),
            ("REPLICAS", "integer", ".status.replicas.ready"),
        ),
    ),
    "ModelReplica": (
        "modelplane.ai",
        "modelreplicas",
        "mr",
        "Namespaced",
        (
            ("DEPLOYMENT", "string", ".metadata.labels.modelplane\\.ai/deployment"),
            ("CLUSTER", "string", ".spec.clusterName"),
            ("MODELREADY", "string", ".status.conditions[?(@.type=='ModelReady')].status"),
        ),
    ),
    "ModelEndpoint": (
        "modelplane.ai",
        "modelendpoints",
        "me",
        "Namespaced",
        (
            ("URL", "string", ".spec.url"),
            ("ROUTING", "string", ".status.conditions[?(@.type=='RoutingReady')].reason"),
        ),
    ),
    "ModelService": (
        "modelplane.ai",
        "modelservices",
        "ms",
        "Namespaced",
        (
            ("ADDRESS", "string", ".status.address"),
            ("ENDPOINTS", "string", ".status.summary.ready"),
            ("ROUTING", "string", ".status.conditions[?(@.type=='RoutingReady')].status"),
        ),
    ),
    "ModelCache": (
        "modelplane.ai",
        "modelcaches",
        "mc",
        "Namespaced",
        (("SOURCE", "string", ".spec.huggingFace.repo"), ("CLUSTERS", "string", ".status.summary.ready")),
    ),
    "ServingStack": (
        "infrastructure.modelplane.ai",
        "servingstacks",
        "ss",
        "Namespaced",
        (("GATEWAY", "string", ".status.gateway.address"),),
    ),
}


def test_names_scopes_and_columns_are_part_of_the_api() -> None:
    found = {
        kind.kind: (
            kind.group,
            kind.plural,
            kind.short,
            kind.scope,
            tuple((column.name, column.type, column.path) for column in kind.columns),
        )
        for kind in KINDS
    }
    assert found == SERVED


def test_every_kind_is_found_by_its_version_and_name() -> None:
    assert [by_kind(kind.api_version, kind.kind) for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("modelplane.ai/v1alpha1", "ServingStack"),
        ("modelplane.ai/v1", "ModelService"),
        ("apps/v1", "Deployment"),
        ("", ""),
    ],
)
def test_a_kind_that_is_not_served_is_not_found(api_version: str, kind: str) -> None:
    assert by_kind(api_version, kind) is None


def test_there_are_two_groups() -> None:
    assert {"modelplane.ai", "infrastructure.modelplane.ai"} == GROUPS


@pytest.mark.parametrize(
    "namespace",
    [
        "kube-system",
        "kube-anything",
        "modelplane-system",
        "crossplane-system",
        "cert-manager",
        "envoy-gateway-system",
        "envoy-ai-gateway-system",
        "monitoring",
        "lws-system",
        "node-feature-discovery",
        "dra-driver-nvidia-gpu",
        "default",
        "gpu-operator",
        "istio-system",
        "my-kube-system",
        "openshift",
        "openshift-monitoring",
    ],
)
def test_namespaces_that_something_else_fills_are_reserved(namespace: str) -> None:
    assert is_reserved_namespace(namespace)


@pytest.mark.parametrize("namespace", ["ml-team", "kube", "systems", "my-default", "openshifters", ""])
def test_other_namespaces_are_free(namespace: str) -> None:
    assert not is_reserved_namespace(namespace)
