"""Rules of ModelCache and ServingStack."""

from __future__ import annotations

from typing import Any, Final

from function.api import patterns
from function.api.identities import SOURCES
from function.composition import Manifest
from tests.e2e.bed.admission.case import (
    Rule,
    accepts,
    accepts_status,
    accepts_update,
    rejects,
    rejects_status,
    rejects_update,
    rule,
)
from tests.e2e.bed.admission.messages import (
    above,
    below,
    broken,
    duplicate,
    mismatch,
    required,
    too_few,
    too_many,
    unsupported,
)
from tests.support.api import cache, changed, manifest, stack

_KUBECONFIG: Final = {"type": "Kubeconfig", "name": "east-kubeconfig", "key": "kubeconfig"}
_IDENTITY: Final = {"type": "GoogleApplicationCredentials", "name": "sa", "key": "private_key"}
_GOOGLE: Final = "GoogleApplicationCredentials"
_MAKE: Final = "make another ModelCache"


def listening(*listeners: dict[str, Any]) -> Manifest:
    """A stack whose gateway has these listeners."""
    return stack(gateway={"listeners": list(listeners)})


CACHES: Final[tuple[Rule, ...]] = (
    rule(
        "api 21, by design",
        "a repository and a revision are words that no shell would take for more",
        accepts(cache(repo="gpt2"), cache(repo="org/name.with-dots_1", revision="refs/pr/1")),
        *(
            rejects(cache(repo=repo), mismatch("spec.huggingFace.repo", repo, patterns.HUGGING_FACE_REPO))
            for repo in ("Qwen/Qwen3-8B; rm -rf /", "a/b/c", "$(id)", "-x")
        ),
        rejects(cache(revision="main; id"), mismatch("spec.huggingFace.revision", "main; id", patterns.GIT_REVISION)),
    ),
    rule(
        "api section 3.3",
        "a cache needs the block of its source, with a repository and a size",
        rejects(
            manifest("ModelCache", {"source": "HuggingFace"}),
            broken("spec", "spec.huggingFace is required for source HuggingFace"),
        ),
        rejects(changed(cache(), "spec", "source", to="S3"), unsupported("spec.source", "S3", "HuggingFace")),
        rejects(
            changed(cache(), "spec", "huggingFace", to={}),
            required("spec.huggingFace.repo"),
            required("spec.huggingFace.sizeGiB"),
        ),
        rejects(cache(sizeGiB=0), below("spec.huggingFace.sizeGiB", 0, 1)),
        rejects(cache(sizeGiB=100001), above("spec.huggingFace.sizeGiB", 100001, 100000)),
        rejects(cache(authSecret={}), required("spec.huggingFace.authSecret.name")),
    ),
    rule(
        "api better 2",
        "the repository of a cache does not change",
        accepts_update(cache(), cache(sizeGiB=80, revision="v2", authSecret={"name": "hf"})),
        rejects_update(
            cache(),
            cache(repo="Qwen/Qwen3-32B"),
            broken("spec.huggingFace.repo", f"the repository of a cache cannot be changed: {_MAKE}", "Qwen/Qwen3-32B"),
        ),
    ),
    rule(
        "api section 3.3",
        "the status tells each cluster once, and how far it is",
        accepts_status(
            cache(),
            summary={"ready": "1/2"},
            clusters=[{"name": "east", "phase": "Ready"}, {"name": "west", "phase": "Failed", "message": "no space"}],
        ),
        rejects_status(
            cache(),
            {"clusters": [{"name": "east", "phase": "Lost"}]},
            unsupported("status.clusters[0].phase", "Lost", "Pending", "Hydrating", "Ready", "Failed"),
        ),
        rejects_status(
            cache(),
            {"clusters": [{"name": "east"}, {"name": "east"}]},
            '.status.clusters: duplicate entries for key [name="east"]',
        ),
    ),
)

