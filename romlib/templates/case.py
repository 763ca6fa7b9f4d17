"""The case to begin with: from a ROM, with its loads, times and parameters, or from nothing."""

from __future__ import annotations

from pathlib import Path

from romlib.archive.rom import Rom
from romlib.archive.romfile import read_rom
from romlib.errors import InputError
from romlib.model import Amplitude, Case
from romlib.study.case_file import toml_key, toml_value
from romlib.templates.page import Page
from romlib.templates.values import amplitude_in_toml, amplitude_in_words, times_in_toml
from romlib.words import listed, unknown


def case_page(rom_file: Path | None, output: Path, like: str | None = None) -> Page:
    """A case of a ROM. like : the case of it to begin with; by default its first.

    Raises
    ------
    InputError : no such case. And what `read_rom` raises.
    """
    page = Page()
    if rom_file is None:
        _blank(page, output)
    else:
        _of_rom(page, read_rom(rom_file), rom_file, output, like)
    return page


def _of_rom(page: Page, rom: Rom, rom_file: Path, output: Path, like: str | None) -> None:
    if like is not None and like not in rom.cases:
        raise InputError("the ROM has no case of this name", file=rom_file, place="--like", **unknown(like, rom.cases))
    name = like or next(iter(rom.cases))
    case = rom.cases[name]
    page.comment(f"A case for {rom_file.name}, written by `romlib init` from its case {name}. In its folder:")
    page.commands(f"romlib online {rom_file.name} --case-file {output.name} -o result.vtkhdf")
    page.comment(f"Units: {rom.manifest.units}. Cases that the ROM has: {listed(rom.cases)}.")
    page.lines.append("")
    page.line(f"times = {times_in_toml(case.times.instants())}", "about as dense as in the training")
    if case.temperature is not None:
        page.line(f"temperature = {toml_value(case.temperature.file.name)}", "nodal temperatures, looked for beside "
                  "this file")
    _parameters(page, rom, case)
    page.lines.append("")
    page.comment("A number, a formula in t (sin cos tan exp log sqrt abs min max, pi, e), a table, or a CSV file of "
                 "two columns. A load that is not named keeps the amplitude of the first training run.")
    model = rom.model
    prescribed = [key for key, one in model.constraints.items() if one.kind == "prescribed"]
    for load in [*model.loads, *prescribed]:
        amplitude = case.amplitudes.get(load, model.amplitudes.get(load))
        kind = model.loads[load].kind if load in model.loads else "prescribed displacement"
        if amplitude is not None:
            _amplitude(page, load, amplitude, kind)


def _parameters(page: Page, rom: Rom, case: Case) -> None:
    trained = rom.manifest.trained_parameters
    if not trained:
        return
    for name, (low, high) in trained.items():
        value = case.parameters.get(name, low)
        page.line(f"parameters.{toml_key(name)} = {value!r}",
                  f"trained at {low:g}" if low == high else f"trained from {low:g} to {high:g}")


def _amplitude(page: Page, load: str, amplitude: Amplitude, kind: str) -> None:
    key, written = f"amplitudes.{toml_key(load)}", amplitude_in_toml(amplitude)
    if written is None:
        page.comment(f"{key} = {{ time = [...], value = [...] }}: {kind}; without it {amplitude_in_words(amplitude)}")
    else:
        page.line(f"{key} = {written}", kind)


def _blank(page: Page, output: Path) -> None:
    page.comment("A case, written by `romlib init`. `romlib init case X.rom` writes one with the loads of a ROM. Use:")
    page.commands(f"romlib online X.rom --case-file {output.name} -o result.vtkhdf")
    page.line("times = { start = 0.0, stop = 1.0, step = 0.025 }", "about as dense as in the training")
    page.fill('amplitudes.load = "100*sin(2*pi*t)"', "for each load of the ROM (`romlib info X.rom`): a number, a "
              "formula in t, a table { time = [...], value = [...] }, or a CSV file", "names and amplitudes of the "
              "loads: `romlib info X.rom` lists them")
