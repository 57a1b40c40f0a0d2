"""A pod template in which every field that there is is set, though no one pod would have them all."""

from typing import Any

import yaml

_VOLUMES = """
- {name: claimed, persistentVolumeClaim: {claimName: models, readOnly: true}}
- name: settings
  configMap: {name: settings, optional: true, defaultMode: 288, items: [{key: entry, path: entry.txt, mode: 256}]}
- name: hidden
  secret: {secretName: hub, optional: true, defaultMode: 288, items: [{key: token, path: token.txt, mode: 256}]}
- {name: scratch, emptyDir: {medium: Memory, sizeLimit: 10Gi}}
- {name: node, hostPath: {path: /var/lib/weights, type: Directory}}
- name: together
  projected:
    defaultMode: 288
    sources:
    - secret: {name: hub, optional: true, items: [{key: token, path: more/token.txt, mode: 256}]}
    - configMap: {name: settings, optional: true, items: [{key: entry, path: more/entry.txt, mode: 256}]}
    - downwardAPI:
        items:
        - {path: labels, mode: 256, fieldRef: {fieldPath: metadata.labels, apiVersion: v1}}
        - {path: cpu, resourceFieldRef: {resource: limits.cpu, containerName: engine, divisor: 1m}}
    - serviceAccountToken: {path: token, audience: vault, expirationSeconds: 7200}
- name: about
  downwardAPI:
    defaultMode: 288
    items:
    - {path: name, mode: 256, fieldRef: {fieldPath: metadata.name, apiVersion: v1}}
    - {path: memory, resourceFieldRef: {resource: limits.memory, containerName: engine, divisor: 1Mi}}
- name: fetched
  csi:
    driver: weights.csi.example.com
    readOnly: true
    fsType: xfs
    volumeAttributes: {bucket: weights}
    nodePublishSecretRef: {name: hub}
- name: made
  ephemeral:
    volumeClaimTemplate:
      metadata: {labels: {made: for-pod}, annotations: {example.com/made: for-pod}}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: fast
        volumeMode: Filesystem
        volumeName: disk-1
        volumeAttributesClassName: quick
        resources: {requests: {storage: 100Gi}, limits: {storage: 200Gi}}
        selector: &selector
          matchLabels: {disk: nvme}
          matchExpressions: [{key: size, operator: In, values: [large]}]
        dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: weights}
        dataSourceRef: {apiGroup: populator.example.com, kind: Populator, name: weights}
- {name: shared, nfs: {server: files.example.com, path: /weights, readOnly: true}}
- {name: packed, image: {reference: registry.example.com/weights:1, pullPolicy: IfNotPresent}}
"""

_CONTAINER = """
image: vllm/vllm-openai:v0.23.0
imagePullPolicy: IfNotPresent
command: [vllm]
args: [serve]
workingDir: /srv
env:
- {name: PLAIN, value: plain}
- {name: TOKEN, valueFrom: {secretKeyRef: {name: hub, key: token, optional: true}}}
- {name: CONFIG, valueFrom: {configMapKeyRef: {name: settings, key: entry, optional: true}}}
- {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName, apiVersion: v1}}}
- {name: CORES, valueFrom: {resourceFieldRef: {resource: limits.cpu, containerName: engine, divisor: "1"}}}
envFrom:
- {prefix: SET_, configMapRef: {name: settings, optional: true}}
- {prefix: HUB_, secretRef: {name: hub, optional: true}}
ports:
- {name: metrics, containerPort: 9100, protocol: TCP, hostPort: 9100, hostIP: 192.0.2.1}
resources:
  requests: {cpu: 4, memory: 16Gi}
  limits: {cpu: 8, memory: 32Gi}
volumeMounts:
- {name: claimed, mountPath: /models, readOnly: true, recursiveReadOnly: IfPossible, subPath: qwen}
- {name: scratch, mountPath: /scratch, subPathExpr: $(NODE), mountPropagation: HostToContainer}
volumeDevices:
- {name: made, devicePath: /dev/weights}
securityContext:
  privileged: true
  allowPrivilegeEscalation: true
  readOnlyRootFilesystem: true
  runAsUser: 1001
  runAsGroup: 1002
  runAsNonRoot: true
  capabilities: {add: [IPC_LOCK], drop: [NET_RAW]}
  seLinuxOptions: {user: system_u, role: system_r, type: container_t, level: "s0:c1"}
  seccompProfile: {type: Localhost, localhostProfile: profiles/engine.json}
  appArmorProfile: {type: Localhost, localhostProfile: engine}
terminationMessagePath: /dev/message
terminationMessagePolicy: FallbackToLogsOnError
"""

