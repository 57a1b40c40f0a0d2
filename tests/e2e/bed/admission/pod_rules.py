"""What breaks the rules of a pod and its parts, each by itself: part of a pod, its path and what is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

Broken: TypeAlias = tuple[Mapping[str, Any], str, str]
"""Fields of a pod, the path below its spec that is blamed, and the message."""

_FILES: Final = "persistentVolumeClaim, configMap, secret, emptyDir, hostPath, projected, downwardAPI, csi, ephemeral"
_SELECTED: Final = "values must be specified when operator is In or NotIn"
_UNSELECTED: Final = "values may not be specified when operator is Exists or DoesNotExist"
_WRONG_EXPRESSIONS: Final[tuple[tuple[Mapping[str, Any], str], ...]] = (
    ({"key": "a", "operator": "In"}, _SELECTED),
    ({"key": "a", "operator": "Exists", "values": ["x"]}, _UNSELECTED),
)
"""Expressions of selectors that say too little or too much."""

_NODE_VALUES: Final = "values are needed with the operators In, NotIn, Gt and Lt, and with no others"
_AMOUNTS: Final = "names of resources must have at most 317 characters"
_LOCALHOST: Final = "localhostProfile must be set if type is Localhost, and only then"
_KEYS: Final = "matchLabelKeys and mismatchLabelKeys need labelSelector"
_LONG: Final = {"requests": {"x" * 318: 1, "storage": "1Gi"}}
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"

CONTAINER: Final = {"name": "engine", "image": "vllm/vllm-openai:v0.23.0"}


def _of_container() -> Iterator[Broken]:
    """Fields of a container, and the path below it."""
    yield (
        {"env": [{"name": "A", "valueFrom": {}}]},
        "env[0].valueFrom",
        "valueFrom must have exactly one of: secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef",
    )
    yield (
        {"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]},
        "env[0]",
        "of value and valueFrom only one may be set",
    )
    both = {"configMapRef": {"name": "a"}, "secretRef": {"name": "b"}}
    yield {"envFrom": [both]}, "envFrom[0]", "an entry of envFrom must have exactly one of: configMapRef, secretRef"
    yield {"resources": {"limits": {"x" * 318: "1"}}}, "resources", _AMOUNTS
    handlers = "a probe must have exactly one of: exec, httpGet, tcpSocket, grpc"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield {probe: {"periodSeconds": 1}}, probe, handlers
    for probe in ("startupProbe", "livenessProbe"):
        asked = {"tcpSocket": {"port": "http"}, "successThreshold": 2}
        yield {probe: asked}, probe, "successThreshold of a liveness or startup probe must be 1"
    for hook in ("preStop", "postStart"):
        one = "a hook must have exactly one of: exec, httpGet, sleep, tcpSocket"
        yield {"lifecycle": {hook: {}}}, f"lifecycle.{hook}", one
    yield from _profiles()
    yield (
        {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
        "securityContext",
        "a privileged container cannot have allowPrivilegeEscalation: false",
    )
    yield from _of_mounts()


def _profiles() -> Iterator[Broken]:
    for profile in ("seccompProfile", "appArmorProfile"):
        yield {"securityContext": {profile: {"type": "Localhost"}}}, f"securityContext.{profile}", _LOCALHOST


def _of_mounts() -> Iterator[Broken]:
    mount = {"name": "dshm", "mountPath": "/x"}
    yield (
        {"volumeMounts": [{**mount, "subPath": "a", "subPathExpr": "b"}]},
        "volumeMounts[0]",
        "of subPath and subPathExpr only one may be set",
    )
    yield (
        {"volumeMounts": [{**mount, "recursiveReadOnly": "Enabled"}]},
        "volumeMounts[0]",
        "recursiveReadOnly needs readOnly: true, and no mountPropagation",
    )
    yield (
        {"volumeMounts": [{**mount, "mountPropagation": "Bidirectional"}]},
        "",
        "mountPropagation Bidirectional needs securityContext.privileged: true",
    )


def _of_volumes() -> Iterator[Broken]:
    """Fields of a volume beside its name, and the path below it."""
    yield {"emptyDir": {}, "image": {"reference": "i"}}, "", f"a volume must have exactly one of: {_FILES}, nfs, image"
    item = "an item of downwardAPI must have exactly one of: fieldRef, resourceFieldRef"
    anonymous = {"path": "a", "resourceFieldRef": {"resource": "limits.cpu"}}
    named = "resourceFieldRef of a volume needs containerName"
    for wrong, message in (({"path": "a"}, item), (anonymous, named)):
        files = {"downwardAPI": {"items": [wrong]}}
        yield files, "downwardAPI.items[0]", message
        yield {"projected": {"sources": [files]}}, "projected.sources[0].downwardAPI.items[0]", message
    sources = "secret, configMap, downwardAPI, serviceAccountToken"
    yield (
        {"projected": {"sources": [{}]}},
        "projected.sources[0]",
        f"a projected source must have exactly one of: {sources}",
    )
    at = "ephemeral.volumeClaimTemplate.spec"
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}

    def claim(**fields: Any) -> Mapping[str, Any]:
        return {"ephemeral": {"volumeClaimTemplate": {"spec": {**size, **fields}}}}

    yield claim(accessModes=[]), at, "a claim needs accessModes and resources.requests.storage"
    yield claim(resources=_LONG), f"{at}.resources", _AMOUNTS
    for expression, message in _WRONG_EXPRESSIONS:
        yield claim(selector={"matchExpressions": [expression]}), f"{at}.selector.matchExpressions[0]", message


def _of_affinity() -> Iterator[Broken]:
    """Fields of an affinity, and the path below it."""
    for expressions, message in (
        ([{"key": "a", "operator": "In"}], _NODE_VALUES),
        ([{"key": "a", "operator": "Gt", "values": ["1", "2"]}], "the operators Gt and Lt need exactly one value"),
    ):
        term = {"matchExpressions": expressions}
        required = {"nodeSelectorTerms": [term]}
        at = "nodeAffinity"
        yield {at: {_REQUIRED: required}}, f"{at}.{_REQUIRED}.nodeSelectorTerms[0].matchExpressions[0]", message
        preferred = [{"weight": 1, "preference": term}]
        yield {at: {_PREFERRED: preferred}}, f"{at}.{_PREFERRED}[0].preference.matchExpressions[0]", message
    selectors: list[tuple[dict[str, Any], str, str]] = [
        ({field: {"matchExpressions": [expression]}}, f".{field}.matchExpressions[0]", message)
        for field in ("labelSelector", "namespaceSelector")
        for expression, message in _WRONG_EXPRESSIONS
    ]
    for way in ("podAffinity", "podAntiAffinity"):
        for wrong, below, message in [({"matchLabelKeys": ["a"]}, "", _KEYS), *selectors]:
            pods: Mapping[str, Any] = {"topologyKey": "zone", **wrong}
            if way == "podAffinity" or "namespaceSelector" not in wrong:
                yield {way: {_REQUIRED: [pods]}}, f"{way}.{_REQUIRED}[0]{below}", message
            weighted = [{"weight": 1, "podAffinityTerm": pods}]
            yield {way: {_PREFERRED: weighted}}, f"{way}.{_PREFERRED}[0].podAffinityTerm{below}", message


def _of_spread() -> Iterator[Broken]:
    at = "topologySpreadConstraints[0]"

    def spread(**fields: Any) -> Mapping[str, Any]:
        soft = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
        return {"topologySpreadConstraints": [{**soft, **fields}]}

    yield spread(matchLabelKeys=["a"]), at, "matchLabelKeys needs labelSelector"
    yield spread(minDomains=2), at, "minDomains needs whenUnsatisfiable: DoNotSchedule"
    for expression, message in _WRONG_EXPRESSIONS:
        selector = {"matchExpressions": [expression]}
        yield spread(labelSelector=selector), f"{at}.labelSelector.matchExpressions[0]", message


def _of_tolerations() -> Iterator[Broken]:
    at = "tolerations[0]"
    yield {"tolerations": [{"value": "x"}]}, at, "a toleration with operator Equal, which is the default, needs a key"
    valued = {"operator": "Exists", "value": "x"}
    yield {"tolerations": [valued]}, at, "a toleration with operator Exists must not have a value"
    timed = {"key": "a", "tolerationSeconds": 1}
    yield {"tolerations": [timed]}, at, "tolerationSeconds needs effect NoExecute"


def _of_pods() -> Iterator[Broken]:
    missing = {"volumeMounts": [{"name": "models", "mountPath": "/models"}]}
    block = {"volumeDevices": [{"name": "disk", "devicePath": "/dev/x"}]}
    port = {"ports": [{"containerPort": 80, "hostPort": 81}]}
    side_car = {"name": "fetch", "image": "i"}
    yield {"initContainers": [CONTAINER]}, "", "containers and initContainers must not have the same names"
    for wrong, message in (
        (missing, "volumeMounts of a container must name volumes of the pod"),
        (block, "volumeDevices of a container must name volumes of the pod"),
    ):
        yield {"containers": [{**CONTAINER, **wrong}]}, "", message
        yield {"initContainers": [{**side_car, **wrong}]}, "", message
    ports = "with hostNetwork, hostPort must be the same as containerPort"
    yield {"hostNetwork": True, "containers": [{**CONTAINER, **port}]}, "", ports
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        users = "hostUsers: false goes with none of hostNetwork, hostPID and hostIPC"
        yield {"hostUsers": False, field: True}, "", users
    processes = "of hostPID and shareProcessNamespace only one may be true"
    yield {"hostPID": True, "shareProcessNamespace": True}, "", processes
    yield {"dnsPolicy": "None"}, "", "dnsPolicy None needs dnsConfig.nameservers"
    yield from _profiles()
    yield (
        {"initContainers": [{**side_car, "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}]},
        "initContainers[0]",
        "an init container may have probes and lifecycle only with restartPolicy: Always",
    )


def broken_pods() -> Iterator[Broken]:
    """Every rule of a pod, broken by itself, in each place where it stands."""
    yield from _of_pods()
    yield from _of_spread()
    yield from _of_tolerations()
    for fields, at, message in _of_affinity():
        yield {"affinity": fields}, f"affinity.{at}", message
    for fields, at, message in _of_volumes():
        yield {"volumes": [{"name": "x", **fields}]}, ".".join(filter(None, ("volumes[0]", at))), message
    for fields, at, message in _of_container():
        yield {"containers": [{**CONTAINER, **fields}]}, ".".join(filter(None, ("containers[0]", at))), message
        native = {"name": "side", "image": "i", "restartPolicy": "Always", **fields}
        yield {"initContainers": [native]}, ".".join(filter(None, ("initContainers[0]", at))), message
