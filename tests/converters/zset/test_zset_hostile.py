"""Zset's files damaged, cut, in other encodings, with numbers that are none: refused, noted, or read rightly."""

from __future__ import annotations

import os
import struct

import numpy as np
import pytest
from romlib_converters.zset import ZsetConverter
from romlib_converters.zset.deck import deck_times, read_deck
from romlib_converters.zset.geo import MAGIC, read_geo
from romlib_converters.zset.geof import read_geof
from romlib_converters.zset.tree import lines_of, read_tree, words_of
from zset_files import DECK, STEEL, SmallComputation, displacement

from romlib.errors import FileFormatError, InputError, RomlibError, UnsupportedError
from romlib.snapshots.reader import Snapshots
from romlib.testing import check_converter, fuzz

KINDS = ("c3d4", "c3d6", "c3d8", "c3d10", "c3d15", "c3d20")


@pytest.fixture
def small(tmp_path):
    folder = tmp_path / "computation"
    folder.mkdir()
    return SmallComputation(folder)


def converted(small):
    target = small.folder.parent / "out.vtkhdf"
    ZsetConverter().convert(small.folder / "small.inp", target)
    return Snapshots(target)


def omissions(small):
    with converted(small) as snapshots:
        return {one.name: one for one in snapshots.model.omissions}


