"""What is installed around the function: metadata, the activation policy, and install.yaml."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from function.api.compositions import FUNCTION, composition
from function.api.kinds import KINDS
from function.packages.__main__ import main
from function.packages.composed import COMPOSED, ServedBy
from function.packages.files import ACTIVATION, CONFIGURATION, CONFIGURATION_PACKAGE, INSTALL, files
from function.packages.files import FUNCTION as FUNCTION_METADATA
from function.packages.metadata import REGISTRY, Release, project, release
from tests.support.crd_schemas import violations

MADE = files(release())
PLURALS = {
    "Configuration": "configurations",
    "DeploymentRuntimeConfig": "deploymentruntimeconfigs",
    "Function": "functions",
    "ImageConfig": "imageconfigs",
    "ManagedResourceActivationPolicy": "managedresourceactivationpolicies",
}
BUILT_IN = {"ClusterRole", "ClusterRoleBinding", "Namespace"}


def documents(path: str, of: Mapping[str, str] = MADE) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(of[path]))


def single_document(path: str) -> dict[str, Any]:
    (document,) = documents(path)
    return document


def installed(kind: str, name: str) -> dict[str, Any]:
    (found,) = (
        document for document in documents(INSTALL) if (document["kind"], document["metadata"]["name"]) == (kind, name)
    )
    return found


def pod_of(config: str) -> dict[str, Any]:
    pod: dict[str, Any] = installed("DeploymentRuntimeConfig", config)["spec"]["deploymentTemplate"]["spec"]["template"]
    return pod["spec"]  # type: ignore[no-any-return]


def test_checking_writes_nothing_and_fails_while_something_is_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [f"stale: {path}" for path in sorted(MADE)]
    assert list(tmp_path.iterdir()) == []


def test_writing_makes_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"written: {path}" for path in sorted(MADE)]
    assert not (tmp_path / INSTALL).stat().st_mode & stat.S_IXUSR


def test_the_function_composes_on_crossplane_2_3_and_later() -> None:
    metadata = single_document(FUNCTION_METADATA)
    assert (metadata["apiVersion"], metadata["kind"], metadata["metadata"]["name"]) == (
        "meta.pkg.crossplane.io/v1",
        "Function",
        "function-modelplane",
    )
    assert metadata["spec"] == {"capabilities": ["composition"], "crossplane": {"version": ">=v2.3.0"}}


def test_the_configuration_depends_on_the_function_and_the_providers_of_what_is_composed() -> None:
    metadata = single_document(CONFIGURATION)
    assert (metadata["apiVersion"], metadata["kind"], metadata["metadata"]["name"]) == (
        "meta.pkg.crossplane.io/v1",
        "Configuration",
        "modelplane",
    )
    provider = {"apiVersion": "pkg.crossplane.io/v1", "kind": "Provider"}
    assert metadata["spec"] == {
        "crossplane": {"version": ">=v2.3.0"},
        "dependsOn": [
            {
                "apiVersion": "pkg.crossplane.io/v1",
                "kind": "Function",
                "package": f"{REGISTRY}/function-modelplane",
                "version": f"v{project()['version']}",
            },
            {**provider, "package": "xpkg.upbound.io/upbound/provider-helm", "version": "v1.4.0"},
            {**provider, "package": "xpkg.upbound.io/upbound/provider-kubernetes", "version": "v1.3.0"},
        ],
    }


def test_every_managed_resource_that_is_composed_is_activated_by_its_name_and_nothing_else() -> None:
    policy = single_document(ACTIVATION)
    assert policy["metadata"] == {"name": "modelplane"}
    assert policy["spec"]["activate"] == sorted(row.name for row in COMPOSED if row.served_by is ServedBy.MANAGED)
    assert policy["spec"]["activate"] == [
        "objects.kubernetes.m.crossplane.io",
        "observedobjectcollections.kubernetes.m.crossplane.io",
        "releases.helm.m.crossplane.io",
    ]


def test_another_registry_changes_where_our_packages_are_and_nothing_else() -> None:
    other = files(Release(release().version, "oci.example.org/ai"))
    assert {path: text.replace("oci.example.org/ai", REGISTRY) for path, text in other.items()} == MADE
    assert [path for path in MADE if other[path] != MADE[path]] == [CONFIGURATION, INSTALL, CONFIGURATION_PACKAGE]


def test_what_is_installed_first_comes_in_the_order_in_which_it_is_needed() -> None:
    assert [(document["kind"], document["metadata"]["name"]) for document in documents(INSTALL)] == [
        ("Namespace", "modelplane-system"),
        ("ClusterRole", "crossplane-compose-modelplane"),
        ("ClusterRole", "modelplane-view"),
        ("ClusterRole", "modelplane-edit"),
        ("ClusterRole", "modelplane-endpoint-edit"),
        ("ClusterRole", "modelplane-platform-view"),
        ("ClusterRole", "modelplane-platform-edit"),
        ("ClusterRoleBinding", "provider-helm-modelplane"),
        ("DeploymentRuntimeConfig", "provider-helm-modelplane"),
        ("ImageConfig", "provider-helm-modelplane"),
        ("DeploymentRuntimeConfig", "provider-kubernetes-modelplane"),
        ("ImageConfig", "provider-kubernetes-modelplane"),
        ("DeploymentRuntimeConfig", "function-modelplane"),
        ("ImageConfig", "function-modelplane"),
        ("Function", "function-modelplane"),
    ]


@pytest.mark.parametrize(
    "obj",
    [document for path in (INSTALL, ACTIVATION, CONFIGURATION_PACKAGE) for document in documents(path)],
    ids=lambda document: f"{document['kind']}/{document['metadata']['name']}",
)
def test_it_is_valid_with_unknown_fields_refused(obj: dict[str, Any]) -> None:
    if obj["kind"] in BUILT_IN:
        kubernetes_validate.validate(obj, kubernetes_validate.latest_version(), strict=True)
    else:
        assert violations(obj, PLURALS[obj["kind"]]) == []


@pytest.mark.parametrize("name", ["function-modelplane", "provider-helm-modelplane", "provider-kubernetes-modelplane"])
def test_a_runtime_config_is_a_valid_deployment_once_crossplane_fills_it_in(name: str) -> None:
    spec = installed("DeploymentRuntimeConfig", name)["spec"]["deploymentTemplate"]["spec"]
    labels = {"pkg.crossplane.io/function": name}
    pod = {**spec["template"]["spec"], "containers": [{**pod_of(name)["containers"][0], "image": "engine"}]}
    filled = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            **spec,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    kubernetes_validate.validate(filled, kubernetes_validate.latest_version(), strict=True)


def test_the_function_runs_twice_unprivileged_and_probed_where_it_answers() -> None:
    spec = installed("DeploymentRuntimeConfig", "function-modelplane")["spec"]["deploymentTemplate"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (spec["replicas"], container["name"]) == (2, "package-runtime")
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 8080}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": 8080}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["runAsNonRoot"] is True
    assert set(container["resources"]) == {"requests", "limits"}
    assert spec["template"]["spec"]["automountServiceAccountToken"] is False
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"] == {"matchLabels": {"pkg.crossplane.io/function": FUNCTION}}


def test_provider_kubernetes_watches_and_keeps_secrets_out_of_status() -> None:
    (container,) = pod_of("provider-kubernetes-modelplane")["containers"]
    assert container == {"name": "package-runtime", "args": ["--enable-watches", "--sanitize-secrets"]}


def test_provider_helm_has_a_service_account_of_its_own_that_may_do_anything_here() -> None:
    name = "provider-helm-modelplane"
    spec = installed("DeploymentRuntimeConfig", name)["spec"]
    assert spec["serviceAccountTemplate"] == {"metadata": {"name": name}}
    binding = installed("ClusterRoleBinding", name)
    assert binding["roleRef"]["name"] == "cluster-admin"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "crossplane-system"}]


def test_provider_helm_looks_at_a_release_that_it_has_changed_after_half_a_minute() -> None:
    (container,) = pod_of("provider-helm-modelplane")["containers"]
    assert container == {"name": "package-runtime", "args": ["--poll=30s"]}


def test_each_runtime_config_applies_to_the_package_that_is_depended_on_or_asked_for() -> None:
    configs = [document for document in documents(INSTALL) if document["kind"] == "ImageConfig"]
    depended = {dependency["package"] for dependency in single_document(CONFIGURATION)["spec"]["dependsOn"]}
    assert {match["prefix"] for config in configs for match in config["spec"]["matchImages"]} == depended
    for image_config in configs:
        config = image_config["spec"]["runtime"]["configRef"]
        assert installed(config["kind"], config["name"])["apiVersion"] == config["apiVersion"]


def test_the_function_is_installed_under_the_name_that_every_composition_uses() -> None:
    named = {
        step["functionRef"]["name"]
        for written in map(composition, KINDS)
        if written is not None
        for step in written["spec"]["pipeline"]
    }
    assert named == {installed("Function", "function-modelplane")["metadata"]["name"]}


def test_the_function_is_installed_in_the_version_that_the_configuration_asks_for() -> None:
    function = single_document(CONFIGURATION)["spec"]["dependsOn"][0]
    package = installed("Function", "function-modelplane")["spec"]["package"]
    assert package == f"{function['package']}:{function['version']}"
    assert single_document(CONFIGURATION_PACKAGE)["spec"]["package"] == f"{REGISTRY}/modelplane:{function['version']}"
