"""The model of a deck and of a history: materials, constraints, loads and how they grow in time.

LOAD names what acts at the end of a subcase; a nonlinear static solution goes to it in a straight line from what acted
at the end of the subcase before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from romlib_converters.common.omissions import missing_increments
from romlib_converters.common.solver_mesh import IdValues, SolverMesh
from romlib_converters.nastran.cases import Course
from romlib_converters.nastran.constraints import constraints_of
from romlib_converters.nastran.deck import Deck, Subcase
from romlib_converters.nastran.loads import Patterns, patterns_of
from romlib_converters.nastran.materials import materials_of
from romlib_converters.nastran.mesh import BasicMesh
from romlib_converters.nastran.results import STATICS, TRANSIENT
from romlib_converters.nastran.systems import Systems

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
    subcases = _subcases(deck, course)
    grids = deck.bulk.grids
    points = IdValues(grids.ids, basic.mesh.points[:len(grids.ids)])
    solid = np.unique(np.concatenate([one.nodes.ravel() for one in basic.mesh.cells]))
    mids = {number: deck.bulk.properties[number].material for number in _properties(deck)}
    notes = [*_unfinished(deck), *_kinematics(deck), *_other_properties(deck), *_increments(deck, course, subcases)]
    thermal, more = _temperatures(subcases)
    materials, lacking = materials_of(deck.data, sorted(set(mids.values())), thermal, deck.path)
    numbers = [one.number_of("SPC") for one in subcases]
    relations = [one.number_of("MPC") for one in subcases]
    if len(set(numbers)) > 1 or len(set(relations)) > 1:
        more.append(Omission(name="constraints_change", does_work=True, description=(
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
    amplitudes |= {name: _held(course, initial_time) for name in moving}
    cell_sets = {**basic.mesh.cell_sets, **{
        f"MID_{mid}": np.concatenate([one.ids[np.isin(one.properties, [k for k, m in mids.items() if m == mid])]
                                      for one in deck.bulk.solids.values()]) for mid in sorted(set(mids.values()))}}
    mesh = replace(
        basic.mesh, cell_sets=cell_sets, node_sets={**basic.mesh.node_sets, **held.node_sets, **patterns.node_sets},
        node_arrays={**basic.mesh.node_arrays, **patterns.node_arrays}, face_sets=patterns.face_sets)
    model = Model(
        materials=materials, constraints=held.found, loads=patterns.loads, amplitudes=amplitudes,
        initial_time=initial_time, omissions=(*notes, *more, *lacking, *held.notes, *patterns.notes))
    return Whole(mesh, model)


def _subcases(deck: Deck, course: Course) -> list[Subcase]:
    """The subcases of the history, in its order; none where the deck has no case control."""
    by_number = {one.number: one for one in deck.subcases}
    numbers = dict.fromkeys(course.subcases.tolist())
    if len(by_number) == 1 and len(numbers) == 1:
        return list(by_number.values())
    return [by_number[number] for number in numbers if number in by_number]


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


def _increments(deck: Deck, course: Course, subcases: Sequence[Subcase]) -> list[Omission]:
    """Load steps that NLPARM computes and does not write."""
    if course.analysis in (STATICS, TRANSIENT):
        return []
    lost = 0
    for one in subcases:
        number = one.number_of("NLPARM")
        computed = deck.data["nlparms"].get(str(number), [0, ""])[0]
        mine = course.subcases == one.number if len(subcases) > 1 else np.ones(len(course.times), bool)
        lost += max(0, computed - len(np.unique(course.times[mine])))
    if not lost:
        return []
    return [missing_increments(lost, "", "Ask for them: NLPARM with INTOUT = YES.",
                               does_work="MATS1" in deck.data["raw"])]


def _temperatures(subcases: Sequence[Subcase]) -> tuple[bool, list[Omission]]:
    """Whether temperatures act, and that they are not read."""
    named = [one for one in subcases if any(key.startswith("TEMP") and "INIT" not in key and "MATE" not in key
                                            for key in one.commands)]
    if not named:
        return False, []
    return False, [Omission(name="temperature_not_read", does_work=True, description=(
        "TEMPERATURE(LOAD) acts: its temperatures and the thermal expansion are not read; state both in the study"))]


def _patterns(deck: Deck, course: Course, subcases: Sequence[Subcase], systems: Systems, basic: BasicMesh,
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
    done = patterns_of(deck.data, numbers, systems, basic.mesh.cells, points)
    if others:
        done.lack(f"{', '.join(others)} of the case control is not read")
    return done


def _ends(course: Course, initial_time: float) -> tuple[np.ndarray, list[int]]:
    """Times at which subcases end, the initial time first, and their numbers."""
    numbers = list(dict.fromkeys(course.subcases.tolist()))
    return np.array([initial_time, *(course.times[course.subcases == one].max() for one in numbers)]), numbers


def _amplitude(course: Course, subcases: Sequence[Subcase], number: int, speed: bool,
               initial_time: float) -> TableAmplitude:
    """One at the end of the subcases that name the set, linear between the ends; of a speed, the root of that."""
    times, numbers = _ends(course, initial_time)
    named = {one.number for one in subcases if one.number_of("LOAD") == number}
    only = len(subcases) == 1
    values = np.array([0.0, *(float(one in named or only) for one in numbers)])
    if speed:
        every = np.unique(np.concatenate([times, course.times]))
        times, values = every, np.sqrt(np.interp(every, times, values))
    return TableAmplitude(time=tuple(times.tolist()), value=tuple(values.tolist()))


def _held(course: Course, initial_time: float) -> TableAmplitude:
    """Displacements that SPC states grow in the first subcase, and stay."""
    times, _ = _ends(course, initial_time)
    return TableAmplitude(time=(float(times[0]), float(times[1])), value=(0.0, 1.0))


