"""Calibration of the error indicator: ROMs of some of the training runs, over the others.

Training runs alone say nothing of the errors outside them. ROMs that leave one run or two out do: each makes errors
that are known, with an indicator beside them. The factor of a quantity is 1.5 times the largest ratio, and never below
one (the displacement's: a quarter).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from romlib.archive.indicator import CalibrationPair, Indicator
from romlib.archive.rom import ControlPoints, Rom
from romlib.errors import ConvergenceError, InputError
from romlib.loads.forces import force_names
from romlib.offline.collect import Collection
from romlib.offline.displacement import prescribed_names
from romlib.offline.points import PointList
from romlib.offline.reduce import Reduction
from romlib.offline.rows import Rows
from romlib.offline.sample import Sample, take_sample
from romlib.offline.sampled_rom import SampledRom, largest_size, sampled_rom
from romlib.offline.sampled_run import run_over
from romlib.offline.training import Span, TrainingSet
from romlib.online.indicator import (
    SHAPE_IS_NEW,
    indicators,
    new_temperature,
)
from romlib.online.misfits import Fit
from romlib.online.ratios import ratios
from romlib.snapshots.error_bounds import FLOOR, so_far
from romlib.words import listed, plural

SAFETY = 1.5  # times the largest ratio: the pairs are few
# A misfit is an error already, whatever the calibration says of it; the displacement's is smaller than the stress's.
LEAST, LEAST_OF_DISPLACEMENT = 1.0, 0.25
MOST_ROMS = 8  # of a kind, where there are many runs


@dataclass(frozen=True, eq=False)
class Split:
    """A ROM to calibrate with: the snapshots that it is made of, and the runs that it is solved over."""

    left_out: str
    weights: np.ndarray
    spans: list[Span]


def calibrate(collection: Collection, reduction: Reduction, rom: Rom) -> Indicator:
    """The indicator of a ROM. Collective; the ROMs that calibrate it are made and solved on rank 0.

    Takes a few passes over the pieces for a sample of points (`romlib.offline.sample`), and none for each ROM.
    """
    sample = take_sample(collection, reduction, PointList(rom.points.pieces, rom.points.ips))
    largest = {name: tuple(largest_size(rom.gappy[name], sample.fields[name][:, :rom.points.n_point], basis.weights)
                           for basis in rom.clusters) for name in rom.gappy}
    norms = {dual.name: float(dual.norms[dual.rows.kept].max()) for dual in reduction.duals.fields}
    norms["displacement"] = float(sample.basis.norms[reduction.rows.kept].max())
    sizes = Indicator(largest=largest, norms=norms, factors={})
    return collection.pieces.comm.on_root(lambda: _calibrated(collection, reduction, sample, rom.control, sizes))


def _calibrated(
    collection: Collection, reduction: Reduction, sample: Sample, control: ControlPoints | None, sizes: Indicator
) -> Indicator:
    found, source = splits(collection.training, reduction.rows)
    kept = [answerable(collection.training, split) for split in found]
    chosen = [split for split in kept if split.spans]
    pairs: list[CalibrationPair] = []
    failed: list[str] = []
    for number, split in enumerate(chosen, 1):
        collection.stages.tell(f"calibration: ROM {number} of {len(chosen)}, without {split.left_out}")
        try:
            one = sampled_rom(collection, reduction, sample, Rows(split.weights), control)
        except InputError as error:
            failed.append(f"without {split.left_out}: {error.what}")
            continue
        for span in split.spans:
            try:
                pairs.append(_pair(one, split, span, sizes))
            except ConvergenceError as error:
                failed.append(f"{span.run.name} without {split.left_out}: {error.what}")
    return sizes.model_copy(update={"factors": factors(pairs), "pairs": tuple(pairs), "failed": tuple(failed),
                                    "source": source})


def answerable(training: TrainingSet, split: Split) -> Split:
    """Without the runs in which a load or a constraint acts that never does in the ROM's own training.

    Such a ROM does not answer it, and a bound would be withheld.
    """
    names = [*force_names(training.model), *prescribed_names(training.model)]
    acts = training.amplitudes(names) != 0.0
    known = acts[split.weights > 0.0].any(axis=0)
    return replace(split, spans=[span for span in split.spans if known[acts[span.rows].any(axis=0)].all()])


def splits(training: TrainingSet, rows: Rows) -> tuple[list[Split], str]:
    """Which ROMs calibrate, and in words.

    With three runs and more: all but one, and all but two, over those; of three, nine pairs. With two: each alone, and
    the first and the second halves of both, over both. With one: its halves, over it.
    """
    spans = training.spans(rows)
    position = {id(run): k for k, run in enumerate(training.runs)}
    numbers = [position[id(span.run)] for span in spans]

    def without(left: Sequence[int]) -> Split:
        named = left_out_name(*(spans[k].run.name for k in left))
        kept = ~np.isin(training.run_of, [numbers[k] for k in left])
        return Split(named, rows.weights * kept, [spans[k] for k in left])

    every = range(len(spans))
    alone = [without([k]) for k in _spread(len(spans), MOST_ROMS)] if len(spans) > 1 else []
    if len(spans) > 2:
        pairs = list(combinations(every, 2))
        return alone + [without(pairs[k]) for k in _spread(len(pairs), MOST_ROMS)], "runs left out of the training"
    found = alone
    ahead = np.concatenate([np.arange(m) < (m + 1) // 2 for m in np.diff(training.offsets)])
    for name, mask in (("the second halves of the runs", ahead), ("the first halves of the runs", ~ahead)):
        if (rows.weights * mask).any():
            found.append(Split(name, rows.weights * mask, spans))
    return found, "runs, and halves of runs, left out of the training" if len(spans) > 1 else (
        "the halves of the one training run: with more runs the bounds rest on more")


def left_out_name(*runs: str) -> str:
    """What a ROM was not trained with, in words."""
    return f"the run{'s' * (len(runs) > 1)} {listed([repr(run) for run in runs])}"


def _spread(n: int, most: int) -> list[int]:
    """At most `most` of range(n), evenly."""
    return sorted({round(k) for k in np.linspace(0, n - 1, min(n, most))})


def factors(pairs: Sequence[CalibrationPair]) -> dict[str, float]:
    """q by quantity: 1.5 times the largest ratio, and at least one (of the displacement: a quarter)."""
    return {quantity: max(SAFETY * max(found), LEAST_OF_DISPLACEMENT if quantity == "displacement" else LEAST)
            for quantity, found in ratios(pairs).items()}


def in_words(indicator: Indicator) -> str:
    """What a calibration has come to, for the progress and the report."""
    if not indicator.factors:
        return "no bounds: no ROM of a part of the training could be solved over the rest"
    spread = {name: f"{indicator.factors[name]:.2g} of {name} (ratios {min(found):.2g} to {max(found):.2g})"
              for name, found in ratios(indicator.pairs).items()}
    failed = f", {len(indicator.failed)} could not be solved" if indicator.failed else ""
    return f"{plural(len(indicator.pairs), 'pair')} of {indicator.source}{failed}; q = {', '.join(spread.values())}"


def _pair(one: SampledRom, split: Split, span: Span, sizes: Indicator) -> CalibrationPair:
    """One pair; without the internal variables that hardly moved in the ROM's own training, of which it has no modes.

    sizes : of the whole training.
    """
    rom, ran = one.rom, run_over(one, span)
    unweighted = {}
    for name, operator in rom.gappy.items():
        aside, size = Fit.of(operator).misfit(ran.values[name], np.ones(rom.points.n_point))
        unweighted[name] = float(so_far(aside, size, 0.0)[-1])
    errors = {name: float(so_far(*judged.errors(ran.found[name], span.rows))[-1])
              for name, judged in one.judged.items()}
    still = [name for name, size in one.indicator.norms.items() if size < FLOOR * sizes.norms[name]]
    misfits = indicators(rom, one.indicator, ran.values, ran.history.clusters)
    temperature = ran.history.temperatures[0] if ran.history.temperatures else None
    is_new = bool(new_temperature(rom, temperature)[-1] > SHAPE_IS_NEW)
    return CalibrationPair(
        left_out=split.left_out, run=span.run.name, temperature_is_new=is_new,
        errors={name: value for name, value in errors.items() if name not in still},
        misfits={name: float(value[-1]) for name, value in misfits.items()}, unweighted=unweighted)