_POD = """
automountServiceAccountToken: true
serviceAccountName: engines
imagePullSecrets:
- {name: registry}
securityContext:
  runAsUser: 2001
  runAsGroup: 2002
  runAsNonRoot: true
  fsGroup: 2003
  fsGroupChangePolicy: OnRootMismatch
  supplementalGroups: [2004]
  supplementalGroupsPolicy: Strict
  sysctls: [{name: net.core.somaxconn, value: "4096"}]
  seLinuxOptions: {user: system_u, role: system_r, type: container_t, level: "s0:c2"}
  seccompProfile: {type: Localhost, localhostProfile: profiles/pod.json}
  appArmorProfile: {type: Localhost, localhostProfile: pod}
nodeSelector: {disk: fast}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms: [{matchExpressions: [{key: rack, operator: In, values: [r1]}]}]
    preferredDuringSchedulingIgnoredDuringExecution:
    - {weight: 11, preference: {matchExpressions: [{key: row, operator: In, values: [w1]}]}}
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - &term
      topologyKey: example.com/block
      labelSelector: &selector
        matchLabels: {app: model}
        matchExpressions: [{key: tier, operator: In, values: [front]}]
      matchLabelKeys: [release]
      mismatchLabelKeys: [tenant]
      namespaces: [neighbours]
      namespaceSelector: *selector
    preferredDuringSchedulingIgnoredDuringExecution: &preferred
    - {weight: 12, podAffinityTerm: *term}
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: example.com/block
      labelSelector: *selector
      matchLabelKeys: [release]
      mismatchLabelKeys: [tenant]
    preferredDuringSchedulingIgnoredDuringExecution: *preferred
tolerations:
- {key: example.com/arch, operator: Equal, value: arm64, effect: NoExecute, tolerationSeconds: 51}
topologySpreadConstraints:
- topologyKey: example.com/zone
  whenUnsatisfiable: DoNotSchedule
  maxSkew: 2
  minDomains: 3
  labelSelector: *selector
  matchLabelKeys: [release]
  nodeAffinityPolicy: Honor
  nodeTaintsPolicy: Honor
schedulerName: packing
priorityClassName: serving
runtimeClassName: nvidia
hostNetwork: true
hostPID: false
hostIPC: true
hostUsers: true
shareProcessNamespace: true
dnsPolicy: ClusterFirstWithHostNet
dnsConfig: {nameservers: [192.0.2.53], searches: [models.example.com], options: [{name: ndots, value: "2"}]}
hostAliases: [{ip: 192.0.2.60, hostnames: [files.example.com]}]
enableServiceLinks: false
terminationGracePeriodSeconds: 300
readinessGates: [{conditionType: example.com/warm}]
"""


_PROBED_BY = """
- {exec: {command: [check]}}
- httpGet: {port: metrics, path: /check, host: 192.0.2.2, scheme: HTTPS, httpHeaders: [{name: X-Check, value: probed}]}
- {tcpSocket: {port: 9200, host: 192.0.2.3}}
- {grpc: {port: 9300, service: health}}
"""

_HOOKS = """
- {exec: {command: [stop]}}
- httpGet: {port: metrics, path: /stop, host: 192.0.2.2, scheme: HTTPS, httpHeaders: [{name: X-Stop, value: stopped}]}
- {tcpSocket: {port: 9201, host: 192.0.2.4}}
- {sleep: {seconds: 41}}
"""

_TIMES = """
startupProbe: &probe
  initialDelaySeconds: 21
  timeoutSeconds: 22
  periodSeconds: 23
  successThreshold: 1
  failureThreshold: 24
  terminationGracePeriodSeconds: 25
livenessProbe: *probe
readinessProbe:
  initialDelaySeconds: 31
  timeoutSeconds: 32
  periodSeconds: 33
  successThreshold: 34
  failureThreshold: 35
"""


def full_pod() -> dict[str, Any]:
    """The spec of a pod with every field. A container has one kind of probe, so there is a container for each."""
    container = yaml.safe_load(_CONTAINER)
    side_cars = [{"name": f"side-{number}", "image": "side-car:1", **_asked(number)} for number in (1, 2, 3)]
    side_cars[0]["ports"] = [{"name": "metrics", "containerPort": 9101}]
    native = {"restartPolicy": "Always"}
    return {
        **yaml.safe_load(_POD),
        "volumes": yaml.safe_load(_VOLUMES),
        "containers": [{"name": "engine", **container, **_asked(0)}, *side_cars],
        "initContainers": [
            {"name": "prepare", **container, **native, **_asked(0)},
            *({**side_car, **native, "name": f"first-{side_car['name']}"} for side_car in side_cars),
        ],
    }


def _asked(number: int) -> dict[str, Any]:
    """Probes and hooks of a container, of another kind in each."""
    by, hook = yaml.safe_load(_PROBED_BY)[number], yaml.safe_load(_HOOKS)[number]
    probes = {name: {**times, **by} for name, times in yaml.safe_load(_TIMES).items()}
    return {**probes, "lifecycle": {"preStop": hook, "postStart": hook}}
