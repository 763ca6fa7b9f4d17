"""Life quantities of a run: strain ranges per cycle, accumulated p, rainflow cycles, damage, hot spots."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from romlib.blocks import blocks
from romlib.errors import InputError, StudyError
from romlib.files import regular_file
from romlib.life.counting import Counted, count_one
from romlib.life.cycles import cycles_of
from romlib.life.judge import (
    Elastic,
    Histories,
    Judged,
    increments_per_cycle,
    judge,
    needs_stress,
    ranges_per_cycle,
)
from romlib.life.measures import SIGNED, STRAIN_FACTOR, STRESS_FACTOR, scalar_of, sign_is_unsure
from romlib.life.spots import hot_spots
from romlib.life.table import Basquin, CoffinManson, Curve, LifeTable
from romlib.model import Case, Material
from romlib.nodal.pieces import averaged_pieces
from romlib.results.file import Results
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots
from romlib.solution.solution import Solution
from romlib.storage.opening import kind_of
from romlib.study.histories import (
    FileSource,
    MeshedSource,
    PointSet,
    SelectedSource,
    SolutionSource,
    Source,
    at_points,
    history,
    load_values,
)
from romlib.study.life_result import HotSpot, Life, unchecked_of
from romlib.study.study import Study
from romlib.words import listed, unknown

if TYPE_CHECKING:
    from romlib.online.rom import ReducedOrderModel

QUANTITIES = ("damage", "strain_range", "stress_range", "p", "p_per_cycle")
_POINT_BYTES = 256 * 2**20
_DISTANCE = 0.05  # of the diagonal of the body: ten hot spots are not ten points of one notch


def life(
    run: Solution | Results | str | Path, *, case: str | Case | None = None, study: Study | str | Path | None = None,
    table: LifeTable | None = None, by: str | None = None, number: int = 10, distance: float | None = None,
    selected_points: bool = False,
) -> Life:
    """Life quantities of a run: ranges per cycle, accumulated p, damage, and the list of hot spots.

        found = romlib.life("result.vtkhdf", study="study.toml")
        found.spots[0].damage, found.to_pandas()

    Parameters
    ----------
    run : a solution, results that are open, a snapshots file, or a ROM (.rom) of which `case` is solved first.
    study : read already, or its file: its table [life], and what a snapshots file lacks. By default the study that a
        ROM was trained with. table : instead of [life].
    by : what hot spots are ranked by: "damage", "strain_range", "stress_range", "p" (at the end of the run) or
        "p_per_cycle"; by default damage where a material has a fatigue curve, else the strain range.
    number : of hot spots. distance : in the unit of length, that two of them are apart at least; by default 5 % of the
        diagonal of the body.
    selected_points : look at the selected points of a ROM alone, which needs no fields file.

    Raises
    ------
    InputError, StudyError : a quantity that the run does not have; no such material; a curve without Young's modulus.
    """
    with opened_source(run, case, study, selected_points) as (source, declared):
        settings = table if table is not None else LifeTable() if declared is None or declared.life is None else (
            declared.life)
        return _Finder(source, settings, None if table is not None or declared is None else declared.path).find(
            by, number, distance)


def table_of(run: str | Path, study: Study | str | Path | None = None) -> LifeTable:
    """The table [life] that is meant: of the study, or of that which a ROM was trained with; else the defaults."""
    if study is None:
        from romlib.archive.romfile import read_rom

        path = Path(run)
        declared = trained_with(read_rom(path).manifest.study) if path.is_file() and _kind(path) == "rom" else None
    else:
        declared = Study.of(study)
    return LifeTable() if declared is None or declared.life is None else declared.life


@contextmanager
def opened_source(
    run: Solution | Results | str | Path, case: str | Case | None, study: Study | str | Path | None,
    selected_points: bool,
) -> Iterator[tuple[Source, Study | None]]:
    """The histories of a run, and the study whose [life] is meant."""
    declared = None if study is None else Study.of(study)
    if isinstance(run, Solution):
        yield _of_solution(run, "the solution", selected_points, declared)
        return
    path = run.path if isinstance(run, Results) else Path(run)
    if case is not None or selected_points:
        regular_file(path, remedy="check the path")  # else of what is missing it would be said that it is no ROM
    if path.is_file() and _kind(path) == "rom":
        from romlib.online.rom import load

        model = load(path)
        yield _of_solution(_solved(model, case), str(path), selected_points or not _has_fields(model), declared)
        return
    if case is not None or selected_points:
        raise InputError("a snapshots file has one run, and no selected points", file=path,
                         found="case" if case is not None else "selected points",
                         remedy="leave it out, or give the ROM (.rom)")
    with Snapshots(path) as snapshots:
        if "displacement" not in snapshots.fields and "strain" not in snapshots.fields:
            raise InputError("the file has neither displacement nor strain", file=path,
                             expected="a snapshots file with displacement", found=listed(snapshots.fields))
        yield FileSource(PreparedSnapshots.of(snapshots) if declared is None else declared.prepare(snapshots)), declared


def _kind(path: Path) -> str:
    try:
        return kind_of(path)
    except OSError:
        return ""  # what it is instead is said by the reader of snapshots files


def _solved(model: ReducedOrderModel, case: str | Case | None) -> Solution:
    if case is None:
        raise InputError("a ROM has no run by itself: a case is needed", file=model.path, place="case",
                         **unknown("nothing", model.archive.cases, "romlib life x.rom --case NAME"))
    return model.solve(case)


def _has_fields(model: ReducedOrderModel) -> bool:
    return model.fields_path is not None and model.fields_path.is_file()


def _of_solution(
    solution: Solution, name: str, selected: bool, declared: Study | None
) -> tuple[Source, Study | None]:
    source: Source = SelectedSource(solution, name) if selected else SolutionSource(solution, name)
    return source, declared if declared is not None else trained_with(solution.rom.manifest.study)


@lru_cache(maxsize=8)  # of a sweep, all runs have the same
def trained_with(text: str) -> Study | None:
    """The study of a ROM, for its [life] alone; None where it has none, or is no TOML (a ROM made in Python).

    Raises
    ------
    StudyError : its [life] is wrong.
    """
    try:
        stated = tomllib.loads(text).get("life")
    except tomllib.TOMLDecodeError:
        return None
    try:
        return None if stated is None else Study.model_validate({"study": {"name": "of the ROM"}, "life": stated})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise StudyError("the table [life] in the study of the ROM cannot be read",
                         place=".".join(map(str, first["loc"])), found=first["msg"],
                         remedy="give a study whose [life] is right") from error


class _Finder:
    """Runs through all points, then looks closer at the hot spots."""

    def __init__(self, source: Source, table: LifeTable, file: Path | None) -> None:
        self.source, self.table, self.file = source, table, file
        self.has_stress, self.has_p = "stress" in source.fields, "p" in source.fields
        self.materials = list(source.model.materials.items())
        self._refuse_what_is_not_there()
        if len(source.times) < 2:
            raise InputError("a run of one step has no cycle", place=source.name, expected="at least two steps")
        self.cycles = cycles_of(source.times, load_values(source.model.amplitudes, source.times), table.period)

    def _refuse_what_is_not_there(self) -> None:
        for name, curve in self.table.materials.items():
            place = f"life.materials.{name}"
            if name not in self.source.model.materials:
                raise StudyError("there is no such material", file=self.file, place=place,
                                 **unknown(name, self.source.model.materials))
            if needs_stress(curve) and not self.has_stress:
                raise InputError(f"the curve {curve.kind} needs stresses, and the run has none",
                                 file=self.source.name, place=place, found=listed(sorted(self.source.fields)),
                                 remedy="write the result with stress, or take strain_life without mean stress")
            self.elastic(self.source.model.materials[name], curve, place)

    def elastic(self, material: Material, curve: Curve, place: str) -> Elastic:
        """Young's modulus and Poisson's ratio of a curve that needs them: stated there, or the material's."""
        def stated(name: str) -> float:
            value: Any = getattr(curve, name, None)
            value = material.parameters.get(name) if value is None else value
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise StudyError(
                    f"the fatigue curve needs {name}", file=self.file, place=f"{place}.{name}", expected="a number",
                    found="nothing" if value is None else "a table in temperature, or a formula, of the material",
                    remedy="state the value at the temperature that matters")
            return float(value)

        if isinstance(curve, Basquin):
            return Elastic()
        return Elastic(stated("young"), stated("poisson") if isinstance(curve, CoffinManson) else np.nan)

    def find(self, by: str | None, number: int, distance: float | None) -> Life:
        """All of it."""
        by = self._ranking(by)
        if number < 1:
            raise InputError("at least one hot spot is listed", place="number", found=number)
        if distance is not None and not 0.0 <= distance < np.inf:
            raise InputError("a distance is zero or above", place="distance", found=distance)
        sets = [self.source.points(piece) for piece in range(self.source.n_piece)]
        fields: dict[str, list[np.ndarray]] = {}
        for piece, points in enumerate(sets):
            for name, values in self._all_points(piece, points).items():
                fields.setdefault(name, []).append(values)
        coordinates = np.concatenate([points.coordinates for points in sets])
        apart = _DISTANCE * float(np.linalg.norm(np.ptp(coordinates, axis=0))) if distance is None else distance
        chosen = hot_spots(np.concatenate(fields[by]), coordinates, number, apart)
        first = np.cumsum([0, *(points.n for points in sets)])
        pieces = np.searchsorted(first, chosen, side="right") - 1
        places = [(int(p), int(k - first[p])) for p, k in zip(pieces, chosen)]
        spots = self._spots(places, sets, fields)
        source = self.source
        return Life(source.name, source.times, source.model.units, self.table, self.cycles, by, apart, tuple(spots),
                    fields, source.whole, source.bounds, self._notes(spots),
                    unchecked_of(spots, source.bounds, self.table))

    def _ranking(self, by: str | None) -> str:
        there = [name for name in QUANTITIES if (name != "damage" or self.table.materials)
                 and (name != "stress_range" or self.has_stress) and (not name.startswith("p") or self.has_p)]
        if by is None:
            return there[0]
        if by not in there:
            raise InputError(f"hot spots cannot be ranked by {by!r}", file=self.source.name, place="by",
                             **unknown(by, there, "a damage needs [life.materials.NAME] in the study" if by == "damage"
                                       else "write the result with this field"))
        return by

    def _histories(self, piece: int, ips: np.ndarray) -> Histories:
        def read(name: str) -> np.ndarray:
            return history(self.source, name, piece, ips)
        return Histories(read("strain"), read("stress") if self.has_stress else None,
                         read("p")[..., 0] if self.has_p else None)

    def _all_points(self, piece: int, points: PointSet) -> dict[str, np.ndarray]:
        """By quantity, (n,) at the points of a piece; NaN where there is none."""
        names = [name for name in QUANTITIES if name == "strain_range" or (name == "damage" and self.table.materials)
                 or (name == "stress_range" and self.has_stress) or (name.startswith("p") and self.has_p)]
        out = {name: np.full(points.n, np.nan) for name in names}
        bytes_each = 8 * len(self.source.times) * 6 * 8  # histories, and what is made of them
        for rows in blocks(points.n, bytes_each, _POINT_BYTES):
            ips = np.arange(rows.start, rows.stop)
            histories = self._histories(piece, ips)
            whole = slice(None, None if self.cycles.complete else -1)
            out["strain_range"][ips] = ranges_per_cycle(
                histories.strain, self.cycles, self.table, STRAIN_FACTOR)[whole].max(axis=0)
            if histories.stress is not None:
                out["stress_range"][ips] = ranges_per_cycle(
                    histories.stress, self.cycles, self.table, STRESS_FACTOR)[whole].max(axis=0)
            if histories.p is not None:
                out["p"][ips] = histories.p[-1]
                out["p_per_cycle"][ips] = increments_per_cycle(histories.p, self.cycles)[whole][-1]
            for number, (name, material) in enumerate(self.materials):
                here = np.flatnonzero(points.material[ips] == number)
                if name in self.table.materials and len(here):
                    curve = self.table.materials[name]
                    judged = judge(_at(histories, here), self.cycles, self.table, curve,
                                   self.elastic(material, curve, f"life.materials.{name}"))
                    out["damage"][ips[here]] = judged.summed(len(here))
        return out

    def _nodal(
        self, fields: dict[str, list[np.ndarray]], sets: Sequence[PointSet], spots: Sequence[tuple[int, int]]
    ) -> list[dict[str, float]]:
        """At each spot, by quantity, the largest nodal average at the nodes of its cell, over cells of its material."""
        found: list[dict[str, float]] = [{} for _ in spots]
        if not isinstance(self.source, MeshedSource) or not spots:
            return found
        meshes = [self.source.mesh(piece) for piece in range(self.source.n_piece)]
        names = [name for name in fields if name != "damage"]  # an average of damages is no damage
        tags = [material.cells for _, material in self.materials]
        for material in sorted({int(sets[piece].material[ip]) for piece, ip in spots}):
            def read(name: str, piece: int, ips: np.ndarray | None, material: int = material) -> np.ndarray:
                return _column(np.where(sets[piece].material == material, fields[name][piece], np.nan), ips)

            for part in averaged_pieces(meshes, tags, dict.fromkeys(names, lambda v: v[..., 0]), read):
                for k, (piece, ip) in enumerate(spots):
                    if piece == part.piece and sets[piece].material[ip] == material:
                        nodes = _nodes_of(part.mesh, int(sets[piece].cell_ids[ip]))
                        values = part.at_nodes[0, nodes, 0]
                        if not np.isnan(values).all():  # the material lacks the field
                            found[k][part.field] = float(np.nanmax(values))
        return found

    def _spots(
        self, places: Sequence[tuple[int, int]], sets: Sequence[PointSet], fields: dict[str, list[np.ndarray]]
    ) -> list[HotSpot]:
        """Hot spots at (piece, point), in this order; the points of a piece are read at once."""
        nodal = self._nodal(fields, sets, places)
        found: dict[int, HotSpot] = {}
        for piece in sorted({piece for piece, _ in places}):
            here = [k for k, place in enumerate(places) if place[0] == piece]
            together = self._histories(piece, np.array([places[k][1] for k in here]))
            for column, k in enumerate(here):
                values = {name: float(parts[piece][places[k][1]]) for name, parts in fields.items()}
                found[k] = self._spot(*places[k], sets[piece], _at(together, [column]), values, nodal[k])
        return [found[k] for k in range(len(places))]

    def _spot(
        self, piece: int, ip: int, points: PointSet, histories: Histories, values: dict[str, float],
        nodal: dict[str, float],
    ) -> HotSpot:
        """histories : of this point alone."""
        number = int(points.material[ip])
        name = self.materials[number][0] if number >= 0 else ""
        judged = self._judged_closely(histories, name) if name in self.table.materials else None
        signed = SIGNED if self.table.used_measure == "equivalent" else self.table.used_measure
        stress = histories.stress
        return HotSpot(
            piece, ip, int(points.cell_ids[ip]), int(points.numbers[ip]), points.coordinates[ip], name, values, nodal,
            ranges_per_cycle(histories.strain, self.cycles, self.table, STRAIN_FACTOR)[:, 0],
            None if histories.p is None else increments_per_cycle(histories.p, self.cycles)[:, 0],
            self.table.strain_scale * scalar_of(histories.strain[:, 0], signed, STRAIN_FACTOR),
            None if stress is None else scalar_of(stress[:, 0], signed, STRESS_FACTOR),
            None if histories.p is None else histories.p[:, 0], judged,
            signed == SIGNED and bool(sign_is_unsure(histories.strain)[0]))

    def _judged_closely(self, histories: Histories, name: str) -> Judged:
        """The damaging cycles of one point, counted by the package."""
        def counter(series: np.ndarray, residue: str) -> Counted:
            return count_one(series[:, 0], residue)
        curve = self.table.materials[name]
        return judge(histories, self.cycles, self.table, curve,
                     self.elastic(self.source.model.materials[name], curve, f"life.materials.{name}"), counter)

    def _notes(self, spots: Sequence[HotSpot]) -> tuple[str, ...]:
        notes = [*self.source.notes]
        if not self.source.whole:
            notes.append("only the selected points of the ROM were looked at: the largest values of the body may be "
                         "elsewhere")
        if not self.cycles.complete:
            notes.append("the run ends within a cycle: the rest is no cycle in the ranges, and one in the damage")
        if self.table.counting == "rainflow" and any(spot.sign_is_unsure for spot in spots):
            notes.append("at a hot spot the strain is close to pure shear, where the sign of signed_von_mises says "
                         "little: take a component, or counting = \"period\"")
        without = [name for name in self.source.model.materials if name not in self.table.materials]
        if self.table.materials and without:
            notes.append(f"no fatigue curve, and no damage, of {listed(without)}")
        return tuple(notes)


def _at(histories: Histories, rows: np.ndarray | list[int]) -> Histories:
    rows = np.asarray(rows)
    return Histories(at_points(histories.strain, rows),
                     None if histories.stress is None else at_points(histories.stress, rows),
                     None if histories.p is None else at_points(histories.p, rows))


def _column(values: np.ndarray, ips: np.ndarray | None) -> np.ndarray:
    return (values if ips is None else values[ips])[None, :, None]


def _nodes_of(mesh: Any, cell_id: int) -> np.ndarray:
    for block in mesh.blocks:
        at = np.flatnonzero(block.cell_ids == cell_id)
        if len(at):
            return block.connectivity[at[0]]
    raise AssertionError(f"cell {cell_id} is in the piece")
