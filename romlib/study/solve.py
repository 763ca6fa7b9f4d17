"""From a study and a case to a full-order run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from romlib.check.units import unit_hints
from romlib.errors import StudyError
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.record import Output, solve_to_file
from romlib.fullorder.solver import OnStep
from romlib.fullorder.start import start_of
from romlib.fullorder.state import SolveReport
from romlib.identity.cases import fit_case
from romlib.identity.distributed import distributed_identity
from romlib.laws.portable import portable_model
from romlib.laws.symbols import evaluated_model, refuse_missing, refuse_unused
from romlib.loads.nodal_temperature import loads_of_history
from romlib.mesh.lazy import LazyMeshes
from romlib.model import Case, Model, TableAmplitude, Temperature, TrainedModel
from romlib.model.model import started_from
from romlib.parallel.comm import Comm
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.nodal_fields import StoredTemperature, notes_of
from romlib.states.source import saved_state
from romlib.study.meshes import MeshSource
from romlib.study.references import driven_of, validate_against
from romlib.study.study import Study
from romlib.words import unknown

GIVEN = "temperature_given"  # the loads of a temperature in a file are called so, with the number of the instant


def run_solve(
    study: Study, case: str | Case, output: str | Path, comm: Comm, *, pieces: int | None = None,
    fields: Sequence[str] = (), options: SolverOptions | None = None, start: Path | None = None,
    start_time: float | None = None, write_state: Path | None = None, nodal: bool = False,
    on_step: OnStep | None = None, on_note: Callable[[str], None] | None = None,
) -> SolveReport:
    """Solve a case of a study at full order, and write the snapshots file. Collective.

    Parameters
    ----------
    case : a case of the study by name, or one of its own. pieces : to cut the mesh into; by default as the study says,
        as the file has it, or one for each rank. fields : besides the displacement; see `romlib.fullorder.record`.
    start : a state file, or a snapshots file with displacement, stress and all internal variables, of which the last
        record counts, or that at `start_time`; else the undeformed body. write_state : a state file for the end.
    nodal : whether VTK is shown the fields at integration points, see `romlib.snapshots.shown`.
    on_note : called with what a user has to know of a case that comes from a deck.

    Raises
    ------
    StudyError : an unknown case, names that the mesh does not have, a load without amplitude.
    And what `romlib.fullorder.record.solve_to_file` raises.
    """
    with comm.agreement():
        chosen = case_of(study, case)
        times = chosen.times.instants()
        saved = saved_state(start, start_time)
    with MeshSource(study, comm, pieces) as source:
        fitted = fitted_to_study(study, source, chosen, comm, on_note or (lambda _: None))

        def prepare() -> tuple[Model, str]:
            model = case_model(study, source.model, fitted, times)
            if saved is not None:
                model = model.model_copy(update={
                    "initial_time": saved.initial_time,
                    "omissions": (*model.omissions, started_from(saved.what, float(times[0])))})
            source.model = model
            validate_against(study, source)
            heat = None if fitted.temperature is None else fitted.temperature.file
            inputs = [path for path in (study.path, source.path, start, heat) if path is not None]
            return model, fingerprint(inputs, {"case": chosen.model_dump(mode="json"), "fields": list(fields)})

        model, mark = comm.on_root(prepare)
        with comm.agreement():
            for hint in unit_hints(evaluated_model(model)):
                (on_note or (lambda _: None))(hint)
        mine, everything = source.mine, source.everything
        if fitted.temperature is not None:
            with comm.agreement():
                stored = StoredTemperature(fitted.temperature)
                # Where the run begins with a state, the initial time lies before its times.
                given = loads_of_history(model, stored, np.union1d(times, model.initial_time), GIVEN)
                model, mine = given.model, {piece: given.with_arrays(mesh) for piece, mesh in source.mine.items()}
                if everything is not None:
                    everything = LazyMeshes(source.n_piece, lambda piece: given.with_arrays(source.mesh(piece)))
            notes = [note for found in comm.allgather([*notes_of(stored, times), given.note]) for note in found if note]
            for note in dict.fromkeys(notes):
                (on_note or (lambda _: None))(note)
        with comm.agreement():
            began = None if saved is None else start_of(saved, mine, model, float(times[0]))
        written = Output(Path(output), tuple(fields), mark, write_state, nodal, case if isinstance(case, str) else "")
        return solve_to_file(written, everything, mine, model, times, source.pieces, options=options, start=began,
                             on_step=on_step)


def fitted_to_study(
    study: Study, source: MeshSource, case: Case, comm: Comm, on_note: Callable[[str], None]
) -> Case:
    """The case by the names of the study; one from a deck is compared with mesh and model of the study. Collective.

    It has a temperature where that is the one to solve with, and not temperature loads.

    Raises
    ------
    InputError : the deck of the case has another mesh, or other materials, constraints or load patterns.
    """
    if case.identity is None and not case.omissions:
        return case

    def prepare() -> tuple[Model, int]:
        assert source.everything is not None
        shared = max(int(np.max(mesh.shared_index, initial=-1)) for mesh in source.everything
                     if mesh.shared_index is not None) if len(source.everything) > 1 else -1
        return portable_model(study.complete(source.model)), shared + 1

    model, n_shared = comm.on_root(prepare)
    identity = distributed_identity(model, source.pieces, lambda piece: source.mine[piece], n_shared)
    files = (source.path.name,)
    trained = TrainedModel(identity=identity, accepted=study.study.accept, files=files, parameters=(model.parameters,))
    fitted = fit_case(trained, case)
    for note in fitted.notes:
        on_note(note)
    return case.model_copy(update={
        "amplitudes": fitted.amplitudes, "parameters": fitted.parameters,
        "temperature": case.temperature if fitted.from_file else None})


def case_of(study: Study, case: str | Case) -> Case:
    """The case of that name."""
    if isinstance(case, Case):
        return case
    if case not in study.cases:
        parts = unknown(case, list(study.cases))
        raise StudyError("the study has no case of this name", file=study.path, place="cases", **parts)
    return study.cases[case]


def case_model(study: Study, deck: Model, case: Case, times: np.ndarray) -> Model:
    """What the mesh file knows, with the study over it, and over that the amplitudes and the first time of the case.

    The temperature loads of a case whose temperature is in a file are zero, until that comes in their place.

    Raises
    ------
    StudyError : a load without amplitude, or an amplitude of no load. InputError : the same of parameters.
    """
    model = study.complete(deck)
    driven = driven_of(model)
    replaced = {} if case.temperature is None else {
        name: TableAmplitude(time=(0.0,), value=(0.0,)) for name, load in model.loads.items()
        if isinstance(load, Temperature)}
    twice = [name for name in case.amplitudes if name in replaced]
    if twice:
        raise StudyError("a case has one temperature: a file, or amplitudes of temperature loads", file=study.path,
                         place=f"amplitudes.{twice[0]}", remedy="leave out either")
    for name in case.amplitudes:
        if name not in driven:
            raise StudyError("no load or prescribed constraint has this name", file=study.path,
                             place=f"amplitudes.{name}", **unknown(name, driven))
    amplitudes = {**model.amplitudes, **case.amplitudes, **replaced}
    for name in driven:
        if name not in amplitudes:
            raise StudyError("this load has no amplitude", file=study.path, place=f"amplitudes.{name}",
                             expected="an amplitude for each of " + ", ".join(driven),
                             remedy="give it in the case")
    parameters = {**model.parameters, **case.parameters}
    refuse_unused(case.parameters, model.materials, "parameters")
    refuse_missing(parameters, model.materials, "parameters")
    return model.model_copy(update={
        "amplitudes": amplitudes, "parameters": parameters, "initial_time": float(times[0])})
