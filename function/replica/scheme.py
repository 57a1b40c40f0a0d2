"""How an engine is spoken to: in plain HTTP, or in TLS with a certificate that it was given."""

from __future__ import annotations

from function.api.engines import AnyEngine, Scheme
from function.api.pod_template import Container
from function.replica import engine_flags


def scheme_of(engine: AnyEngine, container: Container) -> Scheme:
    """Tell how an engine is spoken to: as its typed field says, else by its flags.

    Args:
        engine: The engine.
        container: The container that answers requests.
    """
    if engine.serving.scheme is not None:
        return engine.serving.scheme
    return Scheme.HTTPS if engine_flags.has_certificate(container) else Scheme.HTTP
