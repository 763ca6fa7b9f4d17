"""Results files .fil: what is read is what the records say, however they are written; what cannot be is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from abaqus_fil import FilWriter, begin_increment, write_model, write_nodal, write_points
from romlib_converters.abaqus import AbaqusConverter, words
from romlib_converters.abaqus.fil import FilFile

from romlib.errors import FileFormatError, RomlibError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.snapshots import Snapshots

MESH = box_mesh("hex20", (2, 1, 1), (2.0, 1.0, 1.0), quadrature="hex_gauss_8")
NODES, CELLS = 9 + 4 * MESH.node_ids, 100 - 3 * MESH.cell_ids
S = np.arange(16.0 * 6).reshape(2, 8, 6) - 40.0


def moved(time):
    return 1e-3 * time * MESH.points * [1.0, -0.3, -0.3]


def written(path, *, binary=False, kind="C3D20R", n=3, increment=None, points=None, dofs=(1, 2, 3), most=80,
            nodal=moved, elements=None, **how):
    """A file with n increments. increment, points : called to write what else an increment has."""
    block = MESH.blocks[0]
    table = [(number, kind.ljust(8), NODES[nodes]) for number, nodes in zip(CELLS, block.connectivity)]
    with FilWriter(path, binary=binary, **how) as writer:
        write_model(writer, NODES, MESH.points, elements or table,
                    {"FOOT": NODES[MESH.node_tags["xmin"]], "ALL_OF_THE_NODES": NODES}, {"ALL": CELLS}, dofs=dofs,
                    most=most)
        for k in range(1, n + 1):
            if increment is None:
                begin_increment(writer, 0.5 * k, 0.5, number=k)
            else:
                increment(writer, k)
            if points is None:
                write_points(writer, kind.ljust(8), CELLS, {11: k * S})
            else:
                points(writer, k)
            write_nodal(writer, 101, NODES, nodal(0.5 * k))
            writer.end_increment()
    return path


def converted(folder, path, **options):
    AbaqusConverter().convert(path, folder / "x.vtkhdf", options=options)
    return Snapshots(folder / "x.vtkhdf")


def is_right(found, n=3):
    assert found.n_step == n
    np.testing.assert_array_equal(found.mesh(0).node_ids, NODES)
    np.testing.assert_array_equal(np.sort(found.mesh(0).cell_ids), np.sort(CELLS))
    np.testing.assert_allclose(found.read("displacement", 0, n - 1), moved(0.5 * n), rtol=1e-15)
    stress = found.read("stress", 0, n - 1).reshape(2, 8, 6)
    np.testing.assert_allclose(stress, n * S * np.sqrt([1, 1, 1, 2, 2, 2]), rtol=1e-14)
    assert sorted(found.mesh(0).node_tags) == ["ALL_OF_THE_NODES", "FOOT"]


@pytest.mark.parametrize("how", [
    {}, {"line_end": b"\r\n"}, {"binary": True}, {"binary": True, "order": ">"}, {"binary": True, "noise": 0x41200000},
    {"most": 22}, {"binary": True, "most": 22}], ids=["ascii", "windows", "binary", "big endian", "noise", "goes on",
                                                      "goes on, binary"])
def test_all_ways_to_write_a_file_are_read_alike(tmp_path, how):
    """Whole numbers leave half of a word as it was; elements and sets go on in further records."""
    with converted(tmp_path, written(tmp_path / "a.fil", **how)) as found:
        is_right(found)
        assert not found.model.omissions


@pytest.mark.parametrize("chunk", [333, 81 * 7, 5000])
def test_a_text_is_followed_in_pieces_of_any_size(tmp_path, monkeypatch, chunk):
    whole = FilFile(written(tmp_path / "a.fil"))
    monkeypatch.setattr(words, "_CHUNK", chunk)
    pieces = FilFile(tmp_path / "a.fil")
    assert pieces.words.stretches == whole.words.stretches and not pieces.words.truncated
    with converted(tmp_path, tmp_path / "a.fil") as found:
        is_right(found)


@pytest.mark.parametrize("window", [2, 3])
def test_blocks_are_followed_some_at_a_time(tmp_path, monkeypatch, window):
    path = written(tmp_path / "a.fil", binary=True, n=6)
    assert path.stat().st_size > 4 * window * 4104
    monkeypatch.setattr("romlib_converters.abaqus.words._WINDOW", window)
    with converted(tmp_path, path) as found:
        is_right(found, 6)


def test_a_record_that_goes_on_with_none_is_refused(tmp_path):
    """Those of the elements' nodes, whose first part is gone, in a file that is whole otherwise."""
    path = written(tmp_path / "a.fil", binary=True, most=22)
    blocks = np.fromfile(path, np.int32).reshape(-1, 1026)
    words = blocks[:, 1:-1].reshape(-1, 2)
    first = np.flatnonzero(words[:-1, 0] == 1990)[0]
    assert words[first - 1, 0] < 22
    at = np.flatnonzero(words[:first, 0] == 1900)[-1]
    words[at, 0] = 1902
    blocks[:, 1:-1] = words.reshape(-1, 1024)
    blocks.tofile(path)
    with pytest.raises(FileFormatError, match="a record 1990 goes on with no record 1900"):
        converted(tmp_path, path)


