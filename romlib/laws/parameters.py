"""Parameters of a law: validated once, then evaluated at the temperature of each point in compiled code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args

import numba
import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError

from romlib.errors import LawError
from romlib.model.material import ParameterTable
from romlib.words import closest


def _table(value: Any) -> Any:
    """A number is a table of one row."""
    if isinstance(value, (ParameterTable, Mapping)):
        return value
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return {"temperature": (0.0,), "value": (value,)}
    raise ValueError("must be a number or a table {temperature = [...], value = [...]}")


def _bounded(condition: str, lower: float, upper: float, closed: bool) -> AfterValidator:
    def check(table: ParameterTable) -> ParameterTable:
        value = np.array(table.value)
        if not np.all((value >= lower) if closed else (value > lower)) or not np.all(value < upper):
            raise ValueError(f"must be {condition}")
        return table

    return AfterValidator(check)


TemperatureDependent = Annotated[ParameterTable, BeforeValidator(_table)]
Positive = Annotated[TemperatureDependent, _bounded("> 0", 0.0, np.inf, False)]
NonNegative = Annotated[TemperatureDependent, _bounded(">= 0", 0.0, np.inf, True)]
PoissonRatio = Annotated[TemperatureDependent, _bounded("between -1 and 0.5, both excluded", -1.0, 0.5, False)]

ZERO = ParameterTable(temperature=(0.0,), value=(0.0,))

_SHOWN, _LONGEST_SHOWN = 10, 300  # problems in one message, characters of one value

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_parameters(model: type[ModelT], parameters: Mapping[str, Any], law: str) -> ModelT:
    """The validated parameters of a law.

    Raises
    ------
    LawError : naming each wrong key with its value and what is allowed there.
    """
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        entries = sorted(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")  # misspelt keys first
        problems = [_problem(model, parameters, entry) for entry in entries]
    key, found, allowed = problems[0]
    what = f"wrong parameter of the law '{law}': {key}" + "".join(
        f"\n  also: {k}, found {f}; {a}" for k, f, a in problems[1:_SHOWN]) + (
        f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else "")
    raise LawError(what, place=f"parameters, {key}", found=found, expected=allowed)


def _problem(model: type[BaseModel], parameters: Mapping[str, Any], entry: Any) -> tuple[str, str, str]:
    """(key, value found, what is allowed) of one pydantic error."""
    location = tuple(entry["loc"])
    kind = entry["type"]
    owner: Any = model if kind in ("extra_forbidden", "missing") else None
    for part in location[:-1] if owner is not None else ():
        owner = owner if isinstance(part, int) else _nested_model(owner, part)
    if kind == "missing":
        return _dotted(location), "nothing", f"the law needs it ({_names(owner)})"
    value = parameters
    for depth, part in enumerate(location):
        try:
            value = value[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            location = location[:depth]  # a part that pydantic added, or that a number given for a table lacks
            break
    if kind == "extra_forbidden":
        guess = closest(location[-1], _allowed(owner))
        hint = f"; {guess}" if guess else ""
        return _dotted(location), f"the unknown key '{location[-1]}' = {_shown(value)}", f"one of {_names(owner)}{hint}"
    return _dotted(location), _shown(value), entry["msg"].removeprefix("Value error, ")


def _shown(value: Any) -> str:
    """A value for a message, which a file may have made long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number with too many digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} ..."


def _dotted(location: Sequence[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".") or "the parameters as a whole"


def _allowed(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _names(model: type[BaseModel]) -> str:
    return ", ".join(_allowed(model))


def _nested_model(model: type[BaseModel], key: str) -> type[BaseModel]:
    """The model of the value at `key`, through optional, list and annotated types."""
    pending: list[Any] = [info.annotation for name, info in model.model_fields.items() if key in (name, info.alias)]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
        pending += get_args(annotation)
    return model


class ParameterSet:
    """Parameters as one row a point, in a fixed order, for the compiled loops.

    Each is linear between the rows of its table and constant outside. When none depends on temperature there is one
    row for all the points, made once, and the temperature is never looked at.
    """

    def __init__(self, tables: Mapping[str, ParameterTable]) -> None:
        self.names = tuple(tables)
        self.varying = tuple(name for name, table in tables.items() if len(set(table.value)) > 1)
        self._row = np.array([[table.value[0] for table in tables.values()]])
        rows = [len(table.value) for table in tables.values()]
        self._first = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
        self._knots = np.array([t for table in tables.values() for t in table.temperature])
        self._values = np.array([v for table in tables.values() for v in table.value])

    def at(self, temperature: np.ndarray | None) -> np.ndarray:
        """(1, n_parameter) when the parameters are constant, else (n_ip, n_parameter).

        Raises
        ------
        LawError : the parameters depend on temperature and there is none.
        """
        if not self.varying:
            return self._row
        if temperature is None:
            raise LawError(
                "the law has parameters that depend on temperature, and the problem has no temperature",
                place="parameters " + ", ".join(self.varying),
                remedy="give a temperature load or an initial temperature, or parameters that are numbers")
        out = np.empty((len(temperature), len(self.names)))
        _interpolate_tables(np.ascontiguousarray(temperature, dtype=float), self._first, self._knots, self._values, out)
        return out


@numba.njit(cache=True)
def interpolate_table(temperature, knots, values, first, last):
    """Table rows first ... last - 1 at one temperature: linear between rows, constant outside, NaN for NaN."""
    if temperature != temperature:
        return np.nan
    if temperature <= knots[first]:
        return values[first]
    for k in range(first + 1, last):
        if temperature <= knots[k]:
            fraction = (temperature - knots[k - 1]) / (knots[k] - knots[k - 1])
            return values[k - 1] + fraction * (values[k] - values[k - 1])
    return values[last - 1]


@numba.njit(cache=True)
def _interpolate_tables(temperature, first, knots, values, out):
    for i in range(len(temperature)):
        for j in range(len(first) - 1):
            out[i, j] = interpolate_table(temperature[i], knots, values, first[j], first[j + 1])


def lowest_sum(*tables: ParameterTable) -> float:
    """The smallest value over temperature of a sum of tables (reached at a row of one of them)."""
    knots = np.unique(np.concatenate([table.temperature for table in tables]))
    return float(sum(np.interp(knots, table.temperature, table.value) for table in tables).min())  # type: ignore[union-attr]
