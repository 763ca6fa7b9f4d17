"""A reduced order model as the user holds it: load it, solve cases with it."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.manifest import Manifest
from romlib.archive.rom import Rom
from romlib.archive.romfile import fields_path, read_rom
from romlib.dictionary.choice import Chooser
from romlib.errors import InputError
from romlib.identity.cases import FittedCase, fit_case
from romlib.loads.nodal_temperature import NodalHistory, NodalTemperature
from romlib.mesh.mesh import Mesh
from romlib.model import Case, Constraint, Load, Model, TemperatureFile, Times, UnitSystem
from romlib.online.case import ResolvedCase
from romlib.online.chosen import choice_of
from romlib.online.misfits import Misfits
from romlib.online.newton import NewtonOptions
from romlib.online.problem import ReducedProblem
from romlib.online.reduced import full_integration_problem, heated, reactions, reduced_problem
from romlib.online.run import solve
from romlib.online.solved_run import SolvedRun
from romlib.online.start import start_of
from romlib.online.values import amplitudes_of, increasing, model_with, refuse_unknown
from romlib.results.html import Table
from romlib.snapshots.nodal_fields import StoredTemperature, file_of
from romlib.snapshots.schema import FieldSpec
from romlib.solution.clusters import ClusterUse
from romlib.solution.reader import FieldsReader
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
    """A ROM ready to solve cases. It can be pickled, and used by several threads.

    archive : all its data (named cases, selected points, bases, ...). fields_path : where its fields file is looked
    for. path : the file that it was read from.
    """

    def __init__(self, archive: Rom, fields_path: Path | None = None, path: Path | None = None) -> None:
        self.reader = FieldsReader(archive, fields_path, path)
        self._problem: ReducedProblem | None = None

    def __reduce__(self) -> tuple:
        return _of_reader, (self.reader,)

    def __repr__(self) -> str:
        modes, points = (", ".join(map(str, counts)) for counts in zip(
            *((basis.n_mode, basis.n_weighted) for basis in self.archive.clusters)))
        return (f"ReducedOrderModel({modes} modes, {points} of "
                f"{plural(self.manifest.n_ip, 'integration point')}, cases {listed(self.cases)})")

    def _repr_html_(self) -> str:
        manifest = self.manifest
        table = Table("Reduced order model" + ("" if self.path is None else f" {self.path.name}"))
        table.add(("modes", ", ".join(str(basis.n_mode) for basis in self.archive.clusters)))
        table.add(("integration points", ", ".join(str(basis.n_weighted) for basis in self.archive.clusters)
                   + f" of {manifest.n_ip}"))
        table.add(("nodes, cells", f"{manifest.n_node}, {manifest.n_cell}"))
        table.add(("units", self.units))
        table.add(("cases", listed(self.cases)))
        for name in self.loads:
            lowest, highest = manifest.trained.get(name, (np.nan, np.nan))
            table.add((f"load {name}", "" if np.isnan(lowest) else f"trained from {lowest:.6g} to {highest:.6g}"))
        for name, (lowest, highest) in manifest.trained_parameters.items():
            table.add((f"parameter {name}", f"trained from {lowest:.6g} to {highest:.6g}"))
        table.add(("fields", listed(self.fields)))
        for name, error in self.errors.items():
            table.add((f"error of {name}", f"{error:.2g}"))
        return table.html()

    @property
    def archive(self) -> Rom:
        """All data of the ROM file."""
        return self.reader.archive

    @property
    def path(self) -> Path | None:
        """The file that it was read from."""
        return self.reader.path

    @property
    def fields_path(self) -> Path | None:
        """Where its fields file is looked for."""
        return self.reader.fields_path

    @property
    def cases(self) -> dict[str, Case]:
        """The named cases, for `solve`."""
        return self.archive.cases

    @property
    def loads(self) -> dict[str, Load | Constraint]:
        """What an amplitude can be given for: loads, and constraints that prescribe a displacement, by name."""
        model = self.archive.model
        return {**model.loads, **{name: model.constraints[name] for name in self.archive.lifting.names}}

    @property
    def fields(self) -> dict[str, FieldSpec]:
        """The fields that its solutions have: name -> place ("node" or "ip"), components, whether a tensor."""
        gappy = {name: FieldSpec("ip", one.n_comp, one.tensor) for name, one in self.archive.gappy.items()}
        derived = {"strain": FieldSpec.symmetric("ip"), **({"von_mises": FieldSpec("ip")} if "stress" in gappy else {})}
        return {"displacement": FieldSpec("node", self.archive.dimension), **gappy, **derived}

    @property
    def units(self) -> UnitSystem:
        """Of all numbers."""
        return self.archive.model.units

    @property
    def mesh(self) -> Mesh:
        """The whole mesh, in the order of the fields of its solutions; from the fields file, read once and kept."""
        with self.reader.session():
            return self.reader.places.whole(self.reader)

    @property
    def manifest(self) -> Manifest:
        """Where the ROM comes from, what was asked for, and what it achieved."""
        return self.archive.manifest

    @property
    def errors(self) -> dict[str, float]:
        """What training has achieved, by quantity; relative."""
        return dict(self.manifest.errors)

    def plot(self, field: str = "displacement", path: str | Path | None = None, *, case: str | None = None,
             **options: Any) -> Any:
        """A picture of the solution of a case (the first one by default): see `romlib.plot`."""
        if case is None and not self.cases:
            raise InputError("the ROM has no case to show", file=self.path, place="case",
                             remedy="rom.solve(times=..., amplitudes=...).plot(...)")
        name = next(iter(self.cases)) if case is None else case
        return self.solve(name).plot(field, path, **{"case": name, **options})

    def open_fields(self) -> FieldsFile:
        """Open the fields file of this ROM.

        Raises
        ------
        InputError : it is not beside the ROM file. FileFormatError : it belongs to another ROM.
        """
        return self.reader.open()

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
        use = ClusterUse(history.times, history.clusters, history.jumps, len(self.archive.clusters),
                         self.archive.fallback)
        run = SolvedRun(self.reader, model, used, nodal, saved, options, hyper_reduction, history,
                        {one.what: one.since for one in resolved.outside}, problem, self._misfits)
        return Solution(
            self.reader, history.times, history.coordinates, history.clusters, history.lifting, used,
            reactions(problem, history, self.archive.lifting.loads), history.iterations, history.cutbacks,
            history.timings, hyper_reduction, run,
            (*said, *(() if choice is None else (choice.sentence,)), *use.cautions(history.redone),
             *resolved.cautions()),
            tuple(file for file in (self.path, self.fields_path, file_of(nodal)) if file is not None),
            history.jumps, choice, case if isinstance(case, str) else "")

    def _resolve(
        self, case: str | Case | None, times: Times | Sequence[float] | np.ndarray | None,
        amplitudes: Mapping[str, Any] | None, parameters: Mapping[str, float] | None, temperature: Any,
    ) -> ResolvedCase:
        """What `solve` is given, checked and fitted to the ROM."""
        chosen = self._case(case)
        if times is None and chosen is None:
            raise InputError("a case or its times are needed", expected=f"one of the cases {listed(self.cases)}",
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
        return StoredTemperature(temperature, self.reader.points_of)

    def _build(self, model: Model, hyper_reduction: bool, temperature: NodalHistory | None) -> ReducedProblem:
        """The problem on the selected points is kept, and shared by all cases but for the parameters of its laws."""
        if not hyper_reduction:
            with self.open_fields() as fields:
                return full_integration_problem(self.archive, model, fields, temperature)
        kept = reduced_problem(self.archive, model) if self._problem is None else self._problem
        problem = kept.with_materials(model.materials)
        self._problem = problem  # of several threads, one's stays: they are alike
        return problem if temperature is None else heated(problem, self.archive, temperature)

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


def _of_reader(reader: FieldsReader) -> ReducedOrderModel:
    """The ROM of a reader, as it arrives in another process."""
    rom = ReducedOrderModel(reader.archive, reader.fields_path, reader.path)
    rom.reader = reader
    return rom
