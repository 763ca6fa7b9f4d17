"""Code_Aster's MED files: nodes, Gauss points, components, groups and profiles, written by medcoupling."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from aster_files import COMPONENTS, TYPES, Rmed, mc, motion, stress  # type: ignore[import-not-found]
from romlib_converters.aster import AsterConverter

from romlib.check.check import check as check_snapshots
from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.operator import StrainOperator
from romlib.mesh.quadrature import rule
from romlib.model import Material, Model
from romlib.snapshots import Snapshots
from romlib.tensors import vtk_from_mandel
from romlib.testing import check_converter

KINDS = tuple(kind for kind in TYPES if kind != "pyramid13")


def converted(source, tmp_path, **arguments):
    target = tmp_path / "out.vtkhdf"
    AsterConverter().convert(source, target, **arguments)
    return Snapshots(target)


def omissions(snapshots):
    return {one.name: one.description for one in snapshots.model.omissions}


def points_of(mesh):
    """(n_ip, 3) where romlib's integration points are."""
    return np.concatenate([np.einsum("qn,cnd->cqd", element(block.cell_type).shape(rule(block.quadrature).points),
                                     mesh.points[block.connectivity]).reshape(-1, 3) for block in mesh.blocks])


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_stress_arrives_at_the_gauss_point_where_code_aster_has_it(tmp_path, kind, mirrored):
    file = Rmed.box(kind, mirrored=mirrored)
    path = file.write(tmp_path / "a.rmed")
    file.at_points(path)
    with converted(path, tmp_path) as found:
        mesh = found.mesh(0)
        assert np.isclose(StrainOperator(mesh).weights.sum(), 6.0)
        assert np.allclose(found.read("displacement", 0)[2], motion(mesh.points, 2.5), atol=1e-16)
        plain = vtk_from_mandel(found.read("stress", 0))[1]
        assert np.allclose(plain[:, [0, 1, 2, 3, 5, 4]], stress(points_of(mesh), 1.0), atol=1e-6)


def test_the_converter_meets_what_romlib_needs(tmp_path):
    file = Rmed.box("hex8", (1, 1, 3))
    path = file.write(tmp_path / "a.rmed")
    file.at_points(path)
    report = check_converter(AsterConverter(), path, displacement=motion, times=[0.0, 1.0, 2.5], n_node=16, n_cell=3,
                             mutations=20)
    assert report.verdicts["refused"] > 3


def test_groups_become_tags_of_nodes_cells_and_faces(tmp_path):
    box = Rmed.box("hex8")
    top = np.flatnonzero(np.isclose(box.mesh.points[:, 2], 3.0))
    faces = box.mesh.blocks[0].connectivity[:, 4:]
    box.faces = {"TOP": faces[np.isin(faces, top).all(axis=1)]}
    box.groups, box.node_groups = {"LEFT": np.array([0, 2])}, {"CORNER": top[:1]}
    path = box.write(tmp_path / "a.rmed")
    box.at_points(path)
    with converted(path, tmp_path) as found:
        mesh = found.mesh(0)
        assert mesh.face_tags["TOP"].n_face == 2
        assert np.allclose(mesh.points[mesh.face_tags["TOP"].blocks[0].connectivity][..., 2], 3.0)
        assert sorted(mesh.cell_ids[mesh.cell_tags["LEFT"]]) == sorted(mesh.cell_ids[[0, 2]])
        assert mesh.node_ids[mesh.node_tags["CORNER"]].tolist() == [int(top[0]) + 1]
        assert not any(one.does_work for one in found.model.omissions)


