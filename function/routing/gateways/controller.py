"""Conditions of a gateway's controller that a Release installs: whether it is there, and in a supported version."""

from __future__ import annotations

from function.composition import Draft, readiness, releases, unstructured
from function.routing.gateway_api import Definitions
from function.routing.gateway_conditions import CONTROLLER, SUPPORTED
from function.routing.gateways import charts
from function.routing.gateways.charts import Chart
from function.selectors.semver import SemverError, parse_semver


def set_controller(draft: Draft, chart: Chart, product: str, definitions: Definitions) -> None:
    """Set the condition that tells whether the controller is installed.

    Args:
        draft: The answer.
        chart: Its chart, whose name is also the composition resource name of its Release.
        product: What people call the gateway.
        definitions: What was found of the Gateway API, without which it is not installed.
    """
    release, now = draft.observed(chart.name), draft.observation.now
    health, until = readiness.of(release), releases.changing_until(release, now)
    failure = releases.failure(release, now)
    if release is None and not definitions.good:
        draft.set_condition(CONTROLLER, "WaitingForGatewayAPI", f"{product} is installed once GatewayAPIReady is True")
    elif health.ready:
        version = charts.version_of(release)
        draft.set_condition(CONTROLLER, "ControllerHealthy", f"{product} chart {version} is installed")
    elif until is not None and unstructured.is_true(draft.observation.composite, CONTROLLER):
        draft.requeue_at(until)
        draft.set_condition(CONTROLLER, "Changing", f"Release {chart.name}: {health.message}")
    elif failure:
        draft.set_condition(CONTROLLER, "ReleaseFailed", f"Release {chart.name}: {health.message}, {failure}")
    else:
        draft.set_condition(CONTROLLER, "Installing", f"Release {chart.name}: {health.message}")


def set_supported(draft: Draft, chart: Chart, product: str, version: str, *, oldest: str, is_asked: bool) -> None:
    """Set the condition that tells whether the chart's version is supported.

    Args:
        draft: The answer.
        chart: The controller's chart.
        product: What people call the gateway.
        version: The version that is used.
        oldest: The oldest that is supported.
        is_asked: Whether the user asks for this version.
    """
    try:
        supported = not parse_semver(version, normalize=True) < parse_semver(oldest)
    except SemverError:
        draft.set_condition(SUPPORTED, "NotComparable", f"Chart version {version} is no semantic version")
        return
    if supported:
        draft.set_condition(SUPPORTED, "Supported", f"{product} chart {version}; checked against {chart.fits}")
    else:
        known = f"at least {oldest} is supported, {chart.version} is the default"
        why = "is used as asked for" if is_asked else "is kept"
        draft.set_condition(SUPPORTED, "OlderThanSupported", f"{product} chart {version} {why}; {known}")
