from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.zset import ZsetConverter
from romlib_converters.zset.geo import MAGIC
from romlib_converters.zset.results import read_field_file
from zset_files import DECK, STEEL, SmallComputation

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.snapshots.reader import Snapshots


@pytest.fixture
def small(tmp_path):
    return SmallComputation(tmp_path)


def refused(small, error, **words):
    """Conversion must end in that error, whose parts contain the words, and leave no file."""
    target = small.folder / "out.vtkhdf"
    before = set(small.folder.iterdir())
    with pytest.raises(error) as caught:
        ZsetConverter().convert(small.folder / "small.inp", target)
    assert set(small.folder.iterdir()) == before
    for part, word in words.items():
        assert word in str(getattr(caught.value, part)), f"{part} of {caught.value}"
    return caught.value


def change(small, name, old, new):
    path = small.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_truncated_node_file_is_refused_with_both_counts(small):
    path = small.folder / "small.node"
    path.write_bytes(path.read_bytes()[:-8])
    refused(small, FileFormatError, what="truncated", file="small.node", expected="240 bytes", found="232 bytes")


def test_truncated_integ_file_is_refused_with_both_counts(small):
    path = small.folder / "small.integ"
    path.write_bytes(path.read_bytes()[:100])
    refused(small, FileFormatError, what="truncated", file="small.integ", expected="240 bytes", found="100 bytes")


def test_header_that_promises_more_records_is_refused(small):
    with open(small.folder / "small.ut", "a") as stream:
        stream.write("3 1 1 2 2.0\n")
    refused(small, FileFormatError, what="promises more records", expected="3 records", found="2 records")


def test_result_file_with_more_than_the_header_says_is_refused(small):
    with open(small.folder / "small.node", "ab") as stream:
        stream.write(bytes(120))
    refused(small, FileFormatError, what="more than its header", found="3 records")


@pytest.mark.parametrize(("name", "place"), [
    ("small.node", "variable U2, node "), ("small.integ", "element 42, point ")])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e32])
def test_value_that_is_not_finite_is_named(small, name, place, value):
    path = small.folder / name
    values = np.fromfile(path, ">f4")
    n_node = len(small.ids)
    values[3 * n_node + n_node + 4 if name == "small.node" else 32] = value
    values.tofile(path)
    error = refused(small, FileFormatError, file=name, place="record 2")
    assert place in error.place
    if name == "small.node":
        assert str(small.ids[4]) in error.place


@pytest.mark.parametrize("name", ["small.node", "small.integ"])
def test_other_byte_order_is_suspected(small, name):
    path = small.folder / name
    np.fromfile(path, ">f4").astype("<f4").tofile(path)
    refused(small, FileFormatError, what="other byte order", file=name, remedy="without converting")


def test_empty_header_is_refused(small):
    (small.folder / "small.ut").write_text("")
    refused(small, FileFormatError, file="small.ut", what="empty")


@pytest.mark.parametrize("name", ["small.node", "small.integ", "small.geof", "steel"])
def test_empty_file_is_refused(small, name):
    (small.folder / name).write_bytes(b"")
    refused(small, FileFormatError, file=name)


@pytest.mark.parametrize("name", ["small.node", "small.integ", "small.geof", "steel"])
def test_missing_file_is_named(small, name):
    (small.folder / name).unlink()
    refused(small, InputError, file=name, what="exist")


@pytest.mark.parametrize("line", ["2 1 1 1", "3 1 1 1 1.0", "2 1 1 one 1.0", "2 1 1 1 nan"])
def test_bad_record_of_the_header_is_refused_with_its_line(small, line):
    change(small, "small.ut", "2 1 1 1 1.000000000000000e+00", line)
    refused(small, FileFormatError, file="small.ut", place="line 6")


def test_times_that_do_not_increase_are_refused(small):
    change(small, "small.ut", "2 1 1 1 1.000000000000000e+00", "2 1 1 1 0.0")
    refused(small, FileFormatError, what="do not increase")


def test_results_without_displacement_are_refused(small):
    change(small, "small.ut", "U1 U2 U3", "V1 V2 V3")
    refused(small, FileFormatError, what="no displacement", found="V1 V2 V3")