def test_a_family_that_is_not_there_does_not_empty_a_group_in_silence(tmp_path):
    box = Rmed.box("hex8")
    box.groups = {"LEFT": np.array([0, 2])}
    path = box.write(tmp_path / "a.rmed")
    box.at_points(path)
    whole = path.read_bytes()
    with h5py.File(path, "a") as content:
        families = [family for _, family in content["FAS"][next(iter(content["FAS"]))]["ELEME"].items()]
        next(family for family in families if "GRO" in family).attrs["NUM"] = -999
    with pytest.raises(FileFormatError, match="a cell is of a family that the file does not have"):
        converted(path, tmp_path)
    path.write_bytes(whole)
    with h5py.File(path, "a") as content:
        families = [family for _, family in content["FAS"][next(iter(content["FAS"]))]["ELEME"].items()]
        next(family for family in families if "GRO" in family)["GRO"].attrs["NBR"] = 2
    with pytest.raises(FileFormatError, match="another number of groups"):
        converted(path, tmp_path)


def first(group):
    return next(iter(group.values()))


def stress_of(content, step=1):
    """The group with the values of the second record."""
    return list(content["CHA"]["RESU____SIEF_ELGA"].values())[step]["MAI.HE8"]


def replaced(parent, name, values):
    del parent[name]
    parent[name] = values


@pytest.mark.parametrize(("change", "match"), [
    (lambda content: first(stress_of(content))["CO"].__setitem__(7, np.inf), "infinite"),
    (lambda content: replaced(first(stress_of(content)), "CO", first(stress_of(content))["CO"][:].astype("u2")),
     "real"),
    (lambda content: stress_of(content).clear(), "no values at this step"),
    (lambda content: first(content["ENS_MAA/MAIL"])["NOE"].move("FAM", "F"), "groups of nodes, and does not say"),
    (lambda content: first(content["ENS_MAA/MAIL"])["MAI/HE8"].move("FAM", "F"), "groups of cells, and does not say"),
    (lambda content: [replaced(family["GRO"], "NOM", np.ones((1, 80))) for family in first(content["FAS"])[
        "ELEME"].values() if "GRO" in family], "no texts")])
def test_what_takes_values_or_members_of_groups_away_is_refused(tmp_path, change, match):
    box = Rmed.box("hex8")
    box.groups, box.node_groups = {"LEFT": np.array([0, 2])}, {"CORNER": np.array([1])}
    path = box.write(tmp_path / "a.rmed")
    box.at_points(path)
    with h5py.File(path, "a") as content:
        change(content)
    with pytest.raises(FileFormatError, match=match):
        converted(path, tmp_path)


def test_a_group_that_has_become_empty_is_said(tmp_path):
    box = Rmed.box("hex8")
    box.groups = {"LEFT": np.array([0, 2]), "RIGHT": np.array([1])}
    path = box.write(tmp_path / "a.rmed")
    with converted(path, tmp_path) as found:
        assert "empty_groups" not in omissions(found)
    with h5py.File(path, "a") as content:
        families = first(content["ENS_MAA/MAIL"])["MAI/HE8/FAM"]
        families[1] = families[3]
    with converted(path, tmp_path) as found:
        assert "nothing is in RIGHT:" in omissions(found)["empty_groups"]


def test_a_localisation_that_is_no_number_is_refused(tmp_path):
    file = Rmed.box("hex8", (1, 1, 1))
    path = file.write(tmp_path / "a.rmed")
    file.at_points(path)
    with h5py.File(path, "a") as content:
        next(iter(content["GAUSS"].values()))["GAU"][3] = np.nan
    with pytest.raises(FileFormatError, match="impossible coordinates"):
        converted(path, tmp_path)


