"""Serving: deployments placed over the fleet, and replicas as workloads on a cluster.

`model_deployment` decides which replicas there are and where; `model_replica` turns one of them
into what runs on its cluster and the path that leads there.
"""
