"""A fleet and models in which every field that a user may write is set.

What excludes each other is in objects of its own. `tests/test_every_field.py` changes each field in turn, and looks
for what becomes of it.
"""

from typing import Any

import yaml

from function.composition import Manifest
from tests.support.full_pod import full_pod
from tests.support.settled import BROUGHT

_FLEET = """
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: full}
spec:
  description: Four made-up GPUs.
  provisioning: {provider: GKE, gke: {machineType: g2, diskSizeGb: 200, accelerator: {type: l4, count: 4}}}
  node:
    cpu: "96"
    memory: 512Gi
    reserved: {cpu: "6", memory: 32Gi}
    taints:
    - {key: gpu, value: reserved, effect: NoSchedule}
  devices:
  - name: gpu
    claim: DRA
    driver: gpu.example.com
    deviceClassName: gpu.example.com
    count: 4
    attributes:
      architecture: {string: Ada}
      driverVersion: {version: 1.2.3}
      shared: {bool: false}
      slot: {int: 7}
    capacity:
      memory: {value: 80Gi}
  - {name: other, driver: gpu.nvidia.com, deviceClassName: gpu.nvidia.com}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: eks}
spec:
  provisioning: {provider: EKS, eks: {instanceType: g6, diskSizeGb: 200, accelerator: {type: l4, count: 1}}}
  devices:
  - {name: gpu, driver: gpu.example.com, deviceClassName: gpu.example.com}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: aks}
spec:
  provisioning: {provider: AKS, aks: {vmSize: nc, diskSizeGb: 200, accelerator: {type: l4, count: 1}}}
  devices:
  - {name: gpu, driver: gpu.example.com, deviceClassName: gpu.example.com}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: nebius}
spec:
  provisioning:
    provider: Nebius
    nebius: {platform: gpu-l4, preset: 1gpu, diskSizeGb: 200, driversPreset: cuda12, accelerator: {type: l4, count: 1}}
  devices:
  - {name: gpu, driver: gpu.example.com, deviceClassName: gpu.example.com}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: vultr}
spec:
  provisioning: {provider: Vultr, vultr: {plan: vcg, accelerator: {type: l4, count: 1}}}
  devices:
  - {name: gpu, driver: gpu.example.com, deviceClassName: gpu.example.com}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: full, labels: {tier: gold, disk: fast, ring: stable, modelplane.ai/region: north}}
spec:
  cluster:
    source: Existing
    existing:
      secretRef: {name: full-kubeconfig, key: config}
      identitySecretRef: {name: full-identity, key: account, type: AzureServicePrincipalCredentials}
      cache: {storageClassName: shared}
  taints:
  - {key: team, value: nlp, effect: NoSchedule}
  namespaces:
    allowed: [default]
    reserved: [secret-*]
    podMetadata: [k8s.v1.cni.cncf.io/networks]
    podSecurity: privileged
    overrides: [{name: default, podSecurity: baseline}]
    serviceAccounts: [engines, robots]
    priorityClasses: [serving, batch]
    runtimeClasses: [nvidia, kata]
    csiDrivers: [weights.csi.example.com, models.csi.example.com]
    nfsServers: [files.example.com, disks.example.com]
  nodePools:
  - name: pool
    className: full
    nodeCount: 60
  - name: scaling
    className: full
    nodeCount: 1
    minNodeCount: 1
    maxNodeCount: 4
    zones: [a]
  servingStack:
    versions:
      gatewayApi: v1.5.0
      certManager: v1.20.0
      envoyGateway: v1.8.0
      prometheus: 86.0.0
      leaderWorkerSet: v0.9.0
      nodeFeatureDiscovery: 0.19.0
      nvidiaDraDriver: 26.0.0
    gateway:
      className: front
      listeners:
      - {name: web, port: 8080, protocol: HTTP}
    nvidiaDriverRoot: /opt/nvidia
    chartRepositories:
      certManager: https://charts.example.com/cert-manager
      envoyGateway: oci://charts.example.com/envoy
      aiGateway: oci://charts.example.com/ai
      prometheus: https://charts.example.com/prometheus
      leaderWorkerSet: oci://charts.example.com/lws
      nodeFeatureDiscovery: https://charts.example.com/nfd
      nvidiaDraDriver: https://charts.example.com/dra
    installed: [inferenceExtension]
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceGateway
metadata: {name: default}
spec:
  backend: Traefik
  traefik:
    version: 41.0.3
    replicas: 3
    serviceAnnotations: {example.com/address: "public"}
    valuesFrom:
    - {name: values, key: traefik.yaml}
    loadBalancer: MetalLB
    metallb: {addressPool: 192.0.2.0/28}
  hostname: models.example.com
  tls: {secretRef: {name: certificate}}
  publicPaths: [/v1/models]
  endpoints: {allow: [203.0.113.0/24], deny: [denied.example]}
  routeNamespaces:
    matchLabels: {team: ml}
    matchExpressions:
    - {key: kind, operator: In, values: [trusted]}
---
apiVersion: infrastructure.modelplane.ai/v1alpha1
kind: ServingStack
metadata: {name: own, namespace: modelplane-system}
spec:
  secrets:
  - {type: Kubeconfig, name: own-kubeconfig, key: config}
  - {type: GoogleApplicationCredentials, name: own-identity, key: account, namespace: other-team}
  tolerations:
  - {key: team, operator: Equal, value: nlp, effect: NoSchedule}
  unneeded: [nvidiaDraDriver]
  gateway: {listeners: [{name: web, port: 8080, protocol: HTTP}]}
---
apiVersion: infrastructure.modelplane.ai/v1alpha1
kind: ServingStack
metadata: {name: own-variable, namespace: modelplane-system}
spec:
  secrets:
  - {type: Kubeconfig, name: own-kubeconfig, key: config}
  identity: {type: UpboundTokens, source: Environment, env: {name: OWN_TOKEN}}
---
apiVersion: infrastructure.modelplane.ai/v1alpha1
kind: ServingStack
metadata: {name: own-file, namespace: modelplane-system}
spec:
  secrets:
  - {type: Kubeconfig, name: own-kubeconfig, key: config}
  identity: {type: UpboundTokens, source: Filesystem, fs: {path: /var/run/own}}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: by-secret}
spec:
  cluster:
    source: Existing
    existing:
      secretRef: {name: kubeconfig}
      identity: {type: UpboundTokens, source: Secret, secretRef: {name: token, key: robot, namespace: robots}}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: by-variable}
spec:
  cluster:
    source: Existing
    existing:
      secretRef: {name: kubeconfig}
      identity: {type: UpboundTokens, source: Environment, env: {name: TOKEN}}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: by-file}
spec:
  cluster:
    source: Existing
    existing:
      secretRef: {name: kubeconfig}
      identity: {type: UpboundTokens, source: Filesystem, fs: {path: /var/run/token}}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: gke}
spec:
  cluster:
    source: GKE
    gke:
      region: us-central1
      project: models
      kubernetesVersion: '1.34'
      credentials: {type: ProviderConfig, name: gcp}
  nodePools:
  - {name: pool, className: full, zones: [a]}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: eks}
spec:
  cluster:
    source: EKS
    eks: {region: us-east-1, kubernetesVersion: '1.34', credentials: {type: ProviderConfig, name: aws}}
  nodePools:
  - {name: pool, className: eks, zones: [a], capacityBlock: {capacityReservationId: cr-0123}, fabric: {type: EFA}}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: aks}
spec:
  cluster:
    source: AKS
    aks: {location: eastus, kubernetesVersion: '1.33', credentials: {type: ProviderConfig, name: azure}}
  nodePools:
  - {name: pool, className: aks, zones: [a]}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: nebius}
spec:
  cluster:
    source: Nebius
    nebius: {kubernetesVersion: '1.33', credentials: {type: ProviderConfig, name: nebius}}
  nodePools:
  - {name: pool, className: nebius, zones: [a], fabric: {type: InfiniBand, infiniband: {fabric: fabric-2}}}
---
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: vultr}
spec:
  cluster:
    source: Vultr
    vultr: {region: ewr, kubernetesVersion: v1.35.0+1, credentials: {type: ProviderConfig, name: vultr}}
  nodePools:
  - {name: pool, className: vultr, zones: [a]}
"""

