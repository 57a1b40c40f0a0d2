"""The ways to print what came out."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Final, TextIO, TypeAlias

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from function.preview.control_plane import ControlPlane
from function.preview.documents import as_json, as_yaml, documents
from function.preview.tree import Node, tree

View: TypeAlias = Callable[[ControlPlane, TextIO], None]

_WIDE: Final = 100_000
"""Where there is no terminal, lines are as long as they are."""


def show_tree(plane: ControlPlane, out: TextIO) -> None:
    """Print a tree to read; in colour on a terminal, plain elsewhere."""
    terminal = out.isatty()
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        force_terminal=terminal,
        force_jupyter=False,
        color_system="auto" if terminal else None,
        width=Console(file=out).width if terminal else _WIDE,
        highlight=False,
        emoji=False,
    )
    for number, section in enumerate(tree(plane)):
        if number:
            console.print()
        console.print(_grown(section, Tree(Text(section.text, style="bold"), guide_style="dim")))
    out.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def show_yaml(plane: ControlPlane, out: TextIO) -> None:
    """Print every object as a YAML document."""
    out.write(as_yaml(documents(plane)))


def show_json(plane: ControlPlane, out: TextIO) -> None:
    """Print every object as an item of a JSON List."""
    out.write(as_json(documents(plane)))


VIEWS: Final[Mapping[str, View]] = {"tree": show_tree, "yaml": show_yaml, "json": show_json}


def _grown(node: Node, branch: Tree) -> Tree:
    for child in node.below:
        _grown(child, branch.add(_label(child)))
    return branch


def _label(node: Node) -> Text:
    label = Text(node.text)
    if node.state is not None:
        label.append("  Ready" if node.state else "  NOT READY", style="green" if node.state else "bold red")
    return label
