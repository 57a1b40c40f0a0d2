"""The page about pods: what can be written, a whole example, and what is left out."""

from __future__ import annotations

from typing import Final

from function.api.pods.left_out import LEFT_OUT

_PAGE: Final = """\
# Pods

Made from the models in `function/api` by `python -m function.api.generate`; do not edit it here.

The `template` of a member is a pod, written as in a Deployment: `spec` takes the fields of Kubernetes' PodSpec that
make sense in pods of which Modelplane makes several, with the types and rules that Kubernetes has for them.
[PodSpec](api.md#podspec) lists them all. What Modelplane adds is in
[How a model is served](serving.md#what-is-added-to-a-pod).

- Exactly one container is named `engine`, wherever it stands. It serves; the others are side-cars. A side-car that must
  start before the engine and end after it is an init container with `restartPolicy: Always`.
- Names of claims, accounts, priority and runtime classes are those of the cluster that a replica is placed on. Secrets
  and ConfigMaps are those of the deployment's namespace.
- Containers may mount `dshm`, the shared memory, and `model-cache`, the weights of a ModelCache, without a volume of
  that name.
- Accelerators are claimed by `nodeSelector.devices`. The same from a device plugin as well, such as `nvidia.com/gpu`
  beside a claim on `gpu.nvidia.com`, is refused with `PodConflict`: such a pod takes two, or never starts. Any other
  extended resource of a container, such as `rdma/hca`, is your own to ask for: it is passed on as written, and nothing
  looks at whether a node has it.
- Which level of Kubernetes' Pod Security Standards pods keep to is the platform team's to say, in the cluster's
  `spec.namespaces.podSecurity`, and in `overrides` for single namespaces; without a word it is `baseline`.
- Volumes by `csi` and `nfs` need a cluster whose `spec.namespaces.csiDrivers` or `nfsServers` have the driver or
  server: they say themselves what is mounted. Claims need no permission.
- Any taint may be tolerated, as in Kubernetes, by a toleration without a key too; those of the pool are tolerated
  already. [What needs the platform team](serving.md#what-needs-the-platform-team) says what follows.
- `terminationGracePeriodSeconds` may be an hour at most, so that no pod holds up a node that is emptied for longer.
- Whatever changes in the template is a new revision: new replicas take the place of the old ones.

## A whole pod

```yaml
{example}```

## What is left out

`modelplane preview` refuses these with the reason, `kubectl apply` refuses them or, without strict validation, drops
them with a warning. `containers[]` stands for init containers too. What is called not stable has a feature gate in
Kubernetes 1.35 that is alpha or beta.

| Field | Why not |
|---|---|
{rows}
"""

EXAMPLE: Final = """\
apiVersion: modelplane.ai/v1alpha1
kind: ModelDeployment
metadata:
  name: whole-pod
  namespace: ml-team
spec:
  replicas: 1
  engines:
  - name: vllm
    serving:
      port: 8080
    members:
    - role: Standalone
      nodeSelector:
        devices:
        - name: gpu
          selectors:
          - cel: device.attributes["gpu.nvidia.com"].architecture == "Hopper"
      template:
        metadata:
          labels: {team: nlp}
        spec:
          serviceAccountName: engines
          priorityClassName: serving
          terminationGracePeriodSeconds: 300
          securityContext:
            runAsNonRoot: true
            runAsUser: 1000
            fsGroup: 1000
            fsGroupChangePolicy: OnRootMismatch
            seccompProfile: {type: RuntimeDefault}
          affinity:
            nodeAffinity:
              preferredDuringSchedulingIgnoredDuringExecution:
              - weight: 50
                preference:
                  matchExpressions:
                  - {key: example.com/disk, operator: In, values: [nvme]}
          tolerations:
          - {key: example.com/inference, operator: Exists, effect: NoSchedule}
          topologySpreadConstraints:
          - maxSkew: 1
            topologyKey: topology.kubernetes.io/zone
            whenUnsatisfiable: ScheduleAnyway
            labelSelector:
              matchLabels: {team: nlp}
          initContainers:
          - name: fetch
            image: amazon/aws-cli:2.31.0
            args: [s3, sync, "s3://models/qwen", /models]
            envFrom:
            - secretRef: {name: bucket}
            volumeMounts:
            - {name: models, mountPath: /models}
          - name: log-shipper
            image: fluent/fluent-bit:4.1
            restartPolicy: Always
            securityContext:
              allowPrivilegeEscalation: false
              capabilities: {drop: [ALL]}
            volumeMounts:
            - {name: logs, mountPath: /logs, readOnly: true}
          containers:
          - name: engine
            image: vllm/vllm-openai:v0.23.0
            args: [/models, --port=8080, --chat-template=/templates/chat.jinja]
            env:
            - name: HF_TOKEN
              valueFrom:
                secretKeyRef: {name: hub, key: token}
            - name: MEMORY_LIMIT
              valueFrom:
                resourceFieldRef: {resource: limits.memory, divisor: 1Mi}
            ports:
            - {name: metrics, containerPort: 9100}
            resources:
              requests: {cpu: 8, memory: 64Gi}
              limits: {memory: 96Gi}
            livenessProbe:
              httpGet: {path: /health, port: 8080}
              periodSeconds: 15
              failureThreshold: 4
            lifecycle:
              preStop:
                exec: {command: [/bin/sh, -c, "sleep 20"]}
            securityContext:
              allowPrivilegeEscalation: false
              capabilities: {drop: [ALL]}
            volumeMounts:
            - {name: models, mountPath: /models, readOnly: true}
            - {name: templates, mountPath: /templates}
            - {name: logs, mountPath: /logs}
          volumes:
          - name: models
            persistentVolumeClaim: {claimName: models}
          - name: templates
            configMap: {name: chat-template}
          - name: logs
            emptyDir: {sizeLimit: 1Gi}
"""
"""A deployment whose pods have of each part of a pod something."""


def page() -> str:
    """Write the page as Markdown."""
    rows = "\n".join(f"| `{field}` | {reason} |" for field, reason in LEFT_OUT.items())
    return _PAGE.format(example=EXAMPLE, rows=rows)
