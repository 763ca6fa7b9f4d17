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
from romlib.fem.replay import dual_fields
from romlib.laws.symbols import evaluated_model
from romlib.model import Model
from romlib.report.matching import Matching, Overlap, TimeMatch, match_times
from romlib.report.norms import BLOCK_BYTES, NormedPiece, multiplicity_of
from romlib.snapshots.error_bounds import ErrorBounds, so_far
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.words import plural

# Kept piece by piece: the part that each piece adds to the force at its nodes, so that two cuts are not comparable.
_PARTIAL = ("internal_force",)


@dataclass
class FieldComparison:
    """Errors of one field; a - b with b the reference, at the times that both files have.

    difference, reference : (n_step,), L2 norms of a - b and of b. replayed : the reference was recomputed by the law.
    frobenius : sqrt(sum (a - b)^2 / sum b^2), over all steps, entities and components (Kelvin-Mandel for tensors).
    largest : largest component of a - b, in `unit`. skipped : points left out, as only one of the files has a value.
    bound : (n_step,), what the candidate says of its error, NaN where it withholds it; None where it says nothing.
    size : the largest norm of the training runs, where the candidate has a bound: 5 % of it are the least that the
    bounded error is relative to.
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
    bound: np.ndarray | None = None
    size: float = 0.0

    @property
    def error_so_far(self) -> np.ndarray:
        """What `bound` bounds, (n_step,): see `romlib.snapshots.error_bounds.ErrorBounds`."""
        return so_far(self.difference, self.reference, self.size)

    @property
    def above_bound(self) -> np.ndarray:
        """Whether the error is above its bound, (n_step,); never where that is withheld."""
        return np.zeros(len(self.difference), bool) if self.bound is None else self.error_so_far > self.bound

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
    """Two snapshots files compared. left_out : fields that were not compared, and why. bound_notes : on the bounds."""

    candidate: str
    reference: str
    times: np.ndarray
    match: TimeMatch
    fields: dict[str, FieldComparison]
    left_out: dict[str, str] = field(default_factory=dict)
    bound_notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        errors = ", ".join(f"{name} {one.relative:.3g}" for name, one in self.fields.items())
        return (f"Comparison({self.candidate!r} against {self.reference!r} at {plural(len(self.times), 'time')}; "
                f"relative L2 errors: {errors})")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; an error relative to nothing is null."""
        return {
            "candidate": self.candidate, "reference": self.reference, "times": self.times.tolist(),
            "unmatched_times": {"candidate": self.match.unmatched_candidate.tolist(),
                                "reference": self.match.unmatched_reference.tolist()},
            "fields": {name: {
                **({} if f.bound is None else {"error_bound": self._bound(f)}),
                "relative_l2": _number(f.relative), "frobenius": _number(f.frobenius), "largest_difference": f.largest,
                "unit": f.unit,
                "time_of_largest_error": float(self.times[int(np.argmax(f.difference))]),
                "reference_replayed": f.replayed, "points_skipped": f.skipped, "place": f.place,
                "over_time": {"relative_l2": [_number(e) for e in f.over_time], "difference_l2": f.difference.tolist(),
                              "reference_l2": f.reference.tolist()},
            } for name, f in self.fields.items()},
            "not_compared": self.left_out, "bound_notes": list(self.bound_notes),
        }

    def _bound(self, field: FieldComparison) -> dict[str, Any]:
        assert field.bound is not None
        return {"bound": [_number(b) for b in field.bound], "error_so_far": [_number(e) for e in field.error_so_far],
                "above_bound_from": self.first_above(field)}

    def first_above(self, field: FieldComparison) -> float | None:
        """The first time at which the error of a field is above its bound."""
        return float(self.times[np.argmax(field.above_bound)]) if field.above_bound.any() else None


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
    multiplicity = multiplicity_of(reference)
    for piece in range(reference.n_piece):
        mesh = prepared.mesh(piece)
        overlaps = matching.overlaps(mesh, reference.path)
        _compare_piece(NormedPiece(mesh, model, piece, multiplicity), overlaps, matching, reference, plan, match, sums)
    places = {name: candidate.fields[name].place for name in sums}
    order = [name for name in candidate.fields if name in sums]
    found = {name: sums[name].result(name, places[name], model.units.of(name), name in plan.replayed) for name in order}
    bounds = candidate.error_bounds or ErrorBounds()
    for name in found.keys() & bounds.keys():
        found[name].bound, found[name].size = bounds[name][match.candidate], bounds.sizes.get(name, 0.0)
    return Comparison(str(candidate.path), str(reference.path), np.asarray(reference.times)[match.reference], match,
                      found, plan.left_out, bounds.notes)


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
                    left_out[name] = (f"{plural(ours.n_comp, 'component')} per {ours.place} in one file, "
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


class _Sums:
    """Squared norms of one field, added up over pieces and blocks of steps."""

    def __init__(self, n_step: int) -> None:
        self.difference, self.reference = np.zeros(n_step), np.zeros(n_step)
        self.plain_difference, self.plain_reference = 0.0, 0.0
        self.largest = 0.0
        self._skipped: dict[int, int] = {}

    def add(self, where: np.ndarray, place: str, piece: NormedPiece, a: np.ndarray, b: np.ndarray) -> None:
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
    piece: NormedPiece, overlaps: list[Overlap], matching: Matching, reference: Snapshots, plan: _Plan,
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
            ours = matching.read(name, places[name], overlaps, match.candidate[inside], piece.count(places[name]))
            total.add(inside, places[name], piece, ours, theirs)


def _reference_blocks(
    piece: NormedPiece, reference: Snapshots, plan: _Plan, step_bytes: int
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


def _absent(piece: NormedPiece, steps: slice) -> np.ndarray:
    """A field that no material of this piece has."""
    return np.full((steps.stop - steps.start, piece.operator.n_ip, 1), np.nan)


def _span(times: np.ndarray) -> str:
    return f"{plural(len(times), 'time')} from {times[0]:.6g} to {times[-1]:.6g}" if len(times) else "no times"
