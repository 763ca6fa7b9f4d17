"""Films: every frame is there, in its colours, and the file appears complete or not at all."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.report import film as film_module
from romlib.report.colours import Colouring, samples
from romlib.report.film import check_film, chosen_frames, film, first_name, is_film

Image = pytest.importorskip("PIL.Image")
SIZE = (64, 48)
SCALE = samples(Colouring((0.0, 1.0)), 64)


def frame(k: int) -> np.ndarray:
    """White with a square in colour 9 k of the scale."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    pixels[10:30, 10:30] = SCALE[9 * k]
    return pixels


def test_a_gif_has_every_frame_in_its_colours_and_its_time(tmp_path):
    output = tmp_path / "x.gif"
    with film(output, SIZE, 5.0, [frame(0)], [SCALE]) as add:
        for k in range(7):
            add(frame(k))
        assert not output.exists()
    with Image.open(output) as found:
        assert (found.n_frames, found.size, found.info["duration"], found.info["loop"]) == (7, SIZE, 200, 0)
        for k in range(7):
            found.seek(k)
            pixels = np.asarray(found.convert("RGB")).astype(int)
            assert np.abs(pixels - frame(k).astype(int)).max() <= 8, k
            assert (pixels[0, 0] == 255).all()


def test_a_film_that_is_interrupted_leaves_nothing_and_the_old_file_as_it_was(tmp_path):
    output = tmp_path / "x.gif"
    output.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), film(output, SIZE, 5.0, [frame(0)]) as add:
        add(frame(0))
        raise KeyboardInterrupt
    assert output.read_bytes() == b"old" and [path.name for path in tmp_path.iterdir()] == ["x.gif"]


def test_numbered_frames_are_png_files_from_zero_on(tmp_path):
    with film(tmp_path / "f_%03d.png", SIZE, 10.0, []) as add:
        for k in range(3):
            add(frame(k))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f_000.png", "f_001.png", "f_002.png"]
    with Image.open(tmp_path / "f_002.png") as found:
        assert np.array_equal(np.asarray(found.convert("RGB")), frame(2))
    assert first_name(tmp_path / "f_%03d.png") == tmp_path / "f_000.png" and first_name("x.gif").name == "x.gif"


def test_an_mp4_is_made_by_ffmpeg_of_all_frames(tmp_path):
    try:
        program = film_module.ffmpeg()
    except InputError:
        pytest.skip("no ffmpeg here")
    with film(tmp_path / "x.mp4", SIZE, 10.0, []) as add:
        for k in range(6):
            add(frame(k))
    read = subprocess.run([program, "-v", "error", "-i", str(tmp_path / "x.mp4"), "-f", "rawvideo", "-pix_fmt", "rgb24",
                           "-"], capture_output=True, check=True).stdout
    frames = np.frombuffer(read, np.uint8).reshape(-1, SIZE[1], SIZE[0], 3).astype(int)
    assert len(frames) == 6
    assert all(np.abs(frames[k, 20, 20] - SCALE[9 * k]).max() < 40 for k in range(6))


def fake_ffmpeg(tmp_path, monkeypatch, script: str) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(film_module, "ffmpeg", lambda: str(program))


def test_frames_go_to_ffmpeg_as_they_are_and_what_it_writes_is_the_file(tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, monkeypatch, 'for last; do :; done; cat > "$last"')
    with film(tmp_path / "x.mp4", SIZE, 10.0, []) as add:
        for k in range(6):
            add(frame(k))
    assert (tmp_path / "x.mp4").read_bytes() == b"".join(frame(k).tobytes() for k in range(6))


def test_what_ffmpeg_complains_of_is_passed_on(tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, monkeypatch, "echo no such codec >&2; exit 3")
    with (pytest.raises(InputError, match=r"could not make the film[\s\S]*no such codec"),
          film(tmp_path / "x.mp4", SIZE, 10.0, []) as add):
        for k in range(7):
            add(np.tile(frame(k), (40, 40, 1)))  # more than fits into the pipe
    assert not (tmp_path / "x.mp4").exists()


def test_without_ffmpeg_an_mp4_is_refused_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(InputError, match=r"needs the program ffmpeg[\s\S]*pip install imageio-ffmpeg[\s\S]*\.gif"):
        check_film(tmp_path / "x.mp4", 10.0)


@pytest.mark.parametrize(("name", "fps", "words"), [
    ("x.gif", 0.0, "0.1 to 50"), ("x.gif", float("nan"), "0.1 to 50"), ("x_%d.jpg", 10.0, "frame_%03d.png"),
    ("x_%d_%d.png", 10.0, "frame_%03d.png")])
def test_what_is_no_film_is_refused_before_a_frame_is_drawn(name, fps, words):
    with pytest.raises(InputError, match=words):
        check_film(name, fps)


def test_frames_are_all_steps_or_evenly_spread_with_the_first_and_the_last():
    assert chosen_frames(5, 10) == [0, 1, 2, 3, 4] and chosen_frames(1, 10) == [0]
    some = chosen_frames(1001, 11)
    assert some == list(range(0, 1001, 100)) and chosen_frames(7, 1) == [6]
    with pytest.raises(InputError, match="one frame"):
        chosen_frames(5, 0)
    assert all(is_film(name) for name in ("a.gif", "a.MP4", "a_%02d.png")) and not is_film("a.png")
