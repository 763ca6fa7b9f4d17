"""VTU in every form that VTK writes: text, base64, raw, appended or in place, three compressors, two byte orders."""

from __future__ import annotations

import base64
import contextlib
import lzma
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.snapshots import Snapshots

meshio = pytest.importorskip("meshio", reason="meshio is not installed")

from romlib_converters.meshio import MeshioConverter  # noqa: E402
from romlib_converters.meshio.vtu_arrays import _lz4  # noqa: E402

BAR = box_mesh("hex8", (2, 2, 1))
NAMES = {"zlib": "vtkZLibDataCompressor", "lzma": "vtkLZMADataCompressor", "lz4": "vtkLZ4DataCompressor", "": ""}
TYPES = {"f8": "Float64", "f4": "Float32", "i8": "Int64", "i4": "Int32", "u1": "UInt8"}


def lz4(data: bytes) -> bytes:
    """A block in LZ4's format: matches of four and more bytes, the last twelve bytes literal."""
    out, start, at, seen = bytearray(), 0, 0, {}

    def length(n):
        return bytes([255]) * (n // 255) + bytes([n % 255])

    while at < len(data) - 12:
        word = data[at:at + 4]
        before = seen.get(word)
        seen[word] = at
        if before is None or at - before > 65535:
            at += 1
            continue
        n = 4
        while at + n < len(data) - 5 and data[before + n] == data[at + n]:
            n += 1
        literal = data[start:at]
        out.append(min(len(literal), 15) << 4 | min(n - 4, 15))
        out += (length(len(literal) - 15) if len(literal) >= 15 else b"") + literal
        out += (at - before).to_bytes(2, "little") + (length(n - 19) if n >= 19 else b"")
        at += n
        start = at
    literal = data[start:]
    out.append(min(len(literal), 15) << 4)
    return bytes(out + (length(len(literal) - 15) if len(literal) >= 15 else b"") + literal)


PACK = {"zlib": zlib.compress, "lzma": lzma.compress, "lz4": lz4}


class File:
    """A VTU file in one of the forms."""

    def __init__(self, form="binary", encoding="base64", compressor="", order="<", header="u4", block=256):
        self.form, self.encoding, self.compressor, self.block = form, encoding, compressor, block
        self.order, self.header, self.appended = order, np.dtype(header).newbyteorder(order), b""

    def stored(self, values):
        data = values.astype(values.dtype.newbyteorder(self.order)).tobytes()
        raw = self.form == "appended" and self.encoding == "raw"

        def encoded(part):
            return part if raw else base64.b64encode(part)

        if not self.compressor:
            return encoded(np.array([len(data)], self.header).tobytes() + data)
        blocks = [data[k:k + self.block] for k in range(0, len(data), self.block)]
        packed = [PACK[self.compressor](block) for block in blocks]
        last = len(data) % self.block
        head = np.array([len(blocks), self.block, last, *map(len, packed)], self.header)
        return encoded(head.tobytes()) + encoded(b"".join(packed))

    def array(self, name, values):
        values = np.asarray(values)
        width = f' NumberOfComponents="{values.shape[1]}"' if values.ndim > 1 else ""
        head = f'<DataArray type="{TYPES[values.dtype.str[1:]]}" Name="{name}"{width} format="{self.form}"'
        if self.form == "ascii":
            return f"{head}>{' '.join(map(repr, values.ravel().tolist()))}</DataArray>"
        if self.form == "binary":
            return f"{head}>{self.stored(values).decode()}</DataArray>"
        offset, self.appended = len(self.appended), self.appended + self.stored(values)
        return f'{head} offset="{offset}"/>'

    def write(self, path, time, u, mesh=BAR, points=None, connectivity=None):
        nodes = mesh.blocks[0].connectivity if connectivity is None else connectivity
        points = mesh.points if points is None else points
        body = "".join([
            f'<Piece NumberOfPoints="{len(points)}" NumberOfCells="{len(nodes)}"><PointData>',
            self.array("u", u), "</PointData><CellData/><Points>", self.array("Points", points), "</Points><Cells>",
            self.array("connectivity", nodes.ravel()),
            self.array("offsets", nodes.shape[1] * np.arange(1, len(nodes) + 1)),
            self.array("types", np.full(len(nodes), 12, dtype="u1")), "</Cells></Piece>"])
        stamp = "" if time is None else ('<FieldData><DataArray type="Float64" Name="TimeValue" NumberOfTuples="1" '
                                         f'format="ascii">{time!r}</DataArray></FieldData>')
        name = {"<": "LittleEndian", ">": "BigEndian"}[self.order]
        head = (f'<?xml version="1.0"?><VTKFile type="UnstructuredGrid" version="1.0" byte_order="{name}" '
                f'header_type="{"UInt32" if self.header.itemsize == 4 else "UInt64"}"'
                + (f' compressor="{NAMES[self.compressor]}"' if self.compressor else "") + ">")
        text = f"{head}<UnstructuredGrid>{stamp}{body}</UnstructuredGrid>".encode()
        if self.form == "appended":
            text += f'<AppendedData encoding="{self.encoding}">\n _'.encode() + self.appended + b"</AppendedData>"
        path.write_bytes(text + b"</VTKFile>")
        return path


def displacement(time, points=BAR.points):
    return 0.01 * time * points[:, [1, 2, 0]]


def convert(source, target, **options):
    MeshioConverter().convert(source, target, options=options)
    return Snapshots(target)


FORMS = [("ascii", "base64"), ("binary", "base64"), ("appended", "base64"), ("appended", "raw")]


@pytest.mark.parametrize("header", ["u4", "u8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compressor", ["", "zlib", "lzma", "lz4"])
@pytest.mark.parametrize(("form", "encoding"), FORMS)
def test_every_form_gives_the_same(tmp_path, form, encoding, compressor, order, header):
    files = [File(form, encoding, compressor, order, header).write(tmp_path / f"{k}.vtu", float(k), displacement(k))
             for k in range(3)]
    with convert(files, tmp_path / "out.vtkhdf") as found:
        np.testing.assert_array_equal(found.times, [0, 1, 2])
        np.testing.assert_array_equal(found.mesh(0).blocks[0].connectivity, BAR.blocks[0].connectivity)
        np.testing.assert_array_equal(found.read("displacement", 0), [displacement(k) for k in range(3)])


@pytest.mark.parametrize(("old", "new", "match"), [
    ("vtkZLibDataCompressor", "vtkZstdDataCompressor", r"compressor is not read[\s\S]*without compression"),
    ("UInt32", "UInt16", "type of header"), ("LittleEndian", "PDPEndian", "byte order"),
    ("UnstructuredGrid", "PolyData", "another kind of VTK file"), ("Float64", "Float16", "numbers of this type"),
    ('format="binary"', 'format="xz"', "arrays in this format"),
    ('NumberOfPoints="18"', 'NumberOfPoints="17"', "length"),
    ('NumberOfPoints="18"', 'NumberOfPoints="x"', "its size"), ('NumberOfCells="4"', 'NumberOfCells="5"', "length"),
    ('NumberOfComponents="3"', 'NumberOfComponents="2"', "length"),
])
def test_what_is_not_read_is_named(tmp_path, old, new, match):
    path = File(compressor="zlib").write(tmp_path / "a.vtu", 0.0, displacement(0.0))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises((UnsupportedError, FileFormatError), match=match) as error:
        MeshioConverter().read_mesh(path)
    assert "a.vtu" in str(error.value)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40), st.integers(1, 60), st.binary(max_size=400))