def test_temperature_forces_and_internal_variables_are_carried(tmp_path):
    file = Rmed.box("hex20", (1, 1, 2))
    path = file.write(tmp_path / "a.rmed")
    file.nodal(path, "TEMP", ("TEMP",), lambda points, time: 20.0 + time * points[:, 0])
    file.nodal(path, "FORC_NODA", ("DX", "DY", "DZ"), lambda points, time: 5.0 * motion(points, time))
    file.at_points(path)
    file.at_points(path, "VARI_ELGA", ("V1", "V2"), lambda points, time: time * points[:, :2])
    file.at_points(path, "EPSI_ELGA", tuple(name.replace("SI", "EP") for name in COMPONENTS), stress)
    file.nodal(path, "REAC_NODA", ("DX", "DY", "DZ"), motion)
    with converted(path, tmp_path, options={"p": "V2"}) as found:
        mesh = found.mesh(0)
        assert np.allclose(found.read("temperature", 0)[2, :, 0], 20.0 + 2.5 * mesh.points[:, 0])
        assert np.allclose(found.read("internal_force", 0)[1], 5.0 * motion(mesh.points, 1.0))
        at = points_of(mesh)
        assert np.allclose(found.read("p", 0)[2, :, 0], 2.5 * at[:, 1])
        assert np.allclose(found.read("state_variables", 0)[1], at[:, :2])
        assert np.allclose(vtk_from_mandel(found.read("strain", 0))[1, :, 0], at[:, 0])
        assert "REAC_NODA" in omissions(found)["other_fields"]
    with pytest.raises(InputError, match=r"(?s)V1, V2.*V3"):
        converted(path, tmp_path, options={"p": "V3"})


def test_without_a_field_at_points_the_rule_is_assumed_and_said(tmp_path):
    path = Rmed.box("tet10").write(tmp_path / "a.rmed")
    with converted(path, tmp_path) as found:
        assert found.mesh(0).blocks[0].quadrature == "tet_5_zset"
        assert "T10 tet_5_zset" in omissions(found)["integration_points"]
    with converted(path, tmp_path, options={"quadrature": {"tet10": "tet_4"}}) as found:
        assert found.mesh(0).blocks[0].quadrature == "tet_4" and "integration_points" not in omissions(found)


def test_points_that_are_no_rule_of_romlib_are_refused_until_a_rule_is_named(tmp_path, monkeypatch):
    import aster_files

    file = Rmed.box("hex8", (1, 1, 1))
    path = file.write(tmp_path / "a.rmed")
    points, weights = aster_files.gauss_family("hex8")
    monkeypatch.setattr(aster_files, "gauss_family", lambda kind: (0.9 * points, weights))
    file.at_points(path)
    with pytest.raises(UnsupportedError, match="those of no rule of romlib's"):
        converted(path, tmp_path)
    with converted(path, tmp_path, options={"quadrature": {"hex8": "hex_gauss_8"}}) as found:
        assert "stress" not in found.fields and "other points" in omissions(found)["field_stress"]


def test_a_field_that_lacks_a_step_of_the_displacement_is_left_out_and_said(tmp_path):
    file = Rmed.box("hex8", (1, 1, 1))
    path = file.write(tmp_path / "a.rmed")
    file.times = file.times[:2]
    file.at_points(path)
    with converted(path, tmp_path) as found:
        assert found.n_step == 3 and set(found.fields) == {"displacement"}
        assert "lacks 1 step of the displacement (number 2)" in omissions(found)["field_stress"]


def test_fields_of_different_gauss_points_in_one_type_of_cells_are_refused(tmp_path, monkeypatch):
    import aster_files

    file = Rmed.box("hex8", (1, 1, 1))
    path = file.write(tmp_path / "a.rmed")
    file.at_points(path)
    monkeypatch.setattr(aster_files, "gauss_family", lambda kind: (np.zeros((1, 3)), np.full(1, 8.0)))
    file.at_points(path, "EPSI_ELGA", tuple(name.replace("SI", "EP") for name in COMPONENTS))
    with pytest.raises(UnsupportedError, match=r"different Gauss points(?s:.*)hex_gauss_8 in (?s:.*)hex_gauss_1 in "):
        converted(path, tmp_path)


def test_a_group_of_nodes_stays_where_surfaces_have_the_same_name(tmp_path):
    """Groups of surfaces that are faces of no solid become nodes, unless nodes have the name."""
    mesh = Rmed.box("hex8", (1, 1, 1)).mesh
    loose = {"ONE": np.array([[0, 1, 6, 7]]), "TWO": np.array([[0, 1, 6, 7]])}
    file = Rmed.box("hex8", (1, 1, 1), faces=loose, node_groups={"ONE": np.array([3])})
    with converted(file.write(tmp_path / "a.rmed"), tmp_path) as found:
        tags = {name: sorted(found.mesh(0).node_ids[nodes].tolist()) for name, nodes in
                found.mesh(0).node_tags.items()}
    assert len(mesh.points) == 8 and tags["ONE"] == [4] and tags["TWO"] == [1, 2, 7, 8]


