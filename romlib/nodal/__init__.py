"""Values at integration points taken to the nodes and the cells of a mesh, as post-processors show them."""
