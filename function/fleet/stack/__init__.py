"""The serving stack: what is installed on an inference cluster, in which order, with which settings."""
