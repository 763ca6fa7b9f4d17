"""The script for Abaqus's own Python on a stand-in of its API, and what is made of the folder that it writes."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from odb_stand_in import Assembly, BulkBlock, Field, assembly_set, database, frame, instance, step
from romlib_converters.abaqus import AbaqusConverter, export_odb

from romlib.errors import FileFormatError, InputError, RomlibError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.rectangle import rectangle_mesh
from romlib.snapshots import Snapshots

MESH = box_mesh("hex20", (2, 1, 1), (2.0, 1.0, 1.0), quadrature="hex_gauss_8")
TENSOR = ("S11", "S22", "S33", "S12", "S13", "S23")
LABELS = 10 * MESH.node_ids


def moved(time):
    x, y, z = MESH.points.T
    return 1e-3 * time * np.column_stack([x + 0.2 * y * x, -0.3 * y, 0.1 * z * x])


def plain(values):
    """Kelvin-Mandel vectors as Abaqus's components, in the same order."""
    return np.concatenate([values[:, :3], values[:, 3:] / np.sqrt(2.0)], axis=1)


def plate(double=True, axes=None, turned=True, once=False, shuffled=TENSOR, procedure="*STATIC", domain="TIME"):
    """An output database with U, S, SDV1 and SDV2 in two steps; the second begins with the end of the first."""
    block = MESH.blocks[0]
    part = instance("PLATE-1", LABELS, MESH.points, "C3D20R", 5 + 2 * block.cell_ids, LABELS[block.connectivity],
                    {"FOOT": LABELS[MESH.node_tags["xmin"]]})
    rigid = instance("RP-1", [1], [[0.0, 0.0, 5.0]], "", [], [])
    top = [[node for node in part.nodes if node.coordinates[2] > 0.99], [rigid.nodes[0]]]
    assembly = Assembly([part, rigid], {"TOP": assembly_set(top, "nodes")},
                        {"ALL": assembly_set([part.elements], "elements")})
    operator = StrainOperator(MESH)
    elements, points = np.repeat(5 + 2 * block.cell_ids, 8), np.tile(np.arange(1, 9), MESH.n_cell)

    def at(increment, time, total):
        u = moved(total)
        stress = plain(operator.strain(u[None])[0]) * 1000.0
        columns = [TENSOR.index(one) for one in shuffled]
        def tensors(values, local=None):
            return BulkBlock("INTEGRATION_POINT", elements, values[:, columns], shuffled, part, points, double, local,
                             once)
        true = Field("S", [tensors(stress)])
        s = true if axes is None else Field("S", [tensors(0.0 * stress, axes)], true if turned else None)
        u = np.concatenate([u[::-1]])
        fields = [Field("U", [BulkBlock("NODAL", LABELS[::-1], u, ("U1", "U2", "U3"), part, double=double)]), s,
                  *(Field(f"SDV{k}", [BulkBlock("INTEGRATION_POINT", elements, np.full((len(elements), 1), k * total),
                                                (), part, points, double)]) for k in (2, 1)),
                  Field("EVOL", [])]
        return frame(increment, time, fields)

    return database(assembly, [
        step("Load", [at(0, 0.0, 0.0), at(1, 0.5, 0.5), at(2, 1.0, 1.0)], procedure, domain),
        step("More", [at(0, 0.0, 1.0), at(1, 1.0, 2.0)], start=1.0)])


def exported(folder, **how):
    target = folder / "job_odb"
    export_odb.export(plate(**how), export_odb.Folder(str(target)), say=lambda text: None)
    return target


@pytest.mark.parametrize("how", [{}, {"once": True}, {"shuffled": ("S33", "S12", "S11", "S23", "S22", "S13")},
                                 {"double": False}], ids=["rows", "labels once", "another order", "single"])
def test_what_the_script_writes_is_converted(tmp_path, how):
    AbaqusConverter().convert(exported(tmp_path, **how), tmp_path / "x.vtkhdf")
    with Snapshots(tmp_path / "x.vtkhdf") as found:
        mesh = found.mesh(0)
        assert found.solver == "Abaqus 2024" and found.times.tolist() == [0.0, 0.5, 1.0, 2.0]
        np.testing.assert_array_equal(mesh.node_ids, LABELS)
        np.testing.assert_array_equal(mesh.cell_ids, 5 + 2 * MESH.cell_ids)
        assert len(mesh.node_tags["TOP"]) == len(MESH.node_tags["zmax"]) and "PLATE-1.FOOT" in mesh.node_tags
        single = how.get("double") is False
        assert found.fields["displacement"].dtype == ("float32" if single else "float64")
        assert single == ("digits" in [one.name for one in found.model.omissions])
        tolerance = 1e-6 if single else 1e-12
        np.testing.assert_allclose(found.read("displacement", 0, 3), moved(2.0), rtol=0.0, atol=tolerance * 2e-3)
        strain = StrainOperator(MESH).strain(moved(2.0)[None])[0]
        np.testing.assert_allclose(found.read("stress", 0, 3), 1000.0 * strain, rtol=0.0, atol=tolerance * 4.0)
        np.testing.assert_allclose(found.read("statev", 0, 3), np.tile([2.0, 4.0], (16, 1)))


