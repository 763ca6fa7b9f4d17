"""Bad input of the meshio converter is refused by name, and leaves no file."""

from __future__ import annotations

import re

import numpy as np
import pytest

from romlib.errors import FileFormatError, InputError, UnsupportedError

meshio = pytest.importorskip("meshio", reason="meshio is not installed")

from meshio_example import box_example, write_pvd, write_vtu, write_xdmf  # type: ignore[import-not-found]  # noqa: E402
from romlib_converters.meshio import MeshioConverter  # noqa: E402


@pytest.fixture
def refused(tmp_path):
    """Converting raises an error of this kind and message, and no file is left."""
    (tmp_path / "out").mkdir()

    def check(source, error, match, **arguments):
        with pytest.raises(error, match=match):
            MeshioConverter().convert(source, tmp_path / "out" / "a.vtkhdf", **arguments)
        assert list((tmp_path / "out").iterdir()) == []

    return check


def test_cells_that_romlib_lacks_are_named_with_their_number(tmp_path, refused):
    example = box_example()
    example.cells.append(("wedge18", np.arange(18).repeat(2).reshape(2, 18)))
    example.cell = []
    refused(write_xdmf(example, tmp_path), UnsupportedError, "found: 2 wedge18")
    refused(write_vtu(example, tmp_path), UnsupportedError, "found: 2 wedge18")


def test_hexahedra_of_27_nodes_in_the_order_of_gmsh_are_refused(tmp_path, refused):
    example = box_example("hex27")
    kind, nodes = example.cells[0]
    example.cells[0] = kind, nodes[:, [*range(20), 24, 22, 20, 21, 23, 25, 26]]
    example.cells, example.cell = example.cells[:1], []
    refused(write_xdmf(example, tmp_path), FileFormatError, r"not in VTK's order[\s\S]*node 20 between nodes 0, 4, 7")


def test_a_mesh_without_solids(tmp_path, refused):
    example = box_example()
    example.cells, example.cell = example.cells[1:], []
    refused(write_xdmf(example, tmp_path), UnsupportedError, "no solid cell")


def test_a_plane_mesh(tmp_path, refused):
    example = box_example()
    example.points = example.points[:, :2]
    refused(write_xdmf(example, tmp_path), UnsupportedError, "three-dimensional")


def test_ambiguous_displacement_lists_the_candidates(tmp_path, refused):
    example = box_example(name="first")
    for arrays in example.node:
        arrays["second"] = arrays["first"]
    source = write_xdmf(example, tmp_path)
    refused(source, InputError, "found: first, second")
    refused(source, InputError, r"option displacement[\s\S]*expected: one of first, .*second",
            options={"displacement": "third"})


@pytest.mark.parametrize("name", ["something", "Vitesse", "Velocity", "Mode 1", "eigenvector displacement", "B"])
def test_the_only_vector_is_no_displacement_unless_its_name_says_so(tmp_path, refused, name):
    refused(write_xdmf(box_example(name=name), tmp_path), InputError,
            r"(?s)cannot be told.*--option displacement=" + name)


def test_no_displacement_at_all(tmp_path, refused):
    example = box_example()
    example.node = [{"heat": arrays["heat"]} for arrays in example.node]
    refused(write_xdmf(example, tmp_path), InputError, "node arrays: heat")


def test_a_record_without_displacement(tmp_path, refused):
    example = box_example()
    del example.node[2]["displacement"]
    refused(write_xdmf(example, tmp_path), FileFormatError, "lacks the displacement[\\s\\S]*step 2")


def test_nan_is_named_with_step_and_node(tmp_path, refused):
    example = box_example()
    example.node[3]["displacement"][5, 1] = np.nan
    refused(write_xdmf(example, tmp_path), FileFormatError, "step 3, array 'displacement', node 5")
    refused(write_vtu(example, tmp_path), FileFormatError, r"step 3 \(out_15.vtu\), array 'displacement', node 5")


