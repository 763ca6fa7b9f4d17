"""A reduced order model as the user holds it: load it, solve cases with it."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.archive.romfile import fields_path, read_rom
from romlib.dictionary.choice import Chooser
from romlib.errors import InputError
from romlib.identity.cases import FittedCase, fit_case
from romlib.loads.nodal_temperature import NodalHistory, NodalTemperature, positions_of
from romlib.model import Case, Model, TemperatureFile, Times
from romlib.online.case import ResolvedCase
from romlib.online.chosen import choice_of
from romlib.online.indicator import bounds_of
from romlib.online.misfits import Misfits
from romlib.online.newton import NewtonOptions
from romlib.online.problem import ReducedProblem
from romlib.online.reduced import (
    full_integration_problem,
    heated,
    point_values,
    reactions,
    reduced_problem,
)
from romlib.online.run import solve
from romlib.online.solved_model import solved_model
from romlib.online.start import start_of, state_of
from romlib.online.values import amplitudes_of, increasing, model_with, refuse_unknown
from romlib.snapshots.nodal_fields import StoredTemperature, file_of
from romlib.solution.clusters import ClusterUse
from romlib.solution.solution import Solution
from romlib.states.source import saved_state
from romlib.states.state import SavedState
from romlib.stepping.increments import Watch
from romlib.words import listed, plural, unknown


def load(path: str | Path) -> ReducedOrderModel:
    """Read x.rom. The x.fields.rom beside it is only opened when full fields are asked for.

    Raises
    ------
    InputError, FileFormatError, SchemaError : no such file, a damaged one, or one of another schema version.
    """
    return ReducedOrderModel(read_rom(path), fields_path(path), Path(path))


class ReducedOrderModel:
    """A ROM ready to solve cases.

    archive : its data (manifest, model, named cases, points, ...). fields_path : where its fields file is looked for.
    path : the file that it was read from.
    """

    def __init__(self, rom: Rom, fields_path: Path | None = None, path: Path | None = None) -> None:
        self.archive, self.fields_path, self.path = rom, fields_path, path
        self._problem: ReducedProblem | None = None
        self._places: dict = {}  # of probes

    def __repr__(self) -> str:
        modes, points = (", ".join(map(str, counts)) for counts in zip(
            *((basis.n_mode, basis.n_weighted) for basis in self.archive.clusters)))
        return (f"ReducedOrderModel({modes} modes, {points} of "
                f"{plural(self.archive.manifest.n_ip, 'integration point')}, cases {listed(self.archive.cases)})")

    def open_fields(self) -> FieldsFile:
        """Open the fields file of this ROM.

        Raises
        ------
        InputError : it is not beside the ROM file. FileFormatError : it belongs to another ROM.
        """
        if self.fields_path is None or not self.fields_path.is_file():
            raise InputError(
                "the fields file of the ROM is not there", file=self.fields_path,
                remedy="copy the .fields.rom beside the .rom: full fields and full integration need it")
        return FieldsFile(self.fields_path, self.archive)

    def solve(
        self, case: str | Case | None = None, *, times: Times | Sequence[float] | np.ndarray | None = None,
        amplitudes: Mapping[str, Any] | None = None, parameters: Mapping[str, float] | None = None,
        temperature: NodalTemperature | TemperatureFile | str | Path | None = None,
        start: Solution | SavedState | str | Path | None = None, cluster: int | None = None,
        hyper_reduction: bool = True, tolerance: float = 1e-8, max_iterations: int = 25, max_cutbacks: int = 8,
        watch: Watch | None = None,
    ) -> Solution:
        """Solve a case.

        Parameters
        ----------
        case : a named case of the study, or a `Case`; what follows takes precedence over it. A case with an identity
            (from a deck) must be of the mesh, materials, constraints and load patterns that the ROM was trained with.
        times : the output times, the initial one first.
        amplitudes : by load (or prescribed constraint): a number, a formula in t, {"time": [...], "value": [...]}, or
            an amplitude of `romlib.model`. A load that is not named keeps the amplitude the model has for it.
        parameters : values of what the materials name in place of numbers. One that is not named has the value of the
            case, else the one that all training runs had.
        temperature : nodal temperatures instead of the model's temperature loads: arrays, or a file with them (a
            snapshots file, or a thermal result that a converter reads).
        start : the state to begin with at the first time, instead of the undeformed body: a solution (its last time),
            `Solution.state(step)`, a file that `Solution.write_state` or `romlib solve --write-state` wrote, or a
            snapshots file (its last record) with displacement, stress and all internal variables.
        cluster : of the basis to solve in throughout, whatever the ROM would choose by itself.
        hyper_reduction : False integrates the laws at all points, to attribute error; needs the fields file.
        tolerance, max_iterations, max_cutbacks : of the Newton method, see `NewtonOptions`.
        watch : is told how far the run has come, see `romlib.stepping.increments.Watch`.

        Raises
        ------
        InputError : an unknown case, amplitude or parameter, no times, a load without amplitude, a parameter without
            value; a case of another model; a start at another time, of another ROM, mesh or material; no such cluster.
        ConvergenceError : a step does not converge and cannot be shortened further.
        """
        options = NewtonOptions(tolerance, max_iterations, max_cutbacks)
        resolved = self._resolve(case, times, amplitudes, parameters, temperature)
        model, nodal, used = resolved.model, resolved.temperature, resolved.all_amplitudes
        histories, problem = resolved.histories(), self._build(model, hyper_reduction, nodal)
        saved, choice = saved_state(start), choice_of(self.archive, self._chooser, resolved, cluster)
        held = None if choice is None else choice.cluster
        began, said = start_of(self.archive, problem, saved, histories.output_level(0), held)
        history = solve(problem, histories, options, start=began, cluster=held, watch=watch)
        used_clusters = ClusterUse(history.times, history.clusters, history.jumps, len(self.archive.clusters),
                                   self.archive.fallback)
        initial_time = float(resolved.times[0]) if saved is None else saved.initial_time
        return Solution(
            self.archive, history.times, history.coordinates, history.clusters, history.lifting, used,
            reactions(problem, history, self.archive.lifting.loads), history.iterations, history.cutbacks, history.timings,
            hyper_reduction, partial(point_values, problem, history), self._tensors(problem), self.open_fields,
            (*said, *(() if choice is None else (choice.sentence,)), *used_clusters.cautions(history.redone),
             *resolved.cautions()),
            partial(solved_model, self.archive, model.parameters, used, times=history.times, temperature=nodal,
                    start=saved),
            tuple(file for file in (self.path, self.fields_path, file_of(nodal)) if file is not None), self._places,
            partial(state_of, self.archive, problem, histories, options, history, initial_time),
            partial(bounds_of, self.archive, self._misfits, history, saved,
                    {one.what: one.since for one in resolved.outside}),
            history.jumps, choice)

    def _resolve(
        self, case: str | Case | None, times: Times | Sequence[float] | np.ndarray | None,
        amplitudes: Mapping[str, Any] | None, parameters: Mapping[str, float] | None, temperature: Any,
    ) -> ResolvedCase:
        """What `solve` is given, checked and fitted to the ROM."""
        chosen = self._case(case)
        if times is None and chosen is None:
            raise InputError("a case or its times are needed", expected=f"one of the cases {listed(self.archive.cases)}",
                             remedy="rom.solve(case=...), or rom.solve(times=...)")
        wanted = chosen.times if times is None and chosen is not None else times
        instants = wanted.instants() if isinstance(wanted, Times) else increasing(wanted)
        fitted = FittedCase({}) if chosen is None else fit_case(
            self.archive.trained, chosen, with_temperature=temperature is None)
        if chosen is not None and fitted.from_file:
            temperature = chosen.temperature
        nodal = self._nodal(temperature)
        if isinstance(case, Case):
            refuse_unknown(self.archive, fitted.amplitudes, nodal)
        given = amplitudes_of(self.archive, {} if amplitudes is None else amplitudes, nodal)
        model = self._trained_model if not (fitted.parameters or parameters) else model_with(
            self.archive, fitted.parameters, {} if parameters is None else parameters)
        return ResolvedCase(self.archive, model, instants, {**fitted.amplitudes, **given}, nodal, fitted.notes)

    @cached_property
    def _chooser(self) -> Chooser | None:
        """Of a ROM whose basis is chosen by the input; its classifier is loaded once."""
        return None if self.archive.dictionary is None else Chooser(self.archive.dictionary, self.path)

    @cached_property
    def _trained_model(self) -> Model:
        """The model with the parameters that all training runs had alike, the same object for every case."""
        return model_with(self.archive, {}, {})

    @cached_property
    def _misfits(self) -> Misfits:
        """What measures the misfits of all runs."""
        return Misfits.of(self.archive)

    def _nodal(self, temperature: Any) -> NodalHistory | None:
        """The nodal history that is given; a file is opened."""
        if temperature is None:
            return None
        if isinstance(temperature, NodalTemperature):
            return temperature.of_nodes(self.archive.temperature.node_ids)
        if isinstance(temperature, (str, Path)):
            temperature = TemperatureFile(file=Path(temperature))
        if not isinstance(temperature, TemperatureFile):
            raise InputError("the temperature cannot be understood", place="temperature",
                             expected="a romlib.NodalTemperature, or a file", found=reprlib.repr(temperature))
        return StoredTemperature(temperature, self._points_of)

    def _points_of(self, node_ids: np.ndarray) -> np.ndarray:
        """Where nodes are, (n, 3); the mesh is in the fields file."""
        points = np.empty((len(node_ids), 3))
        with self.open_fields() as fields:
            for piece in range(fields.n_piece):
                mesh = fields.mesh(piece)
                here = np.flatnonzero(np.isin(node_ids, mesh.node_ids))
                points[here] = mesh.points[positions_of(node_ids[here], mesh.node_ids)]
        return points

    def _build(self, model: Model, hyper_reduction: bool, temperature: NodalHistory | None) -> ReducedProblem:
        """The problem on the selected points is kept, and shared by all cases but for the parameters of its laws."""
        if not hyper_reduction:
            with self.open_fields() as fields:
                return full_integration_problem(self.archive, model, fields, temperature)
        if self._problem is None:
            self._problem = reduced_problem(self.archive, model)
        self._problem = problem = self._problem.with_materials(model.materials)
        return problem if temperature is None else heated(problem, self.archive, temperature)

    def _tensors(self, problem: ReducedProblem) -> frozenset[str]:
        laws = set().union(*(block.points.tensor_variables() for block in problem.blocks))
        return frozenset({"stress"} | laws | {name for name, gappy in self.archive.gappy.items() if gappy.tensor})

    def _case(self, case: str | Case | None) -> Case | None:
        if case is None or isinstance(case, Case):
            return case
        if not isinstance(case, str) or case not in self.archive.cases:
            raise InputError(f"the ROM has no case {reprlib.repr(case)}", place="case",
                             **unknown(case, self.archive.cases, "give times and amplitudes instead"))
        named = self.archive.cases[case]
        if named.temperature is None or self.path is None:
            return named
        beside = self.path.parent / named.temperature.file.name  # a ROM never says in which folder a file is
        return named.model_copy(update={"temperature": named.temperature.model_copy(update={"file": beside})})
