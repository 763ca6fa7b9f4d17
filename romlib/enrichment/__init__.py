"""A ROM that leaves its training is repaired by a few full-order steps and elastic answers, and trained again."""
