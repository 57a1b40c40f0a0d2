"""Control planes that have settled, for every test that starts from a running fleet."""

from functools import cache
from pathlib import Path

import yaml

from function.composers import COMPOSERS
from function.composition import Composer, Manifest, Observation, unstructured
from function.preview.control_plane import ControlPlane
from function.preview.inputs import read

EXAMPLES = Path(__file__).parents[2] / "examples"

BROUGHT = """
apiVersion: modelplane.ai/v1alpha1
kind: InferenceGateway
metadata: {name: default}
spec:
  backend: Traefik
  traefik: {loadBalancer: MetalLB, metallb: {addressPool: 192.0.2.0/28}}
  hostname: models.example.com
  routeNamespaces: {matchLabels: {team: ml}}
  endpoints: {allow: [203.0.113.0/24], deny: [denied.example]}
---
apiVersion: v1
kind: Secret
metadata: {name: authority, namespace: ml-team}
data: {ca.crt: \
LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJPekNCNHFBREFnRUNBZ0VCTUFvR0NDcUdTTTQ5QkFNQ01Cd3hHakFZQmdO\
VkJBTU1FVVY0WVcxd2JHVWcKWVhWMGFHOXlhWFI1TUNBWERUSXdNREV3TVRBd01EQXdNRm9ZRHpJeE1qQXdNVEF4TURBd01EQXdX\
akFjTVJvdwpHQVlEVlFRRERCRkZlR0Z0Y0d4bElHRjFkR2h2Y21sMGVUQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VICkEw\
SUFCRzczeFhKT01WdzJVaS92ZFlaT1djOVhRaFk5b21ZMzdRd3ZkZUNmbDZRaWxQamNkREorYndLMjBNeC8KSy9HeUxFQW1tSk5r\
bDZmUnhJVXBSb2FTd2VhakV6QVJNQThHQTFVZEV3RUIvd1FGTUFNQkFmOHdDZ1lJS29aSQp6ajBFQXdJRFNBQXdSUUlnQk5EWVR2\
K1grZzIrT2w2TGpCWnhLWWgxR0hSQk8vcGxqYThhb1N4dCtMZ0NJUUQwCmUrSkk5UGZvRTdlTmFrWUpiZWMvb3dKS04xUUNMUVhy\
clNUWEJEQkZadz09Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K}
---
apiVersion: modelplane.ai/v1alpha1
kind: ModelEndpoint
metadata: {name: outside, namespace: ml-team, labels: {at: outside}}
spec: {url: "https://llm.example.com/v1", tls: {caSecretRef: {name: authority}}}
---
apiVersion: modelplane.ai/v1alpha1
kind: ModelEndpoint
metadata: {name: bare, namespace: ml-team, labels: {at: outside}}
spec: {url: "https://203.0.113.7:8443/v1", host: llm.example.com, tls: {insecureSkipVerify: true}}
---
apiVersion: modelplane.ai/v1alpha1
kind: ModelService
metadata: {name: outside, namespace: ml-team}
spec: {endpoints: [{weight: 3, selector: {matchLabels: {at: outside}}}]}
"""
"""What the examples have no use for: addresses from MetalLB, endpoints outside with and without a name."""


GOVERNED = """
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: l4}
spec:
  node:
    cpu: "32"
    memory: 128Gi
    reserved: {cpu: "3", memory: 12Gi}
    taints: [{key: gpu, value: reserved, effect: NoSchedule}]
  devices:
  - {name: gpu, driver: gpu.nvidia.com, deviceClassName: gpu.nvidia.com, count: 1}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: governed}
spec:
  cluster:
    source: Existing
    existing:
      secretRef: {name: governed-kubeconfig}
      identity: {type: UpboundTokens, source: Secret, secretRef: {name: token, key: robot, namespace: robots}}
  namespaces:
    podSecurity: restricted
    overrides: [{name: ml-team, podSecurity: privileged}]
    podMetadata: [k8s.v1.cni.cncf.io/networks]
    serviceAccounts: [engines]
    priorityClasses: [serving]
    runtimeClasses: [nvidia]
  nodePools: [{name: l4, className: l4, nodeCount: 2}]
  servingStack:
    installed:
    - certManager
    - envoyGateway
    - aiGateway
    - prometheus
    - leaderWorkerSet
    - nodeFeatureDiscovery
    - nvidiaDraDriver
    - inferenceExtension
---
apiVersion: modelplane.ai/v1alpha1
kind: ModelDeployment
metadata: {name: bound, namespace: ml-team}
spec:
  replicas: 1
  engines:
  - name: vllm
    members:
    - role: Standalone
      nodeSelector: {devices: [{name: gpu, selectors: [{cel: device.driver == "gpu.nvidia.com"}]}]}
      template:
        metadata: {annotations: {k8s.v1.cni.cncf.io/networks: fast}}
        spec:
          serviceAccountName: engines
          priorityClassName: serving
          runtimeClassName: nvidia
          hostNetwork: true
          tolerations: [{key: gpu, operator: Equal, value: reserved, effect: NoSchedule}]
          containers:
          - name: engine
            image: vllm/vllm-openai:v0.23.0
            args: [--model=Qwen/Qwen2.5-7B-Instruct]
            env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: hub, key: token}}}]
            envFrom: [{configMapRef: {name: settings}}]
            resources: {requests: {cpu: "8", memory: 32Gi}}
---
apiVersion: v1
kind: Secret
metadata: {name: hub, namespace: ml-team}
data: {token: c2VjcmV0}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: ml-team}
data: {MODE: fast}
---
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: robots}
data: {robot: c2VjcmV0}
"""
"""What a platform team says of nodes, pods and clusters, and a model that needs each word of it."""


def example(folder: Path) -> tuple[Path, ...]:
    """What to preview for an example: its folder, with the quickstart's fleet when it has none of its own."""
    brings_clusters = any("kind: InferenceCluster\n" in file.read_text("utf-8") for file in folder.rglob("*.yaml"))
    return (folder,) if brings_clusters else (EXAMPLES / "quickstart" / "fleet", folder)


def settle(*paths: Path) -> ControlPlane:
    """A control plane with the manifests of these files and folders, settled."""
    plane = ControlPlane()
    plane.apply(read([str(path) for path in paths]))
    plane.settle()
    return plane


def bring(documents: str = BROUGHT) -> ControlPlane:
    """A control plane with what the examples have no use for, settled."""
    plane = ControlPlane()
    plane.apply(yaml.safe_load_all(documents))
    plane.settle()
    return plane


@cache
def brought() -> ControlPlane:
    """The same, shared: observe it, do not change it."""
    return bring()


@cache
def governed() -> ControlPlane:
    """A cluster with all that a platform team says of one, and a model there: observe it, do not change it."""
    return bring(GOVERNED)


@cache
def quickstart() -> ControlPlane:
    """The settled quickstart. Shared: observe it, do not change it."""
    return settle(EXAMPLES / "quickstart")


def composites(plane: ControlPlane) -> list[tuple[Composer, Manifest]]:
    """Every composite of a control plane with its composer, in a stable order."""
    found = [
        (composer, obj) for (api_version, kind), composer in COMPOSERS.items() for obj in plane.list(api_version, kind)
    ]
    return sorted(
        found, key=lambda pair: (pair[0].kind, unstructured.namespace_of(pair[1]), unstructured.name_of(pair[1]))
    )


def observe(plane: ControlPlane, composite: Manifest) -> Observation:
    """What the composer of a composite would be given now."""
    return plane.observe(
        str(composite["apiVersion"]),
        str(composite["kind"]),
        unstructured.namespace_of(composite),
        unstructured.name_of(composite),
    )
