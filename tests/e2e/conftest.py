"""The end-to-end tests: collected only when asked for by name, since they build Crossplane first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.admission import Admission
from tests.e2e.binaries import Binaries, BinariesError, build
from tests.e2e.render import Renderer, Served, served

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of a run that does not name them, such as `pytest` or `pytest tests`."""
    paths = (Path(argument.partition("::")[0]).resolve() for argument in config.args)
    if HERE in collection_path.parents and not any(HERE in (path, *path.parents) for path in paths):
        return True
    return None


@pytest.fixture(scope="session")
def binaries(pytestconfig: pytest.Config) -> Binaries:
    """The programs; what their build says is shown while it goes on."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    try:
        with capture.global_and_fixture_disabled():
            return build()
    except BinariesError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def admission(binaries: Binaries) -> Admission:
    """What Crossplane and the API server say."""
    return Admission(binaries)


@pytest.fixture(scope="session")
def function() -> Iterator[Served]:
    """Our function, served."""
    with served() as running:
        yield running


@pytest.fixture(scope="session")
def renderer(binaries: Binaries, function: Served) -> Renderer:
    """Crossplane around our function."""
    return Renderer(binaries, function.address)
