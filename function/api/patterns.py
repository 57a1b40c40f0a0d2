"""Syntaxes that the API asks for, each with the words that a person is told."""

from __future__ import annotations

from typing import Final

DNS_LABEL: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
LABEL_VALUE: Final = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
LABEL_KEY: Final = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$"
)
QUANTITY: Final = r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]{1,3})?$"
SEMVER: Final = (
    r"^(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})"
    r"(-(0|[1-9][0-9]{0,18}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]{0,18}|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"
)
QUALIFIED_ATTRIBUTE: Final = rf"{DNS_SUBDOMAIN[:-1]}/[A-Za-z_][A-Za-z0-9_]*$"
HTTP_URL: Final = r"^https?://"
CHART_REPOSITORY: Final = r"^(https?|oci)://"
ABSOLUTE_PATH: Final = r"^/"
PATH_PREFIX: Final = r"^/([A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)?$"
HOST_SUFFIX: Final = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z]([-a-z0-9]*[a-z0-9])?$"
_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
CIDR_OR_HOST_SUFFIX: Final = (
    rf"^({_OCTET}(\.{_OCTET}){{3}}/(3[0-2]|[12]?[0-9])"
    r"|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}/(12[0-8]|1[01][0-9]|[1-9]?[0-9])"
    rf"|{HOST_SUFFIX[1:-1]})$"
)
CAPACITY_RESERVATION: Final = r"^cr-[0-9a-f]+$"
HUGGING_FACE_REPO: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$"
GIT_REVISION: Final = r"^[A-Za-z0-9][A-Za-z0-9._/+-]*$"
_SEGMENT: Final = r"([^./][^/]*|\.|\.[^./][^/]*|\.\.[^/]+)"
RELATIVE_PATH: Final = rf"^{_SEGMENT}(/{_SEGMENT}?)*$"
ABSOLUTE_DESCENDING_PATH: Final = rf"^(/{_SEGMENT}?)+$"
VARIABLE_NAME: Final = r"^[ -<>-~]+$"
HEADER_NAME: Final = r"^[-A-Za-z0-9]+$"
PORT_NAME: Final = r"^([a-z0-9]+-)*[a-z0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$"
STORAGE_MEDIUM: Final = r"^(Memory|HugePages(-[0-9]+[KMGTPE]?i?)?)?$"
ADDRESS: Final = rf"^({_OCTET}(\.{_OCTET}){{3}}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$"
NAMESPACE_PATTERN: Final = r"^\*?[-a-z0-9]+\*?$"
SERVER: Final = r"^[A-Za-z0-9:\[][-A-Za-z0-9_.:]*\]?$"
KEY_PATTERN: Final = r"^[A-Za-z0-9][-A-Za-z0-9_./]*\*?$"

MEANINGS: Final[dict[str, str]] = {
    DNS_LABEL: "lower case letters, digits and '-', starting and ending with a letter or digit",
    DNS_SUBDOMAIN: "DNS labels (lower case letters, digits, '-') joined by dots",
    LABEL_VALUE: "a label value: letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
    LABEL_KEY: "a label key: up to 63 letters, digits, '-', '_' and '.', perhaps after a DNS name and '/'",
    QUANTITY: 'a quantity such as "80Gi", "8" or "500m"',
    SEMVER: 'a semantic version such as "9.0.0"',
    QUALIFIED_ATTRIBUTE: 'an attribute with its domain, such as "resource.kubernetes.io/pcieRoot"',
    HTTP_URL: "a URL that starts with http:// or https://",
    CHART_REPOSITORY: "a chart repository that starts with https://, http:// or oci://",
    ABSOLUTE_PATH: "a path that starts with '/'",
    PATH_PREFIX: 'a path such as "/v1", without a slash at its end, or "/"',
    CIDR_OR_HOST_SUFFIX: 'a CIDR such as "10.1.0.0/16", or a host name in lower case such as "example.com"',
    CAPACITY_RESERVATION: 'a capacity reservation such as "cr-0123456789abcdef0"',
    HUGGING_FACE_REPO: 'a Hugging Face repository such as "Qwen/Qwen3-8B"',
    RELATIVE_PATH: "a path that does not start with '/', and without '..' between its slashes",
    ABSOLUTE_DESCENDING_PATH: "a path that starts with '/', and without '..' between its slashes",
    VARIABLE_NAME: "a name of printable characters of ASCII other than '='",
    HEADER_NAME: "a name of a header: letters, digits and '-'",
    PORT_NAME: "a name of a port: lower case letters, digits and single '-' between them, with at least one letter",
    STORAGE_MEDIUM: 'empty, "Memory", "HugePages" or "HugePages-" with a size such as "2Mi"',
    ADDRESS: "an address of IPv4 or IPv6",
    NAMESPACE_PATTERN: "a namespace, or a part of its name with '*' before or after it",
    SERVER: "a host name or an address",
    KEY_PATTERN: "a key of a label or annotation, or its beginning followed by '*'",
    GIT_REVISION: "a branch, a tag or a commit: letters, digits, '.', '_', '/', '+' and '-'",
}
"""What each syntax is, in words that follow "must be"."""
