"""What an observed child says about being ready, with room for its not saying."""

from __future__ import annotations

from collections.abc import Iterable

from function.composition import Object, manifest


def serves(child: Object | None) -> bool | None:
    """Tell whether a child is ready; None when it is there and says neither. One that is not there is not."""
    if child is None:
        return False
    said = manifest.condition(child, "Ready").get("status")
    return {"True": True, "False": False}.get(said) if isinstance(said, str) else None


def all_serve(children: Iterable[Object | None], *, before: bool) -> bool:
    """Tell whether all are ready. Where none says no and some say nothing, it is as it was before."""
    said = {serves(child) for child in children}
    return False not in said and (None not in said or before)
