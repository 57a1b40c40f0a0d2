"""The output formats."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Mapping
from typing import Final, TextIO, TypeAlias

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from function.preview.control_plane import ControlPlane
from function.preview.documents import as_json, as_yaml, documents
from function.preview.terminal import printable
from function.preview.tree import TreeNode, tree

View: TypeAlias = Callable[[ControlPlane, TextIO], None]

_UNLIMITED_WIDTH: Final = 100_000
"""Where there is no terminal, lines are as long as they are."""


def show_tree(plane: ControlPlane, out: TextIO) -> None:
    """Print a tree to read; in colour on a terminal, plain elsewhere."""
    terminal = out.isatty()
    # Where the encoding has no lines to draw with, the tree is drawn with signs.
    buffer = io.TextIOWrapper(io.BytesIO(), encoding=out.encoding or "utf-8", errors="backslashreplace", newline="\n")
    console = Console(
        file=buffer,
        force_terminal=terminal,
        force_jupyter=False,
        color_system="auto" if terminal else None,
        width=Console(file=out).width if terminal else _UNLIMITED_WIDTH,
        highlight=False,
        emoji=False,
    )
    for number, section in enumerate(tree(plane)):
        if number:
            console.print()
        console.print(_add_children(section, Tree(Text(_line(section.text), style="bold"), guide_style="dim")))
    buffer.seek(0)
    out.writelines(f"{line.rstrip()}\n" for line in buffer)


def show_yaml(plane: ControlPlane, out: TextIO) -> None:
    """Print every object as a YAML document."""
    out.write(as_yaml(documents(plane), unicode=_supports_unicode(out)))


def show_json(plane: ControlPlane, out: TextIO) -> None:
    """Print every object as an item of a JSON List."""
    out.write(as_json(documents(plane), unicode=_supports_unicode(out)))


VIEWS: Final[Mapping[str, View]] = {"tree": show_tree, "yaml": show_yaml, "json": show_json}


def _supports_unicode(out: TextIO) -> bool:
    return codecs.lookup(out.encoding or "utf-8").name.startswith("utf")


def _add_children(node: TreeNode, branch: Tree) -> Tree:
    for child in node.children:
        _add_children(child, branch.add(_label(child)))
    return branch


def _line(text: str) -> str:
    """Show a text in one line, with nothing that a terminal would obey."""
    return printable(text).replace("\n", "\\n")


def _label(node: TreeNode) -> Text:
    label = Text(_line(node.text))
    if node.ready is not None:
        label.append("  Ready" if node.ready else "  NOT READY", style="green" if node.ready else "bold red")
    return label