def test_a_coordinate_that_is_no_number_is_refused_by_its_node(tmp_path):
    path = written(tmp_path / "a.fil", elements=None, n=1)
    text = path.read_bytes().decode().replace("\n", "")
    at = text.index("D", text.index("I 41901")) + 1
    text = text[:at] + "NaN".rjust(22) + text[at + 22:]
    path.write_bytes("\n".join(text[k:k + 80] for k in range(0, len(text), 80)).encode())
    with pytest.raises(FileFormatError, match="not a finite number") as raised:
        converted(tmp_path, path)
    assert raised.value.place == f"coordinates of node {NODES[0]}"


def test_lines_that_lost_the_blanks_at_their_ends_are_read(tmp_path):
    path = written(tmp_path / "a.fil")
    path.write_bytes(b"\n".join(line.rstrip() for line in path.read_bytes().split(b"\n")))
    with converted(tmp_path, path) as found:
        is_right(found)


def test_state_variables_that_go_on_in_further_records_are_put_together(tmp_path):
    state = np.arange(2 * 8 * 300.0).reshape(2, 8, 300)

    def points(writer, k):
        write_points(writer, "C3D20R  ", CELLS, {11: k * S, 5: k * state}, most=80)

    with converted(tmp_path, written(tmp_path / "a.fil", points=points)) as found:
        is_right(found)
        np.testing.assert_array_equal(found.read("statev", 0, 2).reshape(2, 8, 300), 3 * state)


def test_sets_that_overlap_in_two_requests_are_read_once_unless_they_differ(tmp_path):
    def points(factor):
        def write(writer, k):
            write_points(writer, "C3D20R  ", CELLS, {11: k * S})
            write_points(writer, "C3D20R  ", CELLS[:1], {11: factor * k * S[:1]})
        return write

    with converted(tmp_path, written(tmp_path / "a.fil", points=points(1.0))) as found:
        is_right(found)
    with pytest.raises(FileFormatError, match="two values that differ"):
        converted(tmp_path, written(tmp_path / "b.fil", points=points(2.0)))


def test_displacements_are_in_the_columns_of_the_active_degrees_of_freedom(tmp_path):
    """A model with shells besides has rotations; here they stand before the displacements."""
    path = written(tmp_path / "a.fil", dofs=(4, 5, 6, 1, 2, 3),
                   nodal=lambda time: np.column_stack([99.0 + 0.0 * moved(time), moved(time)]))
    with converted(tmp_path, path) as found:
        is_right(found)
    with pytest.raises(UnsupportedError, match="do not have all displacements"):
        converted(tmp_path, written(tmp_path / "b.fil", dofs=(1, 2, 0)))


@pytest.mark.parametrize("location", [1, 2, 4])
def test_values_that_are_not_at_integration_points_are_left_out_and_said_so(tmp_path, location):
    def points(writer, k):
        write_points(writer, "C3D20R  ", CELLS, {11: k * S}, location=location)

    with converted(tmp_path, written(tmp_path / "a.fil", points=points)) as found:
        assert "stress" not in found.fields
        note, = found.model.omissions
        assert note.name == "fil_S" and not note.does_work and "not at integration points" in note.description


def test_increments_that_were_not_written_are_counted(tmp_path):
    def every_second(writer, k):
        begin_increment(writer, 1.0 * k, 0.5, number=2 * k)

    with converted(tmp_path, written(tmp_path / "a.fil", increment=every_second)) as found:
        note, = found.model.omissions
        assert note.name == "missing_increments" and "3 increments" in note.description
        assert "FREQUENCY=1" in note.description


