"""Rendering without a screen: what is missing is named before VTK is asked for what it would crash at."""

from __future__ import annotations

import sys

import pytest

from romlib.errors import InputError
from romlib.report import offscreen
from romlib.report.offscreen import import_pyvista


@pytest.mark.parametrize("missing", ["pyvista", "matplotlib"])
def test_pictures_without_what_draws_them_say_what_to_install(monkeypatch, missing):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"pictures need pyvista[\s\S]*romlib-mechanics\[plot\]"):
        import_pyvista()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the libraries of Linux")
def test_without_a_screen_and_a_library_the_libraries_are_named(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(offscreen, "_EGL", ("libnowhere.so.1",))
    monkeypatch.setattr(offscreen, "_OSMESA", ("libnowhere.so.1",))
    with pytest.raises(InputError, match=r"neither a screen[\s\S]*OSMesa[\s\S]*DISPLAY"):
        import_pyvista()
