"""Greedy training: the candidate with the largest error bound is run at full order and added, until all are low."""
