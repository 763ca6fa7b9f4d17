"""Converters are found through entry points, those of other packages too."""

from __future__ import annotations

import importlib
import sys

import pytest

from romlib.errors import InputError
from romlib.snapshots.converter import Converter, checked_options, find_converter, installed_converters


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package with entry points of the group of converters, as pip would lay it out."""

    def package(entry_points, code):
        folder = tmp_path / "somebody-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text("[romlib.converters]\n" + entry_points)
        (tmp_path / "somebody_module.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "somebody_module", raising=False)
        importlib.invalidate_caches()

    return package


GOOD = """
class Mine:
    name = "mine"
    suffixes = (".mine",)
    def can_read(self, path):
        return True
    def convert(self, source, target, *, pieces=None, units=None, options=None, progress=None):
        pass
"""


def test_converters_of_this_package_are_installed():
    assert {"calculix", "meshio", "zset"} <= set(installed_converters())
    converter = find_converter("meshio")
    assert isinstance(converter, Converter)
    assert converter.name == "meshio"


def test_converter_of_another_package_is_found(install):
    install("mine = somebody_module:Mine\n", GOOD)
    assert "mine" in installed_converters()
    assert isinstance(find_converter("mine"), Converter)


def test_listing_imports_nothing(install):
    install("broken = somebody_module:Mine\n", "raise RuntimeError('imported')")
    assert "broken" in installed_converters()


def test_unknown_name_lists_what_is_installed():
    with pytest.raises(InputError, match=r"expected: .*meshio.*\n  found: 'abaqs'"):
        find_converter("abaqs")


def test_what_a_converter_lacks_is_named(install):
    install("mine = somebody_module:Mine\n", "import a_package_that_is_not_there")
    with pytest.raises(InputError, match="a_package_that_is_not_there"):
        find_converter("mine")


def test_a_class_that_is_no_converter_is_refused(install):
    install("mine = somebody_module:Mine\n", "class Mine:\n    name = 'mine'\n")
    with pytest.raises(InputError, match="without suffixes, can_read, convert"):
        find_converter("mine")


def test_unknown_option_lists_those_that_exist():
    assert checked_options("mine", None, ("a", "b")) == {}
    assert checked_options("mine", {"a": 1}, ("a", "b")) == {"a": 1}
    with pytest.raises(InputError, match=r"expected: one of a, b\n  found: 'c'"):
        checked_options("mine", {"c": 1}, ("a", "b"))
