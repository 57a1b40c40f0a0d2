"""docs/install.md names only what exists. Its commands need a cluster, so they are read here instead of run."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from function import calls, canary, listener, main, server
from function.api.clouds.cloud import PUBLISHER
from function.api.kinds import KINDS
from function.packages.composed import COMPOSED
from function.packages.dependencies import needed
from function.packages.files import ACTIVATION, CONFIGURATION_PACKAGE, INSTALL, files
from function.packages.metadata import CROSSPLANE, REGISTRY, ROOT, release
from function.packages.roles import team_roles
from function.routing import gateway_api
from package import build, oci, tree

TEXT = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
MADE = files(release())
BUILT_IN_ROLES = {"view", "edit", "admin", "cluster-admin", "crossplane-view", "crossplane-edit"}
"""Of Kubernetes and of Crossplane."""


def commands(text: str = TEXT) -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = (line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip())
    return [shlex.split(line) for line in lines]


def options(command: Iterable[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in command if word.startswith("--"))}


def objects(path: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(MADE[path]))


def known_names() -> set[str]:
    """Every object, as kind and name, that a command may be about."""
    installed = [*objects(INSTALL), *objects(CONFIGURATION_PACKAGE)]
    managed = {f"managedresourcedefinition/{name}" for name in objects(ACTIVATION)[0]["spec"]["activate"]}
    providers = {f"provider/{provider.package.partition('/')[2].replace('/', '-')}" for provider in needed(COMPOSED)}
    return (
        {f"{document['kind'].lower()}/{document['metadata']['name']}" for document in installed} | managed | providers
    )


def known_kinds() -> set[str]:
    managed = {row.name for row in COMPOSED}
    return {kind.plural for kind in KINDS} | managed | {name.partition("/")[0] for name in known_names()} | {"xrd"}


def commands_of(*program: str) -> list[list[str]]:
    found = [command for command in commands() if command[: len(program)] == list(program)]
    assert found, program
    return found


def test_no_command_of_the_page_is_of_a_program_that_is_not_checked_here() -> None:
    assert {command[0] for command in commands()} == {"helm", "kubectl", "crane", "crossplane", "docker", "make"}
    assert {command[1] for command in commands_of("kubectl")} == {"apply", "wait", "get", "create", "delete"}


def test_the_gateway_api_is_installed_by_the_line_that_the_condition_names() -> None:
    assert shlex.split(gateway_api.INSTALL) in commands()
    assert f"bundle {gateway_api.OLDEST} or later" in TEXT


def test_crossplane_is_installed_as_the_activation_policy_and_the_dependencies_need_it() -> None:
    (command,) = commands_of("helm", "upgrade")
    assert "provider.defaultActivations=[]" in command
    assert any(word.startswith("args={--enable-dependency-version-upgrades,") for word in command)
    assert "crossplane-system" in command
    assert f"Crossplane {CROSSPLANE.removeprefix('>=v').removesuffix('.0')} or later" in TEXT


def test_every_file_that_is_applied_is_one_that_the_packages_are_built_with() -> None:
    made = {f"dist/{Path(path).name}" for path in (INSTALL, CONFIGURATION_PACKAGE)}
    named = {word for command in commands_of("kubectl") for word in command if word.startswith("dist/")}
    assert named == made
    assert all(f"`{name}`" in TEXT for name in ("dist/", "install.yaml", "modelplane.yaml"))


@pytest.mark.parametrize("verb", ["wait", "get", "delete"])
def test_every_kind_and_name_exists(verb: str) -> None:
    for command in commands_of("kubectl", verb):
        words = [word for word in command[2:] if not word.startswith("-")]
        if "-f" in command:
            continue
        kinds, *names = words
        if "/" in kinds:
            assert kinds in known_names()
            continue
        assert set(kinds.split(",")) <= known_kinds(), command
        assert {f"{kinds}/{name}" for name in names} <= known_names(), command


def test_every_role_that_is_bound_or_named_exists() -> None:
    shipped = {role["metadata"]["name"] for role in team_roles()}
    bound = {options(command)["--clusterrole"] for command in commands_of("kubectl", "create")}
    assert bound <= shipped | BUILT_IN_ROLES
    listed = set(re.findall(r"^\| `(modelplane-[a-z-]+)` \|", TEXT, re.MULTILINE))
    assert listed == shipped


def test_every_role_joins_what_the_page_says() -> None:
    rows = dict(re.findall(r"^\| `(modelplane-[a-z-]+)` \|[^|]+\| ([^|]+) \|$", TEXT, re.MULTILINE))
    for role in team_roles():
        labels = role["metadata"].get("labels", {})
        joined = [label.rpartition("aggregate-to-")[2] for label in labels]
        assert re.findall(r"`([a-z]+)`", rows[role["metadata"]["name"]]) == joined


def test_the_packages_are_pushed_to_where_they_say_that_they_are(tmp_path: Path) -> None:
    paths = build.build(release(), map(oci.empty, tree.ARCHITECTURES), tmp_path)
    made = {f"dist/{path.name}" for path in paths if path.suffix == ".xpkg"}
    pushes = commands_of("crossplane", "xpkg", "push")
    assert {name for push in pushes for name in options(push)["--package-files"].split(",")} == made
    assert [push[-1] for push in pushes] == [
        f"{REGISTRY}/modelplane:{release().version}",
        f"{REGISTRY}/function-modelplane:{release().version}",
    ]


def test_the_base_images_have_the_python_and_the_platforms_of_the_packages() -> None:
    pulls = commands_of("crane", "pull")
    assert [pull[-2] for pull in pulls] == [f"python:{tree.PYTHON}-slim"] * len(tree.ARCHITECTURES)
    assert {pull[pull.index("--platform") + 1] for pull in pulls} == {f"linux/{name}" for name in tree.ARCHITECTURES}
    first, second = commands_of("make", "package")
    assert f"REGISTRY={REGISTRY}" in first
    assert f"BASE={' '.join(pull[-1] for pull in pulls)}" in first
    assert second[-1] == f"RUNTIME={commands_of('docker', 'save')[0][-1]}"


def test_make_hands_on_what_the_page_sets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\npackage:")[2].partition("\n\n")[0]
    assert "python -m package.build" in recipe
    for variable, option in (("REGISTRY", "--registry"), ("BASE", "--base"), ("RUNTIME", "--runtime")):
        assert f"$({variable}:%={option} %)" in recipe


def test_what_is_uninstalled_is_everything_that_people_write_from_the_outside_in() -> None:
    deleted = [
        kind for command in commands_of("kubectl", "delete") if "--all" in command for kind in command[2].split(",")
    ]
    assert sorted(deleted) == sorted(kind.plural for kind in KINDS if not kind.internal)
    order = ["modelservices", "modeldeployments", "inferenceclusters", "inferencegateways"]
    assert sorted(order, key=deleted.index) == order
    rest = [command[2:] for command in commands_of("kubectl", "delete") if "--all" not in command]
    assert rest == [
        ["configuration", "modelplane"],
        ["provider", *(f"{PUBLISHER.rpartition('/')[2]}-{provider.name}" for provider in needed(COMPOSED))],
        ["-f", "dist/install.yaml"],
    ]


def test_clusters_are_deleted_in_the_foreground_so_that_what_is_on_them_goes_first() -> None:
    for kind in ("inferenceclusters", "inferencegateways", "modeldeployments"):
        (command,) = (words for words in commands_of("kubectl", "delete") if words[2] == kind)
        assert options(command)["--cascade"] == "foreground"


def test_the_page_lists_every_flag_of_the_function_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(--[a-z-]+)` \| `?([^|`]+?)`? \|", TEXT, re.MULTILINE))
    actions = main._serve_parser({})._actions
    flags = {action.option_strings[0]: action.default for action in actions if action.dest not in {"help", "version"}}
    described = {"off": "false", "Crossplane sets it": ""}
    assert {flag: described.get(value, value) for flag, value in rows.items()} == flags


def test_the_page_says_the_bounds_that_hold() -> None:
    for statement in (
        f"has not been answered for {canary.MAX_SILENCE_SECONDS} s",
        f"should have ended {calls._STUCK_SECONDS} s ago",
        f"waited for one for {calls._SHORT_WAIT_SECONDS} s",
        f"takes {listener.MAX_CONNECTIONS} connections at once, each for {listener.CONNECTION_SECONDS} s",
        f"longer than {server.GRACE_SECONDS} s is ended",
        f"gone after {server.GRACE_SECONDS + server.LAST_SECONDS} s",
        f"`--call-deadline` | {server.Settings().call_deadline} |",
    ):
        assert statement in TEXT, statement
    assert server.THREADS == 4
