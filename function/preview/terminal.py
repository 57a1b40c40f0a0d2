"""What may be shown of texts that somebody else wrote.

A manifest can hold characters that move a terminal's cursor, rename its window or turn the order
of a line around, and passwords in the URLs of proxies and providers. Neither is ever printed.
"""

from __future__ import annotations

import re
from typing import Any, Final

HIDDEN: Final = "***"

CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters but for tab and end of line, and those that change the direction of writing."""

_USER_INFO: Final = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")
"""Name and password in a URL, as RFC 3986 has them: all from the slashes to the last @ before the path."""


_SECRET: Final = re.compile(
    r"(?i)(?<=[?&])([^=&#\s\"'<>]*(?:key|token|secret|passw|pwd|credential|signature)[^=&#\s\"'<>]*=)[^&#\s\"'<>]+"
)
"""A parameter of a URL that is named like a secret, with its value."""


def printable(text: str) -> str:
    r"""Write out what a terminal would obey, as `\x1b`, and hide who logs in to a URL with which password."""
    return CONTROL.sub(escaped, without_passwords(text))


def escaped(character: re.Match[str]) -> str:
    r"""Write characters as Python does: `\x1b`, `\u202e`."""
    return character[0].encode("unicode_escape").decode("ascii")


def without_passwords(obj: Any) -> Any:
    """Hide name, password and keys in every URL of a text, or of all texts in plain data."""
    match obj:
        case str():
            if "://" not in obj:
                return obj
            return _SECRET.sub(rf"\1{HIDDEN}", _USER_INFO.sub(f"{HIDDEN}@", obj))
        case dict():
            return {without_passwords(key): without_passwords(value) for key, value in obj.items()}
        case list():
            return [without_passwords(item) for item in obj]
    return obj