_ENGINES = """
unified:
  - name: vllm
    copies: 2
    workload: {metadata: {labels: {queue: fast}, annotations: {example.com/queue: fast}}}
    serving: {port: 9000, engineType: vLLM}
    members:
    - role: Standalone
      nodeSelector:
        devices:
        - {name: gpu, count: 2, selectors: [{cel: device.driver == "gpu.example.com"}]}
        - {name: draft, selectors: [{cel: device.driver == "gpu.example.com"}]}
        constraints:
        - {requests: [gpu], matchAttribute: resource.kubernetes.io/pcieRoot}
      template:
        metadata: {labels: {part: vllm}, annotations: {k8s.v1.cni.cncf.io/networks: fast}}
  - name: gang
    serving: {port: 9000, from: AllPods, healthPath: /ready, startupSeconds: 60, kvCacheBlockSize: 128}
    members:
    - role: Leader
      nodeSelector: &gpu
        devices:
        - {name: gpu, selectors: [{cel: device.driver == "gpu.example.com"}]}
      template: &plain
        spec: {containers: [{name: engine, image: sglang}]}
    - {role: Worker, worker: {nodes: 1}, nodeSelector: *gpu, template: *plain}
pair:
  - name: prefill
    phase: Prefill
    serving: {port: 8000, kvTransfer: SGLang}
    members: [{role: Standalone, nodeSelector: *gpu, template: *plain}]
  - name: decode
    phase: Decode
    serving: {kvTransfer: SGLang}
    members: [{role: Standalone, nodeSelector: *gpu, template: *plain}]
routed:
  - name: router
    role: Router
    members: [{role: Standalone, template: *plain}]
  - name: ranks
    serving: {ports: [9000, 9100], scheme: HTTPS}
    members: [{role: Standalone, nodeSelector: *gpu, template: *plain}]
"""

