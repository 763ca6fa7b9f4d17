"""The page of the Python interface, from signatures and docstrings: the names of `romlib`, and the classes that they
return.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from dataclasses import is_dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import romlib

HEAD = """# Python

Made by `make docs` from the code; `help(romlib.NAME)` says the same. How the names are used: the
[tutorial](../tutorial.md) and the how-to pages. Arrays have time first; symmetric tensors in memory are Kelvin-Mandel
vectors, see the [glossary](../glossary.md). Every error that romlib raises on purpose is a `romlib.RomlibError`.
"""
NAME = re.compile(r"(?:^|(?<=\. )|(?<=\.\n))([A-Za-z_][\w.*]*(?:, [A-Za-z_][\w.*]*)*) : ")
LEFT_OUT = {"__version__"}
MACHINERY = {"FieldSpec", "IpSpots", "NodeSpots", "PieceFinder", "Places", "Reconstruction", "Snapshots",
             "SnapshotsSource", "SolvedModel", "Survey"}  # which these return, and nobody asks for


def page() -> str:
    """Functions first, then classes."""
    public = {name: found(name) for name in romlib.__all__ if name not in LEFT_OUT}
    functions = {name: item for name, item in public.items() if not inspect.isclass(item)}
    classes = {item.__name__: item for item in public.values() if inspect.isclass(item)}
    returned = returned_classes([*functions.values(), *classes.values()])
    rest = {name: item for name, item in returned.items() if name not in classes}
    rows = [f"| [`romlib.{name}`](#{anchor(f'romlib.{name}')}) | {first_sentence(item)} |"
            for name, item in [*functions.items(), *classes.items()]]
    rows += [f"| [`{name}`](#{anchor(name)}) | {first_sentence(item)} |" for name, item in rest.items()]
    parts = [HEAD, "| name | what it is |\n|---|---|\n" + "\n".join(rows) + "\n"]
    parts += [of_function(f"romlib.{name}", item, 2) for name, item in functions.items()]
    parts += [of_class(f"romlib.{name}", item) for name, item in classes.items()]
    parts += [of_class(name, item) for name, item in rest.items()]
    return "\n".join(parts)


def found(name: str) -> Any:
    """A name of romlib; of one that is a folder too, the function."""
    item = getattr(romlib, name)
    return item._function if isinstance(item, ModuleType) else item


def returned_classes(items: list[Any]) -> dict[str, type]:
    """Classes of romlib that functions and methods say they return, by name, and those that these return."""
    classes: dict[str, type] = {}
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        for function in [item] if not inspect.isclass(item) else [member for _, member in members(item)]:
            function = getattr(function, "fget", None) or getattr(function, "func", None) or function
            annotation = str(getattr(function, "__annotations__", {}).get("return", ""))
            for name in re.findall(r"\b[A-Z]\w+", annotation):
                kind = looked_up(name, inspect.getmodule(function))
                if inspect.isclass(kind) and kind.__module__.startswith("romlib.") and name not in classes \
                        and name not in {getattr(other, "__name__", "") for other in items} and is_result(kind):
                    classes[name] = kind
                    waiting.append(kind)
    return dict(sorted(classes.items()))


def is_result(kind: type) -> bool:
    """Whether a class is for those who use romlib: of results, reports and what can be asked of them."""
    room = kind.__module__.split(".")[1]
    return kind.__name__ not in MACHINERY and room in (
        "results", "solution", "study", "life", "certificate", "check", "snapshots", "online", "report")


def looked_up(name: str, module: ModuleType | None) -> Any:
    """What a name of an annotation is in a module, also where only type checkers import it."""
    if module is None or hasattr(module, name):
        return getattr(module, name, None)
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and name in [part.name for part in node.names]:
            return getattr(importlib.import_module(node.module), name, None)
    return None


def members(kind: type) -> list[tuple[str, Any]]:
    """Public methods and properties that a class defines, or takes over from a class of romlib, in their order."""
    listed: dict[str, Any] = {}
    for owner in reversed(kind.__mro__):
        if owner.__module__.startswith("romlib"):
            listed |= {name: member for name, member in vars(owner).items() if not name.startswith("_") and (
                inspect.isfunction(member) or isinstance(member, (property, cached_property, classmethod)))}
    return [(name, member) for name, member in listed.items() if documentation(member)]


def of_class(title: str, kind: type) -> str:
    """The section of a class."""
    parts = [f"## {title}\n"]
    if not is_dataclass(kind) and "__init__" in vars(kind) and not issubclass(kind, Exception):
        parts.append(f"```text\n{signature(kind.__name__, kind)}\n```\n")
    parts.append(markdown(inspect.getdoc(kind) or ""))
    methods = []
    for name, member in members(kind):
        if isinstance(member, (property, cached_property)):
            methods.append(f"**`.{name}`**\n\n{markdown(documentation(member))}")
        else:
            function = member.__func__ if isinstance(member, classmethod) else member
            methods.append(f"**`.{signature(name, function, of_object=True)}`**\n\n{markdown(documentation(member))}")
    return "\n".join([*parts, *methods])


def of_function(title: str, function: Any, level: int) -> str:
    """The section of a function."""
    return (f"{'#' * level} {title}\n\n```text\n{signature(title, function)}\n```\n\n"
            f"{markdown(inspect.getdoc(function) or '')}")


def signature(name: str, function: Any, of_object: bool = False) -> str:
    """Name and arguments, without types: the text has them."""
    try:
        arguments = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return name
    arguments = arguments[1:] if of_object else arguments
    shown, starred = [], False
    for argument in arguments:
        if argument.kind is argument.KEYWORD_ONLY and not starred:
            shown.append("*")
            starred = True
        starred = starred or argument.kind is argument.VAR_POSITIONAL
        star = {argument.VAR_POSITIONAL: "*", argument.VAR_KEYWORD: "**"}.get(argument.kind, "")
        default = argument.default
        value = "" if default is argument.empty else f"={default!r}" if not callable(default) else "=..."
        shown.append(star + argument.name + (value if len(value) < 40 and " at 0x" not in value else "=..."))
    return textwrap.fill(f"{name}({', '.join(shown)})", 110, subsequent_indent="    ", break_on_hyphens=False)


def documentation(member: Any) -> str:
    """The docstring of a method or property."""
    inner = getattr(member, "func", None) or getattr(member, "fget", None) or member
    return inspect.getdoc(inner) or ""


def first_sentence(item: Any) -> str:
    """Up to the first full stop."""
    text = " ".join((inspect.getdoc(item) or "").split("\n\n")[0].split())
    return escape(re.split(r"(?<=[.:]) ", text, maxsplit=1)[0].strip(" .:"))


def markdown(text: str) -> str:
    """A docstring as Markdown: paragraphs, lists of `name : meaning`, code."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = paragraph.splitlines()
        if len(lines) > 1 and re.fullmatch("-{3,}", lines[1].strip()):
            parts.append(f"{lines[0]}:")
            lines = lines[2:]
            paragraph = "\n".join(lines)
        if lines and (all(line.startswith("    ") for line in lines) or lines[0].startswith(">>>")):
            parts.append("```text\n" + textwrap.dedent(paragraph) + "\n```")
            continue
        parts += as_list(" ".join(paragraph.split()))
    return "\n\n".join(parts) + "\n"


def as_list(paragraph: str) -> list[str]:
    """A paragraph; where it explains names, what is before them and a list."""
    places = list(NAME.finditer(paragraph))
    if not places:
        return [filled(escape(paragraph))] if paragraph else []
    before = paragraph[:places[0].start()].strip()
    ends = [place.start() for place in places[1:]] + [len(paragraph)]
    items = []
    for place, end in zip(places, ends):
        names = ", ".join(f"`{name}`" for name in place[1].split(", "))
        items.append(filled(f"- {names}: {escape(paragraph[place.end():end].strip())}", "  "))
    return [*([filled(escape(before))] if before else []), "\n".join(items)]


def filled(text: str, indent: str = "") -> str:
    """Lines of at most 120 characters."""
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def escape(words: str) -> str:
    """What Markdown would take for its own; code stays."""
    parts = re.split(r"(``?[^`]*``?)", words)
    return "".join(part.replace("``", "`") if part.startswith("`") else re.sub(r"([\[\]*<_|])", r"\\\1", part)
                   for part in parts)


def anchor(title: str) -> str:
    """The anchor of a heading, as the usual hosts make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
