"""The bed's tests: collected only when asked for by name, since the bed is built and started for them."""

import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType

import pytest

from tests.e2e.bed import deletion_orders as deletion
from tests.e2e.bed import external_endpoints, restricted, second_team, topologies
from tests.e2e.bed import moving as scene
from tests.e2e.bed.bring_up import running
from tests.e2e.bed.deletion_orders import DeletionOrders
from tests.e2e.bed.departing import ByHand, Departing, delete_by_hand, depart
from tests.e2e.bed.external_endpoints import Outside
from tests.e2e.bed.failures import Failures
from tests.e2e.bed.heartbeat import Heartbeat
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.moving import Moving
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.processes import EndedError
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.quickstart import FLEET, MODEL, Serving
from tests.e2e.bed.restricted import Restricted
from tests.e2e.bed.second_team import Leaving
from tests.e2e.bed.topologies import Loss, Topologies
from tests.e2e.bed.traffic import Traffic
from tests.e2e.binaries import BinariesError, build
from tests.e2e.programs import BED, RENDERING

HERE = Path(__file__).parent

ESSENTIAL = frozenset({"bed", "providers", "asked", "fleet", "serving"})
"""The steps without which there is nothing to check."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of a run that does not name them, such as `pytest tests/e2e`."""
    paths = (Path(argument.partition("::")[0]).resolve() for argument in config.args)
    if HERE in collection_path.parents and not any(HERE in (path, *path.parents) for path in paths):
        return True
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Keep a journal, and end with the first failure that leaves nothing to check."""
    if not config.pluginmanager.has_plugin("bed-journal"):
        config.pluginmanager.register(Journal(), "bed-journal")
        config.pluginmanager.register(Failures(ESSENTIAL, (EndedError,), log_line), "bed-failures")


@pytest.fixture(scope="session")
def journal(pytestconfig: pytest.Config) -> Journal:
    """Where steps are noted."""
    kept = pytestconfig.pluginmanager.get_plugin("bed-journal")
    assert isinstance(kept, Journal)
    return kept


@pytest.fixture(scope="session")
def failures(pytestconfig: pytest.Config) -> Failures:
    """What has failed."""
    kept = pytestconfig.pluginmanager.get_plugin("bed-failures")
    assert isinstance(kept, Failures)
    return kept


@pytest.fixture(scope="session")
def bed(pytestconfig: pytest.Config, journal: Journal, failures: Failures) -> Iterator[Bed]:
    """The bed, running. Told to stop, it stops what it started."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def write(text: str) -> None:
        with capture.global_and_fixture_disabled():
            sys.stderr.write(text)
            sys.stderr.flush()

    def told_to_stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    log_line.write = write
    before = signal.signal(signal.SIGTERM, told_to_stop)
    try:
        with capture.global_and_fixture_disabled():
            binaries = build((*RENDERING, *BED))
        started = time.monotonic()
        with running(binaries, failed=lambda: journal.failed or failures.first != "") as bed:
            failures.tails = bed.processes.tails
            journal.note("start of the bed", time.monotonic() - started)
            log_line(f"started in {time.monotonic() - started:.0f} s")
            with Heartbeat(journal.progress):
                yield bed
    except BinariesError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def providers(bed: Bed) -> Iterator[Outside]:
    """Providers outside and services over them, asked for."""
    found = external_endpoints.arrange(bed)
    yield found
    found.stop()


@pytest.fixture(scope="session")
def asked(bed: Bed, providers: Outside) -> Moving:
    """The quickstart's fleet and models, and what other tests need, asked for at once; all of it restarts meanwhile."""
    log_line("the fleet and the models of examples/quickstart, and models of other teams on nodes of their own")
    assert providers.bed is bed
    bed.control.kubectl.apply(FLEET)
    bed.control.kubectl.apply_objects([external_endpoints.open_gateway()])
    bed.control.kubectl.apply(MODEL)
    second_team.arrange(bed)
    topologies.arrange(bed)
    restricted.arrange(bed)
    moving = scene.arrange(bed)
    bed.restart()
    return moving


@pytest.fixture(scope="session")
def fleet(bed: Bed, asked: Moving, journal: Journal) -> Bed:
    """The bed with the quickstart's fleet, Ready."""
    assert asked.bed is bed
    started = time.monotonic()
    for kind, name in (("InferenceGateway", "default"), ("InferenceCluster", "ams-1"), ("InferenceCluster", "osl-1")):
        bed.processes.until(f"{kind} {name} is Ready", partial(bed.is_true, kind, name, "Ready"), 240)
    journal.note("the fleet becomes Ready", time.monotonic() - started)
    return bed


@pytest.fixture(scope="session")
def serving(fleet: Bed, journal: Journal) -> Serving:
    """The quickstart's models, served as far as they fit."""
    started = time.monotonic()
    chat = Serving(fleet)
    chat.await_ready()
    journal.note("the model becomes Ready after the fleet", time.monotonic() - started)
    return chat


@pytest.fixture(scope="session")
def outside(serving: Serving, providers: Outside) -> Outside:
    """Providers outside, routed to."""
    serving.await_ready()
    providers.await_ready()
    return providers


@pytest.fixture(scope="session")
def leaving(serving: Serving, journal: Journal) -> Leaving:
    """Another team's model, of which one replica leaves while the tests go on."""
    started = time.monotonic()
    found = second_team.leave(serving.bed)
    journal.note("a second model is Ready, and one of its replicas begins to leave", time.monotonic() - started)
    return found


@pytest.fixture(scope="session")
def topology(serving: Serving, asked: Moving) -> Topologies:
    """Models that are served in every way there is."""
    assert asked.bed is serving.bed
    return Topologies(serving.bed)


@pytest.fixture(scope="session")
def locked(serving: Serving) -> Restricted:
    """A team whose namespace takes only restricted pods."""
    return Restricted(serving.bed)


@pytest.fixture(scope="session")
def loss(topology: Topologies) -> Loss:
    """A node that is lost while the tests go on."""
    return topologies.lose(topology)


@pytest.fixture(scope="session")
def moving(serving: Serving, asked: Moving, journal: Journal) -> Moving:
    """Deployments whose replicas move while the tests go on."""
    assert serving.is_ready
    started = time.monotonic()
    asked.start()
    journal.note("deployments that are to move are Ready, and begin to", time.monotonic() - started)
    return asked


@pytest.fixture(scope="session")
def orders(outside: Outside) -> DeletionOrders:
    """Services and endpoints that are deleted in every order."""
    return deletion.arrange(outside.bed)


@pytest.fixture(scope="session")
def departing(moving: Moving, leaving: Leaving, orders: DeletionOrders) -> Departing:
    """What has moved and left, deleted while the tests go on."""
    assert orders.bed is moving.bed
    return depart(moving.bed, moving, leaving)


@pytest.fixture
def unbroken(serving: Serving, journal: Journal) -> Iterator[Traffic]:
    """Requests to the model while a test goes on: not one of them may fail."""
    sends = serving.bed.isolated
    with Traffic(f"{serving.facts().address}/v1/models", sends=sends) as traffic:
        yield traffic
    if sends:
        with journal.of_teardown():
            assert traffic.answers
            assert traffic.failures == []
    else:
        log_line("NOT CHECKED: that no request fails meanwhile, since none can be sent")


@pytest.fixture(scope="session")
def by_hand(serving: Serving) -> ByHand:
    """One of the replicas of the quickstart's model, deleted by hand."""
    return delete_by_hand(serving)
