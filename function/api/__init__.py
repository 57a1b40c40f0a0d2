"""The API of Modelplane: one module per kind, and what is made from them.

The models are the only place where the API is written. The schemas that the API server
enforces, their defaults, the columns of `kubectl get`, the reference in the documentation and
the offline validation of manifests all come from here.
"""