def test_several_steps_are_one_history(tmp_path):
    """The second step writes its beginning too (ZERO INCREMENT), at the time of the end of the first."""
    def increment(writer, k):
        step, number = (1, k) if k < 3 else (2, k - 3)
        begin_increment(writer, [0.5, 1.0, 1.0, 2.0][k - 1], [0.5, 0.5, 0.0, 1.0][k - 1], step, number,
                        procedure=21 if k > 2 else 1)

    def nodal(time):
        return moved({0.5: 0.5, 1.0: 1.0, 1.5: 1.0, 2.0: 1.5}[time])

    with converted(tmp_path, written(tmp_path / "a.fil", n=4, increment=increment, nodal=nodal)) as found:
        assert found.times.tolist() == [0.5, 1.0, 2.0]
        assert [one.name for one in found.model.omissions] == ["repeated_times"]
        np.testing.assert_allclose(found.read("displacement", 0, 2), moved(1.5), rtol=1e-15)


@pytest.mark.parametrize(("how", "words"), [
    ({"procedure": 41}, "modal results"), ({"procedure": 11}, "not reduced"), ({"perturbation": 1}, "perturbation"),
    ({"load_factor": 0.3}, "arc length"), ({"frequency": 12.0}, "harmonic")])
def test_what_is_no_history_is_refused_by_name(tmp_path, how, words):
    def increment(writer, k):
        begin_increment(writer, 0.5 * k, 0.5, number=k, **how)

    with pytest.raises(UnsupportedError, match=words) as raised:
        converted(tmp_path, written(tmp_path / "a.fil", increment=increment))
    assert raised.value.place == "step 1, increment 1"


@pytest.mark.parametrize(("kind", "words"), [
    ("C3D20RH", "hybrid"), ("U20", "user element"), ("C3D20RT", "temperature as an unknown"), ("C3D10M", "modified"),
    ("C3D8R", "hourglass"), ("C3D8I", "incompatible modes"), ("CPS8R", "plane stress"), ("CPE8H", "hybrid"),
    ("CPE4R", "hourglass"), ("CAX4I", "incompatible modes"), ("C3D20RP", "pore pressure"), ("Z1", "substructure"),
    ("SC8R", "continuum shell")])
def test_elements_that_are_not_reproduced_are_refused_by_name(tmp_path, kind, words):
    with pytest.raises(UnsupportedError, match=words) as raised:
        converted(tmp_path, written(tmp_path / "a.fil", kind=kind))
    assert raised.value.found == kind and "record 1900" in raised.value.place


def test_elements_that_are_no_solids_are_counted(tmp_path):
    block = MESH.blocks[0]
    table = [(1, "T3D2    ", NODES[:2]), (2, "SPRINGA ", NODES[:2]), (3, "T3D2    ", NODES[1:3]),
             *((number, "C3D20R  ", NODES[nodes]) for number, nodes in zip(CELLS, block.connectivity))]
    with converted(tmp_path, written(tmp_path / "a.fil", elements=table)) as found:
        is_right(found)
        notes = {one.name: one for one in found.model.omissions}
        assert set(notes) == {"elements_T3D2", "elements_SPRINGA"} and notes["elements_T3D2"].does_work
        assert notes["elements_T3D2"].description.startswith("2 elements")


