"""Loads: their amplitudes in time, their nodal forces, and the temperature they give."""
