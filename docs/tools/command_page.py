"""The page of the commands, from the parsers of the command line themselves."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import typer

from romlib.cli.commands import app

HEAD = """# Commands

Made by `make docs` from the command line; `romlib COMMAND --help` says the same. Exit statuses, and what the commands
print: [reading the output](output.md). Every command takes `--help`.
"""


def page() -> str:
    """All commands with their arguments and options."""
    group = typer.main.get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    table = [f"| [`romlib {name}`](#romlib-{name}) | {cell(first_sentence(command.help))} |"
             for name, command in commands.items()]
    of_all = options(group)
    parts = [HEAD, "| command | what it does |\n|---|---|\n" + "\n".join(table) + "\n"]
    if of_all:
        parts.append("## Of every command\n\n" + option_table(of_all))
    parts += [one(name, command) for name, command in commands.items()]
    return "\n".join(parts)


def one(name: str, command: Any) -> str:
    """The section of a command."""
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("-")]
    usage = " ".join([f"romlib {name}", *(shown(argument) for argument in arguments), "[OPTIONS]"])
    parts = [f"## romlib {name}\n", f"```text\n{usage}\n```\n", f"{text(command.help)}\n"]
    if arguments:
        rows = [f"| `{shown(a)}` | {'required' if a.required else default(a)} | {cell(a.help)} |" for a in arguments]
        parts.append("| argument | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    if options(command):
        parts.append(option_table(options(command)))
    return "\n".join(parts)


def options(command: Any) -> list[Any]:
    """The options of a command that its help shows, without --help."""
    return [parameter for parameter in command.params
            if parameter.opts[0].startswith("-") and not getattr(parameter, "hidden", False)
            and parameter.name not in ("help", "install_completion", "show_completion")]


def option_table(listed: list[Any]) -> str:
    """One row for each option."""
    rows = [f"| {names(o)} | {'required' if o.required else default(o)} | {cell(o.help)} |" for o in listed]
    return "| option | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def names(option: Any) -> str:
    """How an option is written, with what it takes."""
    takes = "" if option.is_flag else f" {shown(option)}"
    return ", ".join(f"`{name}{takes if n == 0 else ''}`" for n, name in enumerate(
        [*option.opts, *option.secondary_opts]))


def shown(parameter: Any) -> str:
    """What stands for the value of a parameter in its help."""
    if not parameter.opts[0].startswith("-"):
        name = (parameter.metavar or parameter.name.upper()).strip("{}[]")
        return name + ("..." if parameter.nargs == -1 and not name.endswith("...") else "")
    return parameter.metavar or {"int": "N", "float": "NUMBER", "path": "PATH"}.get(kind(parameter), "TEXT")


def kind(parameter: Any) -> str:
    """Type of the value of an option, as far as versions of typer say it."""
    if hasattr(parameter, "type_descriptor"):
        annotation = parameter.type_descriptor.annotation
        return getattr(annotation, "__name__", str(annotation)).lower()
    name = parameter.type.name.lower()
    return "int" if name.startswith("integer") else "float" if name.startswith("float") else name


def default(parameter: Any) -> str:
    """The default of a parameter as one would write it."""
    if parameter.default is None or parameter.default in ((), [], "") or callable(parameter.default):
        return "none"
    if parameter.is_flag if hasattr(parameter, "is_flag") else False:
        return "no" if not parameter.default else "yes"
    return f"`{parameter.default}`"


def text(help_text: str | None) -> str:
    """Paragraphs of a help, each on lines of at most 120 characters."""
    paragraphs = re.split(r"\n\s*\n", (help_text or "").strip())
    return "\n\n".join(textwrap.fill(escape(" ".join(p.split())), 120, break_on_hyphens=False, break_long_words=False)
                       for p in paragraphs)


def escape(words: str) -> str:
    """Brackets and stars as Markdown shows them; code stays."""
    parts = re.split(r"(`[^`]*`)", words.replace("\b", "").replace("\\[", "["))
    return "".join(part if part.startswith("`") else re.sub(r"([\[\]*<_])", r"\\\1", part) for part in parts)


def cell(help_text: str | None) -> str:
    """A help as a cell of a table."""
    return escape(" ".join((help_text or "").split())).replace("|", r"\|")


def first_sentence(help_text: str | None) -> str:
    """Up to the first full stop."""
    return re.split(r"(?<=\.)\s", " ".join((help_text or "").split()), maxsplit=1)[0]