def test_coordinates_that_are_not_finite(tmp_path, refused):
    example = box_example()
    example.points[4, 0] = np.inf
    refused(write_xdmf(example, tmp_path), FileFormatError, "node 4")


@pytest.mark.parametrize("times", [[0.0, 0.1, 0.1, 0.2], [0.0, 0.3, 0.2, 0.4]])
@pytest.mark.parametrize("write", [write_xdmf, write_vtu, write_pvd])
def test_times_that_do_not_increase(tmp_path, refused, times, write):
    example = box_example()
    example.times = times
    refused(write(example, tmp_path), (FileFormatError, UnsupportedError), "step 2|time 0.1")


def test_missing_times(tmp_path, refused):
    files = write_vtu(box_example(), tmp_path, stamped=False)
    refused(files, FileFormatError, "a record has no time[\\s\\S]*option times")
    refused(files, InputError, "expected: 4\n  found: 2", options={"times": [0, 1]})
    refused(files, InputError, "list of numbers", options={"times": "soon"})


def test_missing_increments_before_the_first_record(tmp_path, refused):
    example = box_example()
    example.node[0]["displacement"][:] = 0.5
    source = write_xdmf(example, tmp_path)
    refused(source, FileFormatError, "increments are missing")
    refused(source, InputError, "initial_time", options={"initial_time": 0.0})
    refused(source, InputError, "initial_time", options={"initial_time": "early"})


