import pytest

from romlib.errors import FileFormatError
from romlib.model import Material, Model
from romlib.model.library import is_file_name, refuse_library_paths


@pytest.mark.parametrize("name", ["libX.so", "X", "lib x.so.1", "..so"])
def test_a_name_without_a_folder_is_a_file_name(name):
    assert is_file_name(name)
    refuse_library_paths(Model(materials={"m": Material(law="l", parameters={"library": name})}), "x")


@pytest.mark.parametrize("name", ["", ".", "..", "/libX.so", "./libX.so", "a/b", r"a\b", r"C:\x.dll", "C:x.dll", "a/"])
def test_a_path_is_none(name):
    assert not is_file_name(name)
    with pytest.raises(FileFormatError, match=r"x\.rom") as error:
        refuse_library_paths(Model(materials={"m": Material(law="l", parameters={"library": name})}), "x.rom")
    assert "materials.m.parameters.library" in str(error.value)


@pytest.mark.parametrize("value", [3, ["libX.so"], {"a": "libX.so"}])
def test_a_library_that_is_no_text_is_refused(value):
    with pytest.raises(FileFormatError):
        refuse_library_paths(Model(materials={"m": Material(law="l", parameters={"library": value})}), "x")


def test_materials_without_a_library_are_left_alone():
    refuse_library_paths(Model(materials={"m": Material(law="elastic", parameters={"young": 1.0})}), "x")
