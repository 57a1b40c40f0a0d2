"""Deployments: which replicas a ModelDeployment has, where they run, and what it tells of them.

`model_deployment` reads the fleet, has `scheduling` plan, and composes ModelReplicas and ModelEndpoints by the plan.
What a replica is on its cluster is decided in `replica`.
"""
