"""A bar in plastic tension whose deck and results are written in closed form: what is converted is what was meant.

Material, pressure, constraints, amplitudes and frames of displacement have to fit together for the check to pass.
"""

from __future__ import annotations

import numpy as np
import pytest
from op2_writer import CHEXA, CORD2C, GRID, PSOLID, Op2Writer
from romlib_converters.nastran import NastranConverter

from romlib.check import check
from romlib.snapshots import Snapshots

pytest.importorskip("pyNastran", reason="pyNastran is not installed")
YOUNG, POISSON, YIELD, SLOPE, TOP = 200000.0, 0.3, 250.0, 5000.0, 400.0
N = 3  # grid points along an edge


def stretched(points, load, expansion=0.0):
    """Displacement of uniaxial tension along z, beyond yield with linear hardening, and of a free expansion."""
    p = max(0.0, load - YIELD) / SLOPE
    axial, across = load / YOUNG + p, -POISSON * load / YOUNG - 0.5 * p
    return points * (np.array([across, across, axial]) + expansion)


def bar(folder, *, integration="TWO,,FULL", isop=(2, 1), loads=(0.25, 0.5, 0.75, 1.0), sign=-1.0, hardening=1,
        double=False, control="", bulk="", expansion=None):
    axis = np.linspace(0.0, 2.0, N)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    ids = 11 + 3 * np.arange(len(points))
    grid = np.arange(len(points)).reshape(N, N, N)
    c = grid[:-1, :-1, :-1].ravel()
    cells = np.stack([c, c + N * N, c + N * N + N, c + N, c + 1, c + N * N + 1, c + N * N + N + 1, c + N + 1], axis=1)
    free = (points > 0).all(axis=1)
    cd = np.where(free, 4, 0)  # cylindrical about z through (-1, -1)
    frames = np.tile(np.eye(3), (len(points), 1, 1))
    around = np.arctan2(points[:, 1] + 1.0, points[:, 0] + 1.0)[free]
    frames[free] = np.stack([np.column_stack([np.cos(around), np.sin(around), 0 * around]),
                             np.column_stack([-np.sin(around), np.cos(around), 0 * around]),
                             np.tile([0.0, 0.0, 1.0], (len(around), 1))], axis=2)
    writer = Op2Writer(word=8 if double else 4)
    writer.table("GEOM1", [
        writer.card(GRID, [[int(i), 0, *map(float, x), int(k), 0, 0] for i, x, k in zip(ids, points, cd)]),
        writer.card(CORD2C, [[4, 2, 2, 0, -1.0, -1.0, 0.0, -1.0, -1.0, 1.0, 0.0, -1.0, 0.0]])])
    writer.table("GEOM2", [writer.card(CHEXA, [[k + 1, 1, *ids[cell].tolist(), *[0] * 12]
                                               for k, cell in enumerate(cells)])])
    writer.table("EPT", [writer.card(PSOLID, [[1, 1, 0, isop[0], 0, isop[1], b"SMEC"]])])
    records = []
    for load in loads:
        u = stretched(points, TOP * load, 0.0 if expansion is None else expansion(load))
        local = np.einsum("nji,nj->ni", frames, u)
        records += [writer.ident(10, load), writer.rows(ids, np.column_stack([local, np.zeros_like(local)]))]
    writer.table("OUGV1", records)
    writer.write(folder / "bar.op2")
    lines = ["SOL 106", "CEND", control, "SPC = 1", "LOAD = 2", "NLPARM = 3", "BEGIN BULK", "PARAM,LGDISP,-1",
             f"NLPARM,3,{len(loads)},,AUTO,,,,YES", "CORD2C,4,0,-1.,-1.,0.,-1.,-1.,1.", "+,0.,-1.,0."]
    lines += [f"GRID,{i},,{x[0]:.6f},{x[1]:.6f},{x[2]:.6f},{k}" for i, x, k in zip(ids, points, cd)]
    lines += [f"CHEXA,{k + 1},1," + ",".join(map(str, ids[cell[:6]])) + "\n+," + ",".join(map(str, ids[cell[6:]]))
              for k, cell in enumerate(cells)]
    lines += [f"PSOLID,1,1,,{integration}", f"MAT1,1,{YOUNG},,{POISSON},7.8-9,1.-5,20.",
              f"MATS1,1,,PLASTIC,{SLOPE},1,{hardening},{YIELD}"]
    for component in range(3):
        held = ids[points[:, component] == 0.0]
        lines += [f"SPC1,1,{component + 1},{node}" for node in held]
    for k, cell in enumerate(cells):
        if points[cell[4], 2] == 2.0:
            lines.append(f"PLOAD4,2,{k + 1},{sign * TOP},,,,{ids[cell[4]]},{ids[cell[6]]}")
    (folder / "bar.bdf").write_text("\n".join(line for line in [*lines, bulk, "ENDDATA", ""] if line) + "\n")
    NastranConverter().convert(folder / "bar.op2", folder / "bar.vtkhdf")
    return Snapshots(folder / "bar.vtkhdf")


@pytest.mark.parametrize("hardening", [1, 2])
@pytest.mark.parametrize("double", [False, True])
def test_a_bar_in_plastic_tension_passes_the_check(tmp_path, hardening, double):
    with bar(tmp_path, hardening=hardening, double=double) as ours:
        report = check(ours)
        assert not any(one.does_work for one in ours.model.omissions)
        assert report["equilibrium"].status == "pass", str(report)
        assert report["equilibrium"].value < (1e-9 if double else 1e-4)


def test_a_pressure_of_the_other_sign_does_not(tmp_path):
    with bar(tmp_path, sign=1.0) as ours:
        assert check(ours)["equilibrium"].status == "fail"


def test_displacements_that_are_not_turned_do_not(tmp_path, monkeypatch):
    from romlib_converters.nastran import history

    monkeypatch.setattr(history, "global_vectors", lambda values, *_: values)
    with bar(tmp_path) as ours:
        assert check(ours)["equilibrium"].status == "fail"


def test_a_heated_bar_passes_the_check(tmp_path):
    control = "TEMPERATURE(INITIAL) = 20\nTEMPERATURE(LOAD) = 9"
    with bar(tmp_path, double=True, control=control, bulk="TEMPD,20,20.\nTEMPD,9,120.",
             expansion=lambda load: 1e-5 * 100.0 * load) as ours:
        report = check(ours)
        assert report["equilibrium"].status == "pass" and report["equilibrium"].value < 1e-9, str(report)


def test_default_elements_are_said_to_differ(tmp_path):
    with bar(tmp_path, integration="", isop=(0, 0)) as ours:
        assert [one.name for one in ours.model.omissions if one.does_work] == ["formulation_CHEXA_hex8"]
