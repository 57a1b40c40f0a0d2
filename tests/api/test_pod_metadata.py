"""Labels and annotations of pods grant something, or are harmless."""

import pytest

from function.api.pod_metadata import grants


@pytest.mark.parametrize(
    "key",
    [
        "k8s.v1.cni.cncf.io/networks",
        "v1.multus-cni.io/default-network",
        "k8s.ovn.org/pod-networks",
        "cni.projectcalico.org/ipAddrs",
        "iam.amazonaws.com/role",
        "eks.amazonaws.com/skip-containers",
        "azure.workload.identity/use",
        "aadpodidbinding",
        "iam.gke.io/gcp-service-account",
        "gke-gcsfuse/volumes",
        "container.apparmor.security.beta.kubernetes.io/engine",
        "seccomp.security.alpha.kubernetes.io/pod",
        "kubernetes.io/config.mirror",
        "scheduler.alpha.kubernetes.io/critical-pod",
        "cdi.k8s.io/gpus",
        "devices.nri.io/container.engine",
        "devices.nri.io",
        "mounts.nri.io",
        "io.kubernetes.cri-o.Devices",
        "io.kubernetes.cri-o.cgroup2-mount-hierarchy-rw/engine",
        "io.containerd.cri.runtime-handler",
        "io.katacontainers.config.hypervisor.kernel_params",
        "run.oci.keep_original_groups",
        "sidecar.istio.io/inject",
        "istio.io/rev",
        "linkerd.io/inject",
        "config.linkerd.io/skip-outbound-ports",
        "vault.hashicorp.com/agent-inject",
        "nvidia.com/use-gputype",
        "openshift.io/scc",
    ],
)
def test_a_key_that_something_on_clusters_acts_on_grants(key: str) -> None:
    assert grants(key, "x")


@pytest.mark.parametrize(
    "key",
    [
        "team",
        "ml.example.com/owner",
        "prometheus.io/scrape",
        "app.kubernetes.io/name",
        "inference.networking.k8s.io/engine-type",
        "kubectl.kubernetes.io/default-container",
        "cluster-autoscaler.kubernetes.io/safe-to-evict",
        "kubernetes.io/egress-bandwidth",
        "co.elastic.logs/enabled",
        "kueue.x-k8s.io/queue-name",
        "kueue.x-k8s.io/priority-class",
        "ad.datadoghq.com/engine.logs",
        "checksum/config",
        "myk8s.io/x",
        "notistio.io/inject",
    ],
)
def test_a_key_that_describes_or_bounds_or_is_a_teams_own_grants_nothing(key: str) -> None:
    assert not grants(key, "x")


@pytest.mark.parametrize("value", ["unconfined", "localhost/own", ""])
def test_a_profile_other_than_the_runtimes_own_grants(value: str) -> None:
    assert grants("container.apparmor.security.beta.kubernetes.io/engine", value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sidecar.istio.io/inject", "false"),
        ("linkerd.io/inject", "disabled"),
        ("vault.hashicorp.com/agent-inject", "false"),
        ("instrumentation.opentelemetry.io/inject-python", "false"),
        ("admission.datadoghq.com/enabled", "false"),
        ("istio.io/dataplane-mode", "none"),
    ],
)
def test_what_keeps_an_injector_away_grants_nothing_and_what_calls_it_does(key: str, value: str) -> None:
    assert not grants(key, value)
    assert grants(key, "true")


def test_the_default_profile_of_the_runtime_grants_nothing() -> None:
    assert not grants("container.apparmor.security.beta.kubernetes.io/engine", "runtime/default")
