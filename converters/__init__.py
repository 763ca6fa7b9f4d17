"""Converters: one package a solver format, found through the entry points `romlib.converters`."""
