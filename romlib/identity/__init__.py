"""Models and meshes known by their content: what is computed from them, and how two of them are compared."""
