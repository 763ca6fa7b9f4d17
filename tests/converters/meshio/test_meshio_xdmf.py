"""XDMF: every attribute that changes what numbers mean is read, or its form is named."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.snapshots import Snapshots

meshio = pytest.importorskip("meshio", reason="meshio is not installed")

from romlib_converters.meshio import MeshioConverter  # noqa: E402

BAR = box_mesh("tet4", (2, 1, 1))
TIMES = [0.0, 0.25, 1.0]
INCLUDE = ('<xi:include xpointer="xpointer(/Xdmf/Domain/Grid[@GridType=\'Uniform\'][1]'
           '/*[self::Topology or self::Geometry])"/>')


def numbers(values):
    return " ".join(map(repr, np.ravel(values).tolist()))


def item(values, said='NumberType="Float" Precision="8" Format="XML"'):
    return f'<DataItem Dimensions="{" ".join(map(str, np.shape(values)))}" {said}>{numbers(values)}</DataItem>'


def topology(attributes='TopologyType="Tetrahedron" NumberOfElements="12"', base=0):
    nodes = BAR.blocks[0].connectivity + base
    listed = item(nodes, 'NumberType="Int" Precision="8"')
    return f"<Topology {attributes}>{listed}</Topology>"


def geometry(points=BAR.points):
    return f'<Geometry GeometryType="XYZ">{item(points)}</Geometry>'


def field(time, rate=1.0):
    """A displacement (n_node, 3), linear in space and time."""
    return rate * 0.01 * time * BAR.points[:, [1, 2, 0]]


def attribute(name, values, said='AttributeType="Vector" Center="Node"'):
    return f'<Attribute Name="{name}" {said}>{item(values)}</Attribute>'


def grid(time, *parts, mesh=INCLUDE):
    stamp = "" if time is None else f'<Time Value="{time!r}"/>'
    return f'<Grid GridType="Uniform">{mesh}{stamp}{"".join(parts)}</Grid>'


def collection(name, *grids, head=""):
    return f'<Grid Name="{name}" GridType="Collection" CollectionType="Temporal">{head}{"".join(grids)}</Grid>'


def history(name="u", times=TIMES, rate=1.0):
    return collection(name, *(grid(t, attribute(name, field(t, rate))) for t in times))


def xdmf(path, *parts, head="", mesh=None):
    mesh = f'<Grid Name="mesh" GridType="Uniform">{topology()}{geometry()}</Grid>' if mesh is None else mesh
    path.write_text(f'<?xml version="1.0"?>{head}<Xdmf Version="3.0" xmlns:xi="https://www.w3.org/2001/XInclude">'
                    f'<Domain>{mesh}{"".join(parts)}</Domain></Xdmf>')
    return path


def convert(source, **options):
    target = source.parent / "out.vtkhdf"
    MeshioConverter().convert(source, target, options=options)
    return Snapshots(target)


def assert_is(source, times=TIMES, rate=1.0, **options):
    with convert(source, **options) as found:
        np.testing.assert_allclose(found.times, times)
        np.testing.assert_array_equal(found.mesh(0).points, BAR.points)
        np.testing.assert_array_equal(found.mesh(0).blocks[0].connectivity, BAR.blocks[0].connectivity)
        np.testing.assert_allclose(found.read("displacement", 0), [field(t, rate) for t in times], atol=1e-15)


def refused(source, error, match, **options):
    (source.parent / "out.vtkhdf").unlink(missing_ok=True)
    with pytest.raises(error, match=match) as found:
        convert(source, **options).close()
    assert source.name in str(found.value)
    assert not (source.parent / "out.vtkhdf").exists()


@pytest.mark.parametrize("order", [("u", "velocity"), ("velocity", "u")])
def test_collections_of_one_mesh_are_joined_by_time(tmp_path, order):
    parts = [history(name, rate=1.0 if name == "u" else 7.0) for name in order]
    assert_is(xdmf(tmp_path / "a.xdmf", *parts))
    assert_is(tmp_path / "a.xdmf", rate=7.0, displacement="velocity")


def test_a_function_that_is_written_more_often_does_not_matter(tmp_path):
    assert_is(xdmf(tmp_path / "a.xdmf", history("velocity", [0.0, 0.1, 0.25, 0.5, 1.0]), history("u")))


def test_two_arrays_of_one_name_at_one_time_are_refused(tmp_path):
    source = xdmf(tmp_path / "a.xdmf", history("u"), history("u", rate=2.0))
    refused(source, UnsupportedError, "two arrays of one record have the same name")


@pytest.mark.parametrize("name", ["velocity", "Acceleration", "reaction_forces", "nodal_force"])
def test_a_vector_that_is_something_else_is_not_the_displacement(tmp_path, name):
    source = xdmf(tmp_path / "a.xdmf", history(name))
    refused(source, InputError, f"cannot be told[\\s\\S]*--option displacement={name}")
    assert_is(source, displacement=name)


def test_two_displacements_are_ambiguous(tmp_path):
    source = xdmf(tmp_path / "a.xdmf", history("u"), history("displacement", rate=3.0))
    refused(source, InputError, "found: u, displacement")
    assert_is(source, rate=3.0, displacement="displacement")


@pytest.mark.parametrize("option", [["ux", "uy", "uz"], "[ux,uy,uz]", "[ux, uy, uz]"])
def test_components_are_put_together(tmp_path, option):
    said = 'AttributeType="Scalar" Center="Node"'
    source = xdmf(tmp_path / "a.xdmf", collection("u", *(grid(t, *(
        attribute(f"u{c}", field(t)[:, k], said) for k, c in enumerate("xyz"))) for t in TIMES)))
    refused(source, InputError, r"--option displacement=\[ux,uy,uz\]")
    assert_is(source, displacement=option)
    refused(source, InputError, "no such node array", displacement=["ux", "uy", "w"])


def test_times_may_be_a_list_or_a_hyperslab(tmp_path):
    grids = [grid(None, attribute("u", field(t))) for t in TIMES]
    head = f'<Time TimeType="List">{item(TIMES)}</Time>'
    assert_is(xdmf(tmp_path / "a.xdmf", collection("u", *grids, head=head)))
    even = [0.0, 0.5, 1.0]
    grids = [grid(None, attribute("u", field(t))) for t in even]
    head = f'<Time TimeType="HyperSlab">{item([0.0, 0.5, 3.0])}</Time>'
    assert_is(xdmf(tmp_path / "b.xdmf", collection("u", *grids, head=head)), even)


def test_a_list_of_times_that_is_too_short_is_refused(tmp_path):
    grids = [grid(None, attribute("u", field(t))) for t in TIMES]
    source = xdmf(tmp_path / "a.xdmf", collection("u", *grids, head=f'<Time TimeType="List">{item(TIMES[:2])}</Time>'))
    refused(source, FileFormatError, "list of times has another length")


def test_the_default_center_is_node(tmp_path):
    assert_is(xdmf(tmp_path / "a.xdmf", collection("u", *(
        grid(t, attribute("u", field(t), 'AttributeType="Vector"')) for t in TIMES))))


def test_points_may_be_three_arrays_and_nodes_may_count_from_one(tmp_path):
    points = '<Geometry GeometryType="X_Y_Z">' + "".join(item(x) for x in BAR.points.T) + "</Geometry>"
    cells = topology('TopologyType="Tetrahedron" BaseOffset="1"', 1)
    mesh = f'<Grid GridType="Uniform">{cells}{points}</Grid>'
    assert_is(xdmf(tmp_path / "a.xdmf", history(), mesh=mesh))


@pytest.mark.parametrize("reference", [
    "xpointer(//Grid[@Name='mesh']/*[self::Topology or self::Geometry])", "xpointer(/Xdmf/Domain/Grid[1]/*)"])
def test_references_within_the_file(tmp_path, reference):
    mesh = f'<xi:include xpointer="{reference}"/>'
    assert_is(xdmf(tmp_path / "a.xdmf", collection("u", *(
        grid(t, attribute("u", field(t)), mesh=mesh) for t in TIMES))))
    wrong = mesh.replace("Grid", "Grille")
    refused(xdmf(tmp_path / "b.xdmf", collection("u", grid(0.0, attribute("u", field(0.0)), mesh=wrong))),
            UnsupportedError, "leads nowhere")


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", ">f4"])
@pytest.mark.parametrize("seek", [0, 24])
def test_binary_arrays_in_both_byte_orders(tmp_path, kind, seek):
    dtype, grids = np.dtype(kind), []
    said = (f'Format="Binary" NumberType="Float" Precision="{dtype.itemsize}" '
            f'Endian="{"Big" if kind[0] == ">" else "Little"}"' + (f' Seek="{seek}"' if seek else ""))
    for k, time in enumerate(TIMES):
        (tmp_path / f"{k}.bin").write_bytes(b"\7" * seek + field(time).astype(dtype).tobytes())
        grids.append(grid(time, f'<Attribute Name="u" AttributeType="Vector"><DataItem Dimensions="12 3" {said}>'
                                f'{k}.bin</DataItem></Attribute>'))
    source = xdmf(tmp_path / "a.xdmf", collection("u", *grids))
    with convert(source) as found:
        expected = np.array([field(t).astype(dtype.newbyteorder("=")) for t in TIMES])
        np.testing.assert_array_equal(found.read("displacement", 0), expected)
    (tmp_path / "out.vtkhdf").unlink()
    source.write_text(source.read_text().replace('Endian="Big"', 'Endian="Middle"').replace('"Little"', '"Middle"'))
    refused(source, UnsupportedError, "byte order is not known")


def test_numbers_in_the_wrong_byte_order_are_out_of_proportion(tmp_path):
    """What is said to be little-endian, and is not, is finite and absurd."""
    wrong = [field(t).astype(">f8").view("<f8") for t in TIMES]
    assert all(np.isfinite(values).all() for values in wrong)
    huge = [np.where(values == 0, 0.0, 1e284) for values in wrong]
    source = xdmf(tmp_path / "a.xdmf", collection("u", *(
        grid(t, attribute("u", values)) for t, values in zip(TIMES, huge))))
    refused(source, FileFormatError, "out of all proportion")
    mesh = f'<Grid GridType="Uniform">{topology()}{geometry(1e284 * BAR.points)}</Grid>'
    refused(xdmf(tmp_path / "b.xdmf", history(), mesh=mesh), FileFormatError, "a coordinate is out of all proportion")


U = 'Name="u" AttributeType="Vector"'


@pytest.mark.parametrize(("old", "new", "match"), [
    (U, f'{U} ItemType="FiniteElementFunction"', r"write_checkpoint of FEniCS[\s\S]*XDMFFile.write"),
    (U, f'{U} Permutation="1"', "Permutation"), ('Center="Node"', 'Center="Corner"', "Corner"),
    ("<DataItem Dim", '<DataItem ItemType="HyperSlab" Dim', "HyperSlab"),
    ("<DataItem Dim", '<DataItem ItemType="Function" Function="$0*2" Dim', "Function"),
    ("<DataItem Dim", '<DataItem Scale="2" Dim', "Scale"), ('"8" Format="XML"', '"16" Format="XML"', 'Precision "16"'),
    ('Format="XML"', 'Format="TIFF"', "TIFF"), ('Format="XML"', 'Format="XML" Compression="Zlib"', "compression"),
    ('"XYZ"', '"VXVYVZ"', "VXVYVZ"), ("NumberOfElements", 'Order="0 2 1 3" NumberOfElements', "order of their own"),
    ('TopologyType="Tetrahedron"', 'TopologyType="3DSMesh"', "3dsmesh"), ('Version="3.0"', 'Version="7"', "version"),
    ('CollectionType="Temporal"', 'CollectionType="Spatial"', "collection of type spatial"),
    ('GridType="Collection"', 'GridType="Tree"', "tree"), ("<Domain>", "<Domain><Map/>", "Map"),
    ("<xi:include", '<xi:include href="other.xdmf"', "other.xdmf"),
    ('NumberOfElements="12"', 'NumberOfElements="13"', "expected: 13 cells"),
    ('NumberOfElements="12"', 'NumberOfElements="12" NodesPerElement="5"', "found: 5"),
    ('Value="0.25"', 'Value="soon"', "a time cannot be read"), ('Dimensions="12 3"', 'Dimensions="13 3"', "39"),
])
def test_what_changes_the_meaning_is_named(tmp_path, old, new, match):
    source = xdmf(tmp_path / "a.xdmf", history())
    text = source.read_text()
    assert old in text
    source.write_text(text.replace(old, new))
    refused(source, (UnsupportedError, FileFormatError), match)


@pytest.mark.parametrize("head", [
    '<!DOCTYPE Xdmf [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>',
    '<!DOCTYPE Xdmf [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'])
def test_entities_are_refused(tmp_path, head):
    refused(xdmf(tmp_path / "a.xdmf", history(), head=head), UnsupportedError, "declares entities")


def test_a_document_type_alone_is_taken(tmp_path):
    assert_is(xdmf(tmp_path / "a.xdmf", history(), head='<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>'))


def test_empty_attributes_say_nothing_and_text_keeps_its_digits(tmp_path):
    """ParaView writes empty attributes; without a Precision, text is read with all its digits."""
    source = xdmf(tmp_path / "a.xdmf", history())
    text = source.read_text().replace("<Geometry Geo", '<Geometry Origin="" Geo').replace(
        "<Attribute ", '<Attribute ElementCell="" ElementFamily="" ItemType="" ')
    source.write_text(text.replace('NumberType="Float" Precision="8"', 'NumberType="Float"'))
    assert_is(source)


def test_nesting_is_bounded(tmp_path):
    refused(xdmf(tmp_path / "a.xdmf", "<Grid>" * 100_000 + "</Grid>" * 100_000), FileFormatError, "nested deeper")


def heavy(path, name, source):
    """An XDMF file whose displacement at every time is this HDF5 array."""
    said = 'Format="HDF" NumberType="Float" Precision="8" Dimensions="12 3"'
    return xdmf(path, collection("u", *(grid(
        t, f'<Attribute Name="u" AttributeType="Vector"><DataItem {said}>{name}:/{source}</DataItem></Attribute>')
        for t in TIMES)))


def test_arrays_of_other_files_are_refused(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with h5py.File(tmp_path / "out.h5", "w") as file:
        file["u"] = np.zeros((12, 3))
    with h5py.File(folder / "a.h5", "w") as file:
        file["u"] = np.zeros((12, 3))
        file["away"] = h5py.ExternalLink(str(tmp_path / "out.h5"), "/u")
        layout = h5py.VirtualLayout((12, 3), dtype=float)
        layout[:] = h5py.VirtualSource(str(tmp_path / "out.h5"), "u", shape=(12, 3))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("bomb", (1 << 22, 3), dtype=float, chunks=(1 << 16, 3), compression="gzip")
        file["words"] = np.bytes_("x")
    for name in ("../out.h5", str(tmp_path / "out.h5")):
        refused(heavy(folder / "a.xdmf", name, "u"), UnsupportedError, "outside its own folder")
    for source, match in (("away", "yet another file"), ("virtual", "yet another file"), ("none", "missing"),
                          ("bomb", "another size"), ("words", "does not consist of numbers"), ("/", "missing"),
                          ("u|0 0|1 1|12 3", "part of an array")):
        with pytest.raises((UnsupportedError, FileFormatError), match=match):
            convert(heavy(folder / "a.xdmf", "a.h5", source)).close()
    with convert(heavy(folder / "a.xdmf", "a.h5", "u")) as found:
        assert not found.read("displacement", 0).any()


def test_an_array_that_is_far_larger_than_what_is_stored_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("u", (1 << 22, 3), dtype=float, chunks=(1 << 16, 3), compression="gzip")
    source = heavy(tmp_path / "a.xdmf", "a.h5", "u")
    source.write_text(source.read_text().replace('"12 3">a.h5', f'"{1 << 22} 3">a.h5'))
    refused(source, FileFormatError, "larger than what is stored")


def test_tags_on_grids_of_their_own_become_tags(tmp_path):
    """As dolfinx writes mesh, facet tags, cell tags and a function."""
    faces = BAR.face_tags["xmax"].blocks[0].connectivity
    geometry_of_mesh = '<xi:include xpointer="xpointer(/Xdmf/Domain/Grid/Geometry)"/>'
    integer = "NumberType='Int' Precision='4'"
    facets = (f'<Grid Name="facets" GridType="Uniform">{geometry_of_mesh}<Topology TopologyType="Triangle">'
              f'{item(faces[:, ::-1], integer)}</Topology><Attribute Name="facets" Center="Cell">'
              f'{item([3, 4], integer)}</Attribute></Grid>')
    cells = (f'<Grid Name="parts" GridType="Uniform">{geometry_of_mesh}<Topology TopologyType="Tetrahedron">'
             f'{item(BAR.blocks[0].connectivity[::-1], integer)}</Topology><Attribute Name="parts" Center="Cell">'
             f'{item(np.arange(12)[::-1] // 6, integer)}</Attribute></Grid>')
    edges = (f'<Grid Name="edges" GridType="Uniform">{geometry_of_mesh}<Topology TopologyType="Polyline" '
             f'NodesPerElement="2">{item([[0, 1]], integer)}</Topology><Attribute Name="edges" Center="Cell">'
             f'{item([1], integer)}</Attribute></Grid>')
    source = xdmf(tmp_path / "a.xdmf", facets, cells, edges, history())
    assert_is(source)
    with convert(source) as found:
        mesh = found.mesh(0)
        assert mesh.face_tags["facets"].arrays["facets"].tolist() == [3, 4]
        assert {frozenset(face) for face in mesh.face_tags["facets"].blocks[0].connectivity.tolist()} == {
            frozenset(face) for face in faces.tolist()}
        np.testing.assert_array_equal(mesh.cell_arrays["parts"], np.arange(12) // 6)
        assert [omission.name for omission in found.model.omissions] == ["grid edges"]
    mesh = MeshioConverter().read_mesh(Path(source))
    assert mesh.face_tags["facets"].n_face == 2


def test_a_mesh_without_a_series_is_a_mesh_and_no_series(tmp_path):
    source = xdmf(tmp_path / "a.xdmf")
    refused(source, FileFormatError, "no record")
    mesh = MeshioConverter().read_mesh(Path(source))
    assert mesh.n_cell == 12
