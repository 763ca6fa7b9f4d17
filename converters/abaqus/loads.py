"""Cards of loads and constraints of Abaqus, and what it keeps of them from step to step.

A load of a later step replaces that on the same place (OP=MOD, the default); two of one step add up. OP=NEW removes all
loads of the card's kind, which then go to zero over the step, and all constraints. What has no amplitude ramps over
*STATIC, and acts at once in *VISCO. An amplitude in step time ends with its step, and what it left stays.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from romlib_converters.keyword.active import Active, State
from romlib_converters.keyword.cards import Card, Chunk, Row, fold
from romlib_converters.keyword.data import id_segments
from romlib_converters.keyword.loads import BodyKey, LoadLines, is_id
from romlib_converters.keyword.mesh import InpMesh, face_numbers
from romlib_converters.keyword.places import Places

from romlib.errors import UnsupportedError
from romlib.model import Omission

_KNOWN = {"AMPLITUDE", "OP", "CONSTANTRESULTANT", "REGIONTYPE"}  # of which none changes what a card means here
# Conditions by name, as first and last degrees of freedom.
_CONDITIONS = {"XSYMM": ((1, 1), (5, 6)), "YSYMM": ((2, 2), (4, 4), (6, 6)), "ZSYMM": ((3, 5),), "XASYMM": ((2, 4),),
               "YASYMM": ((1, 1), (3, 3), (5, 5)), "ZASYMM": ((1, 2), (6, 6)), "PINNED": ((1, 3),),
               "ENCASTRE": ((1, 6),)}
_AXES = {"BX": (1.0, 0.0, 0.0), "BY": (0.0, 1.0, 0.0), "BZ": (0.0, 0.0, 1.0)}
_AXES_AROUND = {"BR": (1.0, 0.0, 0.0), "BZ": (0.0, 1.0, 0.0)}  # of axisymmetric bodies: along the radius and the axis
_SAME = 1e-10


class LoadReader(LoadLines):
    """Takes the cards in their order. A card before the first step holds from it on."""

    def __init__(self, inp: InpMesh, places: Places, omissions: list[Omission]) -> None:
        super().__init__(inp, places, omissions)
        self.surface_pressure: list[State] = []  # of *DSLOAD, which Abaqus keeps apart from *DLOAD
        self._surface = Active(adds=True)
        self._of_surface: dict[str, np.ndarray] = {}  # faces of the surfaces that are loaded
        self._axes = _AXES_AROUND if places.mesh.motion.axisymmetric else _AXES

    def _kept(self) -> list[tuple[Active, list[State]]]:
        return [(self._surface, self.surface_pressure), *super()._kept()]

    def take(self, card: Card) -> None:
        """One card of `LOAD_CARDS`.

        Raises
        ------
        UnsupportedError : a parameter that changes what the card means. FileFormatError : data that cannot be read.
        """
        strange = sorted(set(card.parameters) - _KNOWN)
        if strange:
            raise UnsupportedError(f"this parameter of *{card.title} is not read", file=card.file, place=card.place,
                                   expected="AMPLITUDE, OP", found=strange[0])
        amplitude = self._begin_card(card, card.keyword)
        if card.keyword == "BOUNDARY":
            self._take_boundary(_with_components(card), amplitude)
        elif card.keyword == "CLOAD":
            self._take_force(card, amplitude)
        elif card.keyword == "TEMPERATURE":
            self._take_temperature(card, amplitude)
        elif card.keyword == "DSLOAD":
            self._take_surface(card, amplitude)
        else:
            self._take_distributed(card, amplitude)

    def _take_away(self, kind: str) -> None:
        super()._take_away(kind)
        if kind == "DSLOAD":
            self._surface.clear_values()

    def _take_surface(self, card: Card, amplitude: int) -> None:
        for row in card.rows():
            surface = self._inp.surfaces.get(fold(row.fields[0]))
            if surface is None:
                raise self._unknown_surface(row)
            label = fold(row.fields[1]) if len(row.fields) > 1 else ""
            if label != "P":
                self._omit_label(card, card.keyword, row, label)
                continue
            keys = self._places.face_keys(surface.faces)
            self._refuse_overlap(fold(row.fields[0]), keys, row)
            self._surface.set(keys, row.number(2), amplitude, self._card)

    def _refuse_overlap(self, name: str, keys: np.ndarray, row: Row) -> None:
        """Abaqus keeps loads by surface: a face of two surfaces of different steps has both of their loads."""
        for other, faces in self._of_surface.items():
            if other != name and np.isin(keys, faces).any() and not self._surface_is_new(faces):
                raise UnsupportedError("two surfaces that are loaded in different steps share faces", file=row.file,
                                       place=row.place, expected="one surface a face",
                                       found=f"{row.fields[0]} and {self._inp.surfaces[other].name}",
                                       remedy="load surfaces that do not overlap")
        self._of_surface[name] = keys

    def _surface_is_new(self, faces: np.ndarray) -> bool:
        return all(self._surface.of_this_step(int(one)) for one in faces[:1])

    def _take_distributed(self, card: Card, amplitude: int) -> None:
        for row, table in id_segments(_named_everything(face_numbers(card, "P")), 3):
            if row is None:
                self._take_faces(card, table, amplitude)
                continue
            target = "" if row.fields[0] == _EVERYTHING else row.fields[0]
            label = fold(row.fields[1]) if len(row.fields) > 1 else ""
            if is_id(label):
                ids = self._inp.elements_of(target, card)
                keys = self._places.face_keys(np.column_stack([ids, np.full(len(ids), int(label))]))
                self._pressure.set(keys, row.number(2), amplitude, self._card)
            elif label in ("GRAV", "CENTRIF", *self._axes):
                self._take_body(row, label, target, card, amplitude)
            else:
                self._omit_label(card, card.keyword, row, label)

    def _take_body(self, row: Row, label: str, target: str, card: Card, amplitude: int) -> None:
        vectors = self._body_vectors(row, label, target, card, self._axes.get(label))
        new = BodyKey(label, fold(target), tuple(float(one) for one in vectors))
        same = [key for key in self._bodies if (key.kind, key.target) == (new.kind, new.target)]
        key = next((one for one in same if np.allclose(one.vectors, new.vectors, rtol=0.0, atol=_SAME)), new)
        if key not in same and any(one not in self._fresh and self._bodies[one][0] != 0.0 for one in same):
            raise UnsupportedError("a body load changes its direction from step to step", file=row.file,
                                   place=row.place, expected="the direction of the step before",
                                   found=", ".join(row.fields), remedy="give it with OP=NEW, or on another set")
        self._add_body(key, row.number(2), amplitude)


_EVERYTHING = "(EVERYTHING)"  # what stands for the empty first field of a body load


def _named_everything(card: Card) -> Card:
    """The card with a word in place of an empty first field, which means the whole model."""
    chunks = []
    for chunk in card.chunks:
        lines = [_EVERYTHING.encode() + line.strip() if line.strip().startswith(b",") else line
                 for line in chunk.text.split(b"\n")] if b"\n," in b"\n" + chunk.text.replace(b" ", b"") else None
        chunks.append(chunk if lines is None else Chunk(chunk.file, chunk.line, b"\n".join(lines)))
    return replace(card, chunks=chunks)


def _with_components(card: Card) -> Card:
    """*BOUNDARY with the components of named conditions (ENCASTRE, XSYMM, ...) in place of their names."""
    text = b"".join(chunk.text for chunk in card.chunks).upper()
    if not any(name.encode() in text for name in _CONDITIONS):
        return card
    rows = []
    for row in card.rows():
        components = _CONDITIONS.get(fold(row.fields[1])) if len(row.fields) > 1 else None
        if components is None:
            rows.append(row)
            continue
        rows += [replace(row, fields=(row.fields[0], str(first), str(last), "0")) for first, last in components]
    return card.with_rows(rows)