def test_a_temperature_that_is_no_number_is_refused_with_its_node(tmp_path):
    file = Rmed.box("hex8", (1, 1, 1))
    path = file.write(tmp_path / "a.rmed")
    file.nodal(path, "TEMP", ("TEMP",), lambda points, time: np.where(points[:, 2] > 0.0, np.nan, 20.0 + time))
    field = AsterConverter().nodal_field(path, "temperature")
    with pytest.raises(FileFormatError, match=r"finite(?s:.*)TEMP, time 0, node 5"):
        field.read(0, slice(0, 1))
    field.close()


def test_a_displacement_on_a_part_of_the_nodes_is_refused(tmp_path):
    file = Rmed.box("hex8")
    path = file.write(tmp_path / "a.rmed")
    file.result = "PART____"
    file.nodal(path, "DEPL", ("DX", "DY", "DZ"), motion, np.arange(6))
    with pytest.raises(InputError, match=r"(?s)several results.*PART, RESU.*--option result=PART"):
        converted(path, tmp_path)
    with converted(path, tmp_path, options={"result": "RESU"}) as found:
        assert np.allclose(found.read("displacement", 0)[1], motion(found.mesh(0).points, 1.0))
    with pytest.raises(FileFormatError, match="node"):
        converted(path, tmp_path, options={"result": "PART"})


def test_what_the_unknowns_say_of_the_formulation_is_heeded(tmp_path):
    file = Rmed.box("hex8")
    path = file.write(tmp_path / "a.rmed")
    file.result = "MIXED___"
    file.nodal(path, "DEPL", ("DX", "DY", "DZ", "PRES", "GONF"), lambda p, t: np.column_stack([motion(p, t), p[:, :2]]))
    with pytest.raises(UnsupportedError, match="mixed, with PRES and GONF"):
        converted(path, tmp_path, options={"result": "MIXED"})
    file.result = "TOUCH___"
    file.nodal(path, "DEPL", ("DX", "DY", "DZ", "LAGS_C"), lambda p, t: np.column_stack([motion(p, t), p[:, 0]]))
    with converted(path, tmp_path, options={"result": "TOUCH"}) as found:
        assert [one.name for one in found.model.omissions if one.does_work] == ["contact"]


