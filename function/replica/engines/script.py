"""The commands that a container starts, found by going through its scripts as a shell would, without running anything.

Both branches of an `if` are gone through, and a loop once; what is assigned there is not known afterwards. Shells
within shells and `eval` are followed as deep as they are, up to a bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from function.replica.engines.programs import VARIABLES
from function.replica.engines.recognition import basename, program_of_command
from function.replica.engines.shell import Operator, Word, tokens
from function.replica.engines.variables import Scope, TooLongError

_DEEPEST: Final = 8
_SHELLS: Final = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_SCRIPT_OPTION: Final = re.compile(r"-[a-zA-Z]*c[a-zA-Z]*")
_SHELL_VALUES: Final = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_WRAPPERS: Final = frozenset(
    {
        "accelerate",
        "builtin",
        "catatonit",
        "chroot",
        "command",
        "conda",
        "ddtrace-run",
        "dumb-init",
        "env",
        "exec",
        "gosu",
        "ionice",
        "mpiexec",
        "mpirun",
        "nice",
        "nohup",
        "nsys",
        "numactl",
        "opentelemetry-instrument",
        "orterun",
        "pipenv",
        "poetry",
        "s6-setuidgid",
        "setarch",
        "setpriv",
        "setsid",
        "srun",
        "stdbuf",
        "su-exec",
        "sudo",
        "systemd-cat",
        "taskset",
        "time",
        "timeout",
        "tini",
        "torchrun",
        "trtllm-llmapi-launch",
        "unbuffer",
        "uv",
        "uvx",
        "xvfb-run",
    }
)
"""Programs that start the command in their arguments."""

_OPENS: Final = frozenset({"if", "while", "until", "for", "case", "select"})
_CLOSES: Final = frozenset({"fi", "done", "esac"})
_KEYWORDS: Final = frozenset({"then", "else", "elif", "do", "!", "{", "}", "time", "function"}) | _OPENS | _CLOSES
_NAMES_A_LOOP: Final = frozenset({"for", "select", "case", "function"})
_TESTS: Final = frozenset({"[", "[[", "test"})
_DECLARES: Final = frozenset({"export", "declare", "local", "readonly", "typeset"})
_REDIRECTIONS: Final = frozenset({">", ">>", "<", "<<", "<<-", "<<<", ">&", "<&", "&>", "&>>", ">|", "<>"})
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that a container starts.

    Attributes:
        words: The program and its arguments, without what wraps it.
        variables: What the environment tells it, of the variables that programs are told by.
        background: Whether the script goes on meanwhile.
        certain: Whether it is started in any case.
        script: Whether it is a file that a shell reads.
    """

    words: tuple[str, ...]
    variables: dict[str, str]
    background: bool = False
    certain: bool = True
    script: bool = False


def commands_of(words: Sequence[str], scope: Scope) -> list[Command]:
    """Find the commands that a container's command line starts, in their order.

    Raises:
        TooLongError: They are more than is looked at.
    """
    found: list[Command] = []
    _Walk(scope, found, depth=0, certain=True).start(words, {})
    return found


