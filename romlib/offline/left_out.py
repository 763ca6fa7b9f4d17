"""Training runs that are left out, one after the other: which they are, whether the others enclose them, errors there.

A ROM of all runs but one is made on the points of a sample (`romlib.offline.sampled_rom`), without a pass over the
pieces, and solved over the one; its errors at all points follow from the Gram matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from romlib.loads.amplitudes import evaluate
from romlib.offline.collect import Collection
from romlib.offline.displacement import prescribed_names
from romlib.offline.options import OfflineOptions
from romlib.offline.reduce import Reduction
from romlib.offline.roles import purpose_of
from romlib.offline.rows import Rows
from romlib.offline.sample import Sample
from romlib.offline.sampled_rom import SampledRom, displacement_modes, dual_modes, sampled_rom
from romlib.offline.sampled_run import run_over
from romlib.offline.training import Span, TrainingSet
from romlib.snapshots.error_bounds import FLOOR, so_far
from romlib.words import listed

_MARGIN = 1e-9  # of an amplitude's range
_NAMED = 3  # loads in one sentence

Errors = dict[str, float]


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A run that is left out.

    rows : all other snapshots. outside : in words, what of it is not between those of the others: further than all of
    them, or less far. beyond : whether some of it is further than all of them.
    """

    span: Span
    rows: Rows
    outside: list[str]
    beyond: bool


def left_out_runs(training: TrainingSet, rows: Rows) -> list[LeftOut]:
    """Each run that can be left out; none where there is only one."""
    spans = training.spans(rows)
    if len(spans) < 2:
        return []
    ranges = [ranges_of(training, span) for span in spans]
    run_of = training.run_of
    return [LeftOut(span, Rows(rows.weights * (run_of != run_of[span.rows.start])),
                    *outside(ranges[k], [*ranges[:k], *ranges[k + 1:]])) for k, span in enumerate(spans)]


def to_judge_by(apart: Sequence[LeftOut]) -> list[LeftOut]:
    """Those that lie between the others; without any, those that go no further than the others."""
    return [one for one in apart if not one.outside] or [one for one in apart if not one.beyond]


def ranges_of(training: TrainingSet, span: Span) -> dict[str, tuple[float, float]]:
    """Lowest and highest amplitude of each load and prescribed displacement, and the value of each parameter."""
    found = {}
    for name in [*training.model.loads, *prescribed_names(training.model)]:
        values = evaluate(span.run.amplitudes[name], span.times)
        found[name] = float(values.min()), float(values.max())
    return found | {f"the parameter {name}": (value, value) for name, value in span.run.parameters.items()}


def outside(
    own: dict[str, tuple[float, float]], others: Sequence[dict[str, tuple[float, float]]]
) -> tuple[list[str], bool]:
    """What of the ranges of a run is not between those of the others, in words; and whether some goes further."""
    found, further = [], False
    for name, ends in own.items():
        for k, words in enumerate(("down to", "up to")):
            theirs = [one[name][k] for one in others]
            margin = _MARGIN * max(map(abs, (*ends, *theirs)))
            low, high = min(theirs), max(theirs)
            if low - margin <= ends[k] <= high + margin:
                continue
            further = further or (ends[k] > high if k else ends[k] < low)
            span = f"{low:.4g}" if high - low <= margin else f"{low:.4g} to {high:.4g}"
            if ends[0] == ends[1]:  # a parameter, or a load that stays
                words = "at"
                if k:
                    continue
                further = True
            found.append(f"{name} {words} {ends[k]:.4g} (the others: {span})")
    more = len(found) - _NAMED
    return (found if more <= 0 else [*found[:_NAMED], f"{more} more"]), further


def loads_in_words(ranges: dict[str, tuple[float, float]]) -> str:
    """Such as "push from -8 to 8"."""
    moving = [f"{name} from {low:.4g} to {high:.4g}" for name, (low, high) in ranges.items() if low != high]
    named = moving[:_NAMED]
    if not moving:
        return "no load that moves"
    return listed([*named, f"{len(moving) - _NAMED} more"] if len(moving) > _NAMED else named)


@dataclass(frozen=True, eq=False)
class Judging:
    """What ROMs of some of the runs are made and judged with, on rank 0.

    reduction : its liftings are those of all. norms : by quantity, the largest L2 norm of the training.
    """

    collection: Collection
    reduction: Reduction
    sample: Sample
    norms: Errors

    @classmethod
    def of(cls, collection: Collection, reduction: Reduction, sample: Sample, rows: Rows) -> Judging:
        """rows : of the training."""
        norms = {"displacement": float(sample.basis.norms[rows.kept].max())}
        for name in collection.options.dual_fields:
            kept = collection.training.rows_for(purpose_of(name), rows).kept
            norms[name] = float(np.sqrt(np.maximum(np.diag(collection.dual.grams[name])[kept], 0.0).max()))
        return cls(collection, reduction, sample, norms)

    def rom(self, rows: Rows, options: OfflineOptions) -> SampledRom:
        """The ROM of some of the snapshots."""
        return sampled_rom(self.collection, self.reduction, self.sample, rows, options=options)

    def errors(self, one: SampledRom, span: Span) -> Errors:
        """Of a ROM over a run, by quantity; see `romlib.archive.accuracy.RunErrors`.

        Raises
        ------
        ConvergenceError : it cannot be solved.
        """
        ran, found = run_over(one, span), {}
        for name, norm in self.norms.items():
            if name in one.judged:
                difference, size, _ = one.judged[name].errors(ran.found[name], span.rows)
            else:  # zero in what the ROM was made of
                difference = size = np.sqrt(np.maximum(np.diag(self.collection.dual.grams[name])[span.rows], 0.0))
            found[name] = float(so_far(difference, size, norm)[-1])
        return found

    def left(self, rows: Rows, span: Span, options: OfflineOptions) -> Errors:
        """What modes of some of the snapshots leave of a run, by quantity: no ROM of them is better."""
        shapes = displacement_modes(self.collection, self.reduction, self.sample, rows, options)[2]
        found = {"displacement": shapes.left(span.rows) / self._size("displacement", shapes.sizes, span)}
        for name in self.norms:
            if name == "displacement":
                continue
            sizes = np.sqrt(np.maximum(np.diag(self.collection.dual.grams[name]), 0.0))
            modes = dual_modes(self.collection, rows, name, options.dual_tolerance)
            left = float(sizes[span.rows].max()) if modes is None else modes[1].left(span.rows)
            found[name] = left / self._size(name, sizes, span)
        return found

    def _size(self, name: str, sizes: np.ndarray, span: Span) -> float:
        return max(float(sizes[span.rows].max()), FLOOR * self.norms[name], float(np.finfo(float).tiny))
