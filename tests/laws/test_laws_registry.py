import sys

import pytest

from romlib.errors import LawError
from romlib.laws.registry import build_law, installed_laws, law_class
from romlib.model import Material

MODULE = '''
from romlib.laws.elastic import ElasticLaw

class RubberLaw(ElasticLaw):
    """An elastic law under another name."""
    name = "rubber"
'''
ENTRY_POINTS = """[romlib.laws]
rubber = another_package_of_laws:RubberLaw
broken = another_package_of_laws:NoSuchLaw
mine = a_module_that_is_not_there:Law
"""


@pytest.fixture
def other_package(tmp_path, monkeypatch):
    (tmp_path / "another_package_of_laws.py").write_text(MODULE)
    info = tmp_path / "another_package_of_laws-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: another-package-of-laws\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("another_package_of_laws", None)


def test_the_built_in_laws_are_installed():
    assert {"elastic", "mises", "chaboche"} <= set(installed_laws())
    law = build_law(Material(law="mises", parameters={"young": 1.0, "poisson": 0.3, "yield": 1.0}))
    assert law.name == "mises"


def test_a_law_of_another_package_is_found(other_package):
    assert "rubber" in installed_laws()
    law = build_law(Material(law="rubber", parameters={"young": 1.0, "poisson": 0.3}))
    assert law.name == "rubber"


def test_a_law_is_imported_only_when_it_is_asked_for(other_package):
    installed_laws()
    law_class("elastic")
    assert "another_package_of_laws" not in sys.modules
    law_class("rubber")
    assert "another_package_of_laws" in sys.modules


def test_an_unknown_law_lists_the_installed_ones():
    with pytest.raises(LawError, match="no law named 'misses'") as error:
        build_law(Material(law="misses"))
    assert "mises" in str(error.value.expected) and "elastic" in str(error.value.expected)


@pytest.mark.parametrize("name", ["broken", "mine"])
def test_a_law_that_cannot_be_loaded_says_why(other_package, name):
    with pytest.raises(LawError, match="cannot be loaded") as error:
        law_class(name)
    assert "NoSuchLaw" in str(error.value) or "a_module_that_is_not_there" in str(error.value)


def test_two_packages_with_one_name_are_refused(other_package):
    info = other_package / "third-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[romlib.laws]\nrubber = third:Law\n")
    with pytest.raises(LawError, match="several packages"):
        law_class("rubber")
