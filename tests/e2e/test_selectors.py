"""What is recorded about selectors is what Kubernetes says."""

from tests.e2e.binaries import Binaries
from tests.e2e.verdicts import ask, write
from tests.support import corpus


def test_kubernetes_says_of_the_corpus_what_is_recorded(binaries: Binaries) -> None:
    assert write(ask(binaries)) == corpus.RECORDED.read_text()
