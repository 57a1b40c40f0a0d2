"""Which Pod Security level a pod needs, and what of it makes that so.

The rules are those of Kubernetes' Pod Security Standards, as `k8s.io/pod-security-admission` v0.35.4 has them
in its package `policy` for version 1.35: the version that the labels of namespaces name. A level that
admits a pod admits it on every cluster of that version or a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from function.composition import Object, unstructured

VERSION: Final = "v1.35"
"""The version of the rules; clusters before it judge by their own."""


class SecurityLevel(IntEnum):
    """How much pods may do on their node: a larger one allows more."""

    RESTRICTED = 0
    BASELINE = 1
    PRIVILEGED = 2

    @property
    def label(self) -> str:
        """The level as labels and the API have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A field of a pod that a level does not admit.

    Attributes:
        field: Where it is in the template, such as `spec.containers[engine].securityContext.privileged`.
        value: What it is; with `missing` what it has to be.
        missing: Whether it is not there and has to be.
    """

    field: str
    value: str
    missing: bool = False


def read_level(text: str) -> SecurityLevel | None:
    """Read a level as the API writes it; None for another text."""
    return next((level for level in SecurityLevel if level.label == text), None)


def needed_level(template: Object) -> SecurityLevel:
    """The strictest level that admits the pods of a template."""
    return next(level for level in SecurityLevel if not violations(template, level))


def violations(template: Object, level: SecurityLevel) -> tuple[Violation, ...]:
    """Find what a level does not admit of the pods of a template.

    Args:
        template: The template: `metadata` and `spec`.
        level: The level.
    """
    if level is SecurityLevel.PRIVILEGED:
        return ()
    pod = _Pod(template)
    found = [*_host(pod), *_confinement(pod)]
    if level is SecurityLevel.BASELINE or not pod.on_windows:
        found += _seccomp_profiles(pod)
    if level is SecurityLevel.BASELINE:
        found += [*_added(pod, _DEFAULT_CAPABILITIES), *_host_paths(pod), *_proc_mounts(pod, spared=pod.has_own_users)]
    else:
        found += [*_volumes(pod), *_proc_mounts(pod, spared=False), *_users(pod), *_hardening(pod)]
    return tuple(found)


def describe(found: Iterable[Violation]) -> tuple[str, ...]:
    """Put violations into phrases: what is there as it is, and what is missing of a container in one phrase."""
    missing: dict[str, list[str]] = {}
    phrases = []
    for violation in found:
        if not violation.missing:
            phrases.append(f"{violation.field}: {violation.value}")
            continue
        container, _, field = violation.field.partition(".securityContext.")
        outer, _, inner = field.partition(".")
        value = f"{{{inner}: {violation.value}}}" if inner else violation.value
        missing.setdefault(container, []).append(f"{outer}: {value}")
    for container, lines in sorted(missing.items()):
        phrases.append(f"{container} without securityContext: {{{', '.join(sorted(lines))}}}")
    return tuple(phrases)


_DEFAULT_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
_SELINUX_TYPES: Final = frozenset({"", "container_engine_t", "container_init_t", "container_kvm_t", "container_t"})
_VOLUMES: Final = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
_PROFILES: Final = frozenset({"RuntimeDefault", "Localhost"})
_APPARMOR_PREFIX: Final = "container.apparmor.security.beta.kubernetes.io/"
_HANDLERS: Final = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


class _Pod:
    """A pod's template, read for its security.

    Attributes:
        annotations: Its annotations.
        spec: Its spec.
        contexts: The security contexts of the pod and of its containers, by their path.
        containers: The containers of both lists, by their path.
        has_own_users: Whether the users of its containers are none of the node's.
        on_windows: Whether it is for Windows, which knows neither capabilities nor profiles.
    """

    def __init__(self, template: Object) -> None:
        self.annotations = unstructured.annotations(template)
        self.spec = unstructured.mapping(template, "spec")
        self.containers = dict(_containers(self.spec))
        self.of_pod = unstructured.mapping(self.spec, "securityContext")
        self.of_containers = {
            f"{path}.securityContext": unstructured.mapping(container, "securityContext")
            for path, container in self.containers.items()
        }
        self.contexts = {"spec.securityContext": self.of_pod, **self.of_containers}
        self.has_own_users = self.spec.get("hostUsers") is False
        self.on_windows = unstructured.text(self.spec, "os", "name") == "windows"


def _containers(spec: Object) -> Iterator[tuple[str, Object]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in unstructured.items(spec, field):
            yield f"spec.{field}[{unstructured.text(container, 'name')}]", container


def _host(pod: _Pod) -> Iterator[Violation]:
    """What a pod shares with its node."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field) is True:
            yield Violation(f"spec.{field}", "true")
    for path, context in pod.contexts.items():
        if unstructured.dig(context, "windowsOptions", "hostProcess") is True:
            yield Violation(f"{path}.windowsOptions.hostProcess", "true")
    for path, context in pod.of_containers.items():
        if context.get("privileged") is True:
            yield Violation(f"{path}.privileged", "true")
    for path, container in pod.containers.items():
        for port in unstructured.items(container, "ports"):
            if unstructured.integer(port, "hostPort"):
                yield Violation(f"{path}.ports[].hostPort", str(unstructured.integer(port, "hostPort")))
        yield from _other_hosts(path, container)


