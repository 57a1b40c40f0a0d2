"""A replica on its cluster: workloads, claims, picker and route, and what the ModelReplica tells of them."""