def test_a_file_that_was_cut_short_is_refused_wherever_it_ends(tmp_path):
    whole = Rmed.box("hex8").write(tmp_path / "whole.rmed").read_bytes()
    path = tmp_path / "a.rmed"
    for length in range(0, len(whole) - 1, len(whole) // 25):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError) as caught:
            converted(path, tmp_path)
        assert "a.rmed" in str(caught.value)


def test_a_command_file_is_not_executed(tmp_path):
    path = tmp_path / "a.comm"
    path.write_text("DEBUT()\n")
    with pytest.raises(InputError, match="not executed"):
        converted(path, tmp_path)


def test_the_thermal_file_of_juliafem_gives_its_temperature_and_no_displacement(data_dir, tmp_path):
    path = data_dir / "code_aster" / "juliafem_rings.rmed"
    assert AsterConverter().can_read(path)
    with pytest.raises(InputError, match=r"(?s)no displacement.*RESU____TEMP"):
        converted(path, tmp_path)
    field = AsterConverter().nodal_field(path, "temperature")
    other = mc.ReadField(mc.ON_NODES, str(path), "MAIL", 0, "RESU____TEMP", 0, 0)
    values = dict(zip(range(1, 118), other.getArray().toNumPyArray().ravel()))
    assert field.times.tolist() == [0.0] and len(field.node_ids(0)) == 117
    assert np.array_equal(field.read(0, slice(None))[0], [values[int(one)] for one in field.node_ids(0)])
    assert field.mesh(0).n_cell == other.getMesh().getNumberOfCells() == 258
    field.close()


@pytest.mark.parametrize("space, clockwise", [(2, False), (2, True), (3, False)])
def test_plane_models_are_read_as_the_user_says(tmp_path, space, clockwise):
    points = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0],
                       [2.0, 1.0, 0.0]])
    cells = [[0, 1, 4, 3], [1, 2, 5, 4]]
    mesh = mc.MEDCouplingUMesh("MAIL", 2)
    mesh.setCoords(mc.DataArrayDouble(np.ascontiguousarray(points[:, :space])))
    mesh.allocateCells(2)
    for nodes in cells:
        mesh.insertNextCell(mc.NORM_QUAD4, nodes[::-1] if clockwise else nodes)
    mesh.finishInsertingCells()
    path = tmp_path / "a.rmed"
    mc.WriteMesh(str(path), mesh, True)
    moved = 1e-3 * points[:, :2]
    for symbol, factor in (("DEPL", 1.0), ("FORC_NODA", 7.0)):
        for step in (0, 1):
            field = mc.MEDCouplingFieldDouble(mc.ON_NODES, mc.ONE_TIME)
            field.setMesh(mesh)
            values = mc.DataArrayDouble(np.ascontiguousarray(step * factor * moved))
            values.setInfoOnComponents(["DX", "DY"])
            field.setArray(values)
            field.setName(f"RESU____{symbol}")
            field.setTime(float(step), step, -1)
            mc.WriteFieldUsingAlreadyWrittenMesh(str(path), field)
    with pytest.raises(InputError, match=r"kinematics"):
        converted(path, tmp_path)
    for kinematics, circumference in (("plane strain", 1.0), ("axisymmetric", 2.0 * np.pi)):
        with converted(path, tmp_path, options={"kinematics": kinematics}) as found:
            assert found.mesh(0).kinematics == kinematics and found.mesh(0).points.shape == (6, 2)
            assert np.allclose(found.read("displacement", 0)[1], 1e-3 * found.mesh(0).points)
            assert np.allclose(found.read("internal_force", 0)[1], 7e-3 * circumference * found.mesh(0).points)
    with pytest.raises(UnsupportedError, match="plane stress"):
        converted(path, tmp_path, options={"kinematics": "plane stress"})


@pytest.mark.parametrize("kind", ["tet10", "hex20", "wedge15", "hex27"])
def test_the_check_passes_on_an_elastic_history(tmp_path, kind):
    """Displacements of second degree, whose stress these elements have exactly: one that is computed by hand."""
    young, poisson = 2e5, 0.3
    lame, shear = young * poisson / (1 + poisson) / (1 - 2 * poisson), young / 2 / (1 + poisson)

    def moved(points, time):
        x, y, z = points.T
        return 1e-3 * time * np.column_stack([x * x + 2 * y * z, x * y - z * z, x + 3 * y * y])

    def hooke(points, time):
        x, y, z = points.T
        zero = np.zeros_like(x)
        gradient = 1e-3 * time * np.array([[2 * x, 2 * z, 2 * y], [y, x, -2 * z], [zero + 1, 6 * y, zero]])
        strain = (gradient + gradient.transpose(1, 0, 2)) / 2
        tensor = 2 * shear * strain + lame * np.trace(strain) * np.eye(3)[:, :, None]
        return np.column_stack([tensor[k, m] for k, m in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))])

    file = Rmed.box(kind)
    path = file.write(tmp_path / "a.rmed")
    file.result = "LINE____"
    file.nodal(path, "DEPL", ("DX", "DY", "DZ"), moved)
    file.at_points(path, values=hooke)
    model = Model(materials={"steel": Material(law="elastic", parameters={"young": young, "poisson": poisson})})
    with converted(path, tmp_path, options={"result": "LINE"}) as found:
        item = check_snapshots(found, model)["stress"]
        assert item.status == "pass" and item.value < 1e-9
