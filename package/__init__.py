"""Builds the packages that Crossplane installs; needs no container engine."""