def test_variable_without_a_romlib_name_keeps_its_own(small):
    change(small, "small.ut", "eto11 eto22 eto33 eto12 eto23 eto31", "w1 w2 w3 eto11 eto22 other")
    target = small.folder / "out.vtkhdf"
    ZsetConverter().convert(small.folder, target)
    with Snapshots(target) as snapshots:
        assert {"w1", "w2", "w3", "eto11", "eto22", "other"} < set(snapshots.fields)
        np.testing.assert_allclose(snapshots.read("other", 0)[1, :4, 0], small.strain[[2, 0, 1, 3], 5], rtol=1e-6)


def test_unknown_element_type_is_named_with_its_line(small):
    change(small, "small.geof", "42 c3d10", "42 c3d10x")
    error = refused(small, UnsupportedError, file="small.geof", found="c3d10x", expected="c3d20")
    lines = (small.folder / "small.geof").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "c3d10x" in text)
    assert error.place == f"line {line}"


def test_two_dimensional_mesh_is_refused(small):
    change(small, "small.geof", "10 3\n", "10 2\n")
    refused(small, UnsupportedError, what="three dimensions", found="2")


@pytest.mark.parametrize(("old", "new", "what"), [
    ("**element\n1\n", "**element\n2\n", "miscounted"),
    ("10 3\n", "11 3\n", "miscounted"),
    ("**liset edge", "**elset solid\n42", "name of another"),
    ("**elset solid\n 42", "**elset solid\n 43", "does not exist"),
])
def test_mesh_that_contradicts_itself_is_refused(small, old, new, what):
    change(small, "small.geof", old, new)
    refused(small, FileFormatError, what=what, file="small.geof")


def test_element_with_too_few_nodes_is_refused(small):
    change(small, "small.geof", f" {small.ids[-1]}\n***group", "\n***group")
    refused(small, FileFormatError, what="wrong number of nodes", expected="10", found="9")


def test_repeated_node_id_is_refused(small):
    change(small, "small.geof", f"\n{small.ids[1]} ", f"\n{small.ids[0]} ")
    refused(small, FileFormatError, what="stands twice", place=str(small.ids[0]))


def test_parts_of_the_mesh_that_are_not_read_are_noted(small):
    target = small.folder / "out.vtkhdf"
    ZsetConverter().convert(small.folder, target)
    with Snapshots(target) as snapshots:
        notes = [o for o in snapshots.model.omissions if o.name == "mesh_groups"]
    assert len(notes) == 1 and "liset edge" in notes[0].description and not notes[0].does_work


def test_missing_increments_are_noted(small):
    change(small, "small.ut", "2 1 1 1 ", "2 1 1 4 ")
    target = small.folder / "out.vtkhdf"
    ZsetConverter().convert(small.folder, target)
    with Snapshots(target) as snapshots:
        assert any(o.name == "missing_increments" and "3 increments" in o.description
                   for o in snapshots.model.omissions)


def test_results_without_a_deck_are_converted_without_a_model(small):
    (small.folder / "small.inp").unlink()
    target = small.folder / "out.vtkhdf"
    ZsetConverter().convert(small.folder / "small.ut", target, units="m, N, Pa, s")
    with Snapshots(target) as snapshots:
        assert not snapshots.model.materials and snapshots.model.units.stress == "Pa"
        np.testing.assert_allclose(snapshots.read("displacement", 0)[1], small.displacement, rtol=1e-6)


def test_folder_must_have_one_computation(small):
    (small.folder / "small.ut").unlink()
    refused(small, InputError, what="no results")
    with pytest.raises(InputError, match="one deck with results"):
        ZsetConverter().convert(small.folder, small.folder / "out.vtkhdf")


def test_unknown_option_and_bad_units_are_refused(small):
    with pytest.raises(InputError, match="unknown option"):
        ZsetConverter().convert(small.folder, small.folder / "out.vtkhdf", options={"fast": True})
    with pytest.raises(InputError, match="units"):
        ZsetConverter().convert(small.folder, small.folder / "out.vtkhdf", units="mm")


