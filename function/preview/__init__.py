"""A control plane in memory: the same composers, with API server, providers and time simulated.

`control_plane.ControlPlane` takes manifests and reconciles every composite, given and composed,
in the order in which Crossplane does its work, until nothing changes any more. `views` and
`tree` say what came out.
"""
