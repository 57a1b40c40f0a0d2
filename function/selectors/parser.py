"""The parser of selectors: recursive descent, macros expanded."""

from __future__ import annotations

from typing import Final

from function.selectors.ast import Call, Expr, Ident, ListExpr, Literal, MapExpr, Select, walk
from function.selectors.error import SelectorError
from function.selectors.lexer import Token, tokenize
from function.selectors.macros import BIND, MACROS, MacroError, has
from function.selectors.stage_budget import Stage, StageBudget
from function.selectors.values import Uint

MAX_SELECTOR_BYTES: Final = 10 * 1024
"""Bytes of the longest selector, as Kubernetes has it."""

MAX_DEPTH: Final = 100
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
"""The precedence of binary operators."""
_CHAINS: Final = frozenset({"_||_", "_&&_"})
"""Operators of which a chain becomes one call."""
_NUMBERS: Final = frozenset({"int", "double"})
_KEYWORD_VALUES: Final = {"true": True, "false": False, "null": None}
_RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "namespace"}
    | {"package", "return", "var", "void", "while"},
)


def parse(text: str) -> tuple[Expr, int]:
    """Parse a selector, and count its subexpressions with macros expanded.

    Raises:
        SelectorError: The text is too long, too deep, or not an expression.
    """
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise SelectorError("the text is not valid Unicode", text, error.start) from None
    if length > MAX_SELECTOR_BYTES:
        raise SelectorError(f"the text has {length} bytes; {MAX_SELECTOR_BYTES} are allowed")
    root = _Parser(text).parse()
    work = StageBudget(Stage.PARSE, text)
    for part, depth in walk(root):
        work.step()
        if depth > MAX_DEPTH:
            raise SelectorError(f"the expression nests deeper than {MAX_DEPTH} levels", text, part.offset)
    return root, work.steps


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokenize(text, StageBudget(Stage.LEX, text)))
        self._place = 0
        self._depth = 0

    def parse(self) -> Expr:
        root = self._expression()
        self._expect("end")
        return root

    def _expression(self) -> Expr:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"the expression nests deeper than {MAX_DEPTH} levels", self._next.offset)
        condition = self._operation(0)
        question = self._take("?")
        if question:
            yes = self._operation(0)
            self._expect(":")
            condition = Call(question.offset, "_?_:_", [condition, yes, self._expression()])
        self._depth -= 1
        return condition

    def _operation(self, level: int) -> Expr:
        """Parse binary operators of at least a precedence, left-associative."""
        left = self._unary()
        while (found := _LEVELS.get(self._next.kind, -1)) >= level:
            sign = self._advance()
            name = "@in" if sign.kind == "in" else f"_{sign.kind}_"
            right = self._operation(found + 1)
            if name in _CHAINS and isinstance(left, Call) and left.function == name:
                left.arguments.append(right)
            else:
                left = Call(sign.offset, name, [left, right])
        return left

    def _unary(self) -> Expr:
        first, count = self._next, 0
        while self._next.kind == first.kind and (
            first.kind == "!" or (first.kind == "-" and not (count == 0 and self._peek.kind in _NUMBERS))
        ):
            self._advance()
            count += 1
        operand = self._member()
        return Call(first.offset, f"{first.kind}_", [operand]) if count % 2 else operand

    def _member(self) -> Expr:
        expr = self._primary()
        while True:
            if self._take("."):
                expr = self._field(expr)
            elif bracket := self._take("["):
                name = "_[?_]" if self._take("?") else "_[_]"
                expr = Call(bracket.offset, name, [expr, self._expression()])
                self._expect("]")
            elif self._next.kind == "{" and isinstance(expr, Ident | Select):
                raise self._error("messages cannot be made in a selector", expr.offset)
            else:
                return expr

    def _field(self, expr: Expr) -> Expr:
        optional = self._take("?")
        name = self._expect("name")
        if optional:
            return Call(name.offset, "_?._", [expr, Literal(name.offset, name.text)])
        if self._take("("):
            return self._method(expr, name, self._arguments())
        return Select(name.offset, expr, name.text)

    def _method(self, target: Expr, name: Token, arguments: list[Expr]) -> Expr:
        macro = MACROS.get((name.text, len(arguments)))
        bind, count, expander = BIND
        if isinstance(target, Ident) and target.name == "cel" and (name.text, len(arguments)) == (bind, count):
            macro = expander
        if macro is None:
            return Call(name.offset, name.text, [target, *arguments], method=True)
        try:
            return macro(name.text, target, arguments)
        except MacroError as error:
            raise self._error(str(error), error.offset) from None

    def _arguments(self) -> list[Expr]:
        found: list[Expr] = []
        if not self._take(")"):
            found.append(self._expression())
            while self._take(","):
                found.append(self._expression())
            self._expect(")")
        return found

    def _primary(self) -> Expr:
        token = self._advance()
        match token.kind:
            case "(" | "[" | "{":
                return self._bracketed(token)
            case "name":
                return self._ident_or_call(token)
            case ".":
                return self._absolute(self._expect("name"))
            case "string" | "bytes":
                return Literal(token.offset, token.content)
            case "true" | "false" | "null":
                return Literal(token.offset, _KEYWORD_VALUES[token.kind])
            case "-" if self._next.kind in _NUMBERS:
                return self._number(token, self._advance(), "-")
            case "int" | "uint" | "double":
                return self._number(token, token, "")
            case _:
                raise self._unexpected(token)

    def _bracketed(self, bracket: Token) -> Expr:
        if bracket.kind == "[":
            return self._list(bracket)
        if bracket.kind == "{":
            return self._map(bracket)
        inner = self._expression()
        self._expect(")")
        return inner

    def _ident_or_call(self, token: Token) -> Expr:
        if token.text in _RESERVED:
            raise self._error(f"{token.text} is reserved and cannot be a name", token.offset)
        if not self._take("("):
            return Ident(token.offset, token.text)
        arguments = self._arguments()
        if (token.text, len(arguments)) != ("has", 1):
            return Call(token.offset, token.text, arguments)
        try:
            return has(token.offset, arguments[0])
        except MacroError as error:
            raise self._error(str(error), error.offset) from None

    def _absolute(self, token: Token) -> Expr:
        """Parse an identifier with a leading dot, which means the same but is no macro."""
        if token.text == "has":
            raise self._error("unknown function '.has'", token.offset)
        expr = self._ident_or_call(token)
        return Ident(token.offset, token.text, dotted=True) if isinstance(expr, Ident) else expr

    def _list(self, bracket: Token) -> Expr:
        elements: list[Expr] = []
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
        return ListExpr(bracket.offset, elements, frozenset(optional))

    def _map(self, brace: Token) -> Expr:
        keys: list[Expr] = []
        values: list[Expr] = []
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
        return MapExpr(brace.offset, keys, values, frozenset(optional))

    def _number(self, start: Token, token: Token, sign: str) -> Expr:
        text = f"{sign}{token.text}"
        if token.kind == "double":
            double = float(text)
            if double in (float("inf"), float("-inf")):
                raise self._error(f"{text[:40]!r} does not fit a double", start.offset)
            return Literal(start.offset, double)
        digits = token.text.rstrip("uU")
        # More digits than fit are cut, since Python refuses to read thousands of them.
        magnitude = (
            int(digits[2:].lstrip("0")[:40] or "0", 16)
            if digits.startswith("0x")
            else int(digits.lstrip("0")[:40] or "0")
        )
        number = -magnitude if sign else magnitude
        if token.kind == "uint":
            if number < _UINT64:
                return Literal(start.offset, Uint(number))
            raise self._error(f"{text[:40]!r}: unsigned integer overflow", start.offset)
        if -_INT64 <= number < _INT64:
            return Literal(start.offset, number)
        raise self._error(f"{text[:40]!r}: integer overflow", start.offset)

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    @property
    def _peek(self) -> Token:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    def _advance(self) -> Token:
        token = self._next
        if token.kind == "end":
            raise self._unexpected(token)
        self._place += 1
        return token

    def _take(self, kind: str) -> Token | None:
        if self._next.kind != kind:
            return None
        return self._advance()

    def _expect(self, kind: str) -> Token:
        token = self._next
        if token.kind != kind:
            raise self._unexpected(token)
        self._place += kind != "end"
        return token

    def _unexpected(self, token: Token) -> SelectorError:
        if token.kind == "end":
            return self._error("unexpected end of the expression", token.offset)
        return self._error(f"unexpected {token.text[:40]!r}", token.offset)

    def _error(self, message: str, offset: int) -> SelectorError:
        return SelectorError(message, self._text, offset)
