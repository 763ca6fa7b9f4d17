"""Base64 against the standard library's."""

import base64
import binascii

import numpy as np
import pytest

pytest.importorskip("meshio", reason="meshio is not installed")

from romlib_converters.meshio.base64_text import decoded


def test_every_length_is_decoded_as_by_the_standard_library():
    data = np.random.default_rng(3).integers(0, 256, 700, dtype=np.uint8).tobytes()
    for n in [*range(20), 699, 700]:
        assert decoded(base64.b64encode(data[:n])).tobytes() == data[:n]


@pytest.mark.parametrize("text", [b"QQ==QUJD", b"QU!DQUJD", b"QUJDQU!D", b"QUJ", b"====", b"Q===", b"QUJD\n",
                                  b"Q=JDQUJD"])
def test_what_is_no_base64_is_refused(text):
    with pytest.raises((ValueError, binascii.Error)):
        decoded(text)
    with pytest.raises(binascii.Error):
        base64.b64decode(text, validate=True)
