"""The model of a deck and of a history: materials, constraints, loads and how they grow in time.

LOAD names what acts at the end of a subcase; a nonlinear static solution goes to it in a straight line from what acted
at the end of the subcase before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from romlib_converters.common.omissions import missing_increments
from romlib_converters.common.solver_mesh import IdValues, SolverMesh
from romlib_converters.nastran.case_control import Phase
from romlib_converters.nastran.cases import Course
from romlib_converters.nastran.constraints import constraints_of
from romlib_converters.nastran.deck import Deck
from romlib_converters.nastran.loads import Patterns, patterns_of
from romlib_converters.nastran.materials import materials_of
from romlib_converters.nastran.mesh import BasicMesh
from romlib_converters.nastran.results import NONLINEAR, STATICS, TRANSIENT
from romlib_converters.nastran.systems import Systems
from romlib_converters.nastran.temperature import temperatures_of

from romlib.model import Model, Omission, TableAmplitude
from romlib.model.amplitude import Amplitude

NLGEOM = "nlgeom"
_LINEAR = (101, 109, 112)


@dataclass(frozen=True, eq=False)
class Whole:
    """A mesh with the sets that a model names, and the model."""

    mesh: SolverMesh
    model: Model


def whole_model(deck: Deck, basic: BasicMesh, course: Course, initial_time: float) -> Whole:
    """The model of the subcases that a history has.

    Raises
    ------
    FileFormatError : a number of the deck that cannot be read.
    """
    subcases = _phases(deck, course)
    grids = deck.bulk.grids
    points = IdValues(grids.ids, basic.mesh.points[:len(grids.ids)])
    solid = np.unique(np.concatenate([one.nodes.ravel() for one in basic.mesh.cells]))
    mids = {number: deck.bulk.properties[number].material for number in _properties(deck)}
    notes = [*_unfinished(deck), *_kinematics(deck), *_other_properties(deck), *_increments(deck, course, subcases)]
    thermal = temperatures_of(deck.data, subcases, _ends(course, initial_time), course.analysis == NONLINEAR, solid,
                              basic.mesh.midpoints)
    materials, lacking = materials_of(deck.data, sorted(set(mids.values())), bool(thermal.loads), deck.path,
                                      _frames(basic, mids))
    numbers = [one.number_of("SPC") for one in subcases]
    relations = [one.number_of("MPC") for one in subcases]
    if len(set(numbers)) > 1 or len(set(relations)) > 1:
        notes.append(Omission(name="constraints_change", does_work=True, description=(
            "SPC or MPC are not the same in all subcases; those of the first are taken")))
    held = constraints_of(deck.data, numbers[0] if numbers else None, relations[0] if relations else None, solid,
                          grids.ids, basic.frames)
    order = np.argsort(grids.ids, kind="stable")
    systems = Systems(deck.bulk.systems, grids.ids[order], grids.cp[order], grids.given[order], deck.path)
    patterns = _patterns(deck, course, subcases, systems, basic, points)
    moving = [name for name, one in held.found.items() if one.kind == "prescribed"]
    amplitudes: dict[str, Amplitude] = {
        name: _amplitude(course, subcases, number, name in patterns.speeds, initial_time)
        for name, number in patterns.sets.items()}
    amplitudes |= {**thermal.amplitudes, **{name: _held(course, initial_time) for name in moving}}
    cell_sets = {**basic.mesh.cell_sets, **{
        f"MID_{mid}": np.concatenate([one.ids[np.isin(one.properties, [k for k, m in mids.items() if m == mid])]
                                      for one in deck.bulk.solids.values()]) for mid in sorted(set(mids.values()))}}
    mesh = replace(
        basic.mesh, cell_sets=cell_sets, node_sets={**basic.mesh.node_sets, **held.node_sets, **patterns.node_sets},
        node_arrays={**basic.mesh.node_arrays, **patterns.node_arrays, **thermal.node_arrays},
        face_sets=patterns.face_sets)
    model = Model(
        materials=materials, constraints=held.found, loads={**patterns.loads, **thermal.loads}, amplitudes=amplitudes,
        initial_time=initial_time, initial_temperature=thermal.initial,
        omissions=(*notes, *lacking, *held.notes, *patterns.notes, *thermal.notes))
    return Whole(mesh, model)


def _phases(deck: Deck, course: Course) -> list[Phase]:
    """The phases of the history, in its order; none where those of the deck have other numbers."""
    keys = _keys(course)
    if len(deck.phases) == 1 and len(keys) == 1:
        return list(deck.phases)
    by_key = {one.key: one for one in deck.phases}
    found = [by_key.get(key) for key in keys]
    return [one for one in found if one is not None] if all(found) else []


def _frames(basic: BasicMesh, mids: Mapping[int, int]) -> dict[int, np.ndarray] | None:
    """Axes (n, 3, 3) of the solids of each material. mids : material by property."""
    if basic.axes is None:
        return None
    return {material: basic.axes.frames[np.isin(basic.axes.properties, [
        number for number, own in mids.items() if own == material])] for material in set(mids.values())}


def _keys(course: Course) -> list[tuple[int, int]]:
    """Numbers of subcase and step, in the order of time."""
    return [(a, b) for a, b in dict.fromkeys(map(tuple, course.phases.tolist()))]


def _of_phase(course: Course, key: tuple[int, int]) -> np.ndarray:
    """Which records (n,) are of a phase."""
    mine: np.ndarray = (course.phases == key).all(axis=1)
    return mine


def _properties(deck: Deck) -> list[int]:
    used = np.unique(np.concatenate([one.properties for one in deck.bulk.solids.values()]))
    return [number for number in used.tolist() if number in deck.bulk.properties]


def _unfinished(deck: Deck) -> list[Omission]:
    if not deck.unfinished:
        return []
    return [Omission(name="unfinished_deck", does_work=True, description=(
        f"{deck.path.name} has no ENDDATA: if it is cut, loads, constraints and materials may be missing"))]


def _kinematics(deck: Deck) -> list[Omission]:
    stated = deck.data["params"].get("LGDISP", -1)
    if deck.sol in _LINEAR or not isinstance(stated, (int, float)) or stated < 0:
        return []
    return [Omission(name=NLGEOM, does_work=True, description=(
        f"small strain does not hold: PARAM,LGDISP,{stated:g} makes Nastran compute with large displacements and "
        "equilibrium on the deformed shape, and romlib has neither; the disagreement grows with the square of the "
        "displacement"))]


def _other_properties(deck: Deck) -> list[Omission]:
    strange = {number: deck.bulk.properties[number].card for number in _properties(deck)
               if deck.bulk.properties[number].card != "PSOLID"}
    nonlinear = [name for name in ("PSLDN1", "NLMOPTS") if name in deck.cards]
    notes = [Omission(name="formulation_properties", does_work=True, description=(
        f"property {number} is a {card}, whose elements romlib does not have")) for number, card in strange.items()]
    if nonlinear:
        notes.append(Omission(name="formulation_advanced", does_work=True, description=(
            f"{', '.join(nonlinear)} in the deck: the solver's advanced nonlinear elements have another integration "
            "than PSOLID says, which romlib does not know")))
    return notes


def _increments(deck: Deck, course: Course, subcases: Sequence[Phase]) -> list[Omission]:
    """Load steps that NLPARM computes and does not write."""
    if course.analysis in (STATICS, TRANSIENT):
        return []
    lost = 0
    for one in subcases:
        number = one.number_of("NLPARM")
        computed = deck.data["nlparms"].get(str(number), [0, ""])[0]
        mine = _of_phase(course, one.key) if len(subcases) > 1 else np.ones(len(course.times), bool)
        lost += max(0, computed - len(np.unique(course.times[mine])))
    if not lost:
        return []
    return [missing_increments(lost, "", "Ask for them: NLPARM with INTOUT = YES.",
                               does_work="MATS1" in deck.data["raw"])]


def _patterns(deck: Deck, course: Course, subcases: Sequence[Phase], systems: Systems, basic: BasicMesh,
              points: IdValues) -> Patterns:
    numbers = [number for number in dict.fromkeys(one.number_of("LOAD") for one in subcases) if number is not None]
    others = sorted({key for one in subcases for key in one.commands
                     if key in ("DLOAD", "LOADSET", "DEFORM", "BOLTLD")})
    if course.analysis == TRANSIENT:
        done = Patterns()
        if numbers or others:
            done.lack(f"{', '.join(['LOAD'] * bool(numbers) + others)} of a transient analysis: how loads grow in time "
                      "is not read")
        return done
    if not subcases:
        done = Patterns()
        done.lack("subcases and steps of the case control have other numbers than those of the results")
        return done
    done = patterns_of(deck.data, numbers, systems, basic.mesh.cells, points)
    if others:
        done.lack(f"{', '.join(others)} of the case control is not read")
    return done


def _ends(course: Course, initial_time: float) -> np.ndarray:
    """Times at which phases end, the initial time first."""
    return np.array([initial_time, *(course.times[_of_phase(course, key)].max() for key in _keys(course))])


def _amplitude(course: Course, subcases: Sequence[Phase], number: int, speed: bool,
               initial_time: float) -> TableAmplitude:
    """One at the end of the phases that name the set, linear between the ends; of a speed, the root of that."""
    times = _ends(course, initial_time)
    values = np.array([0.0, *(float(one.number_of("LOAD") == number) for one in subcases)])
    if speed:
        every = np.unique(np.concatenate([times, course.times]))
        times, values = every, np.sqrt(np.interp(every, times, values))
    return TableAmplitude(time=tuple(times.tolist()), value=tuple(values.tolist()))


def _held(course: Course, initial_time: float) -> TableAmplitude:
    """Displacements that SPC states grow in the first subcase, and stay."""
    times = _ends(course, initial_time)
    return TableAmplitude(time=(float(times[0]), float(times[1])), value=(0.0, 1.0))


