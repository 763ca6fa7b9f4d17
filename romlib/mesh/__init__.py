"""Meshes, reference elements, quadrature and the strain operator."""
