"""Times and amplitudes on one line of TOML, and in words."""

from __future__ import annotations

import numpy as np

from romlib.model import Amplitude, ExpressionAmplitude
from romlib.study.case_file import amplitude_lines, toml_value

_LONGEST_TABLE = 24  # times of an amplitude that is written out
_MOST_TIMES = 40  # of a case that is not evenly divided


def times_in_toml(times: np.ndarray) -> str:
    """Output times (n_time,): evenly divided ones by their step, few others as a list, many by their usual step."""
    steps = np.diff(times)
    if not len(steps):
        return f"{{ start = {float(times[0])!r}, stop = {float(times[0]) + 1.0!r}, step = 0.1 }}"
    even = np.allclose(steps, steps[0], rtol=1e-6)
    if not even and len(times) <= _MOST_TIMES:
        return toml_value([rounded(time) for time in times])
    step = rounded(float(steps.mean() if even else np.median(steps)))
    return f"{{ start = {rounded(times[0])!r}, stop = {rounded(times[-1])!r}, step = {step!r} }}"


def amplitude_in_toml(amplitude: Amplitude, factor: float = 1.0) -> str | None:
    """The amplitude times a factor; None for a table that is too long for a line."""
    if isinstance(amplitude, ExpressionAmplitude):
        text = amplitude.expression
        return toml_value(text if factor == 1.0 else f"{factor:g}*({text})")
    if len(amplitude.time) > _LONGEST_TABLE:
        return None
    scaled = amplitude.model_copy(update={
        "time": tuple(map(rounded, amplitude.time)), "value": tuple(rounded(factor * v) for v in amplitude.value)})
    if len(scaled.time) == 1:
        return repr(scaled.value[0])
    return "{ " + ", ".join(amplitude_lines(scaled)) + " }"


def amplitude_in_words(amplitude: Amplitude | None) -> str:
    """The formula, or the extent of the table."""
    if amplitude is None:
        return "none"
    if isinstance(amplitude, ExpressionAmplitude):
        return amplitude.expression
    if len(amplitude.time) == 1:
        return f"{amplitude.value[0]:g}"
    return (f"a table of {len(amplitude.time)} values from t = {amplitude.time[0]:g} to {amplitude.time[-1]:g}, "
            f"between {min(amplitude.value):g} and {max(amplitude.value):g}")


def rounded(value: float) -> float:
    """Without what binary fractions leave in the last digits: 0.6, not 0.6000000000000001."""
    return float(f"{value:.12g}")
