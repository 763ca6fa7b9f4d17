"""How far one history is from another: relative errors per field and over time.

The L2 norm is an integral over the volume: exact mass matrix for nodal fields, positive quadrature weights (volume of
the cell over its number of points) for fields at integration points; tensors by their double contraction. Memory is
bounded by a piece times a block of steps, and the ids of the nodes and cells of the candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from romlib.blocks import blocks
from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.fem.replay import dual_fields
from romlib.laws.symbols import evaluated_model
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.report.matching import Matching, Share, TimeMatch, match_times
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

BLOCK_BYTES = 64 * 2**20
# Kept piece by piece: the part that each piece adds to the force at its nodes, so that two cuts are not comparable.
_PARTIAL = ("internal_force",)


@dataclass
class FieldComparison:
    """Errors of one field; a - b with b the reference, at the times that both files have.

    difference, reference : (n_step,), L2 norms of a - b and of b. replayed : the reference was recomputed by the law.
    frobenius : sqrt(sum (a - b)^2 / sum b^2), over all steps, entities and components (Kelvin-Mandel for tensors).
    largest : largest component of a - b, in `unit`. skipped : points left out, as only one of the files has a value.
    """

    name: str
    place: str
    difference: np.ndarray
    reference: np.ndarray
    frobenius: float
    largest: float
    unit: str = ""
    replayed: bool = False
    skipped: int = 0

    @property
    def scale(self) -> float:
        """max_t ||b||_L2."""
        return float(self.reference.max())

    @property
    def over_time(self) -> np.ndarray:
        """||a - b||_L2 (t) / max_t ||b||_L2, (n_step,); NaN where the reference is zero at all times."""
        return self.difference / self.scale if self.scale > 0 else np.full(len(self.difference), np.nan)

    @property
    def relative(self) -> float:
        """max_t ||a - b||_L2 / max_t ||b||_L2; NaN where the reference is zero at all times."""
        return float(self.over_time.max())


@dataclass
class Comparison:
    """Two snapshots files compared. left_out : fields that were not compared, and why."""

    candidate: str
    reference: str
    times: np.ndarray
    match: TimeMatch
    fields: dict[str, FieldComparison]
    left_out: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; an error relative to nothing is null."""
        return {
            "candidate": self.candidate, "reference": self.reference, "times": self.times.tolist(),
            "unmatched_times": {"candidate": self.match.unmatched_candidate.tolist(),
                                "reference": self.match.unmatched_reference.tolist()},
            "fields": {name: {
                "relative_l2": _number(f.relative), "frobenius": _number(f.frobenius), "largest_difference": f.largest,
                "unit": f.unit,
                "time_of_largest_error": float(self.times[int(np.argmax(f.difference))]),
                "reference_replayed": f.replayed, "points_skipped": f.skipped, "place": f.place,
                "over_time": {"relative_l2": [_number(e) for e in f.over_time], "difference_l2": f.difference.tolist(),
                              "reference_l2": f.reference.tolist()},
            } for name, f in self.fields.items()},
            "not_compared": self.left_out,
        }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def compare(
    candidate: Snapshots, reference: Snapshots | PreparedSnapshots, *, fields: list[str] | None = None
) -> Comparison:
    """Compare two snapshots files on the same mesh, which may be cut differently.

    Parameters
    ----------
    reference : as it is, or prepared by a study, whose laws recompute what it does not store.
    fields : names to compare; all that both have, or that the reference's laws can recompute, by default.

    Raises
    ------
    InputError : different meshes, no common time, a field that cannot be compared.
    """
    prepared = PreparedSnapshots.of(reference)
    reference, model = prepared.snapshots, evaluated_model(prepared.model)
    match = match_times(candidate.times, reference.times)
    if not len(match.reference):
        raise InputError(
            "the two files have no time in common", file=f"{candidate.path} against {reference.path}",
            expected=f"times of the reference: {_span(reference.times)}", found=_span(candidate.times))
    plan = _Plan.make(candidate, reference, fields, model)
    matching = Matching(candidate)
    sums = {name: _Sums(len(match.reference)) for name in [*plan.stored, *plan.replayed]}
    multiplicity = _multiplicity(reference)
    for piece in range(reference.n_piece):
        mesh = prepared.mesh(piece)
        shares = matching.shares(mesh, reference.path)
        _compare_piece(_Piece(mesh, model, piece, multiplicity), shares, matching, reference, plan, match, sums)
    places = {name: candidate.fields[name].place for name in sums}
    order = [name for name in candidate.fields if name in sums]
    return Comparison(
        str(candidate.path), str(reference.path), np.asarray(reference.times)[match.reference], match,
        {name: sums[name].result(name, places[name], model.units.of(name), name in plan.replayed) for name in order},
        plan.left_out)


