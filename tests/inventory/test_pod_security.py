"""Which Pod Security level a pod needs, field by field as Kubernetes' own checks decide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.composition import Manifest
from function.inventory.pod_security import SecurityLevel, Violation, describe, needed_level, read_level, violations

HARDENED: Manifest = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED, BASELINE, PRIVILEGED = SecurityLevel


def template(context: Any = None, container: Any = None, **spec: Any) -> Manifest:
    """A template of one hardened container with more of a security context, more of itself, and more of a pod."""
    engine = {"name": "engine", "image": "x", "securityContext": {**HARDENED, **(context or {})}, **(container or {})}
    return {"spec": {"containers": [engine], **spec}}


ADMITTED: dict[str, tuple[SecurityLevel, Manifest]] = {
    "hardened": (RESTRICTED, template()),
    "nothing said": (BASELINE, {"spec": {"containers": [{"name": "engine"}]}}),
    "host network": (PRIVILEGED, template(hostNetwork=True)),
    "host processes": (PRIVILEGED, template(hostPID=True)),
    "host memory": (PRIVILEGED, template(hostIPC=True)),
    "no host network": (RESTRICTED, template(hostNetwork=False)),
    "host port": (PRIVILEGED, template(container={"ports": [{"containerPort": 80, "hostPort": 80}]})),
    "port": (RESTRICTED, template(container={"ports": [{"containerPort": 80}]})),
    "privileged": (PRIVILEGED, template({"privileged": True})),
    "host path": (PRIVILEGED, template(volumes=[{"name": "v", "hostPath": {"path": "/x"}}])),
    "nfs": (BASELINE, template(volumes=[{"name": "v", "nfs": {"server": "s", "path": "/"}}])),
    "volumes": (
        RESTRICTED,
        template(volumes=[{"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "c"}}]),
    ),
    "a volume that says nothing": (RESTRICTED, template(volumes=[{"name": "v"}])),
    "added capability": (PRIVILEGED, template({"capabilities": {"drop": ["ALL"], "add": ["IPC_LOCK"]}})),
    "added default capability": (BASELINE, template({"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}})),
    "added bind": (RESTRICTED, template({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}})),
    "dropped other": (BASELINE, template({"capabilities": {"drop": ["NET_RAW"]}})),
    "unmasked": (PRIVILEGED, template({"procMount": "Unmasked"})),
    "unmasked with users of its own": (BASELINE, template({"procMount": "Unmasked"}, hostUsers=False)),
    "unconfined calls": (PRIVILEGED, template({"seccompProfile": {"type": "Unconfined"}})),
    "unconfined AppArmor": (PRIVILEGED, template({"appArmorProfile": {"type": "Unconfined"}})),
    "local AppArmor": (RESTRICTED, template({"appArmorProfile": {"type": "Localhost"}})),
    "SELinux type": (PRIVILEGED, template({"seLinuxOptions": {"type": "spc_t"}})),
    "SELinux user": (PRIVILEGED, template({"seLinuxOptions": {"user": "u"}})),
    "SELinux level": (RESTRICTED, template({"seLinuxOptions": {"level": "s0"}})),
    "sysctl": (PRIVILEGED, template(securityContext={"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]})),
    "safe sysctl": (RESTRICTED, template(securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]})),
    "host process of Windows": (PRIVILEGED, template(securityContext={"windowsOptions": {"hostProcess": True}})),
    "root": (BASELINE, template({"runAsUser": 0})),
    "root that is nobody": (RESTRICTED, template({"runAsUser": 0, "runAsNonRoot": False}, hostUsers=False)),
    "may be root": (BASELINE, template({"runAsNonRoot": False})),
    "escalation": (BASELINE, template({"allowPrivilegeEscalation": True})),
    "probe of another host": (PRIVILEGED, template(container={"livenessProbe": {"httpGet": {"host": "h", "port": 1}}})),
    "hook to another host": (
        PRIVILEGED,
        template(container={"lifecycle": {"preStop": {"httpGet": {"host": "h", "port": 1}}}}),
    ),
    "an init container counts": (
        PRIVILEGED,
        template(initContainers=[{"name": "i", "securityContext": {"privileged": True}}]),
    ),
    "an annotation that takes AppArmor away": (
        PRIVILEGED,
        {
            **template(),
            "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/engine": "unconfined"}},
        },
    ),
}


@pytest.mark.parametrize("name", ADMITTED)
def test_a_pod_needs_the_strictest_level_that_admits_it(name: str) -> None:
    level, pod = ADMITTED[name]
    assert needed_level(pod) is level


def test_what_the_pod_says_counts_for_containers_that_say_nothing() -> None:
    outer = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    inner = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    body = {"containers": [{"name": "engine", "securityContext": inner}]}
    assert needed_level({"spec": {**body, "securityContext": outer}}) is RESTRICTED
    assert needed_level({"spec": body}) is BASELINE


def test_a_violation_names_the_field_and_what_it_is() -> None:
    pod = template({"privileged": True}, hostNetwork=True, volumes=[{"name": "v", "hostPath": {"path": "/dev"}}])
    assert violations(pod, BASELINE) == (
        Violation("spec.hostNetwork", "true"),
        Violation("spec.containers[engine].securityContext.privileged", "true"),
        Violation("spec.volumes[v]", "hostPath /dev"),
    )
    assert violations(pod, PRIVILEGED) == ()


def test_what_a_container_lacks_is_one_phrase_with_all_that_has_to_be_added() -> None:
    bare = {"spec": {"containers": [{"name": "engine"}, {"name": "log", "securityContext": HARDENED}]}}
    assert describe(violations(bare, RESTRICTED)) == (
        (
            "spec.containers[engine] without securityContext: {allowPrivilegeEscalation: false, "
            "capabilities: {drop: [ALL]}, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"
        ),
    )


def test_levels_are_read_as_they_are_written() -> None:
    assert [read_level(text) for text in ("restricted", "baseline", "privileged", "", "Baseline")] == [
        RESTRICTED,
        BASELINE,
        PRIVILEGED,
        None,
        None,
    ]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "ALL", "Unconfined"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "spec",
                    "containers",
                    "initContainers",
                    "securityContext",
                    "capabilities",
                    "drop",
                    "seccompProfile",
                    "volumes",
                    "name",
                    "ports",
                    "lifecycle",
                    "annotations",
                    "metadata",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["spec", "metadata"]), JUNK))
def test_whatever_a_template_is_it_has_a_level(junk: dict[str, Any]) -> None:
    assert needed_level(junk) in SecurityLevel
