"""The parts of a pod that users may write, as Kubernetes has them; `function.api.pod_template` puts them together."""
