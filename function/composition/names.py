"""Names of what we compose.

A name is a readable part and a hash of the whole identity, so that two objects
never share one by being cut short or by the way their parts are joined.
"""

from __future__ import annotations

import hashlib
import re

LABEL_VALUE = 63
DNS_LABEL = 63
LEADER_WORKER_SET = 49

_HASH = 8
_NOT_DNS = re.compile(r"[^a-z0-9-]+")


def name(visible: str, limit: int, *identity: str) -> str:
    """Derive the name of a composed or remote object.

    Args:
        visible: What a person should recognise, usually the owner's name.
        limit: The most characters that the object's kind allows.
        *identity: What makes the object unique, starting with the kind and the
            control-plane namespace. Joined by NUL, so no two lists of parts collide.

    Returns:
        A DNS-1035 label of at most `limit` characters: `visible`, cut to fit, a dash, and
        eight hexadecimal digits of SHA-256 over the identity.
    """
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:_HASH]
    readable = _NOT_DNS.sub("-", visible.lower()).lstrip("-0123456789")
    readable = readable[: limit - _HASH - 1].rstrip("-")
    return f"{readable or 'x'}-{digest}"
