"""Steps in time and Newton's method, for whoever solves: increments that are cut back and grow again, a line search.

Nothing here knows a field, a mesh or a rank: what is solved is behind two protocols.
"""
