"""Fixtures of this room."""

from rank_scripts import plain_environment, run_ranks

__all__ = ["plain_environment", "run_ranks"]