def change(small, name, old, new):
    text = (small.folder / name).read_bytes()
    assert old in text
    (small.folder / name).write_bytes(text.replace(old, new, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_the_converter_conforms(tmp_path, kind):
    small = SmallComputation(tmp_path, kind)
    n_node = len(small.ids)
    exact = kind in ("c3d10", "c3d15", "c3d20")
    report = check_converter(
        ZsetConverter(), [tmp_path / "small.inp", tmp_path], times=[0.0, 1.0], n_node=n_node, n_cell=1,
        displacement=(lambda x, t: t * displacement(x)) if exact else None, tolerance=1e-6, mutations=60)
    assert report.verdicts.get("refused", 0) > 15


def test_damaged_files_end_in_a_verdict(small):
    report = fuzz.run("zset", [small.folder / "small.inp", small.folder], count=300, seed=20)
    assert not report.wrong and not report.counts["silent"], "\n".join(report.lines())
    assert report.counts["refused"] > 100 and report.counts["caught by the check"] > 10


@pytest.mark.parametrize("name", ["bord_é", "naïve", "Åse", "à", "面", "x\u00a0y"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_names_are_kept_in_every_encoding(small, name, encoding):
    try:
        name.encode(encoding)
    except UnicodeEncodeError:
        pytest.skip("this encoding lacks the letters")
    for file in ("small.inp", "small.geof"):
        path = small.folder / file
        path.write_bytes(path.read_text().replace("fixed", name).encode(encoding))
    with converted(small) as snapshots:
        assert name in snapshots.mesh(0).node_tags
        assert [constraint.nodes for constraint in snapshots.model.constraints.values()] == [name]


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_line_ends_of_other_systems_are_read(small, end):
    for file in ("small.inp", "small.geof", "steel", "small.ut"):
        path = small.folder / file
        path.write_bytes(path.read_bytes().replace(b"\n", end))
    with converted(small) as snapshots:
        np.testing.assert_allclose(snapshots.read("displacement", 0)[1], small.displacement, rtol=1e-6)
        assert list(snapshots.model.materials) == ["steel"]


def test_only_line_ends_end_lines_and_only_blanks_end_words():
    assert lines_of("a\u2028b\x85c\x1cd\ne\r\nf") == ["a\u2028b\x85c\x1cd", "e", "f"]
    assert words_of(" a\u00a0b \t c\f") == ["a\u00a0b", "c"]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400", "1_0", "0x1", "1,5", "٣"])
@pytest.mark.parametrize(("name", "old"), [
    ("small.inp", "0.0"), ("small.inp", "time 1."), ("small.inp", "increment 2"), ("steel", "young 200000."),
    ("steel", "masvol 8.e-9")])
def test_a_number_that_is_none_is_refused_by_line(small, name, old, number):
    change(small, name, old.encode(), " ".join([*old.split()[:-1], number]).encode())
    with pytest.raises(RomlibError) as error:
        converted(small).close()
        ZsetConverter().read_case(small.folder / "small.inp")
    assert "line" in str(error.value) and str(small.folder / name) in str(error.value)


@pytest.mark.parametrize(("cycles", "increments", "times"), [
    ("1000000000", "2", "1."), ("4294967297", "1", "1."), ("0", "1", "1."), ("-1", "1", "1."), ("1.5", "1", "1."),
    ("1", "1e308", "1."), ("1", "0", "1."), ("1", "1.5", "1."), ("1", "1000000", "1e-320"), ("1e15", "1", "1."),
    ("1", "1", "0."), ("1", "1", "-1."), ("1 x", "", "1.")])
def test_a_schedule_that_is_endless_or_none_is_refused(tmp_path, cycles, increments, times):
    path = tmp_path / "small.inp"
    path.write_text(DECK.replace("cycles 1", f"cycles {cycles}").replace("increment 2", f"increment {increments}")
                    .replace("time 1.", f"time {times}"))
    with pytest.raises((FileFormatError, UnsupportedError)) as error:
        deck_times(read_deck(path))
    assert str(path) in str(error.value) and "line" in str(error.value)


@pytest.mark.parametrize("text", ["@include small.inp\n", "@include loop\n", "@include deep0\n", "@include twice0\n",
                                  "@include\n", "@include a b\n", "@include pipe\n", "@include .\n"])
def test_includes_that_do_not_end_are_refused(tmp_path, text):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").write_text("@include small.inp\n")
    for k in range(40):
        (tmp_path / f"deep{k}").write_text(f"@include deep{k + 1}\n")
        (tmp_path / f"twice{k}").write_text(f"@include twice{k + 1}\n@include twice{k + 1}\n" if k < 19 else "% end\n")
    (tmp_path / "small.inp").write_text(text + DECK)
    with pytest.raises(InputError):
        read_tree(tmp_path / "small.inp")


def test_a_deck_without_its_end_is_noted_as_an_omission_that_works(small):
    lines = DECK.splitlines(keepends=True)
    first = next(k for k, line in enumerate(lines) if "***bc" in line)
    for n in range(first, len(lines)):
        (small.folder / "small.inp").write_text("".join(lines[:n]))
        assert omissions(small)["unfinished_deck"].does_work
    (small.folder / "small.inp").write_text(DECK)
    assert "unfinished_deck" not in omissions(small)


def test_a_deck_with_two_computations_is_refused(small):
    (small.folder / "small.inp").write_text(DECK.replace("****return", "") + DECK)
    with pytest.raises(UnsupportedError, match="several computations"):
        converted(small)


def test_results_that_lack_components_are_noted(small):
    change(small, "small.ut", b"eto31", b"eto13")
    assert "eto31" in omissions(small)["components_of_eto"].description


def test_results_whose_header_lost_its_variables_are_refused(small):
    change(small, "small.ut", b"**integ", b"**other")
    with pytest.raises(FileFormatError, match="no variables of integration points"):
        converted(small)


def test_a_keyword_twice_in_the_header_is_refused(small):
    change(small, "small.ut", b"**element", b"**node U1")
    with pytest.raises(FileFormatError, match="stands twice"):
        converted(small)


@pytest.mark.parametrize(("law", "works"), [("elastic", False), ("plastic", True)])
def test_missing_increments_work_where_a_material_remembers_them(small, law, works):
    if law == "plastic":
        (small.folder / "steel").write_text(STEEL.replace("linear_elastic", "gen_evp").replace(
            " **coefficient", " **potential gen_evp ev\n  *criterion mises\n  *flow plasticity\n  *isotropic constant\n"
            "   R0 100.\n **coefficient"))
    change(small, "small.ut", b"2 1 1 1 ", b"2 1 1 4 ")
    note = omissions(small)["missing_increments"]
    assert note.does_work is works and "3 increments" in note.description


@pytest.mark.parametrize(("rows", "missing"), [
    (["1 1 1 2 1.0", "2 1 1 3 2.0"], 1), (["1 1 1 1 1.0", "2 1 2 1 2.0"], None), (["1 1 1 1 1.0", "2 1 2 3 2.0"], 1),
    (["1 1 1 2 1.0", "2 2 1 2 2.0"], 2), (["1 1 1 0 0.0", "2 1 1 1 1.0"], None)])
def test_increments_are_counted_from_the_first_and_over_sequences(small, rows, missing):
    text = (small.folder / "small.ut").read_text().splitlines()
    (small.folder / "small.ut").write_text("\n".join([*text[:4], *rows]) + "\n")
    found = omissions(small).get("missing_increments")
    assert (found is None) if missing is None else f"{missing} increment" in found.description


def test_a_mesh_whose_ids_are_no_integers_is_refused(small):
    change(small, "small.geof", f"\n{small.ids[0]} ".encode(), f"\n{small.ids[0]}.5 ".encode())
    with pytest.raises(FileFormatError, match="no integer"):
        converted(small)


@pytest.mark.parametrize(("old", "new"), [
    (b"10 3", b"nan 3"), (b"10 3", b"inf 3"), (b"10 3", b"10.5 3"), (b"10 3", b"-10 3"), (b"10 3", b"9" * 30 + b" 3"),
    (b"**element\n1\n", b"**element\n0\n"), (b"**element\n1\n", b"**element\n" + b"9" * 40 + b"\n"),
    (b"\n42 ", b"\n" + b"9" * 30 + b" "), (b"\n42 ", b"\n4_2 "), (b"c3d10", b"c" * 100_000), (b"c3d10", b"c3d10\0"),
    (b"**node", b"**nod"), (b"solid", b"")])
def test_a_mesh_that_is_none_is_refused(small, old, new):
    change(small, "small.geof", old, new)
    with pytest.raises(RomlibError) as error:
        read_geof(small.folder / "small.geof")
    assert "small.geof" in str(error.value) and len(str(error.value)) < 1000


def binary_mesh(change=None):
    """One tetrahedron, as .geo has it; `change` replaces one of its numbers: (name, value)."""
    numbers = {"n_node": 4, "dimension": 3, "n_element": 1, "n_group": 1, "n_row": 1, "n_node_row": 4, "position": 0,
               "node": 3, "n_set": 0, "x": 0.0, "id": 1, **dict([change] if change else [])}

    def text(name):
        return struct.pack(">i", len(name) + 1) + name.encode() + b"\0"

    points = [(numbers["x"], 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    nodes = b"".join(struct.pack(">iddd", k + 1 if k else numbers["id"], *point) for k, point in enumerate(points))
    return b"".join([
        MAGIC, text("node"), struct.pack(">ii", numbers["n_node"], numbers["dimension"]), nodes,
        MAGIC, text("element"), struct.pack(">ii", numbers["n_element"], numbers["n_group"]),
        struct.pack(">i", numbers["n_row"]), text("c3d4"), struct.pack(">i", numbers["n_node_row"]),
        struct.pack(">6i", 7, numbers["position"], 0, 1, 2, numbers["node"]),
        MAGIC, text("nset"), struct.pack(">i", numbers["n_set"]), MAGIC, text("return")])


def test_a_binary_mesh_is_read(tmp_path):
    path = tmp_path / "a.geo"
    path.write_bytes(binary_mesh())
    mesh = read_geo(path)
    assert mesh.element_ids.tolist() == [7] and mesh.connectivity["c3d4"][1].tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("change", [
    (name, value) for name in ("n_node", "dimension", "n_element", "n_group", "n_row", "n_node_row", "position", "node",
                               "n_set") for value in (-1, 2**31 - 1, 2, -2**31)
    if (name, value) not in (("node", 2),)] + [("x", float("nan")), ("x", float("inf")), ("id", 2), ("n_element", 0)])
def test_a_binary_mesh_with_a_wrong_number_is_refused(tmp_path, change):
    path = tmp_path / "a.geo"
    path.write_bytes(binary_mesh(change))
    with pytest.raises(RomlibError) as error:
        read_geo(path)
    assert str(path) in str(error.value)


def test_every_cut_and_flip_of_a_binary_mesh_is_refused_or_read(tmp_path):
    path, sound = tmp_path / "a.geo", binary_mesh()
    for k in range(len(sound)):
        path.write_bytes(sound[:k])
        with pytest.raises(RomlibError):
            read_geo(path)
        for bit in (0, 7):
            path.write_bytes(sound[:k] + bytes([sound[k] ^ 1 << bit]) + sound[k + 1:])
            try:
                read_geo(path)
            except RomlibError as error:
                assert str(path) in str(error)


@pytest.mark.parametrize("name", ["small.inp", "x.inp", "x.ut", "", "x"])
def test_can_read_answers_for_anything(tmp_path, name):
    converter = ZsetConverter()
    assert converter.can_read(tmp_path / name) is False
    (tmp_path / "x.inp").mkdir()
    os.mkfifo(tmp_path / "pipe.inp")
    assert converter.can_read(tmp_path / "x.inp") is False and converter.can_read(tmp_path / "pipe.inp") is False
    assert converter.can_read(tmp_path) is False