_BESIDE: Manifest = {
    "clusterSelector": {
        "matchLabels": {"modelplane.ai/region": "north"},
        "matchExpressions": [{"key": "ring", "operator": "In", "values": ["stable"]}],
    },
    "modelCacheRef": {"name": "weights"},
    "serving": {"mode": "Unified", "picker": "Enabled"},
    "tolerations": [{"key": "team", "operator": "Equal", "value": "nlp", "effect": "NoSchedule"}],
}
_TOLERANT: Manifest = {"tolerations": [{"key": "team", "operator": "Exists"}]}

_MODELS = """
apiVersion: modelplane.ai/v1alpha1
kind: ModelCache
metadata: {name: weights, namespace: ml-team}
spec:
  source: HuggingFace
  huggingFace: {repo: Qwen/Qwen3-8B, revision: main, authSecret: {name: hub, key: TOKEN}, sizeGiB: 50}
  clusterSelector:
    matchLabels: {tier: gold}
    matchExpressions:
    - {key: disk, operator: In, values: [fast]}
---
apiVersion: modelplane.ai/v1alpha1
kind: ModelService
metadata: {name: unified, namespace: ml-team}
spec:
  endpoints:
  - {weight: 3, priority: 0, selector: {matchLabels: {modelplane.ai/deployment: unified}}}
  - {weight: 2, priority: 0, selector: {matchLabels: {modelplane.ai/deployment: pair}}}
  - weight: 1
    priority: 1
    selector: {matchLabels: {at: outside}, matchExpressions: [{key: tier, operator: In, values: [paid]}]}
---
apiVersion: modelplane.ai/v1alpha1
kind: ModelEndpoint
metadata: {name: named, namespace: ml-team, labels: {at: outside, tier: paid}}
spec:
  url: https://llm.example.com/v1
  rewritePath: /v2
  host: other.example.com
  tls: {caSecretRef: {name: authority, key: ca.crt}}
---
apiVersion: modelplane.ai/v1alpha1
kind: ModelEndpoint
metadata: {name: bare, namespace: ml-team, labels: {at: outside, tier: paid}}
spec: {url: "https://203.0.113.7:8443/v1", host: llm.example.com, tls: {insecureSkipVerify: true}, draining: false}
"""


def world() -> list[Manifest]:
    """Every object of the world."""
    engines = yaml.safe_load(_ENGINES)
    engines["unified"][0]["members"][0]["template"]["spec"] = full_pod()
    unified, routed = {**_BESIDE, "engines": engines["unified"]}, {**_TOLERANT, "engines": engines["routed"]}
    pair = {**_TOLERANT, "serving": {"mode": "PrefillDecode"}, "engines": engines["pair"]}
    labels = {"metadata": {"labels": {"owner": "nlp"}}}
    rollout = {"maxSurge": 1, "maxUnavailable": 0, "progressDeadlineSeconds": 600, "paused": False}
    return [
        *yaml.safe_load_all(_FLEET),
        *yaml.safe_load_all(_MODELS),
        *(obj for obj in yaml.safe_load_all(BROUGHT) if obj["kind"] == "Secret"),
        _deployment("unified", template=labels, **unified),
        _deployment("rolling", 4, rollout=rollout, **_TOLERANT, engines=[engines["unified"][1]]),
        _deployment("guest", namespace="default", **pair),
        _deployment("pair", **pair),
        _deployment("routed", **routed),
        _deployment("nested", template={**labels, "spec": unified}),
        _deployment("nested-pair", template={"spec": pair}),
        _deployment("nested-routed", template={"spec": routed}),
    ]


def _deployment(name: str, replicas: int = 1, namespace: str = "ml-team", **spec: Any) -> Manifest:
    meta = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": meta,
        "spec": {"replicas": replicas, **spec},
    }
