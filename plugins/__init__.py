"""Constitutive plugins, found through the entry points `romlib.laws`."""
