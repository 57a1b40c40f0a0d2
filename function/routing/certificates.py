"""Certificates of an authority: those in a text, written so that every reader of PEM reads the same."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"
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
    bodies = list(_bodies(text))
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


def _bodies(text: str) -> Iterator[str]:
    """What stands between the marks of each certificate; one that does not end is none."""
    at = text.find(_BEGIN)
    while at >= 0:
        start = at + len(_BEGIN)
        end = text.find(_END, start)
        if end < 0:
            return
        yield text[start:end]
        at = text.find(_BEGIN, end)