class _Walk:
    """The way through one script."""

    def __init__(self, scope: Scope, found: list[Command], *, depth: int, certain: bool) -> None:
        if depth > _DEEPEST:
            raise TooLongError
        self._scope = scope
        self._found = found
        self._depth = depth
        self._certain = certain
        self._branches = 0
        self._maybe = False
        self._list_start = len(found)

    @property
    def _is_certain(self) -> bool:
        return self._certain and not self._branches and not self._maybe

    def run(self, script: str) -> None:
        """Go through a script."""
        words: list[Word] = []
        skip = False
        array: tuple[str, bool, list[str]] | None = None
        for token in tokens(self._scope.budget.spend(script)):
            if array is not None:
                if isinstance(token, Word):
                    array[2].extend(self._scope.words(token))
                elif token.text == ")":
                    self._scope.assign_array(array[0], array[2], appended=array[1], certain=self._is_certain)
                    array = None
            elif isinstance(token, Word):
                if not skip:
                    words.append(token)
                skip = False
            elif token.text in _REDIRECTIONS:
                skip = True
                if words and words[-1].end == token.start and words[-1].bare.isdigit():
                    words.pop()
            elif token.text == "(" and (opened := _array(words, token)):
                array = (*opened, [])
                words = words[:-1]
            else:
                self._end(words, token.text)
                words = []
        self._end(words, "\n")

    def _end(self, words: list[Word], operator: str) -> None:
        """Take the command that an operator ends."""
        words = self._without_keywords(words)
        if operator == "(" and words:
            self._scope.positional = None  # a function: what it is called with is not known where it is written
            return
        test = words[0].bare in _TESTS if words else False
        if words:
            self._simple(words)
        if operator == "&":
            self._found[self._list_start :] = [replace(it, background=True) for it in self._found[self._list_start :]]
        if operator in ("||", "&&"):
            self._maybe = self._maybe or operator == "||" or test
        elif operator not in ("|", "|&", "(", ")"):
            self._maybe = False
            self._list_start = len(self._found)

    def _without_keywords(self, words: list[Word]) -> list[Word]:
        at = 0
        while at < len(words) and words[at].bare in _KEYWORDS:
            word = words[at].bare
            self._branches += (word in _OPENS) - (word in _CLOSES and self._branches > 0)
            at += 1
            if word in _NAMES_A_LOOP:
                if word in ("for", "select") and at < len(words):
                    self._scope.variables.pop(words[at].bare, None)
                return []
        return words[at:]

    def _simple(self, words: list[Word]) -> None:
        """Take a simple command: assignments, then a program with its arguments."""
        at = 0
        while at < len(words) and self._is_assignment(words[at]):
            at += 1
        if at < len(words) and words[at].bare in _DECLARES:
            at += 1
            while at < len(words):
                self._scope.assign(words[at], certain=self._is_certain)
                at += 1
        elif at == len(words):
            for word in words:
                self._scope.assign(word, certain=self._is_certain)
        else:
            own: dict[str, str] = {}
            for word in words[:at]:
                name, _, value = self._scope.text(word.pieces).partition("=")
                own[name] = value
            self.start([field for word in words[at:] for field in self._scope.words(word)], own)

    def _is_assignment(self, word: Word) -> bool:
        first = word.pieces[0] if word.pieces else None
        return first is not None and not first.quoted and bool(_ASSIGNMENT.match(first.text))

    def start(self, words: Sequence[str], variables: dict[str, str]) -> None:
        """Start a command, and what it starts in turn."""
        known = {name: self._scope.variables[name] for name in VARIABLES & self._scope.variables.keys()}
        told = {**known, **variables}
        at = 0
        while at < len(words):
            self._scope.budget.start()
            name = basename(words[at])
            if name == "eval":
                self._nested(" ".join(words[at + 1 :]), self._scope, told)
                return
            if name in _SHELLS:
                self._shell(words[at:], told)
                return
            if program_of_command(words, at) or not _wraps(words, at):
                break
            at = _wrapped(words, at, told)
        if at < len(words):
            self._found.append(Command(tuple(words[at:]), told, certain=self._is_certain))

    def _shell(self, words: Sequence[str], variables: dict[str, str]) -> None:
        at, has_script = 1, False
        while at < len(words) and words[at][:1] in ("-", "+") and words[at] != "--":
            has_script = has_script or bool(_SCRIPT_OPTION.fullmatch(words[at]))
            at += 2 if words[at] in _SHELL_VALUES else 1
        at += at < len(words) and words[at] == "--"
        if not has_script or at >= len(words):
            self._found.append(Command(tuple(words[at:] or words), variables, certain=self._is_certain))
            return
        known = {**self._scope.variables, **variables}
        if at + 1 < len(words):
            known["0"] = words[at + 1]
        self._nested(words[at], Scope(self._scope.budget, known, positional=list(words[at + 2 :])), variables)

    def _nested(self, script: str, scope: Scope, variables: dict[str, str]) -> None:
        scope.variables.update(variables)
        _Walk(scope, self._found, depth=self._depth + 1, certain=self._is_certain).run(script)


def _array(words: list[Word], operator: Operator) -> tuple[str, bool] | None:
    """The name of the array that `(` opens after `NAME=`, and whether it is appended to; None where it opens none."""
    found = _ASSIGNMENT.fullmatch(words[-1].bare) if words and words[-1].end == operator.start else None
    return (found[1], bool(found[2])) if found and words[-1].bare.endswith("=") else None


def _wraps(words: Sequence[str], at: int) -> bool:
    """Tell whether a word is a program that starts another one. Of Ray's commands one does."""
    name = basename(words[at])
    return name in _WRAPPERS or (name == "ray" and words[at + 1 : at + 2] == ["symmetric-run"])


def _wrapped(words: Sequence[str], at: int, variables: dict[str, str]) -> int:
    """Find where the command starts that a wrapper starts, and note the variables that `env` sets."""
    for place in range(at + 1, len(words)):
        word = words[place]
        name = basename(word)
        if name in _SHELLS or name in _WRAPPERS or program_of_command(words, place):
            return place
        if "=" in word and not word.startswith("-"):
            key, _, value = word.partition("=")
            variables[key] = value
    return _first_argument(words, at)


def _first_argument(words: Sequence[str], at: int) -> int:
    """Where a wrapper's own options end, as far as that can be told of any."""
    for place in range(at + 1, len(words)):
        word = words[place]
        if word == "--":
            return place + 1
        if not word.startswith("-") and "=" not in word and not word[:1].isdigit():
            return place
    return len(words)
