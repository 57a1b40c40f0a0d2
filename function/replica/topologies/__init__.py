"""The topologies: how the pods of an engine are run, reached and counted; one module each, listed in `registry`."""