@dataclass(frozen=True)
class _Plan:
    """Fields to compare: those that the reference stores, and those to recompute."""

    stored: list[str]
    replayed: list[str]
    left_out: dict[str, str]

    @classmethod
    def make(cls, candidate: Snapshots, reference: Snapshots, wanted: list[str] | None, model: Model) -> _Plan:
        stored, replayed, left_out = [], [], {}
        for name in wanted if wanted is not None else list(dict.fromkeys([*candidate.fields, *reference.fields])):
            if name in _PARTIAL:
                left_out[name] = "stored as the part of each piece"
            elif name not in candidate.fields:
                left_out[name] = f"not in {candidate.path}"
            elif name in reference.fields:
                ours, theirs = candidate.fields[name], reference.fields[name]
                if (ours.place, ours.n_comp) != (theirs.place, theirs.n_comp):
                    left_out[name] = (f"{ours.n_comp} components per {ours.place} in one file, "
                                      f"{theirs.n_comp} per {theirs.place} in the other")
                else:
                    stored.append(name)
            elif candidate.fields[name].place != "ip" or "displacement" not in reference.fields:
                left_out[name] = f"not in {reference.path}"
            elif not model.materials:
                left_out[name] = f"not in {reference.path}, which has no materials to recompute it by (give the study)"
            else:
                replayed.append(name)
        replayed = cls._known_to_the_laws(replayed, model, left_out)
        if wanted is not None and left_out:
            name, reason = next(iter(left_out.items()))
            raise InputError(f"the field {name!r} cannot be compared: {reason}", place="fields", found=name)
        return cls(stored, replayed, left_out)

    @staticmethod
    def _known_to_the_laws(names: list[str], model: Model, left_out: dict[str, str]) -> list[str]:
        if not names:
            return names
        from romlib.laws.registry import build_law

        known = {"stress"} | {v for material in model.materials.values() for v in build_law(material).state_variables}
        left_out.update({name: "no law of the reference's model computes it" for name in names if name not in known})
        return [name for name in names if name in known]


