"""The scalar that stands for a field in a picture: see `romlib.results.scalar`."""

from romlib.results.scalar import Scalar

__all__ = ["Scalar"]
