"""The fleet: classes of nodes, clusters that models run on, and what is installed there.

InferenceClass is data. InferenceCluster publishes what a cluster offers, and composes how to
reach it and its ServingStack. ServingStack installs, in order and once and for all: what it
has composed stays composed.
"""
