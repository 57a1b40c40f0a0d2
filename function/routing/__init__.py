"""Everything between a client's request and the edge of an inference cluster.

An InferenceGateway is the front door of the control cluster, a ModelEndpoint is one address that
serves a model, and a ModelService is one URL in front of several of them.

What is routed and how a gateway is told are kept apart: `endpoint_view`, `weighting` and `traffic`
know groups, weights, priorities and endpoints; `gateways` knows the gateways.
"""
