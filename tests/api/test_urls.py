"""One reading of URLs, which never fails."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from function.api import urls
from function.api.urls import Family, NoUrl, Url, parse

GOOD = {
    "http://34.55.100.10/v1": Url("http", "34.55.100.10", 80, "/v1", Family.IPV4),
    "https://api.together.xyz/v1": Url("https", "api.together.xyz", 443, "/v1", Family.FQDN),
    "http://[2001:db8::1]/v1": Url("http", "2001:db8::1", 80, "/v1", Family.IPV6),
    "http://[2001:DB8:0:0::1]:8443": Url("http", "2001:db8::1", 8443, "", Family.IPV6),
    "http://[::ffff:192.0.2.7]/": Url("http", "192.0.2.7", 80, "/", Family.IPV4),
    "https://user:p@ss@Host.Example.:8443/a?b=c#d": Url(
        "https", "host.example", 8443, "/a", Family.FQDN, ("user info", "fragment"), queried=True
    ),
    "HTTPS://h.example": Url("https", "h.example", 443, "", Family.FQDN),
    "https://h.example:0/": Url("https", "h.example", 443, "/", Family.FQDN),
    "http://h.example:": Url("http", "h.example", 80, "", Family.FQDN),
    "http://h.example:00080/": Url("http", "h.example", 80, "/", Family.FQDN),
    "http://h.example?x": Url("http", "h.example", 80, "", Family.FQDN, queried=True),
    "http://@h.example?#": Url("http", "h.example", 80, "", Family.FQDN),
    "http://h.example#a?b": Url("http", "h.example", 80, "", Family.FQDN, ("fragment",)),
}

BAD = [
    "not-a-url",
    "host:8000",
    "api.x.y/v1",
    "",
    "//h",
    "ftp://h.example",
    "http://",
    "http:///v1",
    "https://host:abc",
    "http://h:70000",
    "http://h:99999999999999999999",
    "http://h:-1",
    "http://[::1",
    "http://::1]",
    "http://[]",
    "http://[::1]x",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[192.0.2.1]/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://010.1.1.1/",
    "http://under_score.example/",
    "http://höst.example/",
    "http://a..b/",
    f"http://{'a' * 64}.example/",
    f"http://h.example/{'a' * 1000}",
    "http://h.example/a b",
    "http://h.example\\@evil.example/",
    "http://h.example/a\\b",
    "http://h.example/?a\tb",
    "http://h.example/\x85",
    "http://h.example/a%2fb/v1",
    "http://h.example/100%/v1",
    "http://h.example/\n",
    "http://h\x00.example/",
]


@pytest.mark.parametrize("text", GOOD)
def test_scheme_host_port_path_and_family_are_read(text: str) -> None:
    assert parse(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_no_request_can_be_sent_to_is_told_apart(text: str) -> None:
    found = parse(text)
    assert isinstance(found, NoUrl)
    assert found.problem


@settings(deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"https?://[\[\]0-9a-fA-F:.%@a-z-]{0,40}(:[0-9a-z]{0,9})?(/.*)?")))
@example("http://[::1")
@example("http://[v1.x]/")
def test_any_text_is_read_without_failing_and_a_url_that_is_read_is_whole(text: str) -> None:
    found = parse(text)
    if isinstance(found, Url):
        assert found.scheme in {"http", "https"}
        assert 0 < found.port <= 65535
        assert found.host == found.host.lower() != ""
        assert found.rewrite_path.startswith("/")
        assert found.rewrite_path.endswith("/")
        assert len(found.rewrite_path) <= 1024
        again = parse(f"{found.scheme}://{urls.authority(found.host)}:{found.port}{found.path}")
        assert again == replace(found, ignored=())


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h.example/openai/v1", "/openai/"),
        ("https://h.example/v1", "/"),
        ("https://h.example/v1/", "/"),
        ("https://h.example", "/"),
        ("https://h.example/", "/"),
        ("https://h.example/openai", "/openai/"),
        ("https://h.example/openai/v1beta", "/openai/v1beta/"),
        ("https://h.example/av1", "/av1/"),
        ("https://h.example/my%20org/v%31", "/my org/"),
        ("https://h.example/100%25/v1", "/100%/"),
    ],
)
def test_the_path_that_replaces_a_services_own_is_the_urls_without_its_trailing_v1(url: str, path: str) -> None:
    found = parse(url)
    assert isinstance(found, Url)
    assert found.rewrite_path == path


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://127.0.0.1/", "loopback"),
        ("http://[::1]/", "loopback"),
        ("http://169.254.1.1/", "link-local"),
        ("http://[fe80::1]/", "link-local"),
        ("http://0.0.0.0/", "unspecified"),
        ("http://224.0.0.1/", "multicast"),
        ("http://localhost/", "at least two labels"),
        ("http://10.0.0.1/", ""),
        ("http://[fd00::1]/", ""),
        ("http://h.example/", ""),
    ],
)
def test_hosts_that_kubernetes_takes_into_no_endpoint_slice_are_known(url: str, refused: str) -> None:
    found = parse(url)
    assert isinstance(found, Url)
    assert bool(found.refusal) == bool(refused)
    assert refused in found.refusal


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "[2001:db8::1]"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("LB.example.com", "lb.example.com"),
        ("fe80::1%eth0", ""),
        ("[fe80::1%eth0]", ""),
        ("[192.0.2.1]", ""),
        ("[::1", ""),
        ("192.0.2.1:80", ""),
        ("-host", ""),
        ("host-", ""),
        ("a b", ""),
        ("", ""),
    ],
)
def test_an_address_is_written_as_it_stands_in_a_url(address: str, written: str) -> None:
    assert urls.authority(address) == written


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        ("/my%20org/", "/my org/"),
        ("/%C3%A4%5c/ä", "/ä\\/ä"),
        ("/a%3Fb%23c/", "/a?b#c/"),
        ("/%2520", "/%20"),
        ("/a b/", "/a b/"),
    ],
)
def test_a_path_is_decoded_once(path: str, decoded: str) -> None:
    assert urls.decoded(path) == decoded


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/100%", "without two hexadecimal digits"),
        ("/%zz", "without two hexadecimal digits"),
        ("/a%2Fb", "encoded slash"),
        ("/a?b", "%3F"),
        ("/a#b", "%23"),
        ("/a\\b", "%5C"),
        ("/%ff", "no UTF-8"),
        ("/a%0Ab", "control character"),
        ("/a\nb", "control character"),
        ("/%C2%85", "control character"),
    ],
)
def test_why_a_route_cannot_say_a_path_is_told(path: str, problem: str) -> None:
    found = urls.decoded(path)
    assert isinstance(found, NoUrl)
    assert problem in found.problem


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/")))
def test_every_other_text_can_be_said_percent_encoded(text: str) -> None:
    assert urls.decoded(f"/{quote(text)}") == f"/{text}"