def test_points_in_another_order_are_refused_where_their_coordinates_say_so(tmp_path):
    x = np.array([0.5 - 0.5 / 3**0.5, 0.5 + 0.5 / 3**0.5])
    at = np.array([[x[a], x[b], x[c]] for c in range(2) for b in range(2) for a in range(2)])
    at = at + np.array([[[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]])

    def points(order):
        return lambda writer, k: write_points(writer, "C3D20R  ", CELLS, {11: k * S, 8: at[:, order]})

    with converted(tmp_path, written(tmp_path / "a.fil", points=points(np.arange(8)))) as found:
        is_right(found)
    with pytest.raises(FileFormatError, match="not where the rule has them"):
        converted(tmp_path, written(tmp_path / "b.fil", points=points([1, 0, 2, 3, 4, 5, 6, 7])))


@pytest.mark.parametrize(("kind", "cell", "rule", "formulation"), [
    ("CPE3", "tri3", "tri_1", "standard"), ("CPE4", "quad4", "quad_gauss_4", "B-bar in plane"),
    ("CPE6", "tri6", "tri_3", "standard"), ("CPE8", "quad8", "quad_gauss_9", "standard"),
    ("CAX8R", "quad8", "quad_gauss_4", "standard"), ("CAX4", "quad4", "quad_gauss_4", "B-bar in plane")])
def test_plane_and_axisymmetric_elements_are_read(tmp_path, kind, cell, rule, formulation):
    """Two coordinates, two displacements, tensors of four components; strain against that of the displacement."""
    name = "plane strain" if kind.startswith("CPE") else "axisymmetric"
    shape = element(cell)
    points = np.array([2.0, 1.0]) + shape.nodes * [0.5, 0.7] + 0.05 * shape.nodes[:, ::-1] ** 2
    if shape.n_node > shape.n_corner:  # mid-side nodes on straight edges
        corners = points[:shape.n_corner]
        points[shape.n_corner:] = corners[np.array(shape.edges)].mean(axis=1)
    ids = 3 * np.arange(len(points)) + 2
    u = 1e-3 * np.column_stack([points[:, 0] * points[:, 1], 0.5 * points[:, 0] - 0.2 * points[:, 1]])
    mesh = Mesh(points, (CellBlock(cell, np.arange(len(points))[None], np.array([7]), rule, formulation=formulation),),
                ids, kinematics=name)
    operator = StrainOperator(mesh)
    strain = operator.strain(u[None])[0]
    with FilWriter(tmp_path / "a.fil", binary=False) as writer:
        write_model(writer, ids, points, [(7, kind.ljust(8), ids)], {}, {}, dofs=(1, 2))
        begin_increment(writer, 1.0, 1.0)
        for q, (row, place) in enumerate(zip(strain, operator.coordinates), 1):
            writer.record(1, 7, q, 0, 0, " ", 3, 1, 0, 0)
            writer.record(21, *map(float, [*row[:3], row[3] * np.sqrt(2.0)]))
            writer.record(8, *map(float, place[:2]))
        write_nodal(writer, 101, ids, u)
        writer.end_increment()
    with converted(tmp_path, tmp_path / "a.fil") as found:
        block, = found.mesh(0).blocks
        assert (block.cell_type, block.quadrature, block.formulation) == (cell, rule, formulation)
        assert found.mesh(0).kinematics == name and found.fields["displacement"].n_comp == 2
        np.testing.assert_allclose(found.read("strain", 0, 0), strain, atol=1e-17)


def test_plane_elements_beside_solids_are_refused(tmp_path):
    block = MESH.blocks[0]
    table = [(1, "CPE4    ", NODES[:4]),
             *((number, "C3D20R  ", NODES[nodes]) for number, nodes in zip(CELLS, block.connectivity))]
    with pytest.raises(UnsupportedError, match="different models"):
        converted(tmp_path, written(tmp_path / "a.fil", elements=table))


@pytest.mark.parametrize("binary", [True, False])
def test_a_truncated_file_is_refused_or_taken_up_to_its_last_whole_increment(tmp_path, binary):
    path = written(tmp_path / "a.fil", binary=binary)
    data, ends = path.read_bytes(), [one.last for one in FilFile(path).words.stretches]
    for cut in (ends[1] + 100, ends[2] - 4200, ends[3] - 200):
        path.write_bytes(data[:cut])
        whole = sum(end <= cut for end in ends) - 1
        if whole == 3:
            continue  # blanks after the last record
        with pytest.raises(FileFormatError, match="truncated") as raised:
            converted(tmp_path, path)
        assert f"increment {whole}" in raised.value.found
        with converted(tmp_path, path, incomplete=True) as found:
            is_right(found, whole)
            assert "truncated" in [one.name for one in found.model.omissions]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "*" * 22])
def test_a_value_that_is_no_number_is_refused(tmp_path, value):
    path = written(tmp_path / "a.fil", n=1)
    text = path.read_bytes().decode().replace("\n", "")
    at = text.index("I 3101") + 200
    at = text.index("D", at) + 1
    text = text[:at] + value.rjust(22) + text[at + 22:]
    path.write_bytes("\n".join(text[k:k + 80] for k in range(0, len(text), 80)).encode())
    with pytest.raises(FileFormatError):
        converted(tmp_path, path)


@pytest.mark.parametrize("binary", [True, False])
def test_no_mutation_gives_another_mesh_or_a_crash(tmp_path, binary):
    path = written(tmp_path / "a.fil", binary=binary, n=2)
    data = path.read_bytes()
    rng, refused, same = np.random.default_rng(1), 0, 0
    for _ in range(50):
        broken = bytearray(data)
        k = int(rng.integers(len(broken)))
        match rng.integers(4):
            case 0:
                broken[k] = int(rng.integers(256))
            case 1:
                del broken[k:k + int(rng.integers(1, 90))]
            case 2:
                broken[k:k] = bytes(rng.integers(0, 256, 7, dtype=np.uint8))
            case 3:
                broken = broken[:k]
        path.write_bytes(broken)
        try:
            with converted(tmp_path, path) as found:
                np.testing.assert_allclose(found.mesh(0).points[[0, -1]], MESH.points[[0, -1]], atol=1e300)
                same += 1
        except RomlibError:
            refused += 1
    assert refused > 15 and same + refused == 50


