from __future__ import annotations

import sys

import pytest
from romlib_converters.common.extras import pip_line, reader

from romlib.errors import InputError


def test_an_installed_library_is_the_module():
    assert reader("json.decoder", "nothing").__name__ == "json.decoder"


def test_a_missing_library_is_named_with_the_line_that_installs_it():
    with pytest.raises(InputError, match="no_such_reader") as caught:
        reader("no_such_reader.op2", "nastran")
    assert caught.value.found == "not installed"
    assert caught.value.remedy == pip_line("nastran") == "pip install 'romlib-mechanics[nastran]'"


def test_what_a_library_lacks_or_raises_is_said(tmp_path, monkeypatch):
    (tmp_path / "needy_reader.py").write_text("import no_such_dependency\n")
    (tmp_path / "broken_reader.py").write_text("raise RuntimeError('built for another numpy')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match="needs no_such_dependency"):
        reader("needy_reader", "x")
    with pytest.raises(InputError, match="built for another numpy"):
        reader("broken_reader", "x")
    assert "needy_reader" not in sys.modules
