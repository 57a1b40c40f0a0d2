"""Engines: which program serves in a container, where it listens, and what has to be assumed of it.

`read_engine(engine, container)` answers all of it at once, as `EngineFacts`: the `program` (a row of the table in
`programs`, with everything that is known of it), `port`, `scheme`, `health_path`, `block_size`, and as sentences
`assumptions`, `warnings` and why it is `unreachable`. What a field of `engines[].serving` says goes before everything
else, what the command that serves is told by a flag or a variable before what its program does by itself.

    program       what is known of one program
    programs      the table: one row for each of them
    recognition   which program a command or an image starts
    shell         a script, cut into words and operators
    variables     what variables stand for, in Kubernetes and in a shell
    script        the commands that a container starts
    command_line  the one of them that serves
    values        what it is given by flags and variables
    reach         whether it is reached where it listens
    reading       what it says, and what has to be assumed

It never raises, whatever a container says, and its time is bounded: texts come from tenants.
"""

from function.replica.engines.program import Program
from function.replica.engines.programs import DEFAULT_BLOCK_SIZE, OTHER, PROGRAMS
from function.replica.engines.reading import EngineFacts, read_engine
from function.replica.engines.values import FlagValue

__all__ = ["DEFAULT_BLOCK_SIZE", "OTHER", "PROGRAMS", "EngineFacts", "FlagValue", "Program", "read_engine"]
