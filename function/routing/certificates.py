"""Certificates of an authority: those in a text, written so that every reader of PEM reads the same."""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_LONGEST: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class NoCertificates:
    """A text that certificates cannot be taken from.

    Attributes:
        problem: What is wrong with it.
    """

    problem: str


def read(text: str) -> str | NoCertificates:
    """Take the certificates and nothing else out of a text in PEM.

    A gateway passes over what it cannot read, and trusts nobody when nothing is left: one that cannot be
    read is a problem of them all.
    """
    if len(text) > _LONGEST:
        return NoCertificates(f"more than {_LONGEST // 1024} KiB")
    bodies = _BLOCK.findall(text)
    if not bodies:
        return NoCertificates("no certificates in PEM")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = []
    for number, body in enumerate(bodies, 1):
        try:
            certificate = base64.b64decode("".join(body.split()), validate=True)
            context.load_verify_locations(cadata=certificate)
        except (ValueError, ssl.SSLError):
            return NoCertificates(f"certificate {number} of {len(bodies)} is none: what stands in it cannot be read")
        found.append(ssl.DER_cert_to_PEM_cert(certificate))
    return "".join(found)
