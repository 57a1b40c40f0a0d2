"""Rules of ModelDeployment beside those of its engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from function.api import patterns
from function.composition import Manifest
from tests.e2e.bed.admission.case import (
    Cases,
    Rule,
    accepts,
    accepts_status,
    accepts_update,
    rejects,
    rejects_status,
    rule,
)
from tests.e2e.bed.admission.engine_forms import DEPLOYMENT_FORMS
from tests.e2e.bed.admission.messages import (
    above,
    below,
    broken,
    mismatch,
    other_type,
    required,
    too_many,
    too_short,
    unknown,
    unsupported,
)
from tests.e2e.bed.admission.pods import LONG, QUALIFIED, RESERVED
from tests.support.api import changed, deployment, engine, manifest, nested

_EITHER: Final = "exactly one of spec.engines and spec.template.spec must be set"
_MIXED: Final = "with spec.template.spec, clusterSelector, modelCacheRef, serving and tolerations belong under it"
_EQUAL: Final = "a toleration with operator Equal, which is the default, needs a key"
_EXISTS: Final = "a toleration with operator Exists must not have a value"

_BESIDE: Final[Mapping[str, Any]] = {
    "clusterSelector": {"matchLabels": {"modelplane.ai/region": "us-west"}},
    "modelCacheRef": {"name": "weights"},
    "serving": {},
    "tolerations": [],
}


def labelled(labels: Mapping[str, str]) -> tuple[Manifest, Manifest]:
    """A deployment with labels for its replicas, in both ways."""
    return deployment(template={"metadata": {"labels": dict(labels)}}), nested(labels=labels)


def _reserved() -> Iterator[Cases]:
    at, keys = "spec.template.metadata", "keys of template.metadata.labels"
    yield accepts(*labelled({"team": "ml", "llm-d.ai/x": "", "infrastructure.modelplane.ai/x": "a.b_c-D"}))
    for obj in labelled({"modelplane.ai/x": "x"}):
        yield rejects(obj, broken(at, f"{keys} {RESERVED}"))
    for obj in labelled({"Upper.Case/x": "x"}):
        yield rejects(obj, broken(at, f"{keys} {QUALIFIED}"))
    for obj in labelled({f"{'a' * 254}/x": "x"}):
        yield rejects(obj, broken(at, f"the prefix of a key of template.metadata.labels {LONG}"))
    for obj in labelled({"app": "-x"}):
        yield rejects(obj, mismatch(f"{at}.labels.app", "-x", patterns.LABEL_VALUE))


def _tolerations() -> Iterator[Cases]:
    for form in DEPLOYMENT_FORMS:
        at = f"{form.at}.tolerations"
        for fine in (
            {"operator": "Exists"},
            {"key": "maintenance"},
            {"key": "maintenance", "value": ""},
            {"operator": "Exists", "key": "k", "effect": "NoExecute"},
        ):
            yield accepts(form.write(tolerations=[fine]))
        for wrong in ({}, {"value": "x"}, {"key": ""}):
            yield rejects(form.write(tolerations=[wrong]), broken(f"{at}[0]", _EQUAL))
        yield rejects(
            form.write(tolerations=[{"operator": "Exists", "key": "k", "value": ""}]), broken(f"{at}[0]", _EXISTS)
        )
        yield rejects(
            form.write(tolerations=[{"key": "k", "effect": "PreferNoSchedule"}]),
            unsupported(f"{at}[0].effect", "PreferNoSchedule", "NoSchedule", "NoExecute"),
        )
        yield rejects(form.write(tolerations=[{"key": "k"}] * 65), too_many(at, 65, 64))


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "api 17, by design",
        "there are 0 to 200 replicas, and the number has no default",
        accepts(*(deployment(replicas=replicas) for replicas in (0, 1, 200))),
        accepts(*(changed(nested(), "spec", "replicas", to=replicas) for replicas in (0, 200))),
        rejects(
            deployment(replicas=-1),
            below("spec.replicas", -1, 0),
            broken(".spec.replicas", "should be a non-negative integer", -1),
        ),
        rejects(deployment(replicas=201), above("spec.replicas", 201, 200)),
        rejects(changed(nested(), "spec", "replicas", to=201), above("spec.replicas", 201, 200)),
        rejects(manifest("ModelDeployment", {"engines": [engine()]}), required("spec.replicas")),
        accepts_update(deployment(replicas=2), deployment(replicas=0), deployment(replicas=200)),
    ),
    rule(
        "design, two shapes",
        "a deployment says what it runs in spec.engines or in spec.template.spec, and not in both",
        accepts(deployment(), nested()),
        rejects(changed(nested(), "spec", "engines", to=[engine()]), broken("spec", _EITHER)),
        rejects(manifest("ModelDeployment", {"replicas": 1}), broken("spec", _EITHER)),
        rejects(manifest("ModelDeployment", {"replicas": 1, "template": {"metadata": {}}}), broken("spec", _EITHER)),
        rejects(
            manifest("ModelDeployment", {"replicas": 1, "template": {"spec": {}}}),
            required("spec.template.spec.engines"),
        ),
        accepts_update(deployment(), nested(), deployment(engines=[engine("other")])),
    ),
    rule(
        "design, two shapes",
        "with spec.template.spec no other flat field may be set",
        accepts(*(deployment(**{field: value}) for field, value in _BESIDE.items())),
        accepts(*(nested(**{field: value}) for field, value in _BESIDE.items())),
        *(
            rejects(changed(nested(), "spec", field, to=value), broken("spec", _MIXED))
            for field, value in _BESIDE.items()
        ),
    ),
    rule(
        "design, two shapes",
        "replicas, rollout and template labels stand at the top in both shapes",
        accepts(
            deployment(rollout={"paused": True}, template={"metadata": {"labels": {"team": "ml"}}}),
            changed(nested(labels={"team": "ml"}), "spec", "rollout", to={"paused": True}),
        ),
        rejects(nested(replicas=2), unknown("spec.template.spec.replicas")),
        rejects(nested(rollout={}), unknown("spec.template.spec.rollout")),
    ),
    rule(
        "design, rollout",
        "a rollout can make progress, and its numbers are whole",
        accepts(deployment(rollout={"maxSurge": 0})),
        accepts(
            deployment(rollout={"maxUnavailable": 0}), deployment(rollout={"maxSurge": 200, "maxUnavailable": 200})
        ),
        rejects(
            deployment(rollout={"maxSurge": 0, "maxUnavailable": 0}),
            broken("spec.rollout", "rollout.maxSurge and rollout.maxUnavailable must not both be 0"),
        ),
        rejects(deployment(rollout={"maxSurge": "25%"}), other_type("spec.rollout.maxSurge", "integer", "string")),
        rejects(deployment(rollout={"maxSurge": 201}), above("spec.rollout.maxSurge", 201, 200)),
        rejects(deployment(rollout={"maxUnavailable": -1}), below("spec.rollout.maxUnavailable", -1, 0)),
        rejects(
            deployment(rollout={"progressDeadlineSeconds": 0}),
            below("spec.rollout.progressDeadlineSeconds", 0, 1),
        ),
        rejects(deployment(rollout={"paused": "yes"}), other_type("spec.rollout.paused", "boolean", "string")),
        accepts_update(deployment(), deployment(rollout={"paused": True})),
    ),
    rule("api 14", "labels for replicas are refused at once where they are ours or no labels", *_reserved()),
    rule("api 15", "a toleration compares a key or only asks for one", *_tolerations()),
    rule(
        "api section 3.1",
        "a cache is named, and clusters are selected by labels",
        *(
            rejects(
                form.write(modelCacheRef={"name": name}),
                mismatch(f"{form.at}.modelCacheRef.name", name, patterns.DNS_SUBDOMAIN)
                if name
                else too_short(f"{form.at}.modelCacheRef.name", name),
            )
            for name in ("", "../x")
            for form in DEPLOYMENT_FORMS
        ),
        *(
            rejects(form.write(clusterSelector={"matchFields": []}), unknown(f"{form.at}.clusterSelector.matchFields"))
            for form in DEPLOYMENT_FORMS
        ),
    ),
    rule(
        "api 10.1.14",
        "a snippet without engines is no deployment",
        rejects(
            manifest("ModelDeployment", {"replicas": 1, "tolerations": [{"operator": "Exists"}]}),
            broken("spec", _EITHER),
        ),
    ),
    rule(
        "design fields",
        "the status tells replicas, placements, the revision and what is avoided",
        accepts_status(
            deployment(),
            replicas={"desired": 2, "total": 2, "ready": 1},
            placements=[{"replica": "a", "cluster": "east", "pools": ["gpu"], "serving": True}],
            selector="modelplane.ai/deployment=qwen-demo",
            revision={"name": "0123abcd", "since": "2026-01-02T03:04:05Z"},
            avoid=[{"cluster": "east", "pool": "gpu", "until": "2026-01-02T03:04:05Z", "attempts": 1}],
        ),
        rejects_status(
            deployment(),
            {"replicas": {"ready": "1"}},
            ".status.replicas.ready: expected numeric (int or float), got string",
        ),
        rejects_status(
            deployment(),
            {"replicas": {"ready": None}},
            broken("status.replicas.ready", 'replicas.ready in body must be of type integer: "null"', "null"),
        ),
        rejects_status(
            deployment(),
            {"revision": {"since": "yesterday"}},
            broken(
                "status.revision.since", 'revision.since in body must be of type date-time: "yesterday"', "yesterday"
            ),
        ),
        rejects_status(deployment(), {"colour": "blue"}, ".status.colour: field not declared in schema"),
        rejects_status(
            deployment(),
            {"placements": [{"replica": "a"}, {"replica": "a"}]},
            '.status.placements: duplicate entries for key [replica="a"]',
        ),
    ),
)
