"""Text of others on the terminal: it is printed, and it does nothing."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from typer.testing import CliRunner

from romlib.cli import app, console
from romlib.cli.commands import app as typer_app
from romlib.cli.console import SafeConsole, counted, pairs, print_json, printable, show_warning, stages
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.model import Material, Model, Omission
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

# Sets a colour and a title, clears the screen, goes back over the line; 8-bit controls; changed writing direction.
NASTY = "a\x1b[31mred\x1b]0;title\x07\x1b[2J\r\x08\x7f\x9b31m\u202etxt.exe\u2066[bold]x[/bold] :bomb: \u2028z"
SHOWN = ("a\\x1b[31mred\\x1b]0;title\\x07\\x1b[2J\\r\\x08\\x7f\\x9b31m\\u202etxt.exe\\u2066[bold]x[/bold] :bomb: "
         "\\u2028z")
MESH = box_mesh("hex8", (1, 1, 1), (1.0, 1.0, 1.0))


def steers(text: str) -> list[str]:
    """Characters that do more than being seen."""
    return [c for c in text if (c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp"))
            or unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")]


def environment_without_launcher() -> dict[str, str]:
    """The variables of this process but those of launchers, and about colours."""
    names = ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "COLUMNS")
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("OMPI_COMM", "PMI", "PRTE")) and name not in names}


def on_terminal(command: list[str], controlling: bool = True, **variables: str) -> tuple[int, str]:
    """Status and output of a process whose output is a pseudo terminal; controlling : that of its session."""
    ours, theirs = pty.openpty()
    take = "import fcntl, os, sys, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    begin = [sys.executable, "-c", take] if controlling else []
    with subprocess.Popen([*begin, *command], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                          start_new_session=True, env={**environment_without_launcher(), "TERM": "xterm",
                                                       "COLUMNS": "100"} | variables) as process:
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):  # the end: nobody has the other side any more
            while part := os.read(ours, 100_000):
                text += part
    os.close(ours)
    return process.returncode, text.decode()


@given(st.text(st.characters()))
def test_printable_text_steers_nothing_and_keeps_everything_else(text):
    shown = printable(text)
    assert not steers(shown) and printable(shown) == shown
    if not steers(text) and shown == text:
        return
    kept = [c for c in text if not steers(c) and printable(c) == c]
    assert [c for c in shown if c in kept] or not kept


@pytest.mark.parametrize("make", [str, lambda text: pairs(text, [(text, text)])])
def test_a_console_prints_text_escaped_whatever_it_is_in(make):
    out = io.StringIO()
    SafeConsole(file=out, width=400).print(make(NASTY))
    assert SHOWN in out.getvalue() and not steers(out.getvalue())


def test_what_was_made_a_text_before_is_escaped_too():
    out = io.StringIO()
    SafeConsole(file=out, width=400).print(Text(NASTY))
    assert "\\x1b[31m" in out.getvalue() and not steers(out.getvalue())


def test_on_a_terminal_only_richs_own_sequences_remain(monkeypatch):
    monkeypatch.setattr("romlib.cli.console.has_colours", lambda stream: True)
    out = io.StringIO()
    console = SafeConsole(file=out, width=400, color_system="standard")
    console.print(NASTY, style="green")
    assert SHOWN in out.getvalue() and out.getvalue().startswith("\x1b[32m")
    assert not steers(re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()))


def test_progress_shows_names_as_they_are(capsys):
    with counted(f"converting {NASTY}"), stages(0, NASTY) as say:
        say(NASTY)
    text = capsys.readouterr().err.replace("\n", "")
    assert text.count(SHOWN) == 3


@pytest.mark.parametrize("use", ["counted('[red]n\\x1bame') as say: say(1, 2)",
                                 "stages(0, '[red]n\\x1bame') as say: say('[red]n\\x1bame')"])
def test_progress_on_a_terminal_shows_names_as_they_are(use):
    code, text = on_terminal([sys.executable, "-c", f"from romlib.cli.console import counted, stages\nwith {use}"])
    assert code == 0 and "[red]n\\x1bame" in text and "\x1b[" in text, text


def test_a_warning_is_one_escaped_line(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show_warning
        warnings.warn(NASTY, stacklevel=1)
    assert capsys.readouterr().err == f"warning: {SHOWN}\n"


@given(st.text(st.characters()))
def test_json_stays_json(text):
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        print_json({text: [text, float("nan")]})
    assert json.loads(out.getvalue()) == {text: [text, None]} and not steers(out.getvalue())


PROGRAM = """
from romlib.cli.console import stdout, stderr, stages, table
stdout().print(table("title", ("a column",), [(1,)]))
with stages(0, "training") as say:
    say("a stage")
