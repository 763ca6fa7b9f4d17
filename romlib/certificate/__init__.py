"""A history of displacement against equilibrium: its residual at all points, and the errors that this accounts for."""

from romlib.certificate.certificate import Certificate, ErrorEstimate
from romlib.certificate.certify import certify

__all__ = ["Certificate", "ErrorEstimate", "certify"]
