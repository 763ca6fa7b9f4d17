"""Property cards of keyword decks as parameters of laws: tables in temperature, elasticity, expansion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold

from romlib.errors import FileFormatError
from romlib.model import ParameterTable, ThermalExpansion

ENGINEERING = ("E1", "E2", "E3", "nu12", "nu13", "nu23", "G12", "G13", "G23")
STIFFNESS = ("C11", "C22", "C33", "C12", "C13", "C23", "C44", "C55", "C66")
_OF_DECK = (0, 2, 5, 1, 3, 4, 8, 7, 6)  # the deck has 1111 1122 2222 1133 2233 3333 1212 1313 2323


def columns(card: Card, names: tuple[str, ...]) -> dict[str, Any]:
    """Parameters from rows (values ..., temperature): numbers, or tables where there are several rows.

    Raises
    ------
    FileFormatError : no row, no number, or temperatures that do not increase.
    """
    rows = card.rows()
    if not rows:
        raise FileFormatError(f"*{card.title} has no data line", file=card.file, place=card.place)
    values = np.array([[row.number(k) for k in range(len(names))] for row in rows])
    temperature = [0.0] if len(rows) == 1 else [row.number(len(names)) for row in rows]
    return _named(names, values, temperature, card)


def table(temperature: Sequence[float], value: Sequence[float], card: Card) -> dict[str, Any]:
    """A parameter as a table in temperature, plain; FileFormatError where the temperatures do not increase."""
    if (np.diff(temperature) <= 0).any():
        raise FileFormatError("the temperatures of a material must increase", file=card.file, place=card.place,
                              found=", ".join(f"{one:g}" for one in temperature))
    return ParameterTable(temperature=tuple(temperature), value=tuple(value)).model_dump()


def _named(names: Sequence[str], values: np.ndarray, temperature: Sequence[float], card: Card) -> dict[str, Any]:
    """values : (n_row, n_name)."""
    if len(values) == 1:
        return {name: float(one) for name, one in zip(names, values[0])}
    return {name: table(temperature, column.tolist(), card) for name, column in zip(names, values.T)}


def elastic_law(card: Card, *, stiffness: bool) -> tuple[str, dict[str, Any]] | None:
    """Law and parameters of *ELASTIC; None where romlib has no such law (TYPE=ANISOTROPIC, LAMINA, ...).

    Parameters
    ----------
    stiffness : between the temperatures of a table the solver takes the stiffness as linear, not the engineering
    constants that it is given by: CalculiX makes stiffnesses of them as it reads.

    Raises
    ------
    FileFormatError : data that are not whole.
    """
    kind = fold(card.parameters.get("TYPE", "ISOTROPIC"))
    if kind.startswith("ISO"):
        return "elastic", columns(card, ("young", "poisson"))
    engineering = kind.startswith("ENGINEERINGCONSTANTS")
    if not (engineering or kind.startswith("ORTHO")):
        return None
    values, temperature = _nine(card)
    if engineering and not (stiffness and len(values) > 1):
        return "orthotropic", _named(ENGINEERING, values, temperature, card)
    values = _stiffness_of(values, card) if engineering else values[:, _OF_DECK]
    return "orthotropic", _named(STIFFNESS, values, temperature, card)


def _nine(card: Card) -> tuple[np.ndarray, list[float]]:
    """Constants (n, 9) and temperatures, of two lines each: eight constants, then one and the temperature."""
    rows = card.rows()
    if not rows or len(rows) % 2:
        raise FileFormatError(f"*{card.title} with nine constants has two lines for each temperature", file=card.file,
                              place=card.place, expected="lines in pairs", found=len(rows))
    pairs = list(zip(rows[::2], rows[1::2]))
    values = np.array([[*(one.number(k) for k in range(8)), two.number(0)] for one, two in pairs])
    return values, [two.number(1, 0.0) for _, two in pairs]


def _stiffness_of(values: np.ndarray, card: Card) -> np.ndarray:
    """Stiffnesses (n, 9) of engineering constants (n, 9)."""
    if (values[:, :3] == 0.0).any():
        raise _no_stiffness(values, card)
    e1, e2, e3, nu12, nu13, nu23, g12, g13, g23 = values.T
    compliance = np.stack([np.stack(row, axis=-1) for row in (
        (1.0 / e1, -nu12 / e1, -nu13 / e1), (-nu12 / e1, 1.0 / e2, -nu23 / e2), (-nu13 / e1, -nu23 / e2, 1.0 / e3))],
        axis=-2)
    if (np.linalg.det(compliance) == 0.0).any():
        raise _no_stiffness(values, card)
    c = np.linalg.inv(compliance)
    return np.stack([c[:, 0, 0], c[:, 1, 1], c[:, 2, 2], c[:, 0, 1], c[:, 0, 2], c[:, 1, 2], g23, g13, g12], axis=1)


def _no_stiffness(values: np.ndarray, card: Card) -> FileFormatError:
    return FileFormatError("engineering constants that have no stiffness", file=card.file, place=card.place,
                           expected="moduli that are not zero", found=values.tolist())


def thermal_expansion(card: Card) -> ThermalExpansion | None:
    """*EXPANSION, isotropic or along the material axes; None where it is neither (TYPE=ANISO, USER).

    Raises
    ------
    FileFormatError : data that cannot be read.
    """
    kind = fold(card.parameters.get("TYPE", "ISO"))
    reference = card.number("ZERO", 0.0)
    if kind.startswith("ISO"):
        return ThermalExpansion(coefficient=columns(card, ("alpha",))["alpha"], reference_temperature=reference)
    if not kind.startswith("ORTHO"):
        return None
    names = ("alpha1", "alpha2", "alpha3")
    found = columns(card, names)
    return ThermalExpansion(coefficient=tuple(found[name] for name in names), reference_temperature=reference)