stderr().print("done", style="green")
"""


@pytest.mark.parametrize("variables, coloured, moving", [
    ({}, True, True), ({"NO_COLOR": "1"}, False, True), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True),
    ({"TERM": "dumb"}, False, True), ({"OMPI_COMM_WORLD_SIZE": "2"}, False, False),
    ({"OMPI_COMM_WORLD_SIZE": "2", "FORCE_COLOR": "1"}, True, False)])
def test_a_terminal_has_colours_unless_the_user_or_a_launcher_says_otherwise(variables, coloured, moving):
    code, text = on_terminal([sys.executable, "-c", PROGRAM], **variables)
    assert code == 0 and (re.search(r"\x1b\[[0-9;]*m", text) is not None) == coloured, text
    assert ("training ..." not in text.splitlines()) == moving or variables.get("TERM") == "dumb"


def test_a_pseudo_terminal_that_is_not_the_sessions_own_is_no_terminal():
    """As launchers give their ranks, whatever the names of their variables."""
    code, text = on_terminal([sys.executable, "-c", PROGRAM], controlling=False)
    assert code == 0 and "\x1b" not in text and "title" in text and "  a stage" in text


@pytest.mark.parametrize("words", [("--help",), ("nonsense",), ("info", "nothing.rom")])
@pytest.mark.parametrize("variables, coloured", [
    ({}, False), ({"GITHUB_ACTIONS": "true"}, False), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ({"FORCE_COLOR": "1"}, True)])
def test_a_log_has_colours_only_where_they_are_asked_for(words, variables, coloured):
    done = subprocess.run([sys.executable, "-m", "romlib", *words], capture_output=True, text=True, check=False,
                          env=environment_without_launcher() | variables)
    assert ("\x1b[" in done.stdout + done.stderr) == coloured, done


@pytest.fixture
def nasty_file(tmp_path):
    """Names, descriptions and tags of a file, all of them nasty."""
    name = NASTY.replace("/", "")
    nasty = Omission(name=name, does_work=True, description=NASTY)
    model = Model(materials={name: Material(law=name)}, omissions=(nasty,))
    path = tmp_path / "x.vtkhdf"
    with SnapshotsWriter(path, [MESH], model, [0.0], {"displacement": FieldSpec("node", 3)}, solver=NASTY) as writer:
        writer.write("displacement", 0, 0, np.zeros((MESH.n_node, 3)))
    return path


@pytest.mark.parametrize("words", [("info",), ("info", "--json"), ("check",), ("check", "--json")])
def test_what_a_file_says_is_escaped_in_every_output(nasty_file, words):
    result = CliRunner().invoke(app, [words[0], str(nasty_file), *words[1:]])
    assert not steers(result.stdout) and not steers(result.stderr)
    assert "x1b" in result.stdout or "u001b" in result.stdout
    if "--json" in words:
        json.loads(result.stdout)


@pytest.mark.parametrize("words", [
    ("info", NASTY), ("convert", NASTY, "x", "-o", "y"),
    ("info", "--" + NASTY), (NASTY,), ("--" + NASTY,),
    ("convert", "zset", "x", "-o", "y", "--option", NASTY)])
def test_what_the_command_line_says_is_escaped_in_errors(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"})
    assert result.exit_code == 2 and not steers(result.stderr) and not steers(result.stdout)
    assert "x1b" in result.stderr, result.stderr


def test_a_file_name_that_is_no_text_is_named(tmp_path):
    result = subprocess.run([sys.executable, "-m", "romlib", "info", os.fsencode(tmp_path) + b"/\xff\xfe.rom"],
                            capture_output=True, check=False)
    assert result.returncode == 2 and b"\\udcff\\udcfe.rom" in result.stderr.replace(b"\n", b"")


def test_a_traceback_is_escaped_too(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError(NASTY)

    monkeypatch.setattr("romlib.report.installed.installed_plugins", broken)
    result = CliRunner().invoke(app, ["plugins"])
    assert result.exit_code == 3 and SHOWN in result.stderr and not steers(result.stderr)


def test_help_shows_every_bracket_of_its_texts():
    """What is in brackets is markup to the printer of help, and vanishes unless it is escaped."""
    found = 0
    for command in typer_app.registered_commands:
        shown = re.sub(r"\W", "", CliRunner().invoke(app, [command.name, "--help"], env={"COLUMNS": "300"}).stdout)
        for parameter in command.callback.__annotations__.values():
            for word in re.findall(r"\[[a-z][\w.]*\]", str(parameter)) if isinstance(parameter, str) else ():
                if "help=" in parameter and word in parameter[parameter.index("help="):]:
                    found += 1
                    assert re.sub(r"\W", "", word) in shown, (command.name, word)
    assert "atable[mesh]" in re.sub(r"\s", "", CliRunner().invoke(app, ["solve", "--help"], env={
        "COLUMNS": "300"}).stdout)
    assert found >= 1


def test_logs_of_mpirun_have_no_escape_sequences():
    """Ranks have pseudo terminals as stdout, whatever the launcher's own output goes to."""
    if shutil.which("mpirun") is None:
        pytest.skip("no mpirun")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMI", "PRTE"))}
    environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "TERM": "xterm"}
    for words, code in ((("plugins",), 0), (("info", "nothing.rom"), 2), (("nonsense",), 2)):
        done = subprocess.run(["mpirun", "--oversubscribe", "-n", "1", sys.executable, "-m", "romlib", *words],
                              capture_output=True, text=True, env=environment, check=False, timeout=100)
        assert done.returncode == code and "\x1b" not in done.stdout + done.stderr