def test_lz4_blocks_are_decompressed(word, times, tail):
    data = word * times + tail
    assert _lz4(lz4(data), len(data)) == data


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 500))
def test_damaged_lz4_blocks_end_in_an_error_or_in_bytes_of_the_right_number(data, size):
    with contextlib.suppress(ValueError):
        assert len(_lz4(data, size)) <= size


def loose(points=BAR.points, mesh=BAR):
    """Points and connectivity of the cells one by one, each with nodes of its own."""
    nodes = mesh.blocks[0].connectivity
    return points[nodes.ravel()], np.arange(nodes.size).reshape(nodes.shape)


def test_cells_written_one_by_one_are_merged_on_request_else_counted(tmp_path):
    points, nodes = loose()
    files = [File().write(tmp_path / f"{k}.vtu", float(k), displacement(k, points), points=points, connectivity=nodes)
             for k in range(2)]
    with pytest.raises(UnsupportedError, match=r"share no nodes[\s\S]*4 bodies \(every cell[\s\S]*merge=DISTANCE"):
        MeshioConverter().convert(files, tmp_path / "out.vtkhdf")
    with convert(files, tmp_path / "out.vtkhdf", merge=1e-6) as found:
        mesh = found.mesh(0)
        assert mesh.n_node == BAR.n_node
        np.testing.assert_allclose(found.read("displacement", 0, 1), displacement(1, mesh.points))
    with convert(files, tmp_path / "out.vtkhdf", merge=0) as found:
        assert found.n_node_total == len(points)
    with pytest.raises(InputError, match="shortest edge"):
        MeshioConverter().convert(files, tmp_path / "b.vtkhdf", options={"merge": 0.6})


