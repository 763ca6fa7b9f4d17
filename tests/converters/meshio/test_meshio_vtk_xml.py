"""VTK's XML files, of which arrays stay in the file."""

import numpy as np
import pytest

from romlib.errors import FileFormatError

pytest.importorskip("meshio", reason="meshio is not installed")

from romlib_converters.meshio import vtk_xml
from romlib_converters.meshio.vtk_xml import Span, open_document


def write(tmp_path, content):
    path = tmp_path / "a.vtu"
    path.write_bytes(content)
    return path


def test_the_text_of_arrays_is_found_where_it_is(tmp_path):
    path = write(tmp_path, b'<?xml version="1.0"?><!-- a < b > <DataArray>x</DataArray> --><VTKFile type="a">'
                 b'<DataArray Name="a > b" format="ascii">\n 1 2 3\n</DataArray><DataArray Name="c"/>'
                 b"<DataArray Name='d'>45<InformationKey/></DataArray></VTKFile>")
    document = open_document(path)
    arrays = {array.get("Name"): document.text(array) for array in document.root.iter("DataArray")}
    assert {name: span.read() for name, span in arrays.items()} == {"a > b": b"\n 1 2 3\n", "c": b"", "d": b"45"}
    assert document.appended.size == 0


def test_appended_data_may_have_tags_in_them(tmp_path, monkeypatch):
    monkeypatch.setattr(vtk_xml, "_BLOCK", 16)  # so that everything crosses the end of a block
    data = b"<a_</AppendedData>\0 <DataArray>_"
    path = write(tmp_path, b"<VTKFile><Piece/><AppendedData encoding='raw'>\n  _" + data + b"</AppendedData></VTKFile>")
    document = open_document(path)
    assert document.appended.read() == data and document.encoding == "raw"
    assert document.appended.read(3, 6) == data[3:9] and document.appended.array(30, 99).tobytes() == data[30:]
    assert [child.tag for child in document.root] == ["Piece", "AppendedData"]


@pytest.mark.parametrize("block", range(8, 40))
def test_the_end_of_a_comment_is_found_across_the_end_of_a_block(tmp_path, monkeypatch, block):
    monkeypatch.setattr(vtk_xml, "_BLOCK", block)
    path = write(tmp_path, b"<VTKFile><!-- <DataArray> --><Piece><DataArray Name='a'>1 2</DataArray></Piece></VTKFile>")
    (array,) = (document := open_document(path)).root.iter("DataArray")
    assert document.text(array).read() == b"1 2"


@pytest.mark.parametrize("tail", [b"<AppendedData encoding='raw'>_abc", b"<AppendedData encoding='raw"])
def test_a_file_that_ends_in_its_data_is_refused(tmp_path, tail):
    with pytest.raises(FileFormatError, match="ends within its appended data"):
        open_document(write(tmp_path, b"<VTKFile>" + tail))


def test_bytes_that_are_no_xml_are_refused_by_the_parser(tmp_path):
    content = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()
    with pytest.raises(FileFormatError, match="XML"):
        open_document(write(tmp_path, b"<VTKFile>" + content))


def test_spans_are_equal_where_all_their_bytes_are(tmp_path):
    data = bytes(range(256)) * 9000  # more than two blocks
    a, b = write(tmp_path, b"x" + data), tmp_path / "b"
    b.write_bytes(data)
    whole = Span(a, 1, 1 + len(data))
    assert whole.equals(Span(b, 0, len(data))) and not whole.equals(Span(b, 0, len(data) - 1))
    for at in (0, 1 << 20, len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 1
        b.write_bytes(changed)
        assert not whole.equals(Span(b, 0, len(data)))
