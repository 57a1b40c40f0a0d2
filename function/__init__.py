"""Modelplane: the control plane for AI inference, as one Crossplane composition function."""
