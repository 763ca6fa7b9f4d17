"""Cards of loads and constraints of Abaqus, and what it keeps of them from step to step.

A load of a later step replaces that on the same place (OP=MOD, the default); two of one step add up. OP=NEW removes all
loads of the card's kind, which then go to zero over the step, and all constraints. What has no amplitude ramps over
*STATIC, and acts at once in *VISCO. An amplitude in step time ends with its step, and what it left stays.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from romlib_converters.keyword.active import NO_AMPLITUDE, RAMP, Active, State
from romlib_converters.keyword.cards import Card, Chunk, Row, fold
from romlib_converters.keyword.data import id_segments, ids_of
from romlib_converters.keyword.history import DeckAmplitude, Step
from romlib_converters.keyword.loads import BodyKey, LoadLines, is_id
from romlib_converters.keyword.mesh import InpMesh, face_numbers
from romlib_converters.keyword.places import Places

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission

LOAD_CARDS = ("BOUNDARY", "CLOAD", "DLOAD", "DSLOAD", "TEMPERATURE")
_KNOWN = {"AMPLITUDE", "OP", "CONSTANTRESULTANT", "REGIONTYPE"}  # of which none changes what a card means here
# Conditions by name, as first and last degrees of freedom.
_CONDITIONS = {"XSYMM": ((1, 1), (5, 6)), "YSYMM": ((2, 2), (4, 4), (6, 6)), "ZSYMM": ((3, 5),), "XASYMM": ((2, 4),),
               "YASYMM": ((1, 1), (3, 3), (5, 5)), "ZASYMM": ((1, 2), (6, 6)), "PINNED": ((1, 3),),
               "ENCASTRE": ((1, 6),)}
_AXES = {"BX": (1.0, 0.0, 0.0), "BY": (0.0, 1.0, 0.0), "BZ": (0.0, 0.0, 1.0)}
_AT_ONCE = DeckAmplitude("", np.array([0.0]), np.array([1.0]), False)
_SAME = 1e-10


class LoadReader(LoadLines):
    """Takes the cards in their order. A card before the first step holds from it on."""

    def __init__(self, inp: InpMesh, places: Places, omissions: list[Omission]) -> None:
        super().__init__(inp, places, omissions)
        self.surface_pressure: list[State] = []  # of *DSLOAD, which Abaqus keeps apart from *DLOAD
        self._surface = Active(adds=True)
        self._bodies: dict[BodyKey, tuple[float, int]] = {}
        self._fresh: set[BodyKey] = set()
        self._of_surface: dict[str, np.ndarray] = {}  # faces of the surfaces that are loaded
        self._step: Step | None = None
        self._seen: set[str] = set()

    def begin_step(self, step: Step) -> None:
        """From here on, cards belong to this step."""
        self._step = step
        for active in self._all():
            active.begin_step()
        self._fresh, self._seen = set(), set()
        if (step.option == "STEP" or not step.quasi_static) and _AT_ONCE not in self.amplitudes:
            self.amplitudes.append(_AT_ONCE)
        self._default = (RAMP if step.option == "RAMP" else NO_AMPLITUDE if not step.option
                         else self.amplitudes.index(_AT_ONCE))

    def _all(self) -> tuple[Active, ...]:
        return self._boundary, self._outside, self._forces, self._pressure, self._surface, self._temperature

    def end_step(self) -> None:
        """Keep what acts in this step; amplitudes in step time end."""
        assert self._step is not None  # a step has begun
        without = NO_AMPLITUDE if self._step.quasi_static else self.amplitudes.index(_AT_ONCE)
        loads = self.loads
        for active, states in ((self._boundary, loads.boundary), (self._outside, loads.outside),
                               (self._forces, loads.forces), (self._pressure, loads.pressure),
                               (self._surface, self.surface_pressure), (self._temperature, loads.temperature)):
            states.append(active.state(without))
        now = {NO_AMPLITUDE: without, RAMP: NO_AMPLITUDE}
        loads.bodies.append({key: (value, now.get(number, number)) for key, (value, number) in self._bodies.items()})
        ends = {k: float(table.over(self._step).values[-1]) for k, table in enumerate(self.amplitudes)
                if not table.total}
        ends[RAMP] = 1.0
        for active in self._all():
            active.hold(ends)
        self._bodies = {key: (value * ends[number], NO_AMPLITUDE) if number in ends else (value, number)
                        for key, (value, number) in self._bodies.items()}

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
        if card.is_set("OP", "NEW") and card.keyword not in self._seen:
            self._take_away(card.keyword)
        self._seen.add(card.keyword)
        self.loads.cards["DLOAD" if card.keyword == "DSLOAD" else card.keyword] = card
        self._card = len(self.loads.taken)
        self.loads.taken.append(card)
        amplitude = self._amplitude(card)
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

    def _take_away(self, keyword: str) -> None:
        if keyword == "BOUNDARY":
            self._boundary.remove()
            self._outside.remove()
        elif keyword == "CLOAD":
            self._forces.clear_values()
        elif keyword == "DLOAD":
            self._pressure.clear_values()
            self._bodies = {key: (0.0, NO_AMPLITUDE) for key in self._bodies}
        elif keyword == "DSLOAD":
            self._surface.clear_values()
        else:
            self._temperature.clear_values(self.temperature0)

    def _take_surface(self, card: Card, amplitude: int) -> None:
        for row in card.rows():
            surface = self._inp.surfaces.get(fold(row.fields[0]))
            if surface is None:
                raise FileFormatError("the deck has no surface of this name", file=row.file, place=row.place,
                                      found=row.fields[0], expected=", ".join(
                                          one.name for one in self._inp.surfaces.values()) or "*SURFACE")
            label = fold(row.fields[1]) if len(row.fields) > 1 else ""
            if label != "P":
                self._omit(f"dsload_{label.lower() or 'unknown'}",
                           f"*{card.title}: the load {label or 'without a label'} is not read",
                           f"{row.place} of {row.file.name}")
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
                faces = np.column_stack([ids_of(table[:, 0], card), ids_of(table[:, 1], card)])
                keys = self._places.face_keys(faces)
                values = table[self._places.cells(faces[:, 0]) >= 0, 2]
                self._pressure.set(keys, values, amplitude, self._card)
                continue
            target = "" if row.fields[0] == _EVERYTHING else row.fields[0]
            label = fold(row.fields[1]) if len(row.fields) > 1 else ""
            if is_id(label):
                ids = self._inp.elements_of(target, card)
                keys = self._places.face_keys(np.column_stack([ids, np.full(len(ids), int(label))]))
                self._pressure.set(keys, row.number(2), amplitude, self._card)
            elif label in ("GRAV", "CENTRIF", *_AXES):
                self._take_body(row, label, target, card, amplitude)
            else:
                self._omit(f"dload_{label.lower() or 'unknown'}",
                           f"*{card.title}: the load {label or 'without a label'} is not read",
                           f"{row.place} of {row.file.name}")

    def _take_body(self, row: Row, label: str, target: str, card: Card, amplitude: int) -> None:
        vectors = np.array(_AXES[label] if label in _AXES else
                           [row.number(k, 0.0) for k in range(3, 6 if label == "GRAV" else 9)])
        length = float(np.linalg.norm(vectors[-3:]))
        if length == 0.0:
            raise FileFormatError("the direction of a body load is zero", file=row.file, place=row.place)
        vectors[-3:] /= length
        if is_id(target):
            ids_of(np.array([float(target)]), card)
        else:
            self._inp.elements_of(target, card)
        new = BodyKey(label, fold(target), tuple(float(one) for one in vectors))
        same = [key for key in self._bodies if (key.kind, key.target) == (new.kind, new.target)]
        key = next((one for one in same if np.allclose(one.vectors, new.vectors, rtol=0.0, atol=_SAME)), new)
        if key not in same and any(one not in self._fresh and self._bodies[one][0] != 0.0 for one in same):
            raise UnsupportedError("a body load changes its direction from step to step", file=row.file,
                                   place=row.place, expected="the direction of the step before",
                                   found=", ".join(row.fields), remedy="give it with OP=NEW, or on another set")
        value = row.number(2) + (self._bodies[key][0] if key in self._fresh else 0.0)
        self._bodies[key] = value, amplitude
        self.loads.body_cards.setdefault(key, self._card)
        self._fresh.add(key)


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
