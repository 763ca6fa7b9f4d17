"""The package to begin with: a converter, or a law, that installs, is found by romlib, and passes its own test."""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template

from romlib.errors import InputError

_PARTS = {"law": "law.py", "converter": "converter.py"}


def package_files(kind: str, name: str) -> dict[str, str]:
    """Texts by their paths in the package. kind : "law" or "converter". name : as studies or commands say it.

    Raises
    ------
    InputError : the name cannot be the name of an entry point and of a package.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or len(name) > 40:
        raise InputError(f"this cannot be the name of a {kind}", found=repr(name),
                         expected="a word of small letters, digits and _, at most 40")
    package = f"romlib_{name}"
    words = {"name": name, "package": package, "distribution": package.replace("_", "-"),
             "class_name": "".join(part.capitalize() for part in name.split("_"))}
    where = {"pyproject.toml": "pyproject.toml", "README.md": "README.md", "__init__.py": f"{package}/__init__.py",
             _PARTS[kind]: f"{package}/{_PARTS[kind]}", "test.py": f"tests/test_{name}.py"}
    folder = files("romlib.templates") / "package_files" / kind
    return {path: Template((folder / f"{part}.txt").read_text(encoding="utf-8")).substitute(words)
            for part, path in where.items()}


def write_package(folder: Path, texts: dict[str, str]) -> None:
    """Write a new folder, whole or not at all.

    Raises
    ------
    InputError : the folder is there already, or the one that it is in is not there or cannot be written to.
    """
    if folder.exists() or folder.is_symlink():
        raise InputError("this is there already, and is not replaced", file=folder,
                         remedy="name another folder with --output")
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    except OSError as error:
        raise InputError("the folder cannot be made", file=folder, found=error.strerror) from error
    try:
        for path, text in texts.items():
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (scratch / path).write_text(text, encoding="utf-8")
        scratch.chmod(0o755)
        scratch.rename(folder)
    except OSError as error:
        raise InputError("the folder cannot be written", file=folder, found=error.strerror) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
