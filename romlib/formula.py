"""Formulas, such as ``95*sin(2*pi*t)`` or ``0.9*Y``: parsed and checked against what is allowed, never executed.

The text is parsed by `ast`; each node of the tree must be in the tables below and becomes one NumPy function. Nothing
of Python is reachable from a formula: no name, call, attribute or index outside the tables.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.words import closest

Values = Mapping[str, np.ndarray]
Function = Callable[[Values], np.ndarray]

CONSTANTS = {"pi": np.pi, "e": np.e}
FUNCTIONS: dict[str, Callable] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs,
}
REDUCTIONS: dict[str, Callable] = {"min": np.minimum, "max": np.maximum}
OPERATORS: dict[type, Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
SIGNS: dict[type, Callable] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
NAMES = frozenset({*CONSTANTS, *FUNCTIONS, *REDUCTIONS})  # which no variable can have
LONGEST = 1000  # characters; this and the next are beyond what somebody writes, and below what overflows a stack
DEEPEST = 300  # levels of nesting, one a term in a sum


def allowed(variables: str) -> str:
    """What a formula may contain, in words; variables : what they are, such as "t"."""
    return (f"numbers, {variables}, {', '.join(CONSTANTS)}, + - * / **, parentheses, "
            + ", ".join([*FUNCTIONS, *REDUCTIONS]) + " (log is the natural logarithm)")


@dataclass(frozen=True)
class Formula:
    """A formula that was understood. names : of the variables in it."""

    names: frozenset[str]
    _evaluate: Function

    def __call__(self, values: Mapping[str, Any]) -> np.ndarray:
        """Its value for these values of the variables, of their shape; it need not be finite."""
        with np.errstate(all="ignore"):
            return self._evaluate(values)


@lru_cache(maxsize=1024)
def parse(text: str, variables: tuple[str, ...] | None, words: str, too_long: str) -> Formula:
    """The formula that a text describes.

    Parameters
    ----------
    variables : names that it may have; None: any but those of `NAMES`. words : what they are, for messages; see
        `allowed`. too_long : what to do instead of a formula of thousands of characters.

    Raises
    ------
    InputError : what is not a formula, or not allowed; the message has the text, the position and what is allowed.
    """
    if len(text) > LONGEST:
        raise InputError(
            "this formula is too long to be one", found=f"{len(text)} characters: {text[:60]} ...",
            expected=f"at most {LONGEST} characters", remedy=too_long)
    body = text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    source = _Source(text, body.strip(), len(body) - len(body.lstrip()), variables, words)
    try:
        tree = ast.parse(body.strip(), mode="eval")
    except SyntaxError as error:
        raise source.refuse_at((error.offset or 1) - 1, f"this formula cannot be read ({error.msg})") from None
    except (RecursionError, MemoryError, ValueError):
        raise source.refuse_at(0, "this formula cannot be read (it is nested too deeply, or holds odd bytes)") from None
    if _depth(tree.body) > DEEPEST:
        raise source.refuse_at(0, f"this formula has more than {DEEPEST} levels (terms, signs or parentheses)")
    function = _translate(tree.body, source)
    return Formula(frozenset(source.names), function)


class _Source:
    """The text of a formula, to say where in it a node stands, and the names of variables that it was found to have."""

    def __init__(self, text: str, body: str, indent: int, variables: tuple[str, ...] | None, words: str) -> None:
        self.text, self._body, self._indent, self._words = text, body.encode(), indent, words
        self.variables, self.names = variables, set[str]()

    def refuse(self, node: ast.AST, what: str, remedy: str | None = None) -> InputError:
        column = getattr(node, "col_offset", 0)  # in bytes of UTF-8
        return self.refuse_at(len(self._body[:column].decode(errors="ignore")), what, remedy)

    def refuse_at(self, position: int, what: str, remedy: str | None = None) -> InputError:
        position += self._indent
        return InputError(
            what, place=f"character {position + 1} of {self.text!r}", expected=allowed(self._words),
            found=self.text[position:position + 20] or "the end of the text",
            remedy="write a power as **" if "^" in self.text else remedy)


def _depth(node: ast.AST) -> int:
    depth, level = 0, [node]
    while level:
        depth, level = depth + 1, [child for parent in level for child in ast.iter_child_nodes(parent)]
    return depth


def _translate(node: ast.expr, source: _Source) -> Function:
    """The function of one node of the tree, its children translated first."""
    if isinstance(node, ast.Constant):
        return _number(node, source)
    if isinstance(node, ast.Name):
        return _name(node, source)
    if isinstance(node, ast.UnaryOp) and type(node.op) in SIGNS:
        sign, operand = SIGNS[type(node.op)], _translate(node.operand, source)
        return lambda v: sign(operand(v))
    if isinstance(node, ast.BinOp):
        if type(node.op) not in OPERATORS:
            raise source.refuse(node, f"the operator {type(node.op).__name__} is not allowed in a formula")
        combine = OPERATORS[type(node.op)]
        left, right = _translate(node.left, source), _translate(node.right, source)
        return lambda v: combine(left(v), right(v))
    if isinstance(node, ast.Call):
        return _call(node, source)
    raise source.refuse(node, f"a {type(node).__name__} is not allowed in a formula")


def _number(node: ast.Constant, source: _Source) -> Function:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise source.refuse(node, f"{node.value!r} is no number that a formula can have")
    try:
        value = np.array(node.value, dtype=float)
    except OverflowError:
        raise source.refuse(node, "a number of this formula is too large") from None
    return lambda v: value


def _name(node: ast.Name, source: _Source) -> Function:
    name = node.id
    if name in CONSTANTS:
        value = np.array(CONSTANTS[name])
        return lambda v: value
    if name in source.variables if source.variables is not None else name not in NAMES:
        source.names.add(name)
        return lambda v: np.asarray(v[name], dtype=float)
    known = " (a function: it needs an argument in parentheses)" if name in FUNCTIONS | REDUCTIONS else ""
    variables = () if source.variables is None else source.variables
    raise source.refuse(node, f"the name {name!r} is not known in a formula{known}",
                        None if known else closest(name, [*variables, *CONSTANTS]))


def _call(node: ast.Call, source: _Source) -> Function:
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if name not in FUNCTIONS and name not in REDUCTIONS:
        raise source.refuse(node, f"the function {name!r} is not known" if name else "this call is not allowed",
                            closest(name, [*FUNCTIONS, *REDUCTIONS]) if name else None)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise source.refuse(node, f"{name} takes plain arguments only")
    arguments = [_translate(argument, source) for argument in node.args]
    if name in FUNCTIONS:
        if len(arguments) != 1:
            raise source.refuse(node, f"{name} takes one argument, found {len(arguments)}")
        function, argument = FUNCTIONS[name], arguments[0]
        return lambda v: function(argument(v))
    if len(arguments) < 2:
        raise source.refuse(node, f"{name} takes two arguments or more, found {len(arguments)}")
    reduce = REDUCTIONS[name]

    def reduction(v: Values) -> np.ndarray:
        result = arguments[0](v)
        for argument in arguments[1:]:
            result = reduce(result, argument(v))
        return result

    return reduction
