"""Frames one after the other into a GIF, an MP4 or numbered PNG files, without holding them.

A GIF is written by Pillow, which matplotlib brings along. An MP4 is made by the program ffmpeg, where there is one: it
is not romlib's to bring (its builds with H.264 are under the GPL).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import InputError
from romlib.report.picture import write_image
from romlib.snapshots.atomic import atomic_target
from romlib.words import plural

SUFFIXES = (".gif", ".mp4")
_PAPER = 240  # lighter is white
_NUMBER = re.compile(r"%0?\d*d")
_ADD = Callable[[np.ndarray], None]


def is_film(output: str | Path) -> bool:
    """Whether a name is that of a film: it ends in .gif or .mp4, or has a place for the number of a frame (%03d)."""
    return Path(output).suffix.lower() in SUFFIXES or _NUMBER.search(Path(output).name) is not None


def first_name(output: str | Path) -> Path:
    """The file of the first frame where the name is a pattern, else the file itself."""
    path = Path(output)
    if not path.name:  # "." and "/": folders, which whoever writes refuses by name
        return path
    return path.with_name(_NUMBER.sub(lambda found: found[0] % 0, path.name))


def check_film(output: str | Path, fps: float) -> None:
    """Refuse what cannot be written, before any frame is drawn.

    Raises
    ------
    InputError : frames per second out of range; no ffmpeg for an MP4; a pattern that is not one of PNG files.
    """
    if not 0.1 <= fps <= 50.0:  # a GIF counts hundredths of a second, and viewers take less than two for ten
        raise InputError("the number of frames per second is out of range", place="--fps", expected="0.1 to 50",
                         found=fps)
    if _NUMBER.search(Path(output).name):
        if Path(output).suffix.lower() != ".png" or len(_NUMBER.findall(Path(output).name)) > 1:
            raise InputError("numbered frames are PNG files", file=output, expected="a name such as frame_%03d.png")
    elif Path(output).suffix.lower() == ".mp4":
        ffmpeg()


def ffmpeg() -> str:
    """The program: of the package imageio-ffmpeg where it is installed, else the one on the path.

    Raises
    ------
    InputError : there is none.
    """
    try:
        import imageio_ffmpeg
    except ImportError:
        found = shutil.which("ffmpeg")
    else:
        found = imageio_ffmpeg.get_ffmpeg_exe()
    if found is None:
        raise InputError("an MP4 needs the program ffmpeg", expected="ffmpeg on the path, or imageio-ffmpeg",
                         remedy="pip install imageio-ffmpeg (or apt-get install ffmpeg), or write a .gif")
    return found


def film(
    output: str | Path, size: tuple[int, int], fps: float, keys: Sequence[np.ndarray],
    scales: Sequence[np.ndarray] = (),
) -> AbstractContextManager[_ADD]:
    """A function that takes frames (height, width, 3), uint8, one after the other.

    The file appears complete at the end of the context, or not at all (numbered frames: one by one).

    Parameters
    ----------
    size : width and height, even. keys : some frames, whose colours those of a GIF are chosen from. scales : colours
        (n, 3), uint8, that have to be among them, such as those of a scale.

    Raises
    ------
    InputError : see `check_film`; ffmpeg fails, with what it says.
    """
    check_film(output, fps)
    if _NUMBER.search(Path(output).name):
        return _numbered(Path(output))
    if Path(output).suffix.lower() == ".gif":
        return _gif(Path(output), fps, keys, scales)
    return _mp4(Path(output), size, fps)


@contextmanager
def _numbered(output: Path) -> Iterator[_ADD]:
    numbers = iter(range(1_000_000))
    yield lambda frame: write_image(output.with_name(output.name % next(numbers)), frame)


@contextmanager
def _gif(output: Path, fps: float, keys: Sequence[np.ndarray], scales: Sequence[np.ndarray]) -> Iterator[_ADD]:
    from PIL import GifImagePlugin, Image

    palette, milliseconds, begun = _palette(keys, scales), round(1000 / fps), False
    with atomic_target(output) as temporary, open(temporary, "wb") as stream:
        def add(frame: np.ndarray) -> None:
            nonlocal begun
            image = Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
            if not begun:  # the head of the file, with the colours of all frames
                stream.writelines(GifImagePlugin.getheader(image, info={"loop": 0, "optimize": False})[0])
                begun = True
            stream.writelines(GifImagePlugin.getdata(image, duration=milliseconds, include_color_table=False))

        yield add
        stream.write(b";")


def _palette(keys: Sequence[np.ndarray], scales: Sequence[np.ndarray]) -> Any:
    """An image with 256 colours: those of ink, paper, marks and scales, and what fits the key frames best."""
    from PIL import Image

    fixed = [(g, g, g) for g in range(0, 256, 17)] + [(224, 0, 122), (240, 128, 189), (181, 69, 44), (58, 143, 92),
                                                      (59, 111, 182), (91, 100, 112)]
    fixed += [(int(r), int(g), int(b)) for scale in scales for r, g, b in scale][:160]
    # each colour once, or paper would take most of the places, and steps of the scale would be seen
    colours_there = np.unique(np.concatenate([key[::2, ::2].reshape(-1, 3) for key in keys]), axis=0)
    colours_there = colours_there[colours_there.min(axis=1) < _PAPER]
    together = Image.fromarray(colours_there[None] if len(colours_there) else np.zeros((1, 1, 3), np.uint8))
    colours = together.quantize(256 - len(fixed), method=Image.Quantize.MEDIANCUT).getpalette() or []
    image = Image.new("P", (1, 1))
    flat = [value for colour in fixed for value in colour] + colours[:3 * (256 - len(fixed))]
    image.putpalette(flat + [0] * (768 - len(flat)))
    return image


@contextmanager
def _mp4(output: Path, size: tuple[int, int], fps: float) -> Iterator[_ADD]:
    width, height = size
    with atomic_target(output) as temporary, tempfile.TemporaryFile() as said:
        command = [ffmpeg(), "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
                   "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-", "-an", "-pix_fmt", "yuv420p",
                   "-movflags", "+faststart", "-f", "mp4", str(temporary)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said)
        assert process.stdin is not None
        try:
            stream = process.stdin

            def add(frame: np.ndarray) -> None:
                stream.write(np.ascontiguousarray(frame).tobytes())

            try:
                yield add
                stream.close()
            except BrokenPipeError:  # it has ended, and said why
                pass
            status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if status:
            said.seek(0)
            raise InputError("ffmpeg could not make the film", file=output, place=command[0],
                             found=said.read().decode(errors="replace").strip()[-500:] or f"exit status {status}",
                             remedy="write a .gif, or numbered frames (frame_%03d.png)")


def chosen_frames(n_step: int, most: int) -> list[int]:
    """At most that many steps, evenly spread, the first and the last among them.

    Raises
    ------
    InputError : less than one.
    """
    if most < 1:
        raise InputError("a film has one frame at least", place="--frames", found=plural(most, "frame"))
    if n_step <= most:
        return list(range(n_step))
    return sorted({round(k) for k in np.linspace(0, n_step - 1, most)} if most > 1 else {n_step - 1})
