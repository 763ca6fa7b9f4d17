"""Zset's real files: the numbers that a conversion must reproduce."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from romlib_converters.zset import ZsetConverter
from romlib_converters.zset.pieces import build_mesh
from romlib_converters.zset.source import read_mesh

from romlib.errors import InputError
from romlib.identity.cases import fit_case, model_differences
from romlib.identity.compare import Comparison
from romlib.identity.contents import identity_of
from romlib.loads.amplitudes import evaluate
from romlib.loads.forces import force_factor, unit_force
from romlib.loads.temperature import temperature_at, temperature_terms
from romlib.mesh.operator import StrainOperator
from romlib.model import Temperature, TrainedModel
from romlib.snapshots.reader import Snapshots
from romlib.study.deck_case import case_of_deck

pytestmark = pytest.mark.data

FOLDERS = ["MecaSequential", "MecaParallel"]


@pytest.fixture(scope="module")
def convert(data_dir, tmp_path_factory):
    """Conversion of a folder into a number of pieces, each done once."""
    done = {}

    def converted(folder, pieces=None):
        if (folder, pieces) not in done:
            target = tmp_path_factory.mktemp("zset") / f"{folder}.vtkhdf"
            ZsetConverter().convert(data_dir / "zset" / folder, target, pieces=pieces)
            done[folder, pieces] = target
        return done[folder, pieces]

    return converted


@pytest.mark.parametrize("folder", FOLDERS)
def test_strain_of_the_displacement_is_the_stored_one(convert, folder):
    with Snapshots(convert(folder)) as snapshots:
        for piece in range(snapshots.n_piece):
            computed = StrainOperator(snapshots.mesh(piece)).strain(snapshots.read("displacement", piece))
            stored = snapshots.read("strain", piece)
            assert np.abs(computed - stored).max() <= 1e-6 * np.abs(stored).max()


@pytest.mark.parametrize(("folder", "pieces"), [("MecaSequential", None), ("MecaParallel", None), ("MecaParallel", 1)])
def test_internal_force_of_the_stress_is_the_stored_one(convert, folder, pieces):
    """Per subdomain its own part; the sum of the parts where the subdomains are joined."""
    with Snapshots(convert(folder, pieces)) as snapshots:
        assert snapshots.n_piece == (2 if folder == "MecaParallel" and pieces is None else 1)
        for piece in range(snapshots.n_piece):
            computed = StrainOperator(snapshots.mesh(piece)).internal_force(snapshots.read("stress", piece))
            stored = snapshots.read("internal_force", piece)
            assert np.abs(computed - stored).max() <= 1e-6 * np.abs(stored).max()


@pytest.mark.parametrize("folder", FOLDERS)
def test_loads_balance_the_internal_forces_at_free_dofs(convert, folder):
    with Snapshots(convert(folder)) as snapshots:
        model, times = snapshots.model, snapshots.times
        nodes = {i: k for k, i in enumerate(np.unique(np.concatenate(
            [snapshots.mesh(p).node_ids for p in range(snapshots.n_piece)])).tolist())}
        residual = np.zeros((len(times), len(nodes), 3))
        largest, free = 0.0, np.ones((len(nodes), 3), dtype=bool)
        for piece in range(snapshots.n_piece):
            mesh = snapshots.mesh(piece)
            rows = [nodes[i] for i in mesh.node_ids.tolist()]
            operator = StrainOperator(mesh)
            force = snapshots.read("internal_force", piece)
            largest = max(largest, np.abs(force).max())
            residual[:, rows] += force
            for name, load in model.loads.items():
                if not isinstance(load, Temperature):
                    factor = force_factor(load, evaluate(model.amplitudes[name], times))
                    residual[:, rows] -= factor[:, None, None] * unit_force(load, mesh, model.materials, operator)
            for constraint in model.constraints.values():
                tag = mesh.node_tags[constraint.nodes]
                free[np.array(rows)[tag], ["xyz".index(c) for c in constraint.components]] = False
        assert 0 < (~free).sum() < 100
        error = np.abs(residual * free).max(axis=(1, 2)) / largest
        assert np.median(error) <= 1e-7
        # The decks stop Newton's iterations at ratios of 1e-4 and 1e-2: one step of the second has a residual of 2e-5.
        assert error.max() <= {"MecaSequential": 1e-6, "MecaParallel": 1e-4}[folder]


def test_pressure_pushes(convert):
    with Snapshots(convert("MecaSequential")) as snapshots:
        model = snapshots.model
        assert evaluate(model.amplitudes["pressure"], np.array([2.0]))[0] == 100.0
        assert snapshots.mesh(0).face_tags["x1"].arrays["pressure"].min() > 0


def test_material_and_fields_of_the_deck(convert):
    with Snapshots(convert("MecaSequential")) as snapshots:
        material = snapshots.model.materials["mat"]
        assert (material.law, material.cells, material.density) == ("chaboche", "all", 1e-8)
        assert material.parameters["kinematic"][0]["D"]["value"] == [1000.0, 1000.0]
        assert snapshots.fields["p"].original_name == "evrcum"
        assert snapshots.fields["plastic_strain"].original_name == "evri" and snapshots.fields["stress"].tensor
        assert snapshots.fields["displacement"].dtype == "float32"
        assert set(snapshots.model.constraints) == {"x0_U1", "x0y0_U2", "x0y1z1_U3"}
        assert snapshots.model.initial_temperature == 20.0 and not snapshots.model.omissions


def test_temperature_at_one_second_is_the_field_file(convert, data_dir):
    with Snapshots(convert("MecaSequential")) as snapshots:
        terms = temperature_terms(snapshots.model, snapshots.mesh(0))
        found = temperature_at(terms, snapshots.model.amplitudes, np.array([0.0, 0.5, 1.0]))
    hot = np.fromfile(data_dir / "zset" / "MecaSequential" / "temperature2.node", ">f4").astype(float)
    np.testing.assert_allclose(found, [np.full(343, 20.0), (20 + hot) / 2, hot], rtol=1e-12)


def test_a_deck_without_results_is_a_case_of_the_same_loads(convert, data_dir):
    """cube2cycles.inp says the same history in the other syntax, twice over."""
    case = ZsetConverter().read_case(data_dir / "zset" / "MecaSequential" / "cube2cycles.inp")
    with Snapshots(convert("MecaSequential")) as snapshots:
        assert set(case.amplitudes) == set(snapshots.model.loads) == set(snapshots.model.amplitudes)
        times = np.array(case.times.values)
        np.testing.assert_allclose(times[:11], snapshots.times, atol=1e-12)
        np.testing.assert_allclose(times, np.arange(21) / 5, atol=1e-12)
        for name, amplitude in case.amplitudes.items():
            values = evaluate(amplitude, times)
            np.testing.assert_allclose(values[:11], evaluate(snapshots.model.amplitudes[name], times[:11]), atol=1e-12)
            np.testing.assert_allclose(values[11:], values[1:11], atol=1e-12)


def test_a_deck_is_the_same_model_as_its_results_in_one_piece_or_in_subdomains(convert, data_dir):
    """Subdomains have files of their own; the deck alone has the whole mesh and the whole field files."""
    for folder in FOLDERS:
        deck = ZsetConverter().read_deck(data_dir / "zset" / folder / "cube.inp")
        alone = identity_of([deck.mesh], deck.model, sources=deck.sources)
        with Snapshots(convert(folder)) as snapshots:
            assert not any(model_differences(snapshots.identity, alone).values())
            comparison = Comparison(snapshots.identity, alone)
            assert all(comparison.same(part, alone.loads[name]) for name, part in snapshots.identity.loads.items())
        assert alone.loads["pressure"].source.startswith("cube.inp, line ")
        assert alone.constraints["x0_U1"].source.startswith("cube.inp, line ")


def test_decks_that_say_the_same_in_two_syntaxes_are_one_model_and_another_axis_is_another(data_dir, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(data_dir / "zset" / "MecaSequential", folder)
    one, two = (ZsetConverter().read_deck(folder / name) for name in ("cube.inp", "cube2cycles.inp"))
    trained = TrainedModel(identity=identity_of([one.mesh], one.model), files=("cube.vtkhdf",))
    assert fit_case(trained, case_of_deck(two)).amplitudes == two.case.amplitudes
    text = (folder / "cube2cycles.inp").read_text()
    for old, new, named in ((" d3 ", " d1 ", "the load 'rotation' (cube2cycles.inp, line"),
                            ("x0     U1", "x0     U2", "constraint 'x0_U2' (cube2cycles.inp, line")):
        assert old in text
        (folder / "cube2cycles.inp").write_text(text.replace(old, new))
        with pytest.raises(InputError) as caught:
            fit_case(trained, case_of_deck(ZsetConverter().read_deck(folder / "cube2cycles.inp")))
        assert named in caught.value.what and "cube.vtkhdf" in caught.value.what


@pytest.mark.parametrize(("folder", "pieces"), [("MecaSequential", 3), ("MecaParallel", 5)])
def test_pieces_cut_anew_hold_the_same_fields(convert, folder, pieces):
    fields = {"displacement": "node", "internal_force": "node", "stress": "ip", "p": "ip", "plastic_strain": "ip"}

    def by_id(path):
        with Snapshots(path) as snapshots:
            found = {}
            for piece in range(snapshots.n_piece):
                mesh = snapshots.mesh(piece)
                for name, place in fields.items():
                    values = snapshots.read(name, piece)[-1]
                    for i, row in zip(mesh.node_ids, values) if place == "node" else zip(
                            mesh.cell_ids, values.reshape(mesh.n_cell, -1)):
                        sums = name == "internal_force" and (name, int(i)) in found
                        found[name, int(i)] = found[name, int(i)] + row if sums else row
            return found, snapshots

    one, _ = by_id(convert(folder))
    two, snapshots = by_id(convert(folder, pieces))
    assert snapshots.n_piece == pieces and not snapshots.model.omissions
    assert one.keys() == two.keys()
    size = max(np.abs(values).max() for (name, _), values in one.items() if name == "internal_force")
    for key in one:  # forces of subdomains add up before they are stored in single precision, or after it
        assert np.abs(one[key] - two[key]).max() <= (2e-7 * size if key[0] == "internal_force" else 0.0), key


def test_faces_keep_their_pressure_wherever_they_go(convert):
    """The pressure field of a face, by its centre, is the same from whole and subdomain files and after a cut."""
    def pressures(path):
        found = {}
        with Snapshots(path) as snapshots:
            for piece in range(snapshots.n_piece):
                mesh = snapshots.mesh(piece)
                faces = mesh.face_tags["x1"]
                centres = [mesh.points[block.connectivity].mean(axis=1) for block in faces.blocks]
                for centre, value in zip(np.concatenate([np.empty((0, 3)), *centres]), faces.arrays["pressure"]):
                    found[tuple(np.round(centre, 9))] = value
        return found

    whole = pressures(convert("MecaSequential"))
    assert len(whole) == 36
    assert whole == pressures(convert("MecaParallel")) == pressures(convert("MecaParallel", 5))


def test_subdomains_take_their_part_of_a_whole_field_file(data_dir, tmp_path):
    folder = tmp_path / "case"
    shutil.copytree(data_dir / "zset" / "MecaParallel", folder, copy_function=shutil.copyfile)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    deck = folder / "cube.inp"
    deck.write_text(deck.read_text().replace("function 0.2+cycle*0.4; file temperature1.node 1",
                                             "function 0.2+cycle*0.4; file temperature2.node 1"))
    ZsetConverter().convert(folder, tmp_path / "own.vtkhdf")
    for path in folder.glob("*-00?.node"):
        if not path.name.startswith("cube"):
            path.unlink()
    ZsetConverter().convert(folder, tmp_path / "whole.vtkhdf")
    with Snapshots(tmp_path / "own.vtkhdf") as own, Snapshots(tmp_path / "whole.vtkhdf") as whole:
        for piece in range(2):
            a, b = own.mesh(piece), whole.mesh(piece)
            np.testing.assert_array_equal(a.node_arrays["temperature2"], b.node_arrays["temperature2"])
            np.testing.assert_array_equal(a.face_tags["x1"].arrays["pressure"], b.face_tags["x1"].arrays["pressure"])
            assert np.ptp(a.node_arrays["temperature2"]) > 0


def test_a_subdomain_without_results_is_named(data_dir, tmp_path):
    folder = tmp_path / "case"
    shutil.copytree(data_dir / "zset" / "MecaParallel", folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    (folder / "cube-002.ut").unlink()
    with pytest.raises(Exception, match=r"(?s)subdomain.*subdomain 2"):
        ZsetConverter().convert(folder / "cube.inp", tmp_path / "out.vtkhdf")
    assert not (tmp_path / "out.vtkhdf").exists()


def test_binary_mesh_fills_the_cube(data_dir):
    zset = read_mesh(data_dir / "zset" / "binary_mesh" / "cube.geo")
    mesh = build_mesh(zset, "shape")
    assert (mesh.n_node, mesh.n_cell) == (1981, 1080)
    assert StrainOperator(mesh).weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert mesh.face_tags["x1"].n_face == 72 and len(mesh.node_tags["z0"]) == 169
    np.testing.assert_allclose(mesh.points[mesh.node_tags["z0"], 2], 0.0, atol=1e-12)
    corners = mesh.face_tags["x1"].blocks[0].connectivity
    np.testing.assert_allclose(mesh.points[corners][..., 0], 1.0, atol=1e-12)


def test_a_study_may_name_a_mesh_of_zset_in_text_in_binary_or_by_its_deck(data_dir):
    zset, reader = data_dir / "zset", ZsetConverter()
    binary = reader.read_mesh(zset / "binary_mesh" / "cube.geo", quadrature={"tet10": "tet_15"})
    assert {block.quadrature for block in binary.blocks} == {"tet_15"} and binary.n_cell == 1080
    text = reader.read_mesh(zset / "MecaSequential" / "cube.geof")
    deck = reader.read_mesh(zset / "MecaSequential" / "cube.inp")
    assert np.array_equal(text.points, deck.points) and set(text.node_tags) == set(deck.node_tags)
    with pytest.raises(InputError, match="cells that the mesh lacks"):
        reader.read_mesh(zset / "MecaSequential" / "cube.geof", quadrature={"tet10": "tet_15"})


def test_text_and_binary_name_the_same_sets(data_dir):
    text = read_mesh(data_dir / "zset" / "MecaSequential" / "cube.geof")
    binary = read_mesh(data_dir / "zset" / "binary_mesh" / "cube.geo")
    assert set(text.nsets) == set(binary.nsets) and set(text.elsets) <= set(binary.elsets)
    assert set(text.fasets) == set(binary.fasets)


def test_a_binary_mesh_is_what_muscat_reads(data_dir):
    """Muscat reads .geo files by itself, in VTK's order of nodes, elements by type; PyPI's `muscat` needs `cvxpy`."""
    geo = pytest.importorskip("Muscat.IO.GeoReader", reason="muscat is not installed")
    path = data_dir / "zset" / "binary_mesh" / "cube.geo"
    other, zset = geo.ReadGeo(str(path)), read_mesh(path)
    mesh = build_mesh(zset, "shape")
    assert np.array_equal(zset.points, other.nodes) and np.array_equal(zset.node_ids, other.originalIDNodes)
    cells = {str(kind).split(".")[-1]: block for kind, block in other.elements.items()}
    (block,) = mesh.blocks
    at = np.searchsorted(zset.node_ids, mesh.node_ids[block.connectivity])  # its ids increase
    assert np.array_equal(at, cells["Tetrahedron_10"].connectivity)
    assert {name: len(ids) for name, ids in zset.nsets.items()} == {
        tag.name: len(tag.GetIds()) for tag in other.nodesTags}
    assert {name: len(ids) for name, ids in zset.elsets.items()} == {
        tag.name: len(tag.GetIds()) for tag in cells["Tetrahedron_10"].tags}
    faces = {tag.name: (block, tag.GetIds()) for kind, block in cells.items() if kind != "Tetrahedron_10"
             for tag in block.tags}
    for name, (block_of, rows) in faces.items():
        mine = np.concatenate([np.searchsorted(zset.node_ids, part.nodes) for part in zset.fasets[name]])
        assert {tuple(sorted(nodes)) for nodes in mine.tolist()} == {
            tuple(sorted(nodes)) for nodes in block_of.connectivity[rows].tolist()}


def test_the_binary_mesh_has_the_figures_that_muscat_gave(data_dir):
    """As Muscat 2.5.2 reads the file: positions of nodes from 0, in VTK's order."""
    zset = read_mesh(data_dir / "zset" / "binary_mesh" / "cube.geo")
    mesh = build_mesh(zset, "shape")
    at = np.searchsorted(zset.node_ids, mesh.node_ids[mesh.blocks[0].connectivity[:2]])
    assert at.tolist() == [[8, 0, 1, 50, 345, 343, 344, 348, 346, 347], [50, 0, 49, 56, 346, 349, 350, 353, 351, 352]]
    assert {name: len(ids) for name, ids in zset.elsets.items()} == {
        "ELAS": 108, "EVP": 108, "domain000": 108, "domain001": 108}
    assert len(zset.nsets) == 45 and len(zset.nsets["px0"]) == 81 and len(zset.nsets["x0y0"]) == 13
