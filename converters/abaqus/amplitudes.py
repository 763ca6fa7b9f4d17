"""*AMPLITUDE of Abaqus as tables: TABULAR, EQUALLY SPACED, SMOOTH STEP; others are refused by name."""

from __future__ import annotations

import numpy as np
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.history import DeckAmplitude

from romlib.errors import FileFormatError, UnsupportedError

_KINDS = ("TABULAR", "EQUALLYSPACED", "SMOOTHSTEP")
_PIECES = 400  # of a smooth step: linear between, which is off by 1e-6 of the step at most


def read_amplitude(card: Card) -> DeckAmplitude:
    """The table of a card.

    Raises
    ------
    UnsupportedError : another definition, or absolute values. FileFormatError : data that are no table.
    """
    kind = fold(card.parameters.get("DEFINITION", "TABULAR"))
    if kind not in _KINDS:
        raise UnsupportedError("this kind of amplitude is not read", file=card.file, place=card.place,
                               expected="TABULAR, EQUALLY SPACED or SMOOTH STEP",
                               found=f"DEFINITION={card.parameters['DEFINITION']}",
                               remedy="give the amplitude as a table of time and value")
    if card.is_set("VALUE", "ABSOLUTE") or "USER" in card.parameters or "INPUT" in card.parameters:
        raise UnsupportedError("this kind of amplitude is not read", file=card.file, place=card.place,
                               expected="relative values in the card", found=", ".join(card.parameters))
    time, value = _spaced(card) if kind == "EQUALLYSPACED" else _pairs(card)
    if not len(time):
        raise FileFormatError("an amplitude without values", file=card.file, place=card.place, found="no data line")
    if (np.diff(time) < 0).any() or (kind == "SMOOTHSTEP" and (np.diff(time) <= 0).any()):
        raise FileFormatError("the times of an amplitude must not decrease", file=card.file, place=card.place,
                              found=f"{time[1:][np.diff(time) <= 0][0]:.6g} after a later time")
    if kind == "SMOOTHSTEP":
        time, value = _smooth(time, value)
    return DeckAmplitude(card.parameter("NAME"), time, value, card.is_set("TIME", "TOTALTIME"))


def _pairs(card: Card) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of time and value, up to four a line."""
    pairs = []
    for row in card.rows():
        fields = row.fields
        for k in range(0, len(fields), 2):
            if fields[k] or (k + 1 < len(fields) and fields[k + 1]):
                pairs.append((row.number(k, 0.0), row.number(k + 1, 0.0)))
    numbers = np.array(pairs).reshape(-1, 2)
    return numbers[:, 0], numbers[:, 1]


def _spaced(card: Card) -> tuple[np.ndarray, np.ndarray]:
    """Values at a fixed interval from BEGIN (zero by default)."""
    interval = card.number("FIXEDINTERVAL", 0.0)
    if interval <= 0.0:
        raise FileFormatError("equally spaced values need an interval", file=card.file, place=card.place,
                              expected="FIXED INTERVAL=number > 0", found=card.parameters.get("FIXEDINTERVAL"))
    values = np.array([row.number(k, 0.0) for row in card.rows() for k in range(len(row.fields))])
    return card.number("BEGIN", 0.0) + interval * np.arange(len(values)), values


def _smooth(time: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From value to value by a polynomial of degree five with no slope and no curvature at its ends."""
    part = np.arange(1, _PIECES + 1) / _PIECES
    shape = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)
    times = time[:-1, None] + np.diff(time)[:, None] * part
    values = value[:-1, None] + np.diff(value)[:, None] * shape
    return np.append(time[0], times.ravel()), np.append(value[0], values.ravel())
