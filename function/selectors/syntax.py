"""Reading the text of a selector."""

from __future__ import annotations

from typing import Final

from function.selectors.ast import Call, Elements, Entries, Literal, Name, Node, Select, walk
from function.selectors.error import SelectorError
from function.selectors.lexer import Word, words
from function.selectors.macros import BIND, MACROS, MacroError, has
from function.selectors.values import Uint
from function.selectors.work import Stage, Work

LONGEST: Final = 10 * 1024
"""Bytes of the longest selector, as Kubernetes has it."""

DEEPEST: Final = 100
"""How deep a selector may nest."""

_INT64: Final = 2**63
_UINT64: Final = 2**64
_LEVELS: Final = {
    "||": 0,
    "&&": 1,
    **dict.fromkeys(("<", "<=", ">=", ">", "==", "!=", "in"), 2),
    **dict.fromkeys("+-", 3),
    **dict.fromkeys("*/%", 4),
}
"""How tightly operators bind."""
_CHAINS: Final = frozenset({"_||_", "_&&_"})
"""Operators of which a whole chain is one call."""
_NUMBERS: Final = frozenset({"int", "double"})
_WORDS: Final = {"true": True, "false": False, "null": None}
_RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "namespace"}
    | {"package", "return", "var", "void", "while"},
)


