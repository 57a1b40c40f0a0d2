"""The commands that a container starts, found by going through its scripts as a shell would, without running anything.

Both branches of an `if` are gone through, and a loop once; what is assigned there is not known afterwards. Shells
within shells and `eval` are followed as deep as they are, up to a bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

from function.replica.engines.programs import VARIABLES
from function.replica.engines.recognition import basename, program_of_command
from function.replica.engines.shell import HereDocument, Operator, Token, Word, tokens
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
        "runuser",
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

_SWITCH_USER: Final = frozenset({"runuser", "sg", "su"})
"""Programs that give a script to a shell by `-c`, and else start a command."""
_LOGIN: Final = re.compile(r"-|-[a-z]*l[a-z]*|--login")
_FORGETS: Final = frozenset({"unset", "read"})
"""Commands after which what a variable held before is gone."""
_SOURCES: Final = frozenset({".", "source"})
_WRITES: Final = frozenset({">", ">>", ">|"})
_MOST_SHIFTED: Final = 4

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


_Array: TypeAlias = tuple[str, bool, list[str]]
"""An array that is being read: its name, whether it is appended to, and what it holds so far."""


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
        self._redirected: list[tuple[str, Word]] = []
        self._document: HereDocument | None = None
        self._piped = False

    @property
    def _is_certain(self) -> bool:
        return self._certain and not self._branches and not self._maybe

    def run(self, script: str) -> None:
        """Go through a script."""
        words: list[Word] = []
        redirection = ""
        array: _Array | None = None
        for token in tokens(self._scope.budget.spend(script)):
            if array is not None:
                array = self._into_array(array, token)
            elif isinstance(token, HereDocument):
                self._document = token
            elif isinstance(token, Word):
                if redirection:
                    self._redirected.append((redirection, token))
                else:
                    words.append(token)
                redirection = ""
            elif token.text in _REDIRECTIONS:
                redirection = token.text
                if words and words[-1].end == token.start and words[-1].bare.isdigit():
                    words.pop()
            elif token.text == "(" and (opened := _array(words, token)):
                array = (*opened, [])
                words = words[:-1]
            else:
                self._end(words, token.text)
                words = []
        self._end(words, "\n")

    def _into_array(self, array: _Array, token: Token) -> _Array | None:
        """Take what stands in an array; None where it ends."""
        name, appended, values = array
        if isinstance(token, Word):
            values.extend(self._scope.words(token))
        elif isinstance(token, Operator) and token.text == ")":
            self._scope.assign_array(name, values, appended=appended, certain=self._is_certain)
            return None
        return array

    def _end(self, words: list[Word], operator: str) -> None:
        """Take the command that an operator ends."""
        words = self._without_keywords(words)
        if operator == "(" and words:
            self._scope.positional = None  # a function: what it is called with is not known where it is written
            self._scope.functions.add(words[0].bare)
            return
        test = words[0].bare in _TESTS if words else False
        if words:
            self._simple(words)
        self._redirected, self._document, self._piped = [], None, operator in ("|", "|&")
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
                elif word == "function" and at < len(words):
                    self._scope.functions.add(words[at].bare)
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
            self._program([field for word in words[at:] for field in self._scope.words(word)], own)

    def _program(self, words: list[str], own: dict[str, str]) -> None:
        """Take a program with its arguments: what it does to the script's own, what it writes, what it starts."""
        name, arguments = (basename(words[0]), words[1:]) if words else ("", [])
        if name == "set" and "--" in arguments:
            self._scope.set_positional(arguments[arguments.index("--") + 1 :], certain=self._is_certain)
        elif name == "shift" and self._scope.positional:
            count = arguments[0] if arguments else "1"
            is_known = self._is_certain and count.isascii() and count.isdigit() and len(count) <= _MOST_SHIFTED
            self._scope.set_positional(self._scope.positional[int(count) if is_known else 0 :], certain=is_known)
        elif name in _FORGETS:
            for variable in arguments:
                self._scope.variables.pop(variable, None)
        elif name in _SOURCES and (text := self._scope.written("".join(arguments[:1]))):
            self._nested(text, self._scope, own)
            return
        self._note_files(name, arguments)
        self.start(words, own)

    def _note_files(self, name: str, arguments: list[str]) -> None:
        """Note what a command writes into a file."""
        paths = [(mode, "".join(self._scope.words(word))) for mode, word in self._redirected if mode in _WRITES]
        if name == "tee":
            paths += [(">>" if "-a" in arguments else ">", it) for it in arguments if not it.startswith("-")]
        if not paths:
            return
        text = self._given() if name in ("cat", "tee") else None
        if name == "echo":
            text = " ".join(it for it in arguments if it not in ("-e", "-n")) + "\n"
        for mode, path in paths:
            self._scope.write(path, text, appended=mode == ">>", certain=self._is_certain)

    def _given(self) -> str | None:
        """What a command is given to read, as far as it stands in the script."""
        if self._document:
            return self._scope.text(self._document.pieces)
        lines = [word for mode, word in self._redirected if mode == "<<<"]
        return " ".join(self._scope.words(lines[-1])) if lines else None

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
            if name in _SWITCH_USER and self._switch_user(words[at:], told):
                return
            if text := self._scope.written(words[at]):
                self._nested(text, self._scope.of_child({**self._scope.variables}, list(words[at + 1 :])), told)
                return
            if program_of_command(words, at) or not _wraps(words, at):
                break
            at = _wrapped(words, at, told)
        if at < len(words) and words[at] not in self._scope.functions:
            self._found.append(Command(tuple(words[at:]), told, certain=self._is_certain))

    def _switch_user(self, words: Sequence[str], variables: dict[str, str]) -> bool:
        """Start the script that another user's shell is given, if it is: a login shell knows no variables."""
        for at, (word, following) in enumerate(pairwise([*self._scope.budget.look_at(words), ""])):
            name, _, value = word.partition("=")
            if at and (_SCRIPT_OPTION.fullmatch(word) or name == "--command"):
                login = any(_LOGIN.fullmatch(it) for it in words[1 : at + 1])
                known = {} if login else {**self._scope.variables}
                self._nested(value or following, self._scope.of_child(known, []), {} if login else variables)
                return True
        return False

    def _shell(self, words: Sequence[str], variables: dict[str, str]) -> None:
        at, has_script = 1, False
        while at < len(words) and words[at][:1] in ("-", "+") and words[at] != "--":
            has_script = has_script or bool(_SCRIPT_OPTION.fullmatch(words[at]))
            at += 2 if words[at] in _SHELL_VALUES else 1
        at += at < len(words) and words[at] == "--"
        known = {**self._scope.variables, **variables}
        if not has_script or at >= len(words):
            has_file = at < len(words) and "-s" not in words[:at]
            text = self._scope.written(words[at]) if has_file else self._given()
            if text:
                self._nested(text, self._scope.of_child(known, list(words[at + has_file :])), variables)
            else:
                found = tuple(words[at:] or words)
                self._found.append(Command(found, variables, certain=self._is_certain, script=has_file or self._piped))
            return
        if at + 1 < len(words):
            known["0"] = words[at + 1]
        self._nested(words[at], self._scope.of_child(known, list(words[at + 2 :])), variables)

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
        if name in _SHELLS | _WRAPPERS | _SWITCH_USER or program_of_command(words, place):
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
