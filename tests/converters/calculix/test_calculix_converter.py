"""CalculiX computations, from their files to the check: float64, text, gaps, finite strain, truncation."""

from __future__ import annotations

import json
import shutil

import calculix_files as files
import numpy as np
import pytest
from calculix_files import FLOAT32, FLOAT64, LONG, SHORT
from romlib_converters.calculix import CalculixConverter
from typer.testing import CliRunner

from romlib.check import check
from romlib.cli import app
from romlib.errors import FileFormatError, InputError
from romlib.fem.piece import Piece
from romlib.mesh.operator import StrainOperator
from romlib.model import Material
from romlib.snapshots import SnapshotsWriter
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec

pytestmark = pytest.mark.data
SMALL = ("small_c3d8", "small_c3d20r")
PLATE = "@ABAQUS_J2EVP_J2EVP"
# the equations of the UMAT that the solver called
J2EVP = {"young": 200000.0, "poisson": 0.3, "K": 300.0, "n": 5.0, "R0": 150.0, "linear_hardening": 1000.0,
         "isotropic": {"Q": 100.0, "b": 50.0}}


@pytest.fixture(scope="module")
def data(data_dir):
    return data_dir / "calculix"


@pytest.fixture
def changed(data, tmp_path):
    """A computation in a folder of its own, its .frd in another form or with other content."""
    def make(name, form=FLOAT64, change=None):
        for suffix in (".inp", ".dat"):
            if (data / f"{name}{suffix}").is_file():
                shutil.copyfile(data / f"{name}{suffix}", tmp_path / f"{name}{suffix}")
        content = files.content_of(data / f"{name}.frd")
        if change is not None:
            change(content)
        return files.write_frd(tmp_path / f"{name}.frd", content, form)
    return make


def convert(source, folder, **options):
    target = folder / "converted.vtkhdf"
    pieces = options.pop("pieces", None)
    CalculixConverter().convert(source, target, pieces=pieces, options=options)
    return Snapshots(target)


def with_built_in_law(model):
    """The model with the law chaboche in place of the UMAT."""
    return model.model_copy(update={"materials": {
        name: Material(law="chaboche", cells=material.cells, parameters=J2EVP)
        for name, material in model.materials.items()}})


def checked(snapshots):
    return check(snapshots, with_built_in_law(snapshots.model))


def omissions(snapshots):
    return {one.name: one for one in snapshots.model.omissions}


@pytest.mark.parametrize("name", SMALL)
def test_stress_and_forces_of_the_solver_are_reproduced(data, tmp_path, name):
    with convert(data / f"{name}.inp", tmp_path) as snapshots:
        report = checked(snapshots)
        assert snapshots.model.omissions == () and snapshots.solver == "CalculiX 2.20"
        assert set(snapshots.fields) == {"displacement", "internal_force", "nodal_stress", "nodal_sdv", "stress",
                                         "statev"}
        assert {spec.dtype for spec in snapshots.fields.values()} == {"float64"}
    assert report.passed
    assert report["stress"].value <= 1e-6
    assert report["internal_force"].value <= 1e-10
    assert report["equilibrium"].value <= 1e-6
    assert report["constraints"].value <= 1e-12


@pytest.mark.parametrize("name", SMALL)
def test_state_variables_of_the_dat_are_those_of_the_law(data, tmp_path, name):
    """STATEV(1) is p, (2) to (7) the plastic strain with engineering shear."""
    with convert(data / f"{name}.inp", tmp_path) as snapshots:
        piece = Piece(snapshots.mesh(0), with_built_in_law(snapshots.model))
        strain, statev = piece.operator.strain(snapshots.read("displacement", 0)), snapshots.read("statev", 0)
    found = piece.replay({}, ["p", "plastic_strain"]).block(snapshots.times, strain)
    p, plastic = found["p"][..., 0], found["plastic_strain"]
    assert p.max() > 0.01 and np.abs(p - statev[..., 0]).max() <= 1e-6 * p.max()
    engineering = plastic * np.array([1, 1, 1, np.sqrt(2), np.sqrt(2), np.sqrt(2)])
    assert np.abs(engineering - statev[..., 1:]).max() <= 1e-6 * np.abs(plastic).max()