def text_records(path):
    """Records of a text by plain splitting, as a second reader has them: lists of words."""
    text = path.read_bytes().decode().replace("\n", "")
    item = re.compile(r"I([ \d]\d)|D(.{22})|A(.{8})")
    at, records = 0, []
    while "*" in text[at:]:
        at, record, n = text.index("*", at) + 1, [], 2
        while len(record) < n:
            match = item.match(text, at)
            if match[1]:
                at = match.end() + int(match[1])
                record.append(int(text[match.end():at]))
                n = record[0]
            else:
                at = match.end()
                record.append(float(match[2].replace("D", "E")) if match[2] else match[3])
        records.append(record)
    return records


@pytest.mark.data
def test_the_real_hexahedron_has_the_values_of_its_records(tmp_path, data_dir):
    path = data_dir / "abaqus" / "pybaqus_hex_C3D8.fil"
    records = text_records(path)
    with converted(tmp_path, path, deck="none") as found:
        assert found.solver == "Abaqus 6.23-1" and found.times.tolist() == [1.0]
        mesh = found.mesh(0)
        assert (mesh.n_node, mesh.n_cell, found.n_ip(0)) == (8, 1, 8) and mesh.blocks[0].formulation == "B-bar"
        u = {one[2]: one[3:] for one in records if one[1] == 101}
        np.testing.assert_array_equal(found.read("displacement", 0, 0), [u[number] for number in mesh.node_ids])
        s = np.array([one[2:] for one in records if one[1] == 11])
        np.testing.assert_allclose(found.read("stress", 0, 0), s * np.sqrt([1, 1, 1, 2, 2, 2]), rtol=1e-15)
        assert {name: len(ids) for name, ids in mesh.node_tags.items()} == {
            "TEST_INSTANCE_SET-TEST_PART": 8, "SET_BC_1": 1, "SET_BC_2": 1, "SET_BC_3": 2, "SET_LOAD": 4}


@pytest.mark.data
def test_real_files_without_solids_are_refused_for_what_they_are(tmp_path, data_dir):
    with pytest.raises(UnsupportedError, match="CPS4R cannot be reproduced: it is in plane stress"):
        converted(tmp_path, data_dir / "abaqus" / "pybaqus_quad_CPS4R.fil")
    with pytest.raises(UnsupportedError, match="no solid elements") as raised:
        converted(tmp_path, data_dir / "abaqus" / "cjekel_TenBarArea.fil", deck="none")
    assert raised.value.found == "10 T2D2"
    truss = FilFile(data_dir / "abaqus" / "cjekel_TenBarArea.fil")  # written in binary
    ids, u = truss.nodal(101, truss.increments[0], [0, 1])
    assert ids.tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(u[:2], [[12.63176679, -58.17889777], [-10.95521639, -62.80877587]], rtol=1e-8)


def test_values_at_nodes_beside_those_at_points_do_not_take_their_place(tmp_path):
    """Tensors, and what is no tensor: state variables."""
    state = np.arange(2 * 8 * 3.0).reshape(2, 8, 3)

    def points(writer, k):
        write_points(writer, "C3D20R  ", CELLS, {11: k * S, 5: k * state})
        write_points(writer, "C3D20R  ", CELLS, {11: k * S + 1e3, 5: k * state + 1e3}, location=4)

    with converted(tmp_path, written(tmp_path / "a.fil", points=points)) as found:
        is_right(found)
        np.testing.assert_array_equal(found.read("statev", 0, 2).reshape(2, 8, 3), 3 * state)


def test_increments_that_are_missing_at_the_beginning_of_a_step_are_counted(tmp_path):
    """The second step is written from its third increment on."""
    def increment(writer, k):
        begin_increment(writer, 0.5 * k if k < 4 else 0.5 * (k + 2), 0.5, step=1 if k < 4 else 2,
                        number=k if k < 4 else k - 1)

    with converted(tmp_path, written(tmp_path / "a.fil", n=5, increment=increment)) as found:
        note = next(one for one in found.model.omissions if one.name == "missing_increments")
        assert "2 increments" in note.description and "step 2, increment 3" in note.description
