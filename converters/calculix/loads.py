"""Cards of loads and constraints, step by step, on the degrees of freedom, faces and nodes that they act on."""

from __future__ import annotations

import numpy as np
from romlib_converters.keyword.cards import Card, Row, fold, where
from romlib_converters.keyword.data import id_segments, ids_of
from romlib_converters.keyword.loads import BodyKey, LoadLines, is_id
from romlib_converters.keyword.mesh import InpMesh, face_numbers
from romlib_converters.keyword.places import Places

from romlib.errors import FileFormatError, UnsupportedError
from romlib.model import Omission

_REFUSED = {"TIMEDELAY", "LOADCASE", "SECTOR", "USER", "SUBMODEL", "STEP", "DATASET", "FIXED", "MASSFLOW", "OMEGA0",
            "FILE", "BSTEP", "LINTEMP", "MASTER"}  # they change what a card means; any other is ignored by the solver
_SAME = 1e-10  # of the cosine of two directions, as the solver compares them


class LoadReader(LoadLines):
    """Takes the cards in their order, and keeps what CalculiX keeps; amplitudes that this needs are added."""

    amplitudes_stay = True

    def __init__(self, inp: InpMesh, places: Places, omissions: list[Omission]) -> None:
        super().__init__(inp, places, omissions)
        self._body_list: list[BodyKey] = []  # as the solver has it: by the name of the set, the newest of a set first
        self._held: tuple[int, Card] | None = None  # the node whose temperature stays, and the card that it is from
        self._beyond = 0  # such a node that there is not

    def end_step(self) -> None:
        """Keep what acts in this step."""
        self._note_held()
        super().end_step()

    def _hold_temperature(self, ends: dict[int, float]) -> None:
        """Temperatures keep their amplitudes, which then begin anew, but for one node: CalculiX (version 2.20) does
        there once, with what its loop over the body loads has left as the number of a node, what is meant for all.
        """
        node = 3 * len(self._body_list) + 2
        cards = self._temperature.hold(ends, self._places.nodes(np.array([node])))
        self._held = (node, self.loads.taken[cards[0]]) if len(cards) else None
        if node > self._inp.node_ids.max() and "TEMPERATURE" in self.loads.cards and self.amplitudes:
            self._beyond = self._beyond or node

    def _note_held(self) -> None:
        """Say that a node's temperature stayed in this step while that of others began anew, if it did."""
        assert self._step is not None
        if self._beyond and not any(one.name == "temperature_beyond" for one in self._omissions):
            card = self.loads.cards["TEMPERATURE"]
            self._omissions.append(Omission(name="temperature_beyond", does_work=False, description=(
                f"{self._step.place} follows on {(self._beyond - 2) // 3} body loads, more than a third of the highest "
                f"number of a node: with temperatures ({where(card)}) and amplitudes CalculiX then reads, and may "
                f"write, beyond its table of temperatures, at node {self._beyond}, and its results may differ from run "
                "to run. Give one body load on a set instead of one for each element")))
        if self._held is None or "AMPLITUDE" not in self._held[1].parameters:
            return
        node, card = self._held
        at, = self._places.nodes(np.array([node])).tolist()
        if not self._temperature.of_this_step(at):
            self._omissions.append(Omission(name="temperature_held", does_work=False, description=(
                f"{self._step.place} goes on with the amplitude of {where(card)}, which begins anew, but not at node "
                f"{node}: CalculiX keeps there what the step before left, and romlib's temperature does the same. Give "
                f"*{card.title} in each step, if that is not meant")))

    def take(self, card: Card) -> None:
        """One card of `LOAD_CARDS`.

        Raises
        ------
        UnsupportedError : a parameter that changes what the card means. FileFormatError : data that cannot be read.
        """
        kind = "DLOAD" if card.keyword == "DSLOAD" else card.keyword
        refused = sorted(set(card.parameters) & _REFUSED)
        if refused:
            raise UnsupportedError(f"this parameter of *{card.title} is not read", file=card.file, place=card.place,
                                   expected="AMPLITUDE, OP", found=refused[0])
        ignored = sorted(set(card.parameters) - {"OP", "AMPLITUDE"})
        if ignored:
            self._omissions.append(Omission(name="parameters", does_work=False, description=(
                f"{card.place} of {card.file.name}: CalculiX does not know {', '.join(ignored)} and ignores it")))
        amplitude = self._begin_card(card, kind)
        {"BOUNDARY": self._take_boundary, "CLOAD": self._take_force, "DLOAD": self._take_distributed,
         "TEMPERATURE": self._take_temperature}[kind](card, amplitude)

    def _take_distributed(self, card: Card, amplitude: int) -> None:
        for row, table in id_segments(face_numbers(card, "P"), 3):
            if row is None:
                self._take_faces(card, table, amplitude)
                continue
            label = fold(row.fields[1]) if len(row.fields) > 1 else ""
            if is_id(label) or label == "P":
                self._pressure.set(self._faces(row, label, card), row.number(2), amplitude, self._card)
            elif label == "CENTRIF" or label.startswith("GRAV"):
                label = label[:4] if label.startswith("GRAV") else label
                self._take_body(row, label, card, amplitude)
            else:
                self._omit_label(card, "DLOAD", row, label)

    def _faces(self, row: Row, label: str, card: Card) -> np.ndarray:
        """Keys of the faces of a surface, or of the face with this number of the elements of a set."""
        surface = self._inp.surfaces.get(fold(row.fields[0]))
        if fold(row.fields[0]) not in self._inp.element_sets and surface is not None:
            return self._places.face_keys(surface.faces)
        if label == "P":
            if surface is not None:
                raise FileFormatError("an element set has the name of the surface, and CalculiX takes the set",
                                      file=row.file, place=row.place, expected="a name of its own",
                                      found=row.fields[0])
            raise self._unknown_surface(row)
        ids = self._inp.elements_of(row.fields[0], card)
        number, = ids_of(np.array([float(label)]), card)
        return self._places.face_keys(np.column_stack([ids, np.full(len(ids), number)]))

    def _take_body(self, row: Row, label: str, card: Card, amplitude: int) -> None:
        vectors = self._body_vectors(row, label, row.fields[0], card)
        key = self._body_key(label, fold(row.fields[0]), vectors)
        self._add_body(key, row.number(2), amplitude)

    def _body_key(self, kind: str, target: str, vectors: np.ndarray) -> BodyKey:
        """The load that is there already with this direction, and this axis, or a new one."""
        for key in self._bodies:
            old = np.array(key.vectors)
            if (key.kind, key.target) != (kind, target) or old[-3:] @ vectors[-3:] < 1.0 - _SAME:
                continue
            if kind == "GRAV" or np.linalg.norm(np.cross(old[:3] - vectors[:3], old[-3:])) <= _SAME:
                return key
        new = BodyKey(kind, target, tuple(float(one) for one in vectors))
        at = sum(_rank(key) < _rank(new) for key in self._body_list)
        self.loads.displaced[new] = self._body_list[at] if at < len(self._body_list) else None
        self._body_list.insert(at, new)
        return new


def _rank(key: BodyKey) -> str:
    """By which the solver sorts body loads: the name of a set with an E behind it, or the number of an element."""
    return key.target if is_id(key.target) else f"{key.target}E"