def test_points_that_move_apart_are_not_one(tmp_path):
    points, nodes = loose()
    u = displacement(1, points)
    u[8:16, 0] += 0.01  # the second cell goes away
    files = [File().write(tmp_path / f"{k}.vtu", float(k), k * u, points=points, connectivity=nodes) for k in range(2)]
    with pytest.raises(FileFormatError, match="merged move apart"):
        MeshioConverter().convert(files, tmp_path / "out.vtkhdf", options={"merge": 1e-6})


@pytest.mark.parametrize("way", ["pvd", "pvtu"])
def test_a_mesh_in_parts_is_merged_on_request(tmp_path, way):
    """Two halves of the bar, which share the nodes between them."""
    rows, names = [], []
    for k in range(2):
        for part, cells in enumerate((slice(0, 2), slice(2, 4))):
            nodes, inverse = np.unique(BAR.blocks[0].connectivity[cells], return_inverse=True)
            points = BAR.points[nodes]
            File().write(tmp_path / f"{k}_{part}.vtu", None, displacement(k, points), points=points,
                         connectivity=inverse.reshape(-1, 8))
            if way == "pvd":
                rows.append(f'<DataSet timestep="{k}" part="{part}" file="{k}_{part}.vtu"/>')
        (tmp_path / f"{k}.pvtu").write_text(
            '<VTKFile type="PUnstructuredGrid"><PUnstructuredGrid GhostLevel="0">'
            f'<Piece Source="{k}_0.vtu"/><Piece Source="{k}_1.vtu"/></PUnstructuredGrid></VTKFile>')
        names.append(f'<DataSet timestep="{k}" file="{k}.pvtu"/>')
    source = tmp_path / "a.pvd"
    source.write_text(f'<VTKFile type="Collection"><Collection>{"".join(rows or names)}</Collection></VTKFile>')
    with pytest.raises(UnsupportedError, match=r"several pieces[\s\S]*merge=DISTANCE"):
        MeshioConverter().convert(source, tmp_path / "out.vtkhdf")
    with convert(source, tmp_path / "out.vtkhdf", merge=1e-6) as found:
        assert (found.n_node_total, found.n_cell_total) == (BAR.n_node, 4)
        np.testing.assert_allclose(found.read("displacement", 0, 1), displacement(1, found.mesh(0).points))


def test_ghost_cells_are_refused(tmp_path):
    path = File("ascii").write(tmp_path / "a.vtu", 0.0, displacement(0.0))
    ghosts = '<DataArray type="UInt8" Name="vtkGhostType" format="ascii">0 0 1 0</DataArray>'
    path.write_text(path.read_text().replace("<CellData/>", f"<CellData>{ghosts}</CellData>"))
    with pytest.raises(UnsupportedError, match="ghost cells"):
        MeshioConverter().read_mesh(path)


@pytest.mark.parametrize("name", ["../a.vtu", "/tmp/a.vtu", "C:\\a.vtu", ""])
def test_a_pvd_file_names_only_what_is_beside_it(tmp_path, name):
    (tmp_path / "in").mkdir()
    File().write(tmp_path / "a.vtu", 0.0, displacement(0.0))
    source = tmp_path / "in" / "a.pvd"
    rows = f'<DataSet timestep="0" file="{name}"/>'
    source.write_text(f'<VTKFile type="Collection"><Collection>{rows}</Collection></VTKFile>')
    with pytest.raises((UnsupportedError, FileFormatError), match=r"outside its own folder|has no name"):
        MeshioConverter().convert(source, tmp_path / "out.vtkhdf")
