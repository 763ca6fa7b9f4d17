"""The mesh of a study: which converter reads it, what becomes of loose cells, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import FileFormatError, StudyError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Model
from romlib.parallel.comm import serial
from romlib.snapshots import SnapshotsWriter
from romlib.snapshots.converter import mesh_of as mesh_as_it_is
from romlib.study import Study
from romlib.study.meshes import MeshSource, mesh_reader

meshio = pytest.importorskip("meshio", reason="meshio is not installed")

DECK = """*NODE, NSET=NALL
11, 0, 0, 0
13, 1, 0, 0
15, 0, 1, 0
17, 0, 0, 1
*ELEMENT, TYPE=C3D4, ELSET=body
10, 11, 13, 15, 17
*INCLUDE, INPUT=more.txt
"""
MORE = "*ELSET, ELSET=half\n10\n*SURFACE, NAME=end\nhalf, S1\n"


def study(folder, name, more=""):
    path = folder / "study.toml"
    path.write_text(f'[study]\nname = "a"\n[mesh]\nfile = "{name}"\n{more}\n[materials.m]\nlaw = "elastic"\n'
                    "parameters = { young = 1.0, poisson = 0.3 }\n")
    return Study.read(path)


def mesh_of(*arguments):
    with MeshSource(study(*arguments), serial()) as source:
        return source.mesh(0)


@pytest.mark.parametrize("suffix", [".inp", ".INP"])
def test_a_deck_goes_to_the_reader_of_decks_with_all_its_sets(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_text(DECK)
    (tmp_path / "more.txt").write_text(MORE)
    mesh = mesh_of(tmp_path, f"a{suffix}")
    assert set(mesh.cell_tags) == {"body", "half"}
    assert set(mesh.node_tags) == {"NALL"}
    assert mesh.face_tags["end"].n_face == 1
    assert mesh.node_ids.tolist() == [11, 13, 15, 17]


def test_the_converter_that_is_named_has_its_way_and_says_what_it_would_lose(tmp_path):
    (tmp_path / "a.inp").write_text(DECK)
    with pytest.raises(UnsupportedError, match=r"meshio does not read all of this deck[\s\S]*NSET=NALL"):
        mesh_of(tmp_path, "a.inp", 'converter = "meshio"')


def test_a_deck_that_begins_with_any_card_is_read_as_a_deck(tmp_path):
    first = "*DAMPING\n*ORIENTATION, NAME=O\n1, 0, 0, 0, 1, 0\n"
    (tmp_path / "a.inp").write_text(first + DECK.replace("*INC", "**INC"))
    assert mesh_reader(study(tmp_path, "a.inp")).name == "calculix"  # type: ignore[attr-defined]
    assert mesh_of(tmp_path, "a.inp").n_cell == 1


PARTS = "*PART, NAME=P\n{deck}*END PART\n*ASSEMBLY, NAME=A\n{instances}*END ASSEMBLY\n"


@pytest.mark.parametrize(("instances", "match"), [
    ("*INSTANCE, NAME=I, PART=P\n5., 0., 0.\n*END INSTANCE\n", "an instance with a translation"),
    ("*INSTANCE, NAME=I, PART=P\n*END INSTANCE\n*INSTANCE, NAME=J, PART=P\n*END INSTANCE\n", "2 cards"),
])
@pytest.mark.parametrize("converter", ["calculix", "meshio"])
def test_parts_that_are_moved_or_repeated_are_refused(tmp_path, instances, match, converter):
    deck = DECK.replace("*INC", "**INC").replace(", NSET=NALL", "")
    (tmp_path / "a.inp").write_text(PARTS.format(deck=deck, instances=instances))
    with pytest.raises(UnsupportedError, match=match if converter == "calculix" else "PART"):
        mesh_of(tmp_path, "a.inp", f'converter = "{converter}"')


def test_one_part_that_is_not_moved_is_a_mesh(tmp_path):
    deck = DECK.replace("*INC", "**INC")
    (tmp_path / "a.inp").write_text(PARTS.format(deck=deck, instances="*INSTANCE, NAME=I, PART=P\n*END INSTANCE\n"))
    assert mesh_of(tmp_path, "a.inp").n_cell == 1


def write_loose(path):
    """A bar whose cells have nodes of their own."""
    mesh = box_mesh("hex8", (2, 2, 1))
    nodes = mesh.blocks[0].connectivity
    meshio.write(path, meshio.Mesh(mesh.points[nodes.ravel()], [("hexahedron", np.arange(nodes.size).reshape(-1, 8))]))
    return mesh


@pytest.mark.parametrize("name", ["a.vtu", "a.vtk", "a.msh"])
def test_loose_cells_are_counted_or_merged_or_meant(tmp_path, name):
    whole = write_loose(tmp_path / name)
    with pytest.raises(UnsupportedError, match=r"share no nodes[\s\S]*4 bodies \(every cell[\s\S]*\[mesh\] merge"):
        mesh_of(tmp_path, name)
    merged = mesh_of(tmp_path, name, "merge = 1e-6")
    assert merged.n_node == whole.n_node
    assert merged.face_tags["skin"].n_face == whole.face_tags["skin"].n_face
    assert mesh_of(tmp_path, name, "merge = 0").n_node == 32


@pytest.mark.parametrize("value", ["-1.0", "nan", "inf", '"near"'])
def test_a_distance_that_is_none_is_refused(tmp_path, value):
    with pytest.raises(StudyError, match=r"mesh\.merge"):
        study(tmp_path, "a.vtu", f"merge = {value}")


def test_a_cell_that_is_there_twice_is_refused_with_the_file(tmp_path):
    deck = DECK.replace("*INC", "**INC").replace("10, 11", "9, 15, 11, 13, 17\n10, 11")
    (tmp_path / "a.inp").write_text(deck)
    with pytest.raises(FileFormatError, match=r"two cells have the same nodes[\s\S]*a\.inp[\s\S]*cells 9 and 10"):
        mesh_of(tmp_path, "a.inp")


@pytest.mark.parametrize("key", ["merge = 0.1", 'quadrature = { hex8 = "hex_gauss_1" }',
                                 'formulation = { hex8 = "B-bar" }'])
def test_what_cannot_apply_to_a_snapshots_file_is_refused(tmp_path, key):
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [box_mesh("hex8")], Model(), [0.0], {}):
        pass
    with pytest.raises(StudyError, match=r"taken as it is[\s\S]*mesh\." + key.split()[0]):
        mesh_of(tmp_path, "a.vtkhdf", key)
    assert mesh_of(tmp_path, "a.vtkhdf").n_cell == 1


class Reader:
    """Of files whose meshes are as given by kinematics; no mesh: an error that names the kinematics."""

    def __init__(self, **known):
        self.known = known

    def read_mesh(self, file, kinematics="solid"):
        if kinematics not in self.known:
            raise UnsupportedError(f"no {kinematics} cell")
        return self.known[kinematics]


def test_a_mesh_of_no_study_is_solid_else_in_plane_strain_else_refused_as_a_solid(tmp_path):
    solid, plane = box_mesh("hex8"), rectangle_mesh("quad4")
    assert mesh_as_it_is(tmp_path, Reader(**{"solid": solid, "plane strain": plane})) is solid
    assert mesh_as_it_is(tmp_path, Reader(**{"plane strain": plane, "axisymmetric": solid})) is plane
    with pytest.raises(UnsupportedError, match="no solid cell"):
        mesh_as_it_is(tmp_path, Reader(axisymmetric=plane))


def test_a_reader_that_knows_no_kinematics_is_asked_for_solids_alone(tmp_path):
    class Old:
        def read_mesh(self, file):
            raise FileFormatError("damaged", file=file)

    with pytest.raises(FileFormatError, match="damaged"):
        mesh_as_it_is(tmp_path, Old())