class _Piece(Piece):
    """A piece of the reference, with its inner products. number : of the piece."""

    def __init__(self, mesh: Mesh, model: Model, number: int, multiplicity: np.ndarray) -> None:
        super().__init__(mesh, model)
        self.number = number
        shared = mesh.shared_index
        self.node_share = np.ones(mesh.n_node)
        if shared is not None and len(multiplicity):
            self.node_share = np.where(shared >= 0, 1.0 / multiplicity[np.maximum(shared, 0)], 1.0)

    def count(self, place: str) -> int:
        """Number of nodes or integration points."""
        return self.mesh.n_node if place == "node" else self.operator.n_ip

    def squares(self, place: str, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Squared L2 norm, and sum of squares with every node counted once over all pieces, (n_step,) each."""
        weights = self.node_share if place == "node" else np.ones(self.operator.n_ip)
        plain = np.einsum("tnc,tnc,n->t", values, values, weights)
        if place == "ip":
            return np.einsum("tnc,tnc,n->t", values, values, self.operator.positive_weights), plain
        return np.einsum("tnc,tnc->t", values, self.apply_mass(values)), plain


class _Sums:
    """Squared norms of one field, added up over pieces and blocks of steps."""

    def __init__(self, n_step: int) -> None:
        self.difference, self.reference = np.zeros(n_step), np.zeros(n_step)
        self.plain_difference, self.plain_reference = 0.0, 0.0
        self.largest = 0.0
        self._skipped: dict[int, int] = {}

    def add(self, where: np.ndarray, place: str, piece: _Piece, a: np.ndarray, b: np.ndarray) -> None:
        absent = ~(np.isfinite(a).all(axis=(0, 2)) & np.isfinite(b).all(axis=(0, 2)))
        if absent.any():  # a material without this field
            one_only = np.isfinite(a).all(axis=(0, 2)) ^ np.isfinite(b).all(axis=(0, 2))
            self._skipped[piece.number] = max(self._skipped.get(piece.number, 0), int(one_only.sum()))
            a, b = np.where(absent[:, None], 0.0, a), np.where(absent[:, None], 0.0, b)
        difference = a - b
        l2, plain = piece.squares(place, difference)
        self.difference[where] += l2
        self.plain_difference += float(plain.sum())
        l2, plain = piece.squares(place, b)
        self.reference[where] += l2
        self.plain_reference += float(plain.sum())
        self.largest = max(self.largest, float(np.abs(difference).max(initial=0.0)))

    def result(self, name: str, place: str, unit: str, replayed: bool) -> FieldComparison:
        frobenius = np.sqrt(self.plain_difference / self.plain_reference) if self.plain_reference > 0 else np.nan
        return FieldComparison(
            name, place, np.sqrt(np.maximum(self.difference, 0.0)), np.sqrt(np.maximum(self.reference, 0.0)),
            float(frobenius), self.largest, unit, replayed, sum(self._skipped.values()))


def _compare_piece(
    piece: _Piece, shares: list[Share], matching: Matching, reference: Snapshots, plan: _Plan,
    match: TimeMatch, sums: dict[str, _Sums],
) -> None:
    candidate = matching.candidate
    places = {name: candidate.fields[name].place for name in sums}
    width = sum(piece.count(place) * candidate.fields[name].n_comp for name, place in places.items())
    ratio = max(1, -(-candidate.n_step // max(reference.n_step, 1)))
    step_bytes = 8 * width * ratio
    for steps, block in _reference_blocks(piece, reference, plan, step_bytes):
        inside = np.flatnonzero((match.reference >= steps[0]) & (match.reference <= steps[-1]))
        if not len(inside):
            continue
        for name, total in sums.items():
            theirs = block(name)[match.reference[inside] - steps[0]]
            ours = matching.read(name, places[name], shares, match.candidate[inside], piece.count(places[name]))
            total.add(inside, places[name], piece, ours, theirs)


def _reference_blocks(
    piece: _Piece, reference: Snapshots, plan: _Plan, step_bytes: int
) -> Iterator[tuple[np.ndarray, Callable[[str], np.ndarray]]]:
    """Blocks of steps of the reference: the steps, and a function that gives a field, read when it is asked for."""
    if plan.replayed:
        known = dual_fields(piece.points)
        history = piece.replay(piece.model.amplitudes, [name for name in plan.replayed if name in known])
    for span in blocks(reference.n_step, step_bytes, BLOCK_BYTES):
        replayed = {}
        if plan.replayed:
            displacement = reference.read("displacement", piece.number, span)
            replayed = history.block(reference.times[span], piece.operator.strain(displacement))

        def block(name: str, span: slice = span, replayed: dict[str, np.ndarray] = replayed) -> np.ndarray:
            if name in plan.replayed:
                return replayed.get(name, _absent(piece, span))
            return reference.read(name, piece.number, span)

        yield np.arange(span.start, span.stop), block


def _absent(piece: _Piece, steps: slice) -> np.ndarray:
    """A field that no material of this piece has."""
    return np.full((steps.stop - steps.start, piece.operator.n_ip, 1), np.nan)


def _multiplicity(snapshots: Snapshots) -> np.ndarray:
    """(n_shared,), how many pieces have each shared node."""
    count = np.zeros(snapshots.n_shared)
    for piece in range(snapshots.n_piece if snapshots.n_shared else 0):
        shared = snapshots.mesh(piece).shared_index
        if shared is not None:
            count += np.bincount(shared[shared >= 0], minlength=snapshots.n_shared)
    return np.maximum(count, 1.0)


def _span(times: np.ndarray) -> str:
    return f"{len(times)} times from {times[0]:.6g} to {times[-1]:.6g}" if len(times) else "no times"
