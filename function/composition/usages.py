"""Usages of Crossplane, which refuse a deletion while something is in use."""

from __future__ import annotations

from typing import Final

API_VERSION: Final = "protection.crossplane.io/v1beta1"
"""Of Usage and ClusterUsage."""
