"""Cards of a *MATERIAL as laws of romlib, as far as the solvers have them alike; the rest is in their own packages.

*PLASTIC is a curve of stress against equivalent plastic strain, linear between its rows and constant after the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.properties import elastic_law, table

from romlib.errors import FileFormatError
from romlib.model import Material, Omission, ThermalExpansion

Law = tuple[str, dict[str, Any]]
MOST_STATE = 100_000  # variables of a point


@dataclass
class DeckMaterial:
    """The cards of one *MATERIAL. name : as in the deck."""

    name: str
    card: Card
    cards: dict[str, Card] = field(default_factory=dict)

    def note(self, card: Card, name: str, what: str, *, does_work: bool = True) -> Omission:
        """An omission that names the material and one of its cards."""
        return Omission(name=name, does_work=does_work, description=(
            f"material {self.name}, *{card.title} (line {card.line}): {what}"))


class InexpressibleError(Exception):
    """A card says what no law of romlib does: within the packages of keyword decks, which make an omission of it."""

    def __init__(self, card: Card, why: str) -> None:
        super().__init__(why)
        self.card, self.why = card, why


def material_of(
    deck: DeckMaterial, cells: str, law: Callable[[], Law], notes: list[Omission], *, other_laws: Sequence[str],
    density_varies: Callable[[Card], bool], expansion_of: Callable[[Card], ThermalExpansion | str],
) -> tuple[Material | None, list[Omission]]:
    """A material on a cell tag, and what it lacks; None where romlib has no such law, which an omission says.

    Parameters
    ----------
    law : name and parameters; it may raise InexpressibleError. other_laws : keywords of laws that romlib has not.
    density_varies : whether *DENSITY depends on the temperature. expansion_of : *EXPANSION, or why it is not read.

    Raises
    ------
    FileFormatError : data that cannot be read.
    """
    try:
        unknown = next((card for keyword, card in deck.cards.items() if keyword in other_laws), None)
        if unknown is not None:
            raise InexpressibleError(unknown, "romlib has no such law")
        name, parameters = law()
    except InexpressibleError as error:
        return None, [*notes, deck.note(error.card, f"material_{deck.name}", (
            f"{error.why}; state the material in the study by the name {deck.name} and accept this omission"))]
    density = deck.cards.get("DENSITY")
    if density is not None and density_varies(density):
        notes.append(deck.note(density, f"density_{deck.name}", "it depends on the temperature; the first is taken"))
    expansion = None if "EXPANSION" not in deck.cards else expansion_of(deck.cards["EXPANSION"])
    if isinstance(expansion, str):
        notes.append(deck.note(deck.cards["EXPANSION"], f"expansion_{deck.name}", expansion))
        expansion = None
    return Material(law=name, cells=cells, parameters=parameters, thermal_expansion=expansion,
                    density=None if density is None else density.first_row().number(0)), notes


def elastic_card(deck: DeckMaterial) -> Card:
    """*ELASTIC; InexpressibleError where there is none."""
    if "ELASTIC" not in deck.cards:
        raise InexpressibleError(deck.card, "it has neither *ELASTIC nor *USER MATERIAL")
    return deck.cards["ELASTIC"]


def elasticity(card: Card, *, stiffness: bool) -> Law:
    """See `elastic_law`; InexpressibleError where romlib has no such law."""
    found = elastic_law(card, stiffness=stiffness)
    if found is None:
        raise InexpressibleError(card, f"elasticity of TYPE={card.parameters['TYPE']} is not read")
    return found


@dataclass(frozen=True, eq=False)
class Curves:
    """Hardening curves of a card: plastic strains (n,) and stresses (n,) at each temperature."""

    card: Card
    temperatures: list[float]
    curves: list[tuple[np.ndarray, np.ndarray]]

    @property
    def strains(self) -> np.ndarray:
        """Plastic strains of all curves together, increasing."""
        return np.unique(np.concatenate([strain for strain, _ in self.curves]))

    @property
    def ends(self) -> list[float]:
        """The last plastic strain of each curve."""
        return [float(strain[-1]) for strain, _ in self.curves]

    def value(self, values: Sequence[float]) -> float | dict[str, Any]:
        """A parameter of one value a temperature: a number, or a table."""
        return float(values[0]) if len(values) == 1 else table(self.temperatures, values, self.card)

    def hardening(self, p: np.ndarray) -> dict[str, Any]:
        """The yield stress, or the curve at plastic strains (n,), as parameters of the law mises."""
        stresses = np.array([np.interp(p, strain, stress) for strain, stress in self.curves]).T
        values = [self.value(one.tolist()) for one in stresses]
        return {"yield": values[0]} if len(p) == 1 else {"curve": {"p": p.tolist(), "stress": values}}


def hardening_curves(card: Card) -> Curves:
    """The curves of *PLASTIC, of rows stress, plastic strain, temperature.

    Raises
    ------
    FileFormatError : a curve that does not begin at the plastic strain 0, or whose strains do not increase.
    """
    rows = [(row.number(1, 0.0), row.number(0), row.number(2, 0.0)) for row in card.rows()]
    found = [(temperature, np.array([row[:2] for row in curve]).T)
             for temperature, curve in groupby(rows, lambda row: row[2])]
    if not found or any(strain[0] != 0.0 for _, (strain, _) in found):
        raise FileFormatError("a hardening curve must begin at the plastic strain 0", file=card.file, place=card.place)
    if any((np.diff(strain) <= 0).any() for _, (strain, _) in found):
        raise FileFormatError("the plastic strains of a hardening curve must increase", file=card.file,
                              place=card.place)
    return Curves(card, [temperature for temperature, _ in found], [(strain, stress) for _, (strain, stress) in found])


def user_constants(card: Card) -> list[float]:
    """The constants of *USER MATERIAL; InexpressibleError where they depend on the temperature.

    Raises
    ------
    FileFormatError : there are fewer than CONSTANTS says.
    """
    constants = card.whole("CONSTANTS")
    numbers = [row.number(k, 0.0) for row in card.rows() for k in range(len(row.fields))]
    if len(numbers) < constants:
        raise FileFormatError("the user material lacks constants", file=card.file, place=card.place, expected=constants,
                              found=len(numbers))
    if len(numbers) > constants + 1:
        raise InexpressibleError(card, "its constants depend on the temperature")
    return numbers[:constants]


def user_law(deck: DeckMaterial, library: dict[str, Any], constants: list[float], temperature: str) -> Law:
    """The law umat. library : its library and symbol. temperature : which solver's the temperatures are; see the law.

    Raises
    ------
    FileFormatError : a number of state variables that cannot be.
    """
    card = deck.cards.get("DEPVAR")
    value = 0.0 if card is None else card.first_row().number(0)
    if card is not None and (value != int(value) or not 0 <= value <= MOST_STATE):
        raise FileFormatError("the number of state variables cannot be", file=card.file, place=card.place,
                              expected=f"0 to {MOST_STATE}", found=f"{value:g}")
    return "umat", {**library, "props": constants, "depvar": int(value), "temperature": temperature,
                    "name": fold(deck.name)}
