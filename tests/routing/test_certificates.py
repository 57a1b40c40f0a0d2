"""Certificates are read out of anything without failing."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.routing.certificates import NoCertificates, read
from tests.routing.builders import CERTIFICATE


@given(st.text(), st.one_of(st.text(), st.text("ABCM/+= \n"), st.just(CERTIFICATE[27:-26])))
def test_any_text_is_read_without_failing_and_only_whole_certificates_are_taken(before: str, body: str) -> None:
    found = read(f"{before}-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----")
    assert found == CERTIFICATE if body == CERTIFICATE[27:-26] else isinstance(found, NoCertificates)


def test_a_bundle_that_a_configmap_could_not_hold_is_refused() -> None:
    assert read(CERTIFICATE * 2000) == NoCertificates("more than 512 KiB")


@pytest.mark.parametrize("mark", ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN "])
def test_marks_without_end_are_gone_through_at_once(mark: str) -> None:
    start = process_time()
    assert isinstance(read(mark * (512 * 1024 // len(mark))), NoCertificates)
    assert process_time() - start < 2
