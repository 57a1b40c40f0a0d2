"""The table of programs in the documentation is that of the code."""

from pathlib import Path

from function.replica.engines import OTHER, PROGRAMS, Program

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
HEADER = "| Program | `engineType` | Port | Flag | Variable | Address | Told by | Health | TLS |"


def row(program: Program) -> str:
    """The row of a program."""
    port = f"{program.port}"
    port += f", in its image {program.image_port}" if program.image_port else ""
    port += f", later {program.later_port}" if program.later_port else ""
    address = f"{program.host or 'all'}"
    address += ", in its image all" if program.image_host == "" else ""
    address += f", earlier {program.earlier_host}" if program.earlier_host else ""
    health = f"`{program.health_path}`" if program.health_known else f"`{program.health_path}`, not known"
    cells = (
        program.name,
        f"`{program.type.value}`",
        port,
        ", ".join(f"`{flag}`" for flag in program.port_flags),
        ", ".join(f"`{name}`" for name in program.port_variables),
        address,
        ", ".join(f"`{name}`" for name in (*program.host_flags, *program.host_variables)),
        health,
        ", ".join(f"`{name}`" for name in (*program.tls_flags, *program.tls_variables)),
    )
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def test_the_page_has_a_row_for_every_program() -> None:
    table = "\n".join([HEADER, "|---|---|---|---|---|---|---|---|---|", *map(row, (*PROGRAMS, OTHER))])
    assert table in PAGE.read_text(encoding="utf-8"), table