def parse(text: str) -> tuple[Node, int]:
    """Parse a selector, and tell how many parts it has, macros spelt out.

    Raises:
        SelectorError: The text is too long, too deep, or not an expression.
    """
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise SelectorError("the text is not valid Unicode", text, error.start) from None
    if length > LONGEST:
        raise SelectorError(f"the text has {length} bytes; {LONGEST} are allowed")
    tree = _Parser(text).whole()
    work = Work(Stage.PARSE, text)
    for part, depth in walk(tree):
        work.step()
        if depth > DEEPEST:
            raise SelectorError(f"the expression nests deeper than {DEEPEST} levels", text, part.at)
    return tree, work.done


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._words = list(words(text, Work(Stage.LEX, text)))
        self._place = 0
        self._depth = 0

    def whole(self) -> Node:
        tree = self._expression()
        self._expect("end")
        return tree

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"the expression nests deeper than {DEEPEST} levels", self._next.at)
        condition = self._operation(0)
        question = self._take("?")
        if question:
            yes = self._operation(0)
            self._expect(":")
            condition = Call(question.at, "_?_:_", [condition, yes, self._expression()])
        self._depth -= 1
        return condition

    def _operation(self, level: int) -> Node:
        """Read operators that bind at least as tightly as a level says, from left to right."""
        left = self._unary()
        while (found := _LEVELS.get(self._next.kind, -1)) >= level:
            sign = self._advance()
            name = "@in" if sign.kind == "in" else f"_{sign.kind}_"
            right = self._operation(found + 1)
            if name in _CHAINS and isinstance(left, Call) and left.function == name:
                left.arguments.append(right)
            else:
                left = Call(sign.at, name, [left, right])
        return left

    def _unary(self) -> Node:
        first, count = self._next, 0
        while self._next.kind == first.kind and (
            first.kind == "!" or (first.kind == "-" and not (count == 0 and self._peek.kind in _NUMBERS))
        ):
            self._advance()
            count += 1
        operand = self._member()
        return Call(first.at, f"{first.kind}_", [operand]) if count % 2 else operand

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._take("."):
                node = self._field(node)
            elif bracket := self._take("["):
                name = "_[?_]" if self._take("?") else "_[_]"
                node = Call(bracket.at, name, [node, self._expression()])
                self._expect("]")
            elif self._next.kind == "{" and isinstance(node, Name | Select):
                raise self._error("messages cannot be made in a selector", node.at)
            else:
                return node

    def _field(self, node: Node) -> Node:
        optional = self._take("?")
        name = self._expect("name")
        if optional:
            return Call(name.at, "_?._", [node, Literal(name.at, name.text)])
        if self._take("("):
            return self._method(node, name, self._arguments())
        return Select(name.at, node, name.text)

    def _method(self, target: Node, name: Word, arguments: list[Node]) -> Node:
        macro = MACROS.get((name.text, len(arguments)))
        bind, count, spelt_out = BIND
        if isinstance(target, Name) and target.name == "cel" and (name.text, len(arguments)) == (bind, count):
            macro = spelt_out
        if macro is None:
            return Call(name.at, name.text, [target, *arguments], method=True)
        try:
            return macro(name.text, target, arguments)
        except MacroError as error:
            raise self._error(str(error), error.at) from None

    def _arguments(self) -> list[Node]:
        found: list[Node] = []
        if not self._take(")"):
            found.append(self._expression())
            while self._take(","):
                found.append(self._expression())
            self._expect(")")
        return found

    def _primary(self) -> Node:
        word = self._advance()
        match word.kind:
            case "(" | "[" | "{":
                return self._bracketed(word)
            case "name":
                return self._named(word)
            case ".":
                return self._dotted(self._expect("name"))
            case "string" | "bytes":
                return Literal(word.at, word.content)
            case "true" | "false" | "null":
                return Literal(word.at, _WORDS[word.kind])
            case "-" if self._next.kind in _NUMBERS:
                return self._number(word, self._advance(), "-")
            case "int" | "uint" | "double":
                return self._number(word, word, "")
            case _:
                raise self._unexpected(word)

    def _bracketed(self, bracket: Word) -> Node:
        if bracket.kind == "[":
            return self._list(bracket)
        if bracket.kind == "{":
            return self._map(bracket)
        inner = self._expression()
        self._expect(")")
        return inner

    def _named(self, word: Word) -> Node:
        if word.text in _RESERVED:
            raise self._error(f"{word.text} is reserved and cannot be a name", word.at)
        if not self._take("("):
            return Name(word.at, word.text)
        arguments = self._arguments()
        if (word.text, len(arguments)) != ("has", 1):
            return Call(word.at, word.text, arguments)
        try:
            return has(word.at, arguments[0])
        except MacroError as error:
            raise self._error(str(error), error.at) from None

    def _dotted(self, word: Word) -> Node:
        """Read a name with a leading dot, which means the same but is no macro."""
        if word.text == "has":
            raise self._error("unknown function '.has'", word.at)
        node = self._named(word)
        return Name(word.at, word.text, dotted=True) if isinstance(node, Name) else node

    def _list(self, bracket: Word) -> Node:
        elements: list[Node] = []
        optional: set[int] = set()
        while self._next.kind not in ("]", ","):
            if self._take("?"):
                optional.add(len(elements))
            elements.append(self._expression())
            if self._next.kind != "," or self._peek.kind == "]":
                break
            self._advance()
        self._take(",")
        self._expect("]")
        return Elements(bracket.at, elements, frozenset(optional))

    def _map(self, brace: Word) -> Node:
        keys: list[Node] = []
        values: list[Node] = []
        optional: set[int] = set()
        while self._next.kind not in ("}", ","):
            if self._take("?"):
                optional.add(len(keys))
            keys.append(self._expression())
            self._expect(":")
            values.append(self._expression())
            if self._next.kind != "," or self._peek.kind == "}":
                break
            self._advance()
        self._take(",")
        self._expect("}")
        return Entries(brace.at, keys, values, frozenset(optional))

    def _number(self, at: Word, word: Word, sign: str) -> Node:
        text = f"{sign}{word.text}"
        if word.kind == "double":
            double = float(text)
            if double in (float("inf"), float("-inf")):
                raise self._error(f"{text[:40]!r} does not fit a double", at.at)
            return Literal(at.at, double)
        digits = word.text.rstrip("uU")
        # More digits than fit are cut, since Python refuses to read thousands of them.
        magnitude = (
            int(digits[2:].lstrip("0")[:40] or "0", 16)
            if digits.startswith("0x")
            else int(digits.lstrip("0")[:40] or "0")
        )
        number = -magnitude if sign else magnitude
        if word.kind == "uint":
            if number < _UINT64:
                return Literal(at.at, Uint(number))
            raise self._error(f"{text[:40]!r}: unsigned integer overflow", at.at)
        if -_INT64 <= number < _INT64:
            return Literal(at.at, number)
        raise self._error(f"{text[:40]!r}: integer overflow", at.at)

    @property
    def _next(self) -> Word:
        return self._words[self._place]

    @property
    def _peek(self) -> Word:
        return self._words[min(self._place + 1, len(self._words) - 1)]

    def _advance(self) -> Word:
        word = self._next
        if word.kind == "end":
            raise self._unexpected(word)
        self._place += 1
        return word

    def _take(self, kind: str) -> Word | None:
        if self._next.kind != kind:
            return None
        return self._advance()

    def _expect(self, kind: str) -> Word:
        word = self._next
        if word.kind != kind:
            raise self._unexpected(word)
        self._place += kind != "end"
        return word

    def _unexpected(self, word: Word) -> SelectorError:
        if word.kind == "end":
            return self._error("unexpected end of the expression", word.at)
        return self._error(f"unexpected {word.text[:40]!r}", word.at)

    def _error(self, message: str, at: int) -> SelectorError:
        return SelectorError(message, self._text, at)