def test_heavy_file_missing_or_truncated(tmp_path, refused):
    source = write_xdmf(box_example(), tmp_path)
    heavy = tmp_path / "series.h5"
    content = heavy.read_bytes()
    heavy.write_bytes(content[:len(content) // 2])
    refused(source, FileFormatError, r"series\.xdmf")
    heavy.unlink()
    refused(source, FileFormatError, r"series\.h5[\s\S]*series\.xdmf")


@pytest.mark.parametrize("part", [0.0, 0.4, 0.95])
def test_truncated_xml(tmp_path, refused, part):
    source = write_xdmf(box_example(), tmp_path)
    text = source.read_text()
    source.write_text(text[:int(part * len(text))])
    refused(source, FileFormatError, r"series\.xdmf")
    files = write_vtu(box_example(), tmp_path)
    content = files[2].read_bytes()
    files[2].write_bytes(content[:int(part * len(content))])
    refused(files, FileFormatError, r"out_10\.vtu")


def test_file_of_a_pvd_missing(tmp_path, refused):
    source = write_pvd(box_example(), tmp_path)
    (tmp_path / "out_10.vtu").unlink()
    refused(source, FileFormatError, r"out_10\.vtu[\s\S]*time 0\.2")


def test_a_mesh_that_changes(tmp_path, refused):
    example = box_example()
    files = write_vtu(example, tmp_path)
    content = meshio.vtu.read(str(files[1]))
    content.points = content.points + 0.01
    meshio.vtu.write(str(files[1]), content)
    refused(files, UnsupportedError, r"out_5\.vtu[\s\S]*undeformed")


def test_xdmf_record_with_a_mesh_of_its_own(tmp_path, refused):
    example = box_example()
    source = write_xdmf(example, tmp_path, "XML")
    text = source.read_text()
    geometry = text[text.index("<Geometry"):text.index("</Geometry>") + len("</Geometry>")]
    stamp = f'<Time Value="{example.times[1]}"'
    assert stamp in text
    source.write_text(text.replace(stamp, geometry + stamp))  # the same again is no change
    MeshioConverter().convert(source, tmp_path / "same.vtkhdf")
    values = geometry[geometry.index(">", geometry.index("<DataItem")) + 1:geometry.index("</DataItem>")]
    moved = geometry.replace(values, " ".join(str(float(v) + 1.0) for v in values.split()))
    source.write_text(text.replace(stamp, moved + stamp))
    refused(source, UnsupportedError, "mesh is not that of the first record[\\s\\S]*step 1")


def test_surface_cell_that_is_no_face(tmp_path, refused):
    example = box_example()
    kind, faces = example.cells[1]
    example.cells[1] = kind, np.concatenate([faces[:-1], [[0, 1, 2, len(example.points) - 1]]])
    refused(write_xdmf(example, tmp_path), (FileFormatError, UnsupportedError), "series.xdmf")


def test_nodes_in_the_order_of_another_program(tmp_path, refused):
    example = box_example("hex20")
    kind, nodes = example.cells[0]
    example.cells[0] = kind, nodes[:, [*range(12), *range(16, 20), *range(12, 16)]]  # Abaqus keeps, CalculiX .frd swaps
    refused(write_xdmf(example, tmp_path), FileFormatError, "VTK's order")


def test_cell_with_a_node_that_does_not_exist(tmp_path, refused):
    example = box_example()
    example.cells[0][1][1, 3] = 10**6
    refused(write_xdmf(example, tmp_path), FileFormatError, "cell 1")


def test_vtu_in_several_pieces(tmp_path, refused):
    files = write_vtu(box_example(n_step=1), tmp_path)
    text = files[0].read_bytes()
    piece = text[text.index(b"<Piece "):text.index(b"</Piece>") + len(b"</Piece>")]
    files[0].write_bytes(text.replace(piece, piece + piece))
    refused(files, UnsupportedError, "several pieces")


@pytest.mark.parametrize(("options", "match"), [
    ({"displacment": "U"}, "expected: one of displacement, .*\n  found: 'displacment'"),
    ({"quadrature": {"tet4": "tet_1"}}, "expected: hex8"),
    ({"quadrature": {"hex8": "tet_1"}}, "a rule for a hex"),
    ({"quadrature": {"hex8": "hex_gauss_99"}}, "hex_gauss_99"),
    ({"quadrature": "hex_gauss_8"}, "by cell type"),
])
def test_wrong_options(tmp_path, refused, options, match):
    refused(write_xdmf(box_example(), tmp_path), InputError, match, options=options)


def test_wrong_units_and_pieces(tmp_path, refused):
    source = write_xdmf(box_example(), tmp_path)
    refused(source, InputError, "mm, N", units="mm and N")
    refused(source, InputError, "consistent stress", units="mm, N, Pa, s")
    refused(source, InputError, "number of pieces", pieces=1000)


def test_wrong_sources(tmp_path, refused):
    refused(tmp_path / "absent.xdmf", InputError, r"absent\.xdmf")
    refused(tmp_path / "out_*.vtu", InputError, "pattern")
    refused([], InputError, "no file")
    (tmp_path / "a.txt").write_text("hello")
    refused(tmp_path / "a.txt", InputError, r"a\.txt")
    (tmp_path / "a.xdmf").write_text("<Xdmf Version='3.0'><Domain><Grid GridType='Uniform'/></Domain></Xdmf>")
    refused(tmp_path / "a.xdmf", FileFormatError, r"a\.xdmf")


@pytest.mark.parametrize("write", ["grid", "series", "array"])
def test_a_number_with_an_underscore_is_none(tmp_path, refused, write):
    """Python reads 1_000 as a thousand; in a file it is a typing error."""
    if write == "grid":
        source = write_xdmf(box_example(n_step=2), tmp_path)
        text = source.read_text().replace('Value="0.1"', 'Value="1_0"')
    elif write == "series":
        source = write_pvd(box_example(n_step=2), tmp_path)
        text = source.read_text().replace('timestep="0.1"', 'timestep="1_0"')
    else:
        source = write_xdmf(box_example(n_step=2), tmp_path, "XML")
        text = re.sub(r"\d\.\d+e[+-]\d\d", "1_0", source.read_text(), count=1)
    assert "1_0" in text
    source.write_text(text)
    refused(source, FileFormatError, "1_0")
