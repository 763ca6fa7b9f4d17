"""One piece of a mesh, discretised: strain operator, laws, temperature, loads, and the laws along a history."""