SHOWS: dict[str, Callable[[str], None]] = {
    "a line": lambda name: getattr(console, name)().print("a line"),
    "a table": lambda name: getattr(console, name)().print(console.table("a table", ("x",), [(1,)])),
    "json": lambda name: print_json({"a": 1}) if name == "stdout" else show_warning("w", UserWarning, "", 1)}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize(("name", "words"), [("stdout", "standard output"), ("stderr", "standard error")])
@pytest.mark.parametrize("show", list(SHOWS))
def test_where_the_output_goes_to_a_full_disk_one_error_says_so(
    monkeypatch: pytest.MonkeyPatch, name: str, words: str, show: str
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, name, full)
        with pytest.raises(InputError, match=rf"{words}\s+found: No space left"):
            SHOWS[show](name)
        full.flush()  # nothing is left that Python would try to write as it ends


def test_a_library_that_resets_the_terminal_at_the_end_writes_nothing_after_the_output():
    script = ("import atexit, sys, types\n"
              "module = sys.modules['colorama.initialise'] = types.ModuleType('colorama.initialise')\n"
              "module.reset_all = lambda: sys.__stdout__.write('\\x1b[0m')\n"
              "atexit.register(module.reset_all)\n"
              "sys.argv = ['romlib', '--version']\n"
              "from romlib.cli import main\n"
              "main()\n")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                          env={name: value for name, value in os.environ.items() if name != "FORCE_COLOR"})
    assert done.stdout.startswith("romlib ") and "\x1b" not in done.stdout
