"""Formulas in the time t, such as ``95*sin(2*pi*t)``: parsed and checked against what is allowed, never executed.

The text is parsed by `ast`; each node of the tree must be in the tables below and becomes one NumPy function. Nothing
of Python is reachable from a formula: no name, call, attribute or index outside the tables.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from romlib.errors import InputError
from romlib.words import plural

Function = Callable[[np.ndarray], np.ndarray]

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
ALLOWED = (
    "numbers, t, pi, e, + - * / **, parentheses, "
    + ", ".join([*FUNCTIONS, *REDUCTIONS]) + " (log is the natural logarithm)"
)
LONGEST = 1000  # characters; this and the next are beyond what somebody writes, and below what overflows a stack
DEEPEST = 300  # levels of nesting, one a term in a sum


@lru_cache(maxsize=256)
def compile_expression(text: str) -> Function:
    """The function of time that a formula describes.

    Parameters
    ----------
    text : a formula in the variable t; `ALLOWED` says what it may contain.

    Returns
    -------
    A function of times (n,) that returns float values (n,). It does not check that they are finite: 1/t at t = 0 is
    for the caller to judge.

    Raises
    ------
    InputError : what is not a formula, or not allowed; the message has the text, the position and what is allowed.
    """
    if len(text) > LONGEST:
        raise InputError(
            "this formula is too long to be one", found=f"{plural(len(text), 'character')}: {text[:60]} ...",
            expected=f"at most {LONGEST} characters", remedy="give the amplitude as a table of times and values")
    body = text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    indent = len(body) - len(body.lstrip())
    try:
        tree = ast.parse(body.strip(), mode="eval")
    except SyntaxError as error:
        raise _refusal(text, indent + (error.offset or 1) - 1, f"this formula cannot be read ({error.msg})") from None
    except (RecursionError, MemoryError, ValueError):
        raise _refusal(text, 0, "this formula cannot be read (it is nested too deeply, or holds odd bytes)") from None
    if _depth(tree.body) > DEEPEST:
        raise _refusal(text, 0, f"this formula has more than {DEEPEST} levels (terms, signs or parentheses)")
    evaluate = _translate(tree.body, _Source(text, body.strip(), indent))

    def function(times: np.ndarray) -> np.ndarray:
        times = np.asarray(times, dtype=float)
        with np.errstate(all="ignore"):
            return np.array(np.broadcast_to(evaluate(times), times.shape), dtype=float)

    return function


class _Source:
    """The text of a formula, to say where in it a node stands."""

    def __init__(self, text: str, body: str, indent: int) -> None:
        self.text, self._body, self._indent = text, body.encode(), indent

    def refuse(self, node: ast.AST, what: str) -> InputError:
        column = getattr(node, "col_offset", 0)  # in bytes of UTF-8
        return _refusal(self.text, self._indent + len(self._body[:column].decode(errors="ignore")), what)


def _depth(node: ast.AST) -> int:
    depth, level = 0, [node]
    while level:
        depth, level = depth + 1, [child for parent in level for child in ast.iter_child_nodes(parent)]
    return depth


def _refusal(text: str, position: int, what: str) -> InputError:
    remedy = "write a power as **" if "^" in text else None
    return InputError(
        what, place=f"character {position + 1} of {text!r}", expected=ALLOWED,
        found=text[position:position + 20] or "the end of the text", remedy=remedy)


def _translate(node: ast.expr, source: _Source) -> Function:
    """The function of one node of the tree, its children translated first."""
    if isinstance(node, ast.Constant):
        return _number(node, source)
    if isinstance(node, ast.Name):
        return _name(node, source)
    if isinstance(node, ast.UnaryOp) and type(node.op) in SIGNS:
        sign, operand = SIGNS[type(node.op)], _translate(node.operand, source)
        return lambda t: sign(operand(t))
    if isinstance(node, ast.BinOp):
        if type(node.op) not in OPERATORS:
            raise source.refuse(node, f"the operator {type(node.op).__name__} is not allowed in a formula")
        combine = OPERATORS[type(node.op)]
        left, right = _translate(node.left, source), _translate(node.right, source)
        return lambda t: combine(left(t), right(t))
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
    return lambda t: value


def _name(node: ast.Name, source: _Source) -> Function:
    if node.id == "t":
        return lambda t: t
    if node.id in CONSTANTS:
        value = np.array(CONSTANTS[node.id])
        return lambda t: value
    known = " (a function: it needs an argument in parentheses)" if node.id in FUNCTIONS | REDUCTIONS else ""
    raise source.refuse(node, f"the name {node.id!r} is not known in a formula{known}")


def _call(node: ast.Call, source: _Source) -> Function:
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if name not in FUNCTIONS and name not in REDUCTIONS:
        raise source.refuse(node, f"the function {name!r} is not known" if name else "this call is not allowed")
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise source.refuse(node, f"{name} takes plain arguments only")
    arguments = [_translate(argument, source) for argument in node.args]
    if name in FUNCTIONS:
        if len(arguments) != 1:
            raise source.refuse(node, f"{name} takes one argument, found {len(arguments)}")
        function, argument = FUNCTIONS[name], arguments[0]
        return lambda t: function(argument(t))
    if len(arguments) < 2:
        raise source.refuse(node, f"{name} takes two arguments or more, found {len(arguments)}")
    reduce = REDUCTIONS[name]

    def reduction(t: np.ndarray) -> np.ndarray:
        result = arguments[0](t)
        for argument in arguments[1:]:
            result = reduce(result, argument(t))
        return result

    return reduction
