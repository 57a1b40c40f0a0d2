"""The shapes in which the engines of a replica answer requests."""
