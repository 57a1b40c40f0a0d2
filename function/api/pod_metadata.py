"""Labels and annotations of pods that grant something to them.

Whoever reads an annotation acts on it with rights of its own: it attaches networks, hands out a cloud's
roles, takes profiles away, injects containers or moves the pod past the scheduler. Such readers look only
at keys of their own, so what grants is told by the key's domain, with all domains below it, rather than
by a list of keys that is out of date with the next release. Labels are looked at alike: some clouds take
their roles from them. A key of any other domain, a team's own for one, has no reader to grant it anything.
"""

from __future__ import annotations

from typing import Final

from function.api.clouds import CLOUDS

_DOMAINS: Final = (
    *(domain for cloud in CLOUDS for domain in cloud.pod_domains),
    # Kubernetes itself: profiles, mirror pods, schedulers, device injection
    "k8s.io",
    "kubernetes.io",
    # networks
    "antrea.io",
    "cilium.io",
    "cisco.com",
    "cncf.io",
    "kube-router.io",
    "kube-vip.io",
    "multus-cni.io",
    "ovn.org",
    "projectcalico.org",
    "spidernet.io",
    "yangtse.io",
    # other clouds
    "alibabacloud.com",
    "aliyun.com",
    "ibm.com",
    "oraclecloud.com",
    "tencent.com",
    "volcengine.com",
    # runtimes and devices
    "amd.com",
    "containerd.io",
    "cri-o.io",
    "crio.io",
    "hami.io",
    "intel.com",
    "katacontainers.io",
    "kubevirt.io",
    "noderesource.dev",
    "nri.io",
    "nvidia.com",
    # meshes, injectors of containers and secrets, distributions
    "banzaicloud.com",
    "banzaicloud.io",
    "bank-vaults.io",
    "1password.io",
    "akeyless.io",
    "dynatrace.com",
    "fluid.io",
    "mellanox.com",
    "cattle.io",
    "cyberark.com",
    "dapr.io",
    "admission.datadoghq.com",
    "hashicorp.com",
    "infisical.com",
    "istio.io",
    "jaegertracing.io",
    "konghq.com",
    "kuma.io",
    "linkerd.io",
    "openservicemesh.io",
    "openshift.io",
    "opentelemetry.io",
    "spiffe.io",
    "tumblr.com",
)

_BEGINNINGS: Final = (
    "com.nvidia.",
    "dev.gvisor.",
    "io.cilium.",
    "io.containerd.",
    "io.cri-containerd.",
    "io.katacontainers.",
    "io.kubernetes.",
    "io.podman.",
    "org.systemd.",
    "run.oci.",
)
"""What container runtimes read has its domain back to front and needs no slash."""

_KEYS: Final = frozenset({"aadpodidbinding"})

_HARMLESS: Final = (
    "app.kubernetes.io/",
    "cluster-autoscaler.kubernetes.io/safe-to-evict",
    "controller.kubernetes.io/pod-deletion-cost",
    "inference.networking.k8s.io/",
    "kubectl.kubernetes.io/",
    "kubernetes.io/change-cause",
    "kubernetes.io/description",
    "kubernetes.io/egress-bandwidth",
    "kubernetes.io/ingress-bandwidth",
)
"""Beginnings of keys that describe, bound or keep the pod that has them, and nothing else."""

_INJECTS: Final = ("/inject", "/agent-inject", "-injection", "datadoghq.com/enabled", "istio.io/dataplane-mode")
_NOTHING: Final = frozenset({"false", "disabled", "none"})
"""What keeps an injector of containers away from a pod."""

_PROFILES: Final = ("container.apparmor.security.beta.kubernetes.io", "seccomp.security.alpha.kubernetes.io")
_CONFINED: Final = frozenset({"docker/default", "runtime/default"})


def grants(key: str, value: str = "") -> bool:
    """Tell whether a label or annotation may grant something to the pod that has it.

    Args:
        key: The key.
        value: The value: the default profile of the runtime confines, any other may not; to inject nothing is no grant.
    """
    if key in _KEYS or key.startswith(_BEGINNINGS):
        return True
    if key.startswith(_HARMLESS) or (any(part in key for part in _INJECTS) and value in _NOTHING):
        return False
    domain = key.partition("/")[0]
    if _is_below(domain, _PROFILES) and value in _CONFINED:
        return False
    return _is_below(domain, _DOMAINS)


def _is_below(domain: str, parents: tuple[str, ...]) -> bool:
    return any(domain == parent or domain.endswith(f".{parent}") for parent in parents)