def test_other_solvers_decks_are_not_taken(small, tmp_path):
    converter = ZsetConverter()
    assert converter.can_read(small.folder) and converter.can_read(small.folder / "small.inp")
    assert converter.can_read(small.folder / "small.ut")
    abaqus = tmp_path / "job.inp"
    abaqus.write_text("*NODE\n1, 0., 0., 0.\n")
    assert not converter.can_read(abaqus)
    assert not converter.can_read(tmp_path / "nothing.inp")


def test_progress_counts_the_records(small):
    calls = []
    ZsetConverter().convert(small.folder, small.folder / "out.vtkhdf", progress=lambda *step: calls.append(step))
    assert calls == [(1, 2), (2, 2)]


def test_two_materials_and_the_field_that_one_lacks(tmp_path):
    """The plastic strain of an elastic element is not zero: its material has none."""
    deck = DECK.replace("*file steel", "*file steel\n **elset solid\n *file creep")
    potential = ("**potential gen_evp ev\n *criterion mises\n *flow norton K 100. n 5.\n"
                 " *isotropic constant\n  R0 10.\n***return")
    creep = STEEL.replace("linear_elastic", "gen_evp").replace("***return", potential)
    for elset, lacks in (("solid", False), ("nothing", True)):
        folder = tmp_path / elset
        folder.mkdir()
        small = SmallComputation(folder, deck=deck.replace("**elset solid", f"**elset {elset}"),
                                 files={"steel": STEEL, "creep": creep})
        change(small, "small.geof", "***group\n", "***group\n**elset nothing\n")
        change(small, "small.ut", "eto11 ", "evcum ")
        ZsetConverter().convert(folder, folder / "out.vtkhdf")
        with Snapshots(folder / "out.vtkhdf") as snapshots:
            assert snapshots.model.materials["steel"].cells == "other_cells"
            assert snapshots.model.materials["creep"].cells == elset
            assert np.isnan(snapshots.read("p", 0)).all() == lacks
            assert snapshots.fields["p"].original_name == "evcum"


def test_binary_mesh_that_is_cut_short_is_refused(small):
    (small.folder / "small.geof").write_bytes(MAGIC + b"\0\0\0\5node\0\0\0\0\1\0\0\0\3")
    refused(small, FileFormatError, what="truncated", file="small.geof")


def test_text_mesh_that_is_cut_between_two_sets_is_refused(small):
    mesh = small.folder / "small.geof"
    mesh.write_text(mesh.read_text()[:mesh.read_text().index("**elset")])
    refused(small, FileFormatError, what="truncated", file="small.geof", expected="***return")


def test_faces_of_no_cell_matter_only_where_a_load_is(small):
    a, b, c = small.ids[[0, 1, 9]]
    wrong = f"***group\n**faset stale\n t3 {a} {b} {small.ids[3]}\n**faset good\n t6 {a} {small.ids[3]} {b} "
    change(small, "small.geof", "***group", f"{wrong}{small.ids[7]} {c} {small.ids[6]}")
    target = small.folder / "out.vtkhdf"
    ZsetConverter().convert(small.folder, target)
    with Snapshots(target) as snapshots:
        assert set(snapshots.mesh(0).face_tags) == {"good", "skin"}
        assert any("stale" in o.description for o in snapshots.model.omissions)
    target.unlink()
    change(small, "small.inp", " ***material", "  **pressure\n   stale 2.\n ***material")
    refused(small, FileFormatError, what="faset stale", file="small.geof")


def test_a_record_that_a_field_file_does_not_have_is_told_from_a_file_of_another_size(tmp_path):
    np.arange(4, dtype=">f4").tofile(tmp_path / "t.node")
    assert read_field_file(tmp_path / "t.node", 2, 2, "values").tolist() == [2.0, 3.0]
    with pytest.raises(FileFormatError, match="does not have this record") as caught:
        read_field_file(tmp_path / "t.node", 3, 2, "values")
    assert caught.value.place == "record 3" and caught.value.found == "16 bytes: 2 records"
    with pytest.raises(FileFormatError, match="has the wrong size"):
        read_field_file(tmp_path / "t.node", 1, 3, "values")