def _other_hosts(path: str, container: Object) -> Iterator[Violation]:
    """Hosts that a kubelet is sent to by probes and hooks."""
    for handler in _HANDLERS:
        for action in ("httpGet", "tcpSocket"):
            host = unstructured.text(container, *handler, action, "host")
            if host:
                yield Violation(f"{path}.{'.'.join(handler)}.{action}.host", host)


def _confinement(pod: _Pod) -> Iterator[Violation]:
    """Profiles and kernel parameters."""
    for key, value in sorted(pod.annotations.items()):
        confined = value in {"", "runtime/default"} or value.startswith("localhost/")
        if key.startswith(_APPARMOR_PREFIX) and not confined:
            yield Violation(f"metadata.annotations[{key}]", value)
    for path, context in pod.contexts.items():
        yield from _profile(path, context, "appArmorProfile")
        options = unstructured.mapping(context, "seLinuxOptions")
        if unstructured.text(options, "type") not in _SELINUX_TYPES:
            yield Violation(f"{path}.seLinuxOptions.type", unstructured.text(options, "type"))
        for field in ("user", "role"):
            if unstructured.text(options, field):
                yield Violation(f"{path}.seLinuxOptions.{field}", unstructured.text(options, field))
    for sysctl in unstructured.items(pod.of_pod, "sysctls"):
        if unstructured.text(sysctl, "name") not in _SYSCTLS:
            yield Violation("spec.securityContext.sysctls", unstructured.text(sysctl, "name"))


def _seccomp_profiles(pod: _Pod) -> Iterator[Violation]:
    for path, context in pod.contexts.items():
        yield from _profile(path, context, "seccompProfile")


def _profile(path: str, context: Object, field: str) -> Iterator[Violation]:
    profile = context.get(field)
    if profile is not None and unstructured.text(profile, "type") not in _PROFILES:
        yield Violation(f"{path}.{field}.type", unstructured.text(profile, "type"))


def _added(pod: _Pod, allowed: Iterable[str]) -> Iterator[Violation]:
    """Capabilities beyond those that are allowed."""
    for path, context in pod.of_containers.items():
        for capability in _texts(context, "capabilities", "add"):
            if capability not in allowed:
                yield Violation(f"{path}.capabilities.add", capability)


def _host_paths(pod: _Pod) -> Iterator[Violation]:
    for volume in unstructured.items(pod.spec, "volumes"):
        if volume.get("hostPath") is not None:
            yield _volume_of(volume, "hostPath")


def _volumes(pod: _Pod) -> Iterator[Violation]:
    """Volumes of other kinds; one that says none is an emptyDir."""
    for volume in unstructured.items(pod.spec, "volumes"):
        kinds = [field for field in volume if field != "name" and volume[field] is not None]
        if kinds and not any(kind in _VOLUMES for kind in kinds):
            yield _volume_of(volume, kinds[0])


def _volume_of(volume: Object, field: str) -> Violation:
    path = unstructured.text(volume, field, "path")
    return Violation(f"spec.volumes[{unstructured.text(volume, 'name')}]", f"{field} {path}" if path else field)


def _proc_mounts(pod: _Pod, *, spared: bool) -> Iterator[Violation]:
    for path, context in pod.of_containers.items():
        mount = context.get("procMount")
        if mount is not None and mount != "Default" and not spared:
            yield Violation(f"{path}.procMount", str(mount))


def _users(pod: _Pod) -> Iterator[Violation]:
    """Nobody runs as root, unless root is nobody on the node."""
    if pod.has_own_users:
        return
    for path, context in pod.contexts.items():
        if context.get("runAsUser") == 0 and not isinstance(context.get("runAsUser"), bool):
            yield Violation(f"{path}.runAsUser", "0")
        if context.get("runAsNonRoot") is False:
            yield Violation(f"{path}.runAsNonRoot", "false")
    if pod.of_pod.get("runAsNonRoot") is not True:
        for path, context in pod.of_containers.items():
            if context.get("runAsNonRoot") is None:
                yield Violation(f"{path}.runAsNonRoot", "true", missing=True)


def _hardening(pod: _Pod) -> Iterator[Violation]:
    """What every container has to give up."""
    if pod.on_windows:
        return
    has_profile = unstructured.text(pod.of_pod, "seccompProfile", "type") in _PROFILES
    yield from _added(pod, ("NET_BIND_SERVICE",))
    for path, context in pod.of_containers.items():
        if context.get("allowPrivilegeEscalation") is not False:
            yield Violation(f"{path}.allowPrivilegeEscalation", "false", missing=True)
        if "ALL" not in _texts(context, "capabilities", "drop"):
            yield Violation(f"{path}.capabilities.drop", "[ALL]", missing=True)
        if context.get("seccompProfile") is None and not has_profile:
            yield Violation(f"{path}.seccompProfile.type", "RuntimeDefault", missing=True)


def _texts(source: Object, *path: str) -> tuple[str, ...]:
    value = unstructured.dig(source, *path)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()
