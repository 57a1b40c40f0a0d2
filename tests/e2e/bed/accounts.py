"""Who Crossplane's programs are: service accounts, with the roles of Crossplane's own chart, and no other rights."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import yaml

from function.api.labels import CROSSPLANE_NAMESPACE
from function.composition import Manifest, unstructured
from tests.e2e.bed.api import Api
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.processes import BedError

CORE: Final = "crossplane"
RBAC_MANAGER: Final = "rbac-manager"
ROLE: Final = "crossplane"
"""The role of the core, into which all are aggregated that say so."""

_DAY: Final = 86400
_ELSE: Final = re.compile(
    r"\{\{- if not \.Values\.serviceAccount\.create \}\}.*?\{\{- else \}\}(.*?)\{\{- end \}\}", re.DOTALL
)
_NAMES: Final = {
    '{{ template "crossplane.name" . }}': CORE,
    "{{ .Release.Namespace }}": CROSSPLANE_NAMESPACE,
}
_ALWAYS: Final = frozenset(
    {
        '{{- include "crossplane.labels" . | indent 4 }}',
        "{{- if .Values.rbacManager.deploy }}",
        "{{- if not .Values.rbacManager.skipAggregatedClusterRoles }}",
        "{{- end }}",
        "{{- end}}",
    }
)
"""Lines of templates that hold by the chart's defaults, or only add labels."""


def of_chart(folder: Path) -> list[Manifest]:
    """Crossplane's service accounts, roles and bindings, as its chart has them by default.

    Args:
        folder: The chart's templates of roles.

    Raises:
        BedError: When a template has more to it than is known here.
    """
    accounts: list[Manifest] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": CROSSPLANE_NAMESPACE}}
        for name in (CORE, RBAC_MANAGER)
    ]
    texts = (_rendered(path) for path in sorted(folder.glob("*.yaml")))
    return accounts + [obj for text in texts for obj in yaml.safe_load_all(text) if obj]


def kubeconfig(cluster: Cluster, account: str) -> Path:
    """Write a kubeconfig of a service account of Crossplane's namespace."""
    path = f"{cluster.api.path('v1', 'ServiceAccount', CROSSPLANE_NAMESPACE, account)}/token"
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": _DAY},
    }
    token = cluster.api.call("POST", path, request)["status"]["token"]
    document: Manifest = yaml.safe_load(cluster.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": token}
    written = cluster.kubeconfig.with_name(f"{cluster.name}-{account}.kubeconfig")
    written.write_text(yaml.safe_dump(document))
    return written


def mounted(cluster: Cluster, secret: str) -> Path:
    """Write a Secret of Crossplane's namespace into a folder, as a kubelet would for a pod."""
    found = cluster.api.get("v1", "Secret", secret, CROSSPLANE_NAMESPACE)
    if not found or not found.get("data"):
        raise BedError(f"Secret {CROSSPLANE_NAMESPACE}/{secret} is missing or empty, and should be mounted")
    folder = cluster.kubeconfig.with_name(secret)
    folder.mkdir(exist_ok=True)
    for name, data in unstructured.mapping(found, "data").items():
        (folder / name).write_bytes(base64.b64decode(data))
    return folder


def refused(api: Api, account: str, group: str, resource: str, verbs: Iterable[str]) -> list[str]:
    """Which verbs a service account of Crossplane's namespace may not use on a resource of the whole cluster."""
    who = {
        "user": f"system:serviceaccount:{CROSSPLANE_NAMESPACE}:{account}",
        "groups": ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{CROSSPLANE_NAMESPACE}"],
    }

    def allowed(verb: str) -> bool:
        request = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {**who, "resourceAttributes": {"group": group, "resource": resource, "verb": verb}},
        }
        answer = api.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", request)
        return bool(answer["status"]["allowed"])

    return [verb for verb in verbs if not allowed(verb)]


def _rendered(path: Path) -> str:
    text = _ELSE.sub(r"\1", path.read_text())
    for template, name in _NAMES.items():
        text = text.replace(template, name)
    lines = [line for line in text.splitlines() if line.strip() not in _ALWAYS]
    unknown = [line.strip() for line in lines if "{{" in line]
    if unknown:
        raise BedError(f"{path.name} of Crossplane's chart has what the bed cannot render: {'; '.join(unknown)}")
    return "\n".join(lines)