def test_the_plate_and_its_held_out_history_are_reproduced(data, tmp_path):
    for name in ("plate_train", "plate_test"):
        with convert(data / f"{name}.inp", tmp_path) as snapshots:
            report = checked(snapshots)
        assert report.passed and report["internal_force"].value <= 1e-10


def test_pieces_keep_the_forces_and_the_check(data, tmp_path):
    with convert(data / "small_c3d8.inp", tmp_path) as snapshots:
        whole, expected = np.argsort(snapshots.mesh(0).node_ids), checked(snapshots)
        forces = snapshots.read("internal_force", 0)[:, whole]
        ids = snapshots.mesh(0).node_ids[whole]
    with convert(data / "small_c3d8.inp", tmp_path, pieces=3) as snapshots:
        assert snapshots.n_piece == 3 and not omissions(snapshots)
        total = np.zeros_like(forces)
        for piece in range(3):
            total[:, np.searchsorted(ids, snapshots.mesh(piece).node_ids)] += snapshots.read("internal_force", piece)
        report = checked(snapshots)
    np.testing.assert_array_equal(total, forces)
    assert report.passed and report["stress"].value <= 1e-6
    for name in ("internal_force", "equilibrium"):
        assert report[name].value == pytest.approx(expected[name].value, rel=1e-3, abs=1e-13)
    assert report["load_balance"].status == expected["load_balance"].status  # the deck has no load: displacements


def test_a_wrong_force_at_a_node_of_two_pieces_is_found(data, tmp_path):
    with convert(data / "small_c3d8.inp", tmp_path, pieces=3) as snapshots:
        path, mesh = snapshots.path, snapshots.mesh(0)
        node = int(np.flatnonzero(mesh.shared_index >= 0)[0])
        wanted, meshes = mesh.node_ids[node], [snapshots.mesh(piece) for piece in range(3)]
        fields = {name: [snapshots.read(name, piece) for piece in range(3)]
                  for name in ("displacement", "internal_force")}
        fields["internal_force"][0][-1, node] *= 1.5
        other = tmp_path / "wrong.vtkhdf"
        with SnapshotsWriter(other, meshes, snapshots.model, snapshots.times,
                             {name: FieldSpec("node", 3) for name in fields}) as writer:
            for name, values in fields.items():
                for piece, history in enumerate(values):
                    for step, array in enumerate(history):
                        writer.write(name, step, piece, array)
    assert path != other
    with Snapshots(other) as snapshots:
        item = checked(snapshots)["internal_force"]
    assert item.status == "fail" and f"node {wanted}," in item.detail


@pytest.mark.parametrize("form", [SHORT, LONG])
@pytest.mark.parametrize(("dat", "name"), [(True, "stress"), (False, "internal_force")])
def test_text_converts_and_the_check_says_what_its_digits_resolve(changed, tmp_path, form, dat, name):
    with convert(changed("small_c3d8", form), tmp_path, dat=dat) as snapshots:
        assert snapshots.fields["displacement"].dtype == "float32"
        assert not omissions(snapshots)["digits"].does_work
        report = checked(snapshots)
    assert report.passed and report["equilibrium"].status == "pass"
    assert 1e-5 < report[name].value <= report[name].tolerance <= 1e-3
    assert "displacement is stored with 6 digits, which resolves this measurement to" in report[name].compared


def test_single_precision_is_said_too(changed, tmp_path):
    with convert(changed("small_c3d8", FLOAT32), tmp_path) as snapshots:
        assert "single precision" in omissions(snapshots)["digits"].description
        assert 1e-7 < checked(snapshots)["stress"].value <= 1e-5


