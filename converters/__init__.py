"""Converters: one module a solver format, found through the entry points `romlib.converters`."""