STACKS: Final[tuple[Rule, ...]] = (
    rule(
        "api 18",
        "a serving stack has a kubeconfig, and may have an identity",
        accepts(stack(secrets=[_KUBECONFIG, _IDENTITY])),
        rejects(stack(secrets=[_IDENTITY]), broken("spec.secrets", "secrets must have an entry of type Kubeconfig")),
        rejects(
            stack(secrets=[]),
            too_few("spec.secrets"),
            broken("spec.secrets", "secrets must have an entry of type Kubeconfig"),
        ),
        rejects(stack(secrets=[_KUBECONFIG] * 9), too_many("spec.secrets", 9, 8)),
        rejects(
            stack(secrets=[_KUBECONFIG, {"type": "GoogleApplicationCredentials", "name": "sa"}]),
            required("spec.secrets[1].key"),
        ),
    ),
    rule(
        "own",
        "a serving stack has an identity that is in no Secret as the providers take it",
        accepts(
            stack(identity={"type": "AWSWebIdentityCredentials", "source": "InjectedIdentity"}),
            stack(identity={"type": "UpboundTokens", "source": "Environment", "env": {"name": "TOKEN"}}),
            stack(identity={"type": "UpboundTokens", "source": "Filesystem", "fs": {"path": "/var/run/token"}}),
        ),
        *(
            rejects(
                stack(identity={"type": kind, "source": "None"}),
                broken("spec.identity", f"the providers take {kind} from {' or '.join(sources)} only: correct source"),
            )
            for kind, sources in SOURCES.items()
            if "None" not in sources
        ),
        rejects(
            stack(identity={"type": _GOOGLE, "source": "Environment"}),
            broken("spec.identity", "env goes with source Environment, and it needs one"),
        ),
        rejects(
            stack(identity={"type": _GOOGLE, "source": "Filesystem"}),
            broken("spec.identity", "fs goes with source Filesystem, and it needs one"),
        ),
        rejects(
            stack(identity={"type": _GOOGLE, "source": "Secret"}),
            unsupported("spec.identity.source", "Secret", "InjectedIdentity", "Environment", "Filesystem", "None"),
        ),
    ),
    rule(
        "own",
        "a serving stack tolerates taints of nodes as pods do",
        accepts(stack(tolerations=[{"key": "team", "value": "ml", "effect": "NoSchedule"}])),
        rejects(
            stack(tolerations=[{"operator": "Equal"}]),
            broken("spec.tolerations[0]", "a toleration with operator Equal, which is the default, needs a key"),
        ),
        rejects(
            stack(tolerations=[{"key": "team", "operator": "Exists", "value": "ml"}]),
            broken("spec.tolerations[0]", "a toleration with operator Exists must not have a value"),
        ),
    ),
    rule(
        "api section 4.1",
        "a gateway has at most 8 listeners, each with a name of its own",
        accepts(listening(), listening({"name": "http", "port": 80, "protocol": "HTTP"})),
        rejects(
            listening({"name": "http", "port": 80, "protocol": "UDP"}),
            unsupported("spec.gateway.listeners[0].protocol", "UDP", "HTTP", "TCP"),
        ),
        rejects(
            listening({"name": "http", "port": 0, "protocol": "HTTP"}), below("spec.gateway.listeners[0].port", 0, 1)
        ),
        rejects(
            listening(*[{"name": "http", "port": 80, "protocol": "HTTP"}] * 2),
            duplicate("spec.gateway.listeners[1]", name="http"),
        ),
    ),
    rule(
        "api 10.1.13",
        "a stack may stand in another namespace and ask for a Gateway API that is not read",
        accepts(changed(stack(versions={"gatewayApi": "v1.5.1"}), "metadata", "namespace", to="admission")),
    ),
    rule(
        "design fields",
        "a stack may take charts from elsewhere, and leave alone what is installed or not needed",
        accepts(
            stack(chartRepositories={"prometheus": "oci://charts.example.com/prometheus"}, installed=["certManager"]),
            stack(unneeded=["nvidiaDraDriver"]),
        ),
        rejects(
            stack(chartRepositories={"prometheus": "charts.example.com"}),
            mismatch("spec.chartRepositories.prometheus", "charts.example.com", patterns.CHART_REPOSITORY),
        ),
        rejects(stack(installed=["certManager"] * 2), 'spec.installed[1]: Duplicate value: "certManager"'),
        rejects(stack(unneeded=["certManager"] * 2), 'spec.unneeded[1]: Duplicate value: "certManager"'),
    ),
    rule(
        "api section 4.1",
        "the status tells the gateway's address",
        accepts_status(stack(), gateway={"address": "198.51.100.1"}),
        rejects_status(
            stack(),
            {"gateway": {"address": "a" * 257}},
            "status.gateway.address: Too long: may not be more than 256 bytes",
        ),
    ),
)