def test_missing_increments_are_named_with_their_consequence_in_stress(changed, tmp_path):
    def every_second(content):  # the load reversals at 0.5 and 1.5 stay
        content.records = content.records[::2]

    with convert(changed("small_c3d20r", change=every_second), tmp_path) as snapshots:
        assert snapshots.n_step == 10
        note = omissions(snapshots)["missing_increments"]
        assert "9 increments" in note.description and "step 1, between increments 1 and 3" in note.description
        report = checked(snapshots)
    assert "stress" in {item.name for item in report.failed}
    assert 5e-3 < report["stress"].value < 0.1
    assert "longer increments than the solver's" in report["stress"].meaning
    assert "Write every increment" in report["stress"].meaning


def test_increments_that_are_missing_at_the_end_of_a_step_are_known_from_the_deck(changed, tmp_path):
    def without_the_peak(content):
        del content.records[4]

    with convert(changed("small_c3d8", change=without_the_peak), tmp_path) as snapshots:
        assert "1 increment" in omissions(snapshots)["missing_increments"].description
        assert "step 1, after increment 4" in omissions(snapshots)["missing_increments"].description


def test_finite_strain_converts_and_the_check_says_how_far_it_is_off(data, tmp_path):
    with convert(data / "plast.inp", tmp_path) as snapshots:
        notes = omissions(snapshots)
        assert notes["nlgeom"].does_work and not notes["digits"].does_work
        assert snapshots.model.materials["ST"] == Material(law="mises", cells="EALL", parameters={
            "young": 210000.0, "poisson": 0.3, "curve": {"p": [0.0, 0.1], "stress": [250.0, 400.0]}})
        assert snapshots.mesh(0).node_ids[:3].tolist() == [103, 106, 109]
        assert snapshots.times == pytest.approx(0.2 * np.arange(1, 11))
        report = check(snapshots)
    assert report["constraints"].status == "pass"  # the ramps of two steps
    assert [item.name for item in report.failed] == ["internal_force"]
    assert 0.05 < report["internal_force"].value < 0.2
    assert "small strain does not hold" in report["internal_force"].meaning
    assert report["strain size"].status == "warn" and "finite strain" in report["strain size"].detail


def test_small_steps_of_finite_strain_are_nearly_small_strain(data, tmp_path):
    """What the check finds is the strain and no fault of the law: it goes with the square of the displacement."""
    with convert(data / "plast.inp", tmp_path) as snapshots:
        piece = Piece(snapshots.mesh(0), snapshots.model)
        strain = piece.operator.strain(snapshots.read("displacement", 0, slice(0, 5)))
        stress = piece.replay({}, ["stress"]).block(snapshots.times[:5], strain)["stress"]
        error = piece.operator.internal_force(stress) - snapshots.read("internal_force", 0)[:5]
    size = np.linalg.norm(error, axis=2).max(axis=1)
    order = np.log(size[1:] / size[0]) / np.log(np.arange(2, 6))
    assert (np.abs(order - 2.0) < 0.1).all()


def test_a_truncated_file_is_refused_and_its_whole_part_converts_on_request(data, tmp_path):
    for suffix in (".inp", ".frd", ".dat"):
        shutil.copyfile(data / f"small_c3d8{suffix}", tmp_path / f"small_c3d8{suffix}")
    path = tmp_path / "small_c3d8.frd"
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(FileFormatError, match=r"(?s)truncated.*complete increment is step 2, increment 3, time 0\.8"):
        convert(path, tmp_path)
    assert not (tmp_path / "converted.vtkhdf").exists()
    with convert(path, tmp_path, incomplete=True) as snapshots:
        assert snapshots.times[-1] == pytest.approx(0.8)
        assert "time 0.8" in omissions(snapshots)["truncated"].description
        assert checked(snapshots).passed


def test_a_deck_of_another_computation_is_refused(data, tmp_path):
    shutil.copyfile(data / "small_c3d8.frd", tmp_path / "a.frd")
    deck = (data / "small_c3d8.inp").read_text()
    for old, new, said in (("7,1.265", "7,1.365", "elsewhere.*node 7"),
                           ("12,14,19,20,15,34,39,40,35", "13,14,19,20,15,34,39,40,35", "lack elements.*element 13"),
                           ("20,0,4,0", "20,0,4,0\n77,4,4,4", None)):
        assert old in deck
        (tmp_path / "a.inp").write_text(deck.replace(old, new, 1))
        if said is None:  # a node of no element is none of the results
            convert(tmp_path / "a.frd", tmp_path).close()
            continue
        with pytest.raises(FileFormatError, match=f"(?s){said}"):
            convert(tmp_path / "a.frd", tmp_path)