def test_a_plane_database_has_two_displacements_and_four_components(tmp_path):
    mesh = rectangle_mesh("quad8", (2, 1), (2.0, 1.0), quadrature="quad_gauss_4")
    block, operator = mesh.blocks[0], StrainOperator(mesh)
    part = instance("PLATE-1", LABELS[:mesh.n_node], mesh.points, "CPE8R", block.cell_ids,
                    LABELS[block.connectivity])
    u = 1e-3 * np.column_stack([mesh.points[:, 0] * mesh.points[:, 1], -0.3 * mesh.points[:, 1]])
    strain = operator.strain(u[None])[0]
    elements, points = np.repeat(block.cell_ids, 4), np.tile(np.arange(1, 5), mesh.n_cell)
    fields = [Field("U", [BulkBlock("NODAL", LABELS[:mesh.n_node], u, ("U1", "U2"), part, double=True)]),
              Field("S", [BulkBlock("INTEGRATION_POINT", elements, plain(strain)[:, :4], TENSOR[:4], part, points,
                                    double=True)])]
    target = tmp_path / "job_odb"
    export_odb.export(database(Assembly([part], {}, {}), [step("Load", [frame(1, 1.0, fields)])]),
                      export_odb.Folder(str(target)), say=lambda text: None)
    AbaqusConverter().convert(target, tmp_path / "job.vtkhdf", options={"thickness": 3.0})
    with Snapshots(tmp_path / "job.vtkhdf") as found:
        assert (found.mesh(0).kinematics, found.mesh(0).thickness) == ("plane strain", 3.0)
        np.testing.assert_array_equal(found.read("displacement", 0, 0), u)
        np.testing.assert_allclose(found.read("stress", 0, 0), strain, atol=1e-18)


def test_fields_in_local_axes_are_turned_by_abaqus_or_left_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "abaqusConstants", SimpleNamespace(CARTESIAN="CARTESIAN"))
    for name, turned in (("a", True), ("b", False)):
        (tmp_path / name).mkdir()
        AbaqusConverter().convert(exported(tmp_path / name, axes=((1.0, 0.0, 0.0, 0.0),), turned=turned),
                                  tmp_path / f"{name}.vtkhdf")
        with Snapshots(tmp_path / f"{name}.vtkhdf") as found:
            assert ("stress" in found.fields) == turned
            assert ["odb_S" in one.name for one in found.model.omissions].count(True) == (0 if turned else 1)


@pytest.mark.parametrize(("how", "words"), [
    ({"procedure": "*FREQUENCY", "domain": "MODAL"}, "modal results are no history"),
    ({"procedure": "*STEADY STATE DYNAMICS", "domain": "FREQUENCY"}, "harmonic results"),
    ({"procedure": "*DYNAMIC"}, "not reduced"), ({"procedure": "*STATIC, RIKS"}, "not reduced")])
def test_what_is_no_history_is_refused_by_name(tmp_path, how, words):
    with pytest.raises(UnsupportedError, match=words):
        AbaqusConverter().convert(exported(tmp_path, **how), tmp_path / "x.vtkhdf")


def test_an_output_database_itself_says_what_to_do(tmp_path):
    (tmp_path / "job.odb").write_bytes(b"HKSRD0 anything")
    with pytest.raises(InputError) as raised:
        AbaqusConverter().convert(tmp_path / "job.odb", tmp_path / "x.vtkhdf")
    assert "abaqus python" in str(raised.value) and "export_odb.py job.odb" in str(raised.value)
    assert "job_odb" in str(raised.value) and AbaqusConverter().can_read(tmp_path / "job.odb")


def test_the_script_is_python_that_abaqus_has():
    """No syntax of Python 3 alone, and no package but NumPy: Abaqus before 2024 has Python 2.7."""
    tree = ast.parse(Path(export_odb.__file__).read_text(encoding="ascii"))
    modern = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Nonlocal, ast.Starred,
              ast.YieldFrom)
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, modern)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [one.name for one in functions if one.returns or one.args.kwonlyargs
                or any(arg.annotation for arg in one.args.args)]
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names} | {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "json", "os", "sys", "numpy", "odbAccess", "abaqusConstants"}


def test_a_damaged_export_is_refused(tmp_path):
    folder = exported(tmp_path)
    overview = json.loads((folder / "odb.json").read_text())
    rng = np.random.default_rng(0)

    def leaves(node, path=()):
        for key, value in (node.items() if isinstance(node, dict) else enumerate(node)):
            yield (*path, key)
            if isinstance(value, (dict, list)):
                yield from leaves(value, (*path, key))

    paths = list(leaves(overview))
    for k in rng.choice(len(paths), 60, replace=False):
        broken = json.loads(json.dumps(overview))
        node = broken
        for key in paths[k][:-1]:
            node = node[key]
        node[paths[k][-1]] = rng.choice([-1, 7, "../../etc/passwd", None])
        (folder / "odb.json").write_text(json.dumps(broken, default=lambda one: one.item()))
        try:
            AbaqusConverter().convert(folder, tmp_path / "x.vtkhdf")
        except RomlibError:
            continue
        with Snapshots(tmp_path / "x.vtkhdf") as found:  # a name, a time or a number of an increment
            np.testing.assert_allclose(found.read("displacement", 0, found.n_step - 1), moved(2.0), atol=1e-15)
    (folder / "odb.json").write_text(json.dumps(overview))
    (folder / "a000003.npy").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(FileFormatError, match="damaged"):
        AbaqusConverter().convert(folder, tmp_path / "x.vtkhdf")
