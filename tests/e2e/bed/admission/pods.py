"""Rules of the pod template and of a member's devices, in every way in which they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from function.api import patterns
from tests.e2e.bed.admission.case import Cases, Rule, accepts, rejects, rule
from tests.e2e.bed.admission.engine_forms import DEPLOYMENT_FORMS, ENGINE_FORMS, EngineForm
from tests.e2e.bed.admission.messages import (
    above,
    below,
    broken,
    duplicate,
    mismatch,
    other_type,
    required,
    too_empty,
    too_few,
    too_long,
    too_many,
    too_short,
    unknown,
)
from tests.e2e.bed.admission.pod_rules import broken_pods
from tests.support.api import request

RESERVED: Final = "must not start with modelplane.ai/, which is reserved"
QUALIFIED: Final = (
    "must be qualified names: an optional DNS prefix and '/', then 1 to 63 letters, digits, '-', '_' or '.',"
    " starting and ending with a letter or digit"
)
LONG: Final = "must have at most 253 characters"

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_CONTAINERS: Final = "template.spec.containers"


def _each(make: Callable[[EngineForm], Iterator[Cases]], ways: Iterable[EngineForm] = ENGINE_FORMS) -> list[Cases]:
    return [cases for form in ways for cases in make(form)]


def _containers(form: EngineForm) -> Iterator[Cases]:
    container, at = {"name": "engine", "image": "vllm"}, f"{form.first}.{_CONTAINERS}"
    side_car = {"name": "shipper", "image": "fluent-bit"}
    yield accepts(
        form.pod(containers=[container], imagePullSecrets=[{"name": "registry"}]),
        form.pod(containers=[side_car, container], initContainers=[{"name": "fetch", "image": "aws-cli"}]),
    )
    named = broken(at, "exactly one container must be named engine")
    yield rejects(form.container(name="vllm"), named)
    yield rejects(form.pod(containers=[container, side_car, side_car]), duplicate(f"{at}[2]", name="shipper"))
    many = [container, *({**side_car, "name": f"c{number}"} for number in range(10))]
    yield rejects(form.pod(containers=many), too_many(at, 11, 10))
    yield rejects(form.pod(containers=[]), too_few(at), named)
    yield rejects(form.pod(containers=[{"name": "engine"}]), required(f"{at}[0].image"))
    yield rejects(form.container(image=""), too_short(f"{at}[0].image", ""))


def _ends(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.first}.template.spec"
    asked = {"tcpSocket": {"port": 1}, "terminationGracePeriodSeconds": 3600}
    yield accepts(form.pod(terminationGracePeriodSeconds=3600), form.container(livenessProbe=asked))
    yield rejects(
        form.pod(terminationGracePeriodSeconds=3601), above(f"{at}.terminationGracePeriodSeconds", 3601, 3600)
    )
    yield rejects(
        form.container(livenessProbe={**asked, "terminationGracePeriodSeconds": 3601}),
        above(f"{at}.containers[0].livenessProbe.terminationGracePeriodSeconds", 3601, 3600),
    )


def _neighbours(form: EngineForm) -> Iterator[Cases]:
    for field, value in (("namespaces", ["other"]), ("namespaceSelector", {})):
        term: Any = {"topologyKey": "kubernetes.io/hostname", field: value}
        yield accepts(
            form.pod(affinity={"podAffinity": {_REQUIRED: [term]}}),
            form.pod(affinity={"podAntiAffinity": {_PREFERRED: [{"weight": 1, "podAffinityTerm": term}]}}),
        )
        yield rejects(
            form.pod(affinity={"podAntiAffinity": {_REQUIRED: [term]}}),
            unknown(f"{form.first}.template.spec.affinity.podAntiAffinity.{_REQUIRED}[0].{field}"),
        )


def _variables(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.first}.{_CONTAINERS}[0].env[0]"
    twice = [{"name": "NCCL_DEBUG", "value": "0"}, {"name": "NCCL_DEBUG", "value": "INFO"}]
    refs = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token", "optional": True}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "b"}}},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]
    yield accepts(form.container(env=twice), form.container(env=refs))
    yield rejects(form.container(env=[{"name": "A", "value": 0}]), other_type(f"{at}.value", "string", "integer"))
    yield rejects(
        form.container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "hf"}}}]),
        required(f"{at}.valueFrom.secretKeyRef.key"),
    )


def _unsaid(form: EngineForm) -> Iterator[Cases]:
    container = f"{form.first}.{_CONTAINERS}[0]"
    for field in ("resizePolicy", "stdin", "restartPolicy"):
        yield rejects(form.container(**{field: {}}), unknown(f"{container}.{field}"))
    for field in ("nodeName", "ephemeralContainers", "resourceClaims"):
        yield rejects(form.pod(**{field: {}}), unknown(f"{form.first}.template.spec.{field}"))


def _numbers_or_texts(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.first}.{_CONTAINERS}[0]"

    def asked(port: int | str) -> Any:
        return form.container(livenessProbe={"tcpSocket": {"port": port}})

    def limited(amount: object) -> Any:
        return form.container(resources={"limits": {"cpu": amount}})

    yield accepts(asked(8080), asked("http"), limited(4), limited("500m"))
    port, limit = f"{at}.livenessProbe.tcpSocket.port", f"{at}.resources.limits.cpu"
    yield rejects(asked(0), below(port, 0, 1))
    yield rejects(asked("8080"), mismatch(port, "8080", patterns.PORT_NAME))
    flag = form.container(livenessProbe={"tcpSocket": {"port": True}})
    yield rejects(flag, other_type(port, "integer,string", "boolean"))
    yield rejects(limited(-1), below(limit, -1, 0))
    yield rejects(limited("1 GB"), mismatch(limit, "1 GB", patterns.QUANTITY))


def _paths(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.first}.{_CONTAINERS}[0].volumeMounts[0]"

    def mounted(**fields: str) -> Any:
        return form.container(volumeMounts=[{"name": "dshm", "mountPath": "/x", **fields}])

    yield accepts(*(mounted(subPath=path) for path in ("a", "a/b", ".a/..b/c...", "a//b/", "...")))
    for path in ("..", "/a", "a/..", "a/../b"):
        yield rejects(mounted(subPath=path), mismatch(f"{at}.subPath", path, patterns.RELATIVE_PATH))
    yield rejects(mounted(mountPath="x"), mismatch(f"{at}.mountPath", "x", patterns.ABSOLUTE_PATH))


def _rules(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.first}.template.spec"
    for fields, path, message in broken_pods():
        yield rejects(form.pod(**fields), broken(".".join(filter(None, (at, path))), message))


def _selectors(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.first}.nodeSelector.devices[0].selectors[0]"

    def selected(**selector: Any) -> Any:
        return form.members(form.member(nodeSelector={"devices": [{"name": "gpu", "selectors": [selector]}]}))

    yield accepts(selected(cel='device.attributes["gpu.nvidia.com"].architecture == "Hopper"\n'))
    yield rejects(selected(), too_empty(at))
    yield rejects(selected(expression="true"), unknown(f"{at}.expression"))
    yield rejects(selected(expression="true"), too_empty(at), lenient=True)
    yield rejects(selected(cel=""), too_short(f"{at}.cel", ""))
    yield rejects(selected(cel="x" * 10241), too_long(f"{at}.cel", 10240))


def _devices(form: EngineForm) -> Iterator[Cases]:
    at = f"{form.first}.nodeSelector.devices"

    def asking(*devices: Any) -> Any:
        return form.members(form.member(nodeSelector={"devices": list(devices)}))

    yield accepts(asking(request("gpu", count=8), request("nic")), asking({"name": "gpu"}))
    yield rejects(asking(), too_few(at))
    yield rejects(asking(request("gpu"), request("gpu")), duplicate(f"{at}[1]", name="gpu"))
    yield rejects(asking({"name": "gpu", "selectors": []}), too_few(f"{at}[0].selectors"))
    yield rejects(asking(request("gpu", count=65)), above(f"{at}[0].count", 65, 64))
    yield rejects(asking(request("GPU")), mismatch(f"{at}[0].name", "GPU", patterns.DNS_LABEL))


def _constraints(form: EngineForm) -> Iterator[Cases]:
    devices = [{"name": "gpu"}, {"name": "nic"}]
    named = form.claims == "nodeSelector"
    at = f"{form.first}.{'nodeSelector.constraints' if named else 'deviceConstraints'}"

    def sharing(*constraints: Any) -> Any:
        if named:
            return form.members(form.member(nodeSelector={"devices": devices, "constraints": list(constraints)}))
        return form.members(form.member(deviceConstraints=list(constraints)))

    root = {"matchAttribute": "resource.kubernetes.io/pcieRoot"}
    yield accepts(sharing(root), sharing({**root, "requests": ["gpu"]}, {"matchAttribute": "dra.net/numaNode"}))
    yield accepts(sharing(*[root] * 32))
    yield rejects(sharing(), too_few(at))
    yield rejects(sharing(*[root] * 33), too_many(at, 33, 32))
    yield rejects(sharing({"requests": ["gpu"]}), required(f"{at}[0].matchAttribute"))
    yield rejects(sharing({**root, "requests": []}), too_few(f"{at}[0].requests"))
    for text in ("pcieRoot", "Example.com/numa", "example.com/pcie-root", "/numa"):
        yield rejects(
            sharing({"matchAttribute": text}), mismatch(f"{at}[0].matchAttribute", text, patterns.QUALIFIED_ATTRIBUTE)
        )
    if named:
        message = "nodeSelector.constraints[].requests must be names of nodeSelector.devices"
        unknown_request = sharing({**root, "requests": ["gpu", "disk"]})
        yield rejects(unknown_request, broken(f"{form.first}.nodeSelector", message))


def _claims(form: EngineForm) -> Iterator[Cases]:
    leader, worker = form.member("Leader", claims=False), form.member("Worker")
    yield accepts(form.members(leader, worker))
    yield rejects(
        form.members(form.member(claims=False)),
        broken(
            f"{form.at}.engines[0]",
            f"at least one member of an engine needs {_article(form.claims)}, unless its role is Router",
        ),
    )


def _article(claims: str) -> str:
    return "a nodeSelector" if claims == "nodeSelector" else claims


def _keys(form: EngineForm) -> Iterator[Cases]:
    at, labels = f"{form.first}.template.metadata", "keys of member template.metadata.labels"
    annotations = "keys of member template.metadata.annotations"
    yield accepts(
        form.metadata(labels={"app": "", "llm-d.ai/role": "a.b_c-D", "infrastructure.modelplane.ai/x": "x"}),
        form.metadata(annotations={"modelplane.ai/note": "any text: is fine"}),
    )
    yield rejects(form.metadata(labels={"modelplane.ai/x": "x"}), broken(at, f"{labels} {RESERVED}"))
    for key in ("-app", "a" * 64, "Upper.Case/x", "a/b/c"):
        yield rejects(form.metadata(labels={key: "x"}), broken(at, f"{labels} {QUALIFIED}"))
    yield rejects(
        form.metadata(labels={f"{'a' * 254}/x": "x"}),
        broken(at, f"the prefix of a key of member template.metadata.labels {LONG}"),
    )
    yield rejects(form.metadata(labels={"app": "-x"}), mismatch(f"{at}.labels.app", "-x", patterns.LABEL_VALUE))
    yield rejects(form.metadata(annotations={"-x": "x"}), broken(at, f"{annotations} {QUALIFIED}"))
    yield rejects(
        form.metadata(annotations={f"{'a' * 254}/x": "x"}),
        broken(at, f"the prefix of a key of member template.metadata.annotations {LONG}"),
    )


def _workloads(form: EngineForm) -> Iterator[Cases]:
    at, of = f"{form.at}.engines[0].workload.metadata", "engine workload.metadata"

    def marked(**metadata: Any) -> Any:
        return form.engines(form.engine(workload={"metadata": metadata}))

    yield accepts(marked(labels={"kueue.x-k8s.io/queue-name": "team"}, annotations={"modelplane.ai/note": "any text"}))
    yield rejects(marked(labels={"modelplane.ai/x": "x"}), broken(at, f"keys of {of}.labels {RESERVED}"))
    for field in ("labels", "annotations"):
        yield rejects(marked(**{field: {"-x": "x"}}), broken(at, f"keys of {of}.{field} {QUALIFIED}"))
        long = {f"{'a' * 254}/x": "x"}
        yield rejects(marked(**{field: long}), broken(at, f"the prefix of a key of {of}.{field} {LONG}"))


RULES: Final[tuple[Rule, ...]] = (
    rule("api 12", "a pod has one container that is named engine, and others beside it", *_each(_containers)),
    rule(
        "api section 1.4",
        "an environment variable is a text or comes from somewhere; a name may repeat",
        *_each(_variables),
    ),
    rule("own", "of a pod what Modelplane or Kubernetes decides cannot be said", *_each(_unsaid)),
    rule("own", "pods end within an hour", *_each(_ends)),
    rule("own", "pods of other namespaces are never kept away by a rule that must hold", *_each(_neighbours)),
    rule("own", "labels and annotations of a workload keep the rules of those of pods", *_each(_workloads)),
    rule("own", "ports and quantities are numbers or texts", *_each(_numbers_or_texts)),
    rule("own", "paths within a volume stay in it", *_each(_paths)),
    rule("own", "a pod keeps the rules that Kubernetes has for it", *_each(_rules)),
    rule(
        "api better 3",
        "a member has pods, and pods have a spec",
        *(
            rejects(form.members(form.member(template={})), required(f"{form.first}.template.spec"))
            for form in ENGINE_FORMS
        ),
    ),
    rule(
        "api section 1.4",
        "keys of labels and annotations are qualified names, and labels of ours are reserved",
        *_each(_keys),
    ),
    rule("api 10", "a leader may claim nothing where its worker does, and some member claims", *_each(_claims)),
    rule(
        "api 13",
        "a selector says something, even after fields that no schema knows are dropped",
        *_each(_selectors, DEPLOYMENT_FORMS),
    ),
    rule(
        "api section 3.1",
        "a member asks for 1 to 16 devices, each with a name of its own",
        *_each(_devices, DEPLOYMENT_FORMS),
    ),
    rule(
        "own",
        "what devices have in common is an attribute with its domain, and the requests are some that there are",
        *_each(_constraints),
    ),
)
