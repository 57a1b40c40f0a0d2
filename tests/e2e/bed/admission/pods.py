"""Rules of the pod template and of a member's devices, in every way in which they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from function.api import patterns
from tests.e2e.bed.admission.case import Cases, Rule, accepts, rejects, rule
from tests.e2e.bed.admission.engine_forms import DEPLOYMENT_FORMS, ENGINE_FORMS, EngineForm
from tests.e2e.bed.admission.messages import (
    above,
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
from tests.support.api import request

RESERVED: Final = "must not start with modelplane.ai/, which is reserved"
QUALIFIED: Final = (
    "must be qualified names: an optional DNS prefix and '/', then 1 to 63 letters, digits, '-', '_' or '.',"
    " starting and ending with a letter or digit"
)
LONG: Final = "must have at most 253 characters"

_CONTAINERS: Final = "template.spec.containers"


def _each(make: Callable[[EngineForm], Iterator[Cases]], ways: Iterable[EngineForm] = ENGINE_FORMS) -> list[Cases]:
    return [cases for form in ways for cases in make(form)]


def _containers(form: EngineForm) -> Iterator[Cases]:
    container, at = {"name": "engine", "image": "vllm"}, f"{form.first}.{_CONTAINERS}"
    yield accepts(form.pod(containers=[container], imagePullSecrets=[{"name": "registry"}]))
    yield rejects(form.container(name="vllm"), broken(at, "the only container must be named engine"))
    yield rejects(form.pod(containers=[container, {**container, "name": "sidecar"}]), too_many(at, 2, 1))
    yield rejects(form.pod(containers=[]), too_few(at))
    yield rejects(form.pod(containers=[{"name": "engine"}]), required(f"{at}[0].image"))
    yield rejects(form.container(image=""), too_short(f"{at}[0].image", ""))


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
    for field in ("resources", "volumeMounts", "livenessProbe", "ports"):
        yield rejects(form.container(**{field: {}}), unknown(f"{container}.{field}"))
    for field in ("volumes", "affinity", "nodeName"):
        yield rejects(form.pod(**{field: {}}), unknown(f"{form.first}.template.spec.{field}"))


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
        broken(f"{form.at}.engines[0]", f"at least one member of an engine needs {_article(form.claims)}"),
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


RULES: Final[tuple[Rule, ...]] = (
    rule("api 12", "a pod has one container, and it is named engine", *_each(_containers)),
    rule(
        "api section 1.4",
        "an environment variable is a text or comes from somewhere; a name may repeat",
        *_each(_variables),
    ),
    rule("api section 1.4", "of a pod nothing else can be said", *_each(_unsaid)),
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
