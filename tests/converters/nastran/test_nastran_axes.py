"""Orthotropic blocks in tension along no axis of theirs, in closed form, and turned copies of them.

CORDM of PSOLID, MAT9 and MAT11 have to fit together for the check to pass.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from op2_writer import Op2Writer
from romlib_converters.nastran import NastranConverter, deck, extract
from romlib_converters.nastran.axes import cell_axes
from romlib_converters.nastran.bulk import Bulk, Grids, SolidProperty, Solids
from romlib_converters.nastran.directional import directional_materials
from romlib_converters.nastran.materials import materials_of
from romlib_converters.nastran.systems import SystemCard, Systems
from scipy.spatial.transform import Rotation

from romlib.check import check
from romlib.errors import FileFormatError
from romlib.snapshots import Snapshots

pytest.importorskip("pyNastran", reason="pyNastran is not installed")
E1, E2, E3, NU12, NU13, NU23, G12, G13, G23 = NINE = (140e3, 9e3, 11e3, 0.3, 0.25, 0.2, 5e3, 4e3, 3e3)
PULL, N = 100.0, 3
GLOBAL = np.eye(3)
TURN = Rotation.from_euler("ZXY", [30.0, 20.0, -50.0], degrees=True).as_matrix()
OTHER = Rotation.from_euler("XYZ", [10.0, 70.0, 35.0], degrees=True).as_matrix()
MAT11 = "MAT11,1," + ",".join(f"{x!r}" for x in NINE[:7]) + "\n+," + ",".join(f"{x!r}" for x in NINE[7:]) + ",7.8-9"


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """A process of its own for each deck takes a second."""
    @contextlib.contextmanager
    def here(function, file, *arguments, reader, seconds):
        yield dict(extract.extract(file, *arguments))

    monkeypatch.setattr(deck, "in_child", here)


def compliance():
    """For xx, yy, zz, xy, yz, zx with engineering shear."""
    s = np.diag([1 / E1, 1 / E2, 1 / E3, 1 / G12, 1 / G23, 1 / G13])
    s[0, 1] = s[1, 0] = -NU12 / E1
    s[0, 2] = s[2, 0] = -NU13 / E1
    s[1, 2] = s[2, 1] = -NU23 / E2
    return s


def mat9(matrix, rest=(7.8e-9,)):
    values = [*matrix[np.triu_indices(6)].tolist(), *rest]
    fields = ["MAT9", "1", *(f"{x:.9E}" for x in values)]
    lines = [",".join(fields[:9])] + [",".join(["+", *fields[k:k + 8]]) for k in range(9, len(fields), 8)]
    return "\n".join(lines)


def strain_of(frame, motion, expansion=(0.0, 0.0, 0.0)):
    """Basic strain (3, 3) under a tension along the third axis of the motion, of material axes in columns."""
    pull = motion[:, 2]
    own = frame.T @ (PULL * np.outer(pull, pull)) @ frame
    e = compliance() @ [own[0, 0], own[1, 1], own[2, 2], own[0, 1], own[1, 2], own[0, 2]] + [*expansion, 0, 0, 0]
    local = np.array([[e[0], e[3] / 2, e[5] / 2], [e[3] / 2, e[1], e[4] / 2], [e[5] / 2, e[4] / 2, e[2]]])
    return frame @ local @ frame.T


def block(folder, *, frame=GLOBAL, cordm="", motion=GLOBAL, material=MAT11, systems=(), control="", bulk="",
          expansion=(0.0, 0.0, 0.0)):
    """2 x 2 x 2 CHEXA of the edge 1, turned by the motion, which is the system 7 that all points move in.

    It is held at three points as a statically determinate body is, so that the forces at all others depend on the law.
    """
    axis = np.linspace(0.0, 2.0, N)
    local = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    points, ids = local @ motion.T, 11 + 3 * np.arange(len(local))
    grid = np.arange(len(local)).reshape(N, N, N)
    c = grid[:-1, :-1, :-1].ravel()
    cells = np.stack([c, c + N * N, c + N * N + N, c + N, c + 1, c + N * N + 1, c + N * N + N + 1, c + N + 1], axis=1)
    e = motion.T @ strain_of(frame, motion, expansion) @ motion
    moved = np.array([[e[0, 0], 2 * e[0, 1], 2 * e[0, 2]], [0.0, e[1, 1], 2 * e[1, 2]], [0.0, 0.0, e[2, 2]]])
    writer, records = Op2Writer(word=8), []
    for load in (0.5, 1.0):
        u = load * local @ moved.T
        records += [writer.ident(10, load), writer.rows(ids, np.column_stack([u, np.zeros_like(u)]))]
    writer.table("OUGV1", records)
    writer.write(folder / "block.op2")
    lines = ["SOL 106", "CEND", control, "SPC = 1", "LOAD = 2", "NLPARM = 3", "BEGIN BULK", "PARAM,LGDISP,-1",
             "NLPARM,3,2,,AUTO,,,,YES", f"PSOLID,1,1,{cordm},TWO,,FULL", material]
    for number, axes in {7: motion, **dict(systems)}.items():
        lines += [f"CORD2R,{number},0,0.,0.,0.," + ",".join(f"{x:.15f}" for x in axes[:, 2]),
                  "+," + ",".join(f"{x:.15f}" for x in axes[:, 0])]
    lines += [f"GRID,{i},,{x[0]:.12f},{x[1]:.12f},{x[2]:.12f},7" for i, x in zip(ids, points)]
    lines += [f"CHEXA,{k + 1},1," + ",".join(map(str, ids[cell[:6]])) + "\n+," + ",".join(map(str, ids[cell[6:]]))
              for k, cell in enumerate(cells)]
    lines += [f"SPC1,1,123,{ids[0]}", f"SPC1,1,23,{ids[grid[-1, 0, 0]]}", f"SPC1,1,3,{ids[grid[0, -1, 0]]}"]
    for k, cell in enumerate(cells):
        ends = cell[[4, 6]] if local[cell[4], 2] == 2.0 else cell[[0, 2]]
        lines.append(f"PLOAD4,2,{k + 1},{-PULL},,,,{ids[ends[0]]},{ids[ends[1]]}")
    (folder / "block.bdf").write_text("\n".join(line for line in [*lines, bulk, "ENDDATA", ""] if line) + "\n")
    NastranConverter().convert(folder / "block.op2", folder / "block.vtkhdf")
    return Snapshots(folder / "block.vtkhdf")


def lacking(ours):
    return [one.description for one in ours.model.omissions if one.does_work]


@pytest.mark.parametrize(("cordm", "frame"), [("", GLOBAL), ("8", OTHER), ("-1", TURN)])
def test_a_turned_block_of_mat11_passes_the_check_along_the_axes_that_cordm_names(tmp_path, cordm, frame):
    """The basic system, a rectangular one, that of the elements, in which the turned block is one that is not."""
    with block(tmp_path, frame=frame, cordm=cordm, motion=TURN, systems={8: OTHER}.items()) as ours:
        assert ours.model.materials["MAT_1"].law == "orthotropic" and not lacking(ours)
        report = check(ours)
        assert report["equilibrium"].status == "pass" and report["equilibrium"].value < 1e-8, str(report)


def test_other_axes_do_not_pass_the_check(tmp_path):
    with block(tmp_path, frame=OTHER, cordm="7", systems={8: OTHER}.items()) as ours:
        assert check(ours)["equilibrium"].status == "fail"


def test_a_heated_block_of_mat9_expands_along_its_axes(tmp_path):
    material = mat9(np.linalg.inv(compliance()), (7.8e-9, 1e-5, 2e-5, 3e-5, 0.0, 0.0, 0.0, 20.0))
    with block(tmp_path, frame=OTHER, cordm="8", systems={8: OTHER}.items(), material=material,
               control="TEMPERATURE(INITIAL) = 20\nTEMPERATURE(LOAD) = 9", bulk="TEMPD,20,20.\nTEMPD,9,120.",
               expansion=(1e-3, 2e-3, 3e-3)) as ours:
        one = ours.model.materials["MAT_1"]
        assert one.law == "orthotropic" and "C11" in one.parameters and one.density == 7.8e-9 and not lacking(ours)
        assert one.thermal_expansion.coefficient == pytest.approx((1e-5, 2e-5, 3e-5))
        report = check(ours)
        assert report["equilibrium"].status == "pass" and report["equilibrium"].value < 1e-6, str(report)
    found = NastranConverter().read_mesh(tmp_path / "block.bdf").cell_arrays
    assert np.allclose(found["element_axis_1"], OTHER[:, 0]) and np.allclose(found["element_axis_2"], OTHER[:, 1])


ROW11 = ["1", *(str(x) for x in NINE), "7.8-9", "1.-5", "2.-5", "3.-5", "20."]


def row9(matrix):
    return ["1", *(str(x) for x in matrix[np.triu_indices(6)])]


STIFF = np.linalg.inv(compliance())
COUPLED = STIFF + 1e3 * (np.eye(6)[[0]].T @ np.eye(6)[[3]] + np.eye(6)[[3]].T @ np.eye(6)[[0]])


@pytest.mark.parametrize(("raw", "word"), [
    ({"MAT11": [ROW11], "MATT11": [["1", "5"]]}, "MATT11"), ({"MAT11": [ROW11], "MATS1": [["1"]]}, "MATS1"),
    ({"MAT11": [[*ROW11[:2], None, *ROW11[3:]]]}, "lacks some of its nine"),
    ({"MAT11": [[*ROW11[:2], "-9.", *ROW11[3:]]]}, "not positive"), ({"MAT9": [row9(COUPLED)]}, "couples shear"),
    ({"MAT9": [row9(-STIFF)]}, "positive definite"), ({"MAT8": [["1"]]}, "no MAT1, MAT9 or MAT11"),
    ({"MAT9": [[*row9(STIFF), "0.", "1.-5", "1.-5", "1.-5", "2.-6"]]}, "expands in shear")])
def test_what_no_law_is_made_of_is_left_to_the_study_by_name(raw, word):
    data = {"raw": raw, "materials": {}, "of_materials": {}, "tables": {}}
    found, (note,) = materials_of(data, [1], True, "deck")
    assert not found and note.does_work and note.name == "material_1" and word in note.description


def test_axes_that_cannot_be_told_are_no_axes():
    """A cylindrical system, the element's own in a skewed brick and in a tetrahedron, a system of another kind."""
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
    skewed = points + np.array([10.0, 0, 0]) + points[:, 1:2] * [0.3, 0, 0]
    grids = np.arange(1, 17)
    hexes, own = np.array([grids[:8], grids[8:]]), {1: -1, 2: 4, 3: 5, 4: -2}
    systems = {4: SystemCard(4, 2, 0, ((0, 0, 0), (0, 0, 1), (1, 0, 0))),
               5: SystemCard(5, 1, 0, ((0, 0, 0), tuple(TURN[:, 2]), tuple(TURN[:, 0])))}
    place = np.concatenate([points, skewed])
    bulk = Bulk(Path("deck"), Grids(grids, 0 * grids, place, 0 * grids), {
        "CHEXA": Solids(np.arange(8), np.array([1, 1, 2, 2, 3, 3, 4, 4]), np.tile(hexes, (4, 1))),
        "CTETRA": Solids(np.array([9]), np.array([1]), grids[None, [0, 1, 2, 4]])}, {}, systems,
        {number: SolidProperty("PSOLID", 1, axes) for number, axes in own.items()})
    found = cell_axes(bulk, Systems(systems, grids, 0 * grids, place, bulk.file), grids, place)
    assert found.properties.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 1]
    assert np.isnan(found.frames).any(axis=(1, 2)).tolist() == [False, True, True, True, False, False, True, True, True]
    assert np.allclose(found.frames[0], GLOBAL) and np.allclose(found.frames[4], TURN)
    data = {"raw": {"MAT11": [ROW11]}, "materials": {}, "of_materials": {}, "tables": {}}
    made, (note,) = materials_of(data, [1], True, "deck", {1: found.frames[:2]})
    assert not made and "CORDM" in note.description and "1 element cannot be told" in note.description


def test_a_crystal_is_cubic_however_it_is_written():
    crystal = np.zeros((6, 6))
    crystal[:3, :3] = 147.3e3
    np.fill_diagonal(crystal, [246.5e3] * 3 + [124.7e3] * 3)
    row = [f"{x}" for x in crystal[np.triu_indices(6)]]
    other = ["5", *["127.+3"] * 3, *[".37"] * 3, *["124.+3"] * 3]
    found = directional_materials({"MAT9": [["4", *row]], "MAT11": [other]}, "deck")
    assert found[4].law == ("cubic", {"C11": 246.5e3, "C12": 147.3e3, "C44": 124.7e3})
    assert found[5].law == ("cubic", {"E": 127e3, "nu": 0.37, "G": 124e3})
    with pytest.raises(FileFormatError, match="a number cannot be read"):
        directional_materials({"MAT9": [["4", "x"]]}, "deck")