@pytest.mark.parametrize("name", SMALL)
def test_results_without_a_deck_need_the_type_of_their_hexahedra(data, tmp_path, name):
    shutil.copyfile(data / f"{name}.frd", tmp_path / f"{name}.frd")
    frd, kind = ("he8", "C3D8") if name == "small_c3d8" else ("he20", "C3D20R")
    with pytest.raises(InputError, match=rf"(?s)without a deck.*elements=.{frd}=\"\.\.\.\""):
        convert(tmp_path, tmp_path)
    with convert(tmp_path, tmp_path, elements={frd: kind}) as bare:
        mesh = bare.mesh(0)
        assert bare.model.materials == {}
    with convert(data / f"{name}.inp", tmp_path) as whole:
        expected = whole.mesh(0)
    assert mesh.blocks[0].quadrature == expected.blocks[0].quadrature
    assert np.array_equal(mesh.node_ids[mesh.blocks[0].connectivity],
                          expected.node_ids[expected.blocks[0].connectivity])
    np.testing.assert_allclose(mesh.points, expected.points, atol=1e-12)
    for wrong in ({frd: "C3D4"}, {"he9": "C3D8"}, "C3D8"):
        with pytest.raises(InputError):
            convert(tmp_path, tmp_path, elements=wrong)


def test_printed_values_that_are_not_whole_are_left_out_or_refused(changed, tmp_path):
    path = changed("small_c3d8")
    dat = path.with_suffix(".dat")
    whole = dat.read_text()
    dat.write_text(whole[:len(whole) // 2])  # the solver was killed
    with convert(path, tmp_path) as snapshots:
        assert not {"stress", "statev"} & set(snapshots.fields)
        assert "nothing at time 1.1" in omissions(snapshots)["dat_stress"].description
    lines = whole.splitlines()
    lines[-20] = lines[-20][:40]
    dat.write_text("\n".join(lines))
    with pytest.raises(FileFormatError, match=r"(?s)not whole.*statev.*time 2.*dat=false"):
        convert(path, tmp_path)
    dat.write_text("\n".join(lines[:3] + lines[4:]))
    with convert(path, tmp_path, dat=False) as snapshots:
        assert "stress" not in snapshots.fields and omissions(snapshots) == {}
    dat.write_text("\n".join([line for k, line in enumerate(whole.splitlines()) if k != 5]))  # one point at one time
    with convert(path, tmp_path) as snapshots:
        assert "element 1, point 3" in omissions(snapshots)["dat_stress"].description
        assert "statev" in snapshots.fields


def test_what_the_deck_lets_print_and_the_dat_does_not_have_is_noted_and_the_check_says_so(changed, tmp_path):
    path = changed("small_c3d8")
    dat, deck = path.with_suffix(".dat"), path.with_suffix(".inp").read_text().splitlines()
    stress, statev = [k for k, line in enumerate(deck, 1) if line.startswith("*EL PRINT")][:2]
    printed = dat.read_text()
    for text, noted, found in ((printed[:printed.index(" internal state")], {"dat_statev"}, None),
                               ("", {"dat_stress", "dat_statev"}, "it is not in small_c3d8.dat"),
                               (None, {"dat_stress", "dat_statev"}, "there is no small_c3d8.dat")):
        dat.unlink() if text is None else dat.write_text(text)
        with convert(path, tmp_path) as snapshots:
            notes = omissions(snapshots)
            assert noted <= set(notes) and f"line {statev} of small_c3d8.inp" in notes["dat_statev"].description
            if found is not None:
                assert found in notes["dat_stress"].description
                item = next(item for item in checked(snapshots).items if item.name == "stress")
                assert item.status == "absent" and f"line {stress} of small_c3d8.inp, *EL PRINT, but" in item.detail
    with convert(path, tmp_path, dat=False) as snapshots:
        assert omissions(snapshots) == {}


@pytest.mark.parametrize(("options", "said"), [
    ({"nodal_fields": ["DISPL"]}, "(?s)no such block.*STRESS.*found: 'DISPL'"), ({"nodal_fields": "STRESS"}, "a list"),
    ({"incomplete": "yes"}, "true or false"), ({"dat": 1}, "true or false"), ({"deck": "none.inp"}, "does not exist"),
    ({"elements": {"he8": "C3D8"}}, "the deck says"), ({"until": 3}, "(?s)unknown option.*incomplete")])
def test_wrong_options_are_named(data, tmp_path, options, said):
    with pytest.raises(InputError, match=said):
        convert(data / "small_c3d8.inp", tmp_path, **options)


def test_nodal_results_are_carried_along_by_name(data, tmp_path):
    with convert(data / "small_c3d8.inp", tmp_path, nodal_fields=["TOSTRAIN", "error"]) as snapshots:
        assert {name for name in snapshots.fields if name.startswith("nodal")} == {"nodal_tostrain", "nodal_error"}
        strain = snapshots.read("nodal_tostrain", 0)
        middle = StrainOperator(snapshots.mesh(0)).strain(snapshots.read("displacement", 0))
    assert strain.shape[2] == 6  # extrapolated to nodes from points of the same size
    assert np.abs(strain.mean(axis=1) - middle.mean(axis=1)).max() < 0.3 * np.abs(middle.mean(axis=1)).max()


def test_what_is_no_computation_is_refused(tmp_path, data):
    for source, said in ((tmp_path, "one result file"), (tmp_path / "none.frd", "no such file"),
                         ([tmp_path, tmp_path], "one CalculiX computation")):
        with pytest.raises(InputError, match=said):
            convert(source, tmp_path)
    shutil.copyfile(data / "small_c3d8.inp", tmp_path / "a.inp")
    with pytest.raises(InputError, match="no results"):
        convert(tmp_path / "a.inp", tmp_path)


def test_files_are_recognised(data, tmp_path):
    converter = CalculixConverter()
    assert converter.can_read(data) and not converter.can_read(tmp_path) and not converter.can_read(tmp_path / "x.frd")
    assert converter.can_read(data / "plast.frd") and converter.can_read(data / "plast.inp")
    assert not converter.can_read(data / "small_c3d8.dat")


def test_a_rom_of_the_plate_predicts_a_history_it_was_not_trained_on(data, tmp_path, monkeypatch):
    """The held-out history goes on where the training ends: what the training spans is the limit at its last times."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(app, [str(word) for word in words], prog_name="romlib")
        assert done.exit_code == 0, done.output
        return done.stdout

    (tmp_path / "study.toml").write_text(f"""
[study]
name = "plate"
[[training]]
snapshots = "plate_train.vtkhdf"
[materials."{PLATE}"]
law = "chaboche"
cells = "EALL"
[materials."{PLATE}".parameters]
young = 200000
poisson = 0.3
K = 300
n = 5
R0 = 150
linear_hardening = 1000
isotropic = {{ Q = 100, b = 50 }}
[offline]
pod_tolerance = 1e-5
cubature_tolerance = 1e-4
dual_fields = ["stress", "p"]
""")
    for name in ("plate_train", "plate_test"):
        run("convert", "calculix", data / f"{name}.inp", "-o", f"{name}.vtkhdf")
    run("convert", "calculix", data / "plate_test.inp", "--case", "-o", "plate_test.toml")
    run("offline", "study.toml", "-o", "plate.rom")
    run("online", "plate.rom", "--case-file", "plate_test.toml", "-o", "result.vtkhdf")
    report = run("compare", "result.vtkhdf", "plate_test.vtkhdf", "--study", "study.toml", "--json")
    fields = json.loads(report)["fields"]
    assert fields["displacement"]["frobenius"] <= 1e-3
    assert fields["displacement"]["relative_l2"] <= 1.5e-3
    assert fields["stress"]["relative_l2"] <= 1e-2 and fields["p"]["relative_l2"] <= 1e-2
