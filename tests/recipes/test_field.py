"""An invented field of an engine, added to a copy of the program by docs/recipes/field.md alone."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "docs" / "recipes" / "field.md"
_BLOCK = re.compile(r"^ *```diff\n(.*?)^ *```", re.DOTALL | re.MULTILINE)

MODEL, PODS, WORLD = "function/api/engines.py", "function/replica/pods/additions.py", "tests/support/full_world.py"

_ASK = """
import json
from function.api.kinds import MODEL_DEPLOYMENT, MODEL_REPLICA
from function.api.model_deployment import ModelDeploymentSpec
from function.api.schema import of_kind
from function.api.workload import revision
from function.deployment.revisions import runs_workload
from tests.support.deployments import cluster, composed, deployment, engine
from tests.support.every_field import lost
from tests.test_every_field import ENDS, OTHERS

plain, changed = deployment(1, engine()), deployment(1, engine(graceSeconds=300))
workloads = [ModelDeploymentSpec.model_validate(obj["spec"]).workload() for obj in (plain, changed)]
replica = composed(changed, [cluster("a")]).children["replica-a-0"].manifest
engines = of_kind(MODEL_REPLICA)["properties"]["spec"]["properties"]["engines"]["items"]["properties"]
print(json.dumps({
    "lost": [*lost(MODEL_DEPLOYMENT, ENDS, OTHERS), *lost(MODEL_REPLICA, ENDS, OTHERS)],
    "replica": replica["spec"]["engines"][0].get("graceSeconds"),
    "schema": engines.get("graceSeconds", {}).get("maximum"),
    "revisions": [revision(workload) for workload in workloads],
    "runs": [runs_workload(replica, workload) for workload in workloads],
}))
"""


def steps() -> dict[str, tuple[str, str]]:
    """What the recipe changes, by file: a text, and what stands in its place afterwards."""
    found = {}
    for block in _BLOCK.findall(RECIPE.read_text(encoding="utf-8")):
        path, *lines = dedent(block).splitlines()
        old = "\n".join(line[1:] for line in lines if line[0] in " -")
        new = "\n".join(line[1:] for line in lines if line[0] in " +")
        found[path] = (old, new)
    return found


def asked(folder: Path, changes: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Ask a copy of the program, with these changes, what becomes of the field."""
    for name in ("function", "tests/support", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "test_every_field.py", folder / "tests")
    for path, (old, new) in changes.items():
        text = (folder / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{RECIPE.name}: {path} has {old!r} {text.count(old)} times"
        (folder / path).write_text(text.replace(old, new), encoding="utf-8")
    (folder / "ask.py").write_text(_ASK, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "ask.py"], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def lost(answer: Mapping[str, Any]) -> list[str]:
    """The fields that are lost, without what can be done about it."""
    return [problem.partition(":")[0] for problem in answer["lost"]]


def test_by_the_recipe_alone_a_field_reaches_the_replica_its_pods_and_the_revision(tmp_path: Path) -> None:
    changes = steps()
    assert set(changes) == {MODEL, PODS, WORLD}
    answer = asked(tmp_path, changes)
    assert lost(answer) == []
    assert (answer["replica"], answer["schema"]) == (300, 3600)
    before, after = answer["revisions"]
    assert before != after
    assert answer["runs"] == [False, True]


def test_a_field_that_no_pod_shows_is_lost_and_a_test_says_so(tmp_path: Path) -> None:
    answer = asked(tmp_path, {path: change for path, change in steps().items() if path != PODS})
    assert lost(answer) == ["ModelReplica spec.engines[].graceSeconds is lost"]


def test_a_field_in_the_model_of_the_deployment_alone_is_lost_and_a_test_says_so(tmp_path: Path) -> None:
    changes = steps()
    added = changes[MODEL][1].removeprefix(changes[MODEL][0])
    only_deployments = "    members: Annotated[tuple[Member, ...], MEMBERS]\n"
    del changes[PODS]
    answer = asked(tmp_path, {**changes, MODEL: (only_deployments, f"{added.strip(chr(10))}\n\n{only_deployments}")})
    assert lost(answer) == [
        "ModelDeployment spec.engines[].graceSeconds is lost",
        "ModelDeployment spec.template.spec.engines[].graceSeconds is lost",
    ]
