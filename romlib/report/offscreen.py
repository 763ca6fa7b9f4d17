"""pyvista without a screen: which library VTK renders with, chosen before VTK chooses one that crashes."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

from romlib.errors import InputError

_EGL, _OSMESA = ("libEGL.so.1",), ("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so")


def import_pyvista() -> Any:
    """pyvista, told to render without a screen where there is none.

    Raises
    ------
    InputError : pyvista or matplotlib is not installed, or nothing here can render without a screen.
    """
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        _choose_library()
    try:
        import matplotlib  # noqa: F401 (scales, titles and colour maps)
        import pyvista
    except ImportError as error:
        raise InputError("pictures need pyvista and matplotlib", found=str(error),
                         remedy="pip install 'romlib-mechanics[plot]'") from error
    return pyvista


def _choose_library() -> None:
    """Tell VTK which library renders without a screen: it would try an X server first, and without any it crashes."""
    if any(_loads(name) for name in _EGL) and _egl_renders():
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        return
    if any(_loads(name) for name in _OSMESA):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkOSOpenGLRenderWindow")
        return
    raise InputError(
        "there is neither a screen nor a library that renders without one", expected="EGL with a driver, or OSMesa",
        remedy="install one (Debian: apt-get install libegl1 libgl1 libgl1-mesa-dri libxrender1), or set DISPLAY")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _egl_renders() -> bool:
    """Whether EGL has a driver; VTK crashes when asked to render without one."""
    try:
        from vtkmodules import vtkRenderingOpenGL2
    except ImportError:  # pyvista is missing, which is reported next
        return True
    window = getattr(vtkRenderingOpenGL2, "vtkEGLRenderWindow", None)
    return window is not None and bool(window().SupportsOpenGL())
