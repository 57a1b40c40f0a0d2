"""Engines: which program serves in a container, where it listens, and what has to be assumed of it.

`read_engine(engine, container)` answers all of it at once, as `EngineFacts`: the `program` (a row of the table in
`programs`, with everything that is known of it), `port`, `scheme`, `health_path`, `block_size`, and as sentences
`assumptions` and `warnings`. What a field of `engines[].serving` says goes before everything else, what the command
that serves is told by a flag or a variable before what its program does by itself.

    programs    the table: one row for each program
    shell       a script, cut into words and operators
    variables   what variables stand for, in Kubernetes and in a shell
    script      the commands that a container starts
    reading     the one of them that serves, and what it says

It never raises, whatever a container says, and its time is bounded: texts come from tenants.
"""

from function.replica.engines.programs import DEFAULT_BLOCK_SIZE, OTHER, PROGRAMS, Program
from function.replica.engines.reading import EngineFacts, FlagValue, read_engine

__all__ = ["DEFAULT_BLOCK_SIZE", "OTHER", "PROGRAMS", "EngineFacts", "FlagValue", "Program", "read_engine"]
