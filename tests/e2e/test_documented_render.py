"""What the README tells a user to render is what Crossplane renders from the same files."""

import re
import shlex

from tests.e2e.render import FUNCTION, Renderer
from tests.e2e.shipped import ROOT, load

TARGET = "render.crossplane.io/runtime-development-target"


def documented(program: str) -> list[str]:
    """The words of the README's command line that begins with a program."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)).replace("\\\n", " ")
    [line] = [line for line in blocks.splitlines() if line.startswith(program)]
    return shlex.split(line)


def test_the_readmes_command_renders_the_first_call_for_the_gateway(renderer: Renderer) -> None:
    words = documented("crossplane composition render")
    composite, composition, function = (load(ROOT / word) for word in words[3:6])
    rendered = renderer.render(composite, composition, load(ROOT / words[words.index("--xrd") + 1]))
    assert function["metadata"]["name"] == FUNCTION
    assert [obj["kind"] for obj in rendered.composed] == ["ProviderConfig"]
    assert ("Warning", "CRDsMissing") in {event[:2] for event in rendered.events}


def test_the_readmes_function_is_served_where_the_renderer_looks_for_it() -> None:
    words = documented(".venv/bin/function")
    function = load(ROOT / documented("crossplane composition render")[5])
    target = function["metadata"]["annotations"][TARGET]
    assert target == f"dns:///{words[words.index('--address') + 1]}"
